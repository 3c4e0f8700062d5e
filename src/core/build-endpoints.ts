// The endpoints of one port of a Service, from its EndpointSlices.

import type { Endpoint, ServiceEndpoints } from '../route-table/types.js';
import { isPodAddress } from './endpoint-address.js';
import type { EndpointSlice, ServicePort } from './kubernetes-objects.js';
import { compareText } from './order.js';

/** The label that ties an EndpointSlice to its Service. */
export const serviceNameLabel = 'kubernetes.io/service-name';

export interface BuiltEndpoints {
  value: ServiceEndpoints;
  /** Addresses left out because no pod can have them. */
  refused: string[];
}

type SliceEndpoint = NonNullable<EndpointSlice['endpoints']>[number];

/**
 * Merges all slices of a Service for one of its ports, sorted and without repetitions. A slice's port belongs to a Service
 * port by equal name. An endpoint is used when `ready` is not false (absent means ready, as the EndpointSlice API says);
 * when none is, those still serving while they terminate are used, as kube-proxy does.
 */
export function buildEndpoints(slices: readonly EndpointSlice[], port: ServicePort, { allowLoopback = false } = {}): BuiltEndpoints {
  const refused = new Set<string>();
  const ready = new Map<string, Endpoint>();
  const leaving = new Map<string, Endpoint>();
  for (const { address, port: number, conditions } of slices.flatMap((slice) => addressesOf(slice, port))) {
    const group = isReady(conditions) ? ready : isLeaving(conditions) ? leaving : undefined;
    if (isPodAddress(address, allowLoopback)) group?.set(`${address} ${number}`, { address, port: number });
    else refused.add(address);
  }
  const chosen = ready.size > 0 ? ready : leaving;
  const endpoints = [...chosen].sort(([a], [b]) => compareText(a, b)).map(([, endpoint]) => endpoint);
  return { value: { endpoints }, refused: [...refused].sort(compareText) };
}

/** Whether this is a number that a TCP port can have. */
export function isPortNumber(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535;
}

function addressesOf(slice: EndpointSlice, port: ServicePort): (Endpoint & Pick<SliceEndpoint, 'conditions'>)[] {
  const number = portOf(slice, port);
  if (number === undefined) return [];
  return (slice.endpoints ?? []).flatMap(({ addresses, conditions }) => (addresses ?? []).map((address) => ({ address, port: number, conditions })));
}

/** The port number that a slice gives for a Service port; undefined when it has none, or holds names instead of addresses. */
function portOf({ addressType, ports = [] }: EndpointSlice, { name = '' }: ServicePort): number | undefined {
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return undefined;
  const found = ports?.find((candidate) => (candidate.name ?? '') === name && (candidate.protocol ?? 'TCP') === 'TCP')?.port;
  return isPortNumber(found) ? found : undefined;
}

function isReady(conditions: SliceEndpoint['conditions']): boolean {
  return conditions?.ready !== false;
}

function isLeaving(conditions: SliceEndpoint['conditions']): boolean {
  return conditions?.serving === true && conditions.terminating === true;
}

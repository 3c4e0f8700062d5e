// The endpoints of one port of a Service, from its EndpointSlices.

import type { Endpoint, ServiceEndpoints } from '../route-table/types.js';
import type { EndpointSlice, ServicePort } from './kubernetes-objects.js';
import { compareText } from './order.js';

/** The label that ties an EndpointSlice to its Service. */
export const serviceNameLabel = 'kubernetes.io/service-name';

type SliceEndpoint = NonNullable<EndpointSlice['endpoints']>[number];

/**
 * Merges all slices of a Service for one of its ports, sorted and without repetitions. A slice's port belongs to a Service
 * port by equal name. An endpoint is used when `ready` is not false (absent means ready, as the EndpointSlice API says);
 * when none is, those still serving while they terminate are used, as kube-proxy does.
 */
export function buildEndpoints(slices: readonly EndpointSlice[], port: ServicePort): ServiceEndpoints {
  const ready = new Map<string, Endpoint>();
  const leaving = new Map<string, Endpoint>();
  for (const slice of slices) {
    const number = portOf(slice, port);
    if (number === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const group = isReady(endpoint) ? ready : isLeaving(endpoint) ? leaving : undefined;
      for (const address of endpoint.addresses ?? []) group?.set(`${address} ${number}`, { address, port: number });
    }
  }
  const chosen = ready.size > 0 ? ready : leaving;
  return { endpoints: [...chosen].sort(([a], [b]) => compareText(a, b)).map(([, endpoint]) => endpoint) };
}

/** The port number that a slice gives for a Service port; undefined when it has none, or holds names instead of addresses. */
function portOf({ addressType, ports = [] }: EndpointSlice, { name = '' }: ServicePort): number | undefined {
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return undefined;
  return ports?.find((candidate) => (candidate.name ?? '') === name)?.port;
}

function isReady({ conditions }: SliceEndpoint): boolean {
  return conditions?.ready !== false;
}

function isLeaving({ conditions }: SliceEndpoint): boolean {
  return conditions?.serving === true && conditions.terminating === true;
}

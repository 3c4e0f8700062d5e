// The endpoints of one port of a Service, from its EndpointSlices.

import type { Endpoint, ServiceEndpoints } from '../route-table/types.js';
import { endpointProblem } from './endpoint-address.js';
import { type Finding, finding } from './finding.js';
import { type EndpointSlice, type ServicePort, objectKey } from './kubernetes-objects.js';
import { mostEndpointsPerService } from './limits.js';
import { compareText } from './order.js';

/** The label that ties an EndpointSlice to its Service. */
export const serviceNameLabel = 'kubernetes.io/service-name';

type SliceEndpoint = NonNullable<EndpointSlice['endpoints']>[number];

export interface BuiltEndpoints {
  endpoints: ServiceEndpoints;
  findings: Finding[];
}

/**
 * Merges all slices of a Service for one of its ports, sorted and without repetitions. A slice's port belongs to a Service
 * port by equal name. An endpoint is used when `ready` is not false (absent means ready, as the EndpointSlice API says);
 * when none is, those still serving while they terminate are used, as kube-proxy does. An endpoint that no pod can have is
 * left out with a finding at its slice.
 */
export function buildEndpoints(slices: readonly EndpointSlice[], port: ServicePort, allowLoopback: boolean): BuiltEndpoints {
  const groups = { ready: new Map<string, Endpoint>(), leaving: new Map<string, Endpoint>() };
  const findings = slices.flatMap((slice) => addSlice(groups, slice, port, allowLoopback));
  const chosen = groups.ready.size > 0 ? groups.ready : groups.leaving;
  const endpoints = [...chosen].sort(([a], [b]) => compareText(a, b)).map(([, endpoint]) => endpoint);
  if (endpoints.length > mostEndpointsPerService) {
    const service = `Service ${slices[0]!.metadata.namespace}/${slices[0]!.metadata.labels?.[serviceNameLabel]}`;
    findings.push(finding('too-many-endpoints', service, `has ${endpoints.length} endpoints; requests go to the first ${mostEndpointsPerService} by address`));
  }
  return { endpoints: { endpoints: endpoints.slice(0, mostEndpointsPerService) }, findings };
}

interface Groups {
  ready: Map<string, Endpoint>;
  leaving: Map<string, Endpoint>;
}

function addSlice(groups: Groups, slice: EndpointSlice, port: ServicePort, allowLoopback: boolean): Finding[] {
  const number = portOf(slice, port);
  const findings: Finding[] = [];
  for (const endpoint of number === undefined ? [] : slice.endpoints ?? []) {
    const group = isReady(endpoint) ? groups.ready : isLeaving(endpoint) ? groups.leaving : undefined;
    for (const address of endpoint.addresses ?? []) {
      const problem = endpointProblem({ address, port: number! }, allowLoopback);
      if (problem === undefined) group?.set(`${address} ${number}`, { address, port: number! });
      else findings.push(finding('endpoint-refused', `EndpointSlice ${objectKey(slice)}`, `${problem}; nothing is sent to it`));
    }
  }
  return findings;
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

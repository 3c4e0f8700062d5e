// One entry of a class table, out of the plans of all Ingresses that want something of it, the oldest first.

import { hostKey, passthroughKey, serverNameKey } from '../route-table/entry-keys.js';
import type { Endpoint, EntryValue } from '../route-table/types.js';
import { buildEndpoints } from './build-endpoints.js';
import { type WantedPath, buildHost } from './build-host.js';
import { buildPassedHost } from './build-passed-host.js';
import { isPodAddress } from './endpoint-address.js';
import { externalEndpoint } from './external-name.js';
import { type Finding, finding, quote } from './finding.js';
import { given } from './given.js';
import { type EndpointSlice, objectKey } from './kubernetes-objects.js';
import { mostEndpointsPerService } from './limits.js';
import type { IngressPlan, Want } from './plan-ingress.js';

/** The slices of a Service (`namespace/name`). */
export type SlicesOf = (service: string) => readonly EndpointSlice[];

export interface EndpointSource {
  slicesOf: SlicesOf;
  allowLoopback: boolean;
}

export interface BuiltEntry {
  /** Undefined: the table has no such entry. */
  value: EntryValue | undefined;
  findings: Finding[];
}

/** Builds the entry of `key`. `byAge`: plans that want something of it, by age; none when the last one has gone. */
export function buildEntry(key: string, byAge: readonly IngressPlan[], source: EndpointSource): BuiltEntry {
  if (key.startsWith(passthroughKey(''))) return buildPassthrough(key, byAge);
  const plans = namedFirst(key, byAge);
  const first = plans[0]?.wants.get(key);
  if (first === undefined) return { value: undefined, findings: [] };
  if (first.of === 'host') return buildHostEntry(key, plans);
  if (first.of === 'server-name') return buildServerName(key, plans, first);
  if (first.of === 'certificate') return { value: { chain: first.certificate.chain, key: first.certificate.key }, findings: [] };
  if (first.of === 'clients') return { value: first.authority, findings: [] };
  if (first.of === 'trusted') return { value: { trusted: first.trusted, ...given('lists', first.lists) }, findings: [] };
  if (first.of === 'revoked') return { value: { lists: first.lists }, findings: [] };
  return first.of === 'service' ? buildService(first, source) : { value: undefined, findings: [] };
}

function buildService({ service, port, clusterIp, externalName }: Want & { of: 'service' }, { slicesOf, allowLoopback }: EndpointSource): BuiltEntry {
  if (clusterIp !== undefined) return buildClusterIp(service, { address: clusterIp, port: port.port }, allowLoopback);
  if (externalName !== undefined) return { value: { endpoints: [externalEndpoint(externalName, port)] }, findings: [] };
  const { value: { endpoints }, refused } = buildEndpoints(slicesOf(service), port, { allowLoopback });
  const findings: Finding[] = [];
  if (refused.length > 0) {
    const message = `has endpoints that no pod can have and that get no requests: ${refused.slice(0, 5).map(quote).join(', ')}; mend its EndpointSlices`;
    findings.push(finding('endpoint-refused', `Service ${service}`, message));
  }
  if (endpoints.length > mostEndpointsPerService) {
    const message = `has ${endpoints.length} endpoints; requests go to the first ${mostEndpointsPerService} by address`;
    findings.push(finding('too-many-endpoints', `Service ${service}`, message));
  }
  return { value: { endpoints: endpoints.slice(0, mostEndpointsPerService) }, findings };
}

function buildClusterIp(service: string, endpoint: Endpoint, allowLoopback: boolean): BuiltEntry {
  if (isPodAddress(endpoint.address, allowLoopback)) return { value: { endpoints: [endpoint] }, findings: [] };
  return { value: { endpoints: [] }, findings: [finding('endpoint-refused', `Service ${service}`, `has the cluster IP ${quote(endpoint.address)}, which no Service can have; it gets no requests`)] };
}

function buildHostEntry(key: string, plans: readonly IngressPlan[]): BuiltEntry {
  const { routes, findings } = buildHost(key.startsWith(hostKey('')) ? key.slice(hostKey('').length) : '', pathsOf(key, plans));
  return { value: routes.routes.length === 0 ? undefined : routes, findings };
}

function pathsOf(key: string, plans: readonly IngressPlan[]): WantedPath[] {
  return plans.flatMap((plan) => {
    const want = plan.wants.get(key);
    return want?.of === 'host' ? want.paths : [];
  });
}

/** `plans`: all that want something of the host; none when nobody asks for it. */
function buildPassthrough(key: string, plans: readonly IngressPlan[]): BuiltEntry {
  const host = key.slice(passthroughKey('').length);
  return buildPassedHost(host, pathsOf(hostKey(host), plans), plans.filter(({ wants }) => wants.has(key)).map(({ ingress }) => objectKey(ingress)));
}

/** Whoever has a rule for the host comes before its aliases. Of paths buildHost decides it, of what clients are asked for class-state. */
function namedFirst(key: string, plans: readonly IngressPlan[]): readonly IngressPlan[] {
  const isAlias = (plan: IngressPlan): boolean => {
    const want = plan.wants.get(key);
    return want?.of === 'server-name' && want.alias === true;
  };
  return plans.some(isAlias) ? [...plans.filter((plan) => !isAlias(plan)), ...plans.filter(isAlias)] : plans;
}

/** The oldest Ingress's certificate; whoever names another one gets a finding. */
function buildServerName(key: string, plans: readonly IngressPlan[], { certificate, alias }: Want & { of: 'server-name' }): BuiltEntry {
  // The host may be another namespace's, or that of one of its rules.
  const isForOwn = alias === true || key.startsWith(serverNameKey('*'));
  const { namespace } = plans[0]!.ingress.metadata;
  const losers = plans.filter((plan) => {
    const want = plan.wants.get(key);
    return want?.of === 'server-name' && want.certificate.id !== certificate.id;
  });
  const message = `host ${key.slice(serverNameKey('').length)} has the certificate that Ingress ${objectKey(plans[0]!.ingress)} names, ` +
    'which is older; name the same Secret';
  return {
    value: { certificate: certificate.id, ...(isForOwn && namespace !== undefined && { namespace }) },
    findings: losers.map(({ ingress }) => finding('server-name-taken', `Ingress ${objectKey(ingress)}`, message)),
  };
}

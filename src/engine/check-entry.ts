// The engine's own second look at each entry of a class table: whoever sent it, exactly the shapes of route-table/types.ts
// pass, and nothing else. An entry that passes comes back as the one line of JSON that nginx gets.

import { given } from '../core/given.js';
import { mostCertificates, mostRevoked } from '../core/limits.js';
import { mostRefusedPlaces } from '../core/stream-protocol.js';
import { certificateKey, clientsKey, defaultKey, hostKey, passthroughKey, revokedKey, serverNameKey, trustedKey } from '../route-table/entry-keys.js';
import type { Certificate, ClientAuthority, Endpoint, EntryValue, HostRoutes, PassedHost, Policy, RevokedCertificates, Route, ServerName, ServiceEndpoints, TrustedAuthorities } from '../route-table/types.js';
import type { EndpointCheck } from './check-endpoint.js';
import { isCertificateId, isHost, isLabel, isServicePath, isSubdomain, shown } from './check-names.js';
import { chainComplaint, keyComplaint, listsComplaint } from './check-pem.js';
import { areRevocations } from './check-revocations.js';
import { isDepth, orderedPolicy, policyComplaint } from './check-policy.js';
import { orderedRoute, routeComplaint } from './check-route.js';
import { canaryComplaint } from './check-canary.js';

/** What is wrong with an entry, and which members of its list it is about (core/stream-protocol, RefusedEntry). */
export interface Complaint {
  complaint: string;
  places?: number[];
  canaries?: number[];
}

export type EntryVerdict = { json: string } | Complaint;

export interface EntryRules {
  checkEndpoint: EndpointCheck;
  /** Whether some listener of the class passes TLS through; absent: none does. */
  passesThrough?: boolean;
  routesPerHost: number;
  endpointsPerService: number;
}

/** `fits`: whether the rest of the key is in its grammar. `render`: a complaint, or the value with its fields in order. */
interface EntryKind {
  prefix: string;
  fits: (rest: string) => boolean;
  render: (value: Record<string, unknown>, rules: EntryRules) => string | Complaint | EntryValue;
}

const kinds: EntryKind[] = [
  { prefix: defaultKey, fits: (rest) => rest === '', render: (value, rules) => renderRoutes(value, rules.routesPerHost, true) },
  { prefix: hostKey(''), fits: isHost, render: (value, rules) => renderRoutes(value, rules.routesPerHost, false) },
  { prefix: 'service/', fits: isServicePath, render: renderEndpoints },
  { prefix: serverNameKey(''), fits: isHost, render: renderServerName },
  { prefix: certificateKey(''), fits: isCertificateId, render: renderCertificate },
  { prefix: clientsKey(''), fits: isHost, render: renderClients },
  { prefix: passthroughKey(''), fits: (rest) => rest !== '' && isHost(rest), render: renderPassed },
  { prefix: trustedKey(''), fits: isCertificateId, render: renderTrusted },
  { prefix: revokedKey(''), fits: isCertificateId, render: renderRevoked },
];

/** Checks one entry, key and value, both from outside. */
export function checkEntry(key: unknown, value: unknown, rules: EntryRules): EntryVerdict {
  const kind = kindOf(key);
  if (kind === undefined) return { complaint: `entry ${shown(key)}: its key is not one of a class table` };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { complaint: `entry ${shown(key)}: its value is ${shown(value)}` };
  const result = kind.render(value as Record<string, unknown>, rules);
  if (typeof result === 'string') return { complaint: `entry ${shown(key)}: ${result}` };
  return 'complaint' in result ? { ...result, complaint: `entry ${shown(key)}: ${result.complaint}` } : { json: JSON.stringify(result) };
}

/** Whether this is a well-formed key of a class table. */
export function isEntryKey(key: unknown): key is string {
  return kindOf(key) !== undefined;
}

function kindOf(key: unknown): EntryKind | undefined {
  if (typeof key !== 'string') return undefined;
  return kinds.find(({ prefix, fits }) => key.startsWith(prefix) && fits(key.slice(prefix.length)));
}

function hasOnly(value: Record<string, unknown>, fields: string[]): boolean {
  const keys = Object.keys(value);
  return keys.length === fields.length && fields.every((field) => keys.includes(field));
}

function renderRoutes(value: Record<string, unknown>, most: number, unnamed: boolean): string | Complaint | HostRoutes {
  const { routes, policies = [] } = value;
  const fields = Object.hasOwn(value, 'policies') ? ['routes', 'policies'] : ['routes'];
  if (!hasOnly(value, fields) || !Array.isArray(routes)) return 'must have routes, a list, may have policies, and nothing else';
  if (routes.length > most) return `has more than ${most} routes`;
  if (!Array.isArray(policies) || policies.length > routes.length) return 'must not have more policies than routes';
  const complaint = routesComplaint(routes, policies, unnamed);
  if (complaint !== undefined) return complaint;
  const ordered = (routes as Route[]).map(orderedRoute);
  return policies.length === 0 ? { routes: ordered } : { routes: ordered, policies: (policies as Policy[]).map(orderedPolicy) };
}

/** Names every route that is wrong, or asks for a policy that is, so that all others can go on. */
function routesComplaint(routes: readonly unknown[], policies: readonly unknown[], unnamed: boolean): Complaint | undefined {
  const ofPolicies = complaintsOf(policies, policyComplaint);
  const ofRoutes = complaintsOf(routes, (route) => {
    const policy = (route as Partial<Route> | null)?.policy;
    return (policy === undefined ? undefined : ofPolicies.get(policy)) ?? routeComplaint(route, { unnamed, policies: policies.length });
  });
  const ofCanaries = complaintsOf(routes, (route, at) => (ofRoutes.has(at) ? undefined : canaryComplaint(route as Route)));
  const [complaint] = [...ofPolicies.values(), ...ofRoutes.values(), ...ofCanaries.values()];
  return complaint === undefined ? undefined : { complaint, ...named('places', ofRoutes), ...named('canaries', ofCanaries) };
}

function complaintsOf(list: readonly unknown[], complaintOf: (member: unknown, at: number) => string | undefined): Map<number, string> {
  const complaints = new Map<number, string>();
  for (const [at, member] of list.entries()) {
    const complaint = complaintOf(member, at);
    if (complaint !== undefined) complaints.set(at, complaint);
  }
  return complaints;
}

function named(field: 'places' | 'canaries', complaints: ReadonlyMap<number, string>): Pick<Complaint, 'places' | 'canaries'> {
  return complaints.size === 0 ? {} : { [field]: [...complaints.keys()].slice(0, mostRefusedPlaces) };
}

function renderEndpoints(value: Record<string, unknown>, rules: EntryRules): string | Complaint | ServiceEndpoints {
  const { endpoints } = value;
  if (!hasOnly(value, ['endpoints']) || !Array.isArray(endpoints)) return 'must have endpoints, a list, and nothing else';
  if (endpoints.length > rules.endpointsPerService) return `has more than ${rules.endpointsPerService} endpoints`;
  const complaints = complaintsOf(endpoints, (endpoint) => {
    if (typeof endpoint !== 'object' || endpoint === null || !hasOnly(endpoint as Record<string, unknown>, Object.hasOwn(endpoint, 'resolve') ? ['address', 'port', 'resolve'] : ['address', 'port'])) return 'an endpoint must have address and port, may have resolve, and nothing else';
    return rules.checkEndpoint(endpoint as Endpoint);
  });
  const [complaint] = complaints.values();
  return complaint === undefined ? { endpoints: (endpoints as Endpoint[]).map(({ address, port, resolve }) => ({ address, port, ...given('resolve', resolve) })) } : { complaint, ...named('places', complaints) };
}

function renderServerName(value: Record<string, unknown>): string | ServerName {
  const { certificate, namespace } = value;
  const fields = Object.hasOwn(value, 'namespace') ? ['certificate', 'namespace'] : ['certificate'];
  if (!hasOnly(value, fields) || !isCertificateId(certificate)) return 'must have certificate, the id of one, may have namespace, and nothing else';
  if (namespace === undefined) return { certificate };
  return isLabel(namespace) ? { certificate, namespace } : `namespace ${shown(namespace)} is not a valid name`;
}

function renderCertificate(value: Record<string, unknown>): string | Certificate {
  if (!hasOnly(value, ['chain', 'key'])) return 'must have chain and key and nothing else';
  return chainComplaint(value.chain) ?? keyComplaint(value.key) ?? { chain: value.chain as string, key: value.key as string };
}

function renderClients(value: Record<string, unknown>): string | ClientAuthority {
  const { authority, chain, depth } = value;
  if (!hasOnly(value, ['authority', 'chain', 'depth']) || !isCertificateId(authority)) return 'must have authority, chain and depth and nothing else';
  if (!isDepth(depth)) return 'depth must be a whole number from 0 to 100';
  return chainComplaint(chain) ?? { authority, chain: chain as string, depth: depth as number };
}

function renderPassed(value: Record<string, unknown>, { passesThrough }: EntryRules): string | PassedHost {
  const { namespace, ingress, backend } = value;
  if (!hasOnly(value, ['namespace', 'ingress', 'backend'])) return 'must have namespace, ingress and backend and nothing else';
  if (!isLabel(namespace) || !isSubdomain(ingress)) return 'namespace and ingress must be valid names';
  if (typeof backend !== 'string' || !backend.startsWith(`service/${namespace}/`) || !isServicePath(backend.slice('service/'.length))) return `backend ${shown(backend)} is not the key of a service entry of its namespace`;
  return passesThrough === true ? { namespace, ingress, backend } : 'no listener of the class has sslPassthrough; set it on one, or take it out of the claim';
}

function renderTrusted(value: Record<string, unknown>): string | TrustedAuthorities {
  const { trusted, lists } = value;
  if (!hasOnly(value, Object.hasOwn(value, 'lists') ? ['trusted', 'lists'] : ['trusted'])) return 'must have trusted, may have lists, and nothing else';
  const complaint = chainComplaint(trusted) ?? (lists === undefined ? undefined : listsComplaint(lists));
  return complaint ?? { trusted: trusted as string, ...(lists === undefined ? {} : { lists: lists as string }) };
}

function renderRevoked(value: Record<string, unknown>): string | RevokedCertificates {
  const { lists } = value;
  if (!hasOnly(value, ['lists'])) return 'must have lists and nothing else';
  return areRevocations(lists) ? { lists: lists.map(({ issuer, from, until, serials }) => ({ issuer, from, until, serials })) } : `lists must be 1 to ${mostCertificates}, each with issuer, from, until and serials, ${mostRevoked} of these at most`;
}

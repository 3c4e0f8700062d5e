// The engine's own second look at each entry of a class table: whoever sent it, exactly the shapes of route-table/types.ts
// pass, and nothing else. An entry that passes comes back as the one line of JSON that nginx gets.

import { certificateKey, defaultKey, hostKey, serverNameKey } from '../route-table/entry-keys.js';
import type { Certificate, Endpoint, EntryValue, HostRoutes, ServerName, ServiceEndpoints } from '../route-table/types.js';
import type { EndpointCheck } from './check-endpoint.js';
import { isCertificateId, isHost, isServicePath, shown } from './check-names.js';
import { chainComplaint, keyComplaint } from './check-pem.js';
import { orderedPolicy, policyComplaint } from './check-policy.js';
import { orderedRoute, routeComplaint } from './check-route.js';

export type EntryVerdict = { json: string } | { complaint: string };

export interface EntryRules {
  checkEndpoint: EndpointCheck;
  routesPerHost: number;
  endpointsPerService: number;
}

/** `fits`: whether the rest of the key is in its grammar. `render`: a complaint, or the value with its fields in order. */
interface EntryKind {
  prefix: string;
  fits: (rest: string) => boolean;
  render: (value: Record<string, unknown>, rules: EntryRules) => string | EntryValue;
}

const kinds: EntryKind[] = [
  { prefix: defaultKey, fits: (rest) => rest === '', render: (value, rules) => renderRoutes(value, rules.routesPerHost, true) },
  { prefix: hostKey(''), fits: isHost, render: (value, rules) => renderRoutes(value, rules.routesPerHost, false) },
  { prefix: 'service/', fits: isServicePath, render: renderEndpoints },
  { prefix: serverNameKey(''), fits: isHost, render: renderServerName },
  { prefix: certificateKey(''), fits: isCertificateId, render: renderCertificate },
];

/** Checks one entry, key and value, both from outside. */
export function checkEntry(key: unknown, value: unknown, rules: EntryRules): EntryVerdict {
  const kind = kindOf(key);
  if (kind === undefined) return { complaint: `entry ${shown(key)}: its key is not one of a class table` };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { complaint: `entry ${shown(key)}: its value is ${shown(value)}` };
  const result = kind.render(value as Record<string, unknown>, rules);
  return typeof result === 'string' ? { complaint: `entry ${shown(key)}: ${result}` } : { json: JSON.stringify(result) };
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

function renderRoutes(value: Record<string, unknown>, most: number, unnamed: boolean): string | HostRoutes {
  const { routes, policies = [] } = value;
  const fields = Object.hasOwn(value, 'policies') ? ['routes', 'policies'] : ['routes'];
  if (!hasOnly(value, fields) || !Array.isArray(routes)) return 'must have routes, a list, may have policies, and nothing else';
  if (routes.length > most) return `has more than ${most} routes`;
  if (!Array.isArray(policies) || policies.length > routes.length) return 'must not have more policies than routes';
  const complaint = firstComplaint(policies, policyComplaint) ?? firstComplaint(routes, (route) => routeComplaint(route, { unnamed, policies: policies.length }));
  if (complaint !== undefined) return complaint;
  const ordered = routes.map(orderedRoute);
  return policies.length === 0 ? { routes: ordered } : { routes: ordered, policies: policies.map(orderedPolicy) };
}

function firstComplaint(list: readonly unknown[], complaintOf: (member: unknown) => string | undefined): string | undefined {
  for (const member of list) {
    const complaint = complaintOf(member);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

function renderEndpoints(value: Record<string, unknown>, rules: EntryRules): string | ServiceEndpoints {
  const { endpoints } = value;
  if (!hasOnly(value, ['endpoints']) || !Array.isArray(endpoints)) return 'must have endpoints, a list, and nothing else';
  if (endpoints.length > rules.endpointsPerService) return `has more than ${rules.endpointsPerService} endpoints`;
  for (const endpoint of endpoints) {
    if (typeof endpoint !== 'object' || endpoint === null || !hasOnly(endpoint, ['address', 'port'])) return 'an endpoint must have address and port and nothing else';
    const complaint = rules.checkEndpoint(endpoint as Endpoint);
    if (complaint !== undefined) return complaint;
  }
  return { endpoints: (endpoints as Endpoint[]).map(({ address, port }) => ({ address, port })) };
}

function renderServerName(value: Record<string, unknown>): string | ServerName {
  const { certificate } = value;
  if (!hasOnly(value, ['certificate']) || !isCertificateId(certificate)) return 'must have certificate, the id of one, and nothing else';
  return { certificate };
}

function renderCertificate(value: Record<string, unknown>): string | Certificate {
  if (!hasOnly(value, ['chain', 'key'])) return 'must have chain and key and nothing else';
  return chainComplaint(value.chain) ?? keyComplaint(value.key) ?? { chain: value.chain as string, key: value.key as string };
}

// Builds everything that the engine needs for one class, out of the Ingresses that the class owns. It decides no ownership.

import { defaultKey, hostKey } from '../route-table/entry-keys.js';
import type { ClassTable } from '../route-table/types.js';
import { readAnnotations } from './annotations.js';
import { type InspectCertificate, addCertificates } from './build-certificates.js';
import { buildEndpoints, serviceNameLabel } from './build-endpoints.js';
import type { Claim } from './claim.js';
import { type WantedPath, buildHost } from './build-host.js';
import { type Finding, finding } from './finding.js';
import { normalizeHost } from './host-name.js';
import { type EndpointSlice, type Ingress, type IngressBackend, type IngressPath, type IngressRule, objectKey } from './kubernetes-objects.js';
import { byAge } from './order.js';
import { resolveBackend } from './resolve-backend.js';
import type { Snapshot } from './snapshot.js';

export interface BuiltTable {
  table: ClassTable;
  findings: Finding[];
}

export interface ClassTableInput {
  claim: Claim;
  /** Those that the class owns, in any order. */
  ingresses: readonly Ingress[];
  snapshot: Snapshot;
  inspect: InspectCertificate;
}

/** Builds the table of one class. */
export function buildClassTable({ claim, ingresses, snapshot, inspect }: ClassTableInput): BuiltTable {
  const table: ClassTable = new Map();
  const findings: Finding[] = [];
  const hosts = new Map<string, WantedPath[]>();
  const slices = slicesByService(snapshot);
  for (const ingress of [...ingresses].sort(byAge)) {
    const wanted = wantedPaths(ingress, snapshot);
    findings.push(...wanted.findings, ...addCertificates(table, ingress, { secrets: snapshot.secrets, inspect }));
    for (const [key, paths] of wanted.byKey) {
      const known = hosts.get(key);
      if (known === undefined) hosts.set(key, paths);
      else known.push(...paths);
    }
  }
  for (const [key, wanted] of hosts) {
    const built = buildHost(key === defaultKey ? '' : key.slice(hostKey('').length), wanted);
    findings.push(...built.findings);
    if (built.routes.routes.length > 0) table.set(key, built.routes);
    findings.push(...addServices(table, wanted, { slices, allowLoopback: claim.allowLoopbackEndpoints }));
  }
  return { table, findings };
}

interface WantedByKey {
  /** Paths by the key of the host's entry. */
  byKey: Map<string, WantedPath[]>;
  findings: Finding[];
}

/** Every path that one Ingress wants, host by host; its default backend comes last on each of its hosts. */
function wantedPaths(ingress: Ingress, { services }: Snapshot): WantedByKey {
  const object = `Ingress ${objectKey(ingress)}`;
  const namespace = ingress.metadata.namespace ?? '';
  const { rewriteTarget, useRegex, valid, findings } = readAnnotations(ingress);
  const result: WantedByKey = { byKey: new Map(), findings };
  if (!valid) return result;
  for (const { key, path, backend } of pathsByKey(ingress, findings)) {
    const resolved = resolveBackend(backend, namespace, services, object);
    findings.push(...resolved.findings);
    const wanted: WantedPath = { namespace, ingress: ingress.metadata.name, path, backend: resolved, rewriteTarget, useRegex };
    const known = result.byKey.get(key);
    if (known === undefined) result.byKey.set(key, [wanted]);
    else known.push(wanted);
  }
  return result;
}

interface KeyedPath {
  key: string;
  path: IngressPath;
  backend: IngressBackend | undefined;
}

function pathsByKey(ingress: Ingress, findings: Finding[]): KeyedPath[] {
  const { rules = [], defaultBackend } = ingress.spec ?? {};
  const fallback = (key: string): KeyedPath[] =>
    defaultBackend === undefined ? [] : [{ key, path: { path: '/', pathType: 'Prefix' }, backend: defaultBackend }];
  if (rules.length === 0) return fallback(defaultKey);
  return rules.flatMap((rule) => {
    const host = ruleHost(rule);
    if (host === undefined) {
      const message = `host ${JSON.stringify(rule.host?.slice(0, 80))} is no DNS name (a wildcard may only be the whole first label); the rule is not served`;
      findings.push(finding('invalid-host', `Ingress ${objectKey(ingress)}`, message));
      return [];
    }
    const paths = (rule.http?.paths ?? []).map((path) => ({ key: hostKey(host), path, backend: path.backend }));
    return [...paths, ...fallback(hostKey(host))];
  });
}

function ruleHost({ host = '' }: IngressRule): string | undefined {
  return host === '' ? '' : normalizeHost(host);
}

interface EndpointSource {
  slices: ReadonlyMap<string, EndpointSlice[]>;
  allowLoopback: boolean;
}

function addServices(table: ClassTable, wanted: readonly WantedPath[], { slices, allowLoopback }: EndpointSource): Finding[] {
  const findings: Finding[] = [];
  for (const { namespace, backend } of wanted) {
    if (backend.port === undefined || table.has(backend.key)) continue;
    const built = buildEndpoints(slices.get(`${namespace}/${backend.service}`) ?? [], backend.port, allowLoopback);
    table.set(backend.key, built.endpoints);
    findings.push(...built.findings);
  }
  return findings;
}

function slicesByService({ endpointSlices }: Snapshot): Map<string, EndpointSlice[]> {
  const slices = new Map<string, EndpointSlice[]>();
  for (const slice of endpointSlices.values()) {
    const service = slice.metadata.labels?.[serviceNameLabel];
    if (service === undefined) continue;
    const key = `${slice.metadata.namespace}/${service}`;
    const known = slices.get(key);
    if (known === undefined) slices.set(key, [slice]);
    else known.push(slice);
  }
  return slices;
}

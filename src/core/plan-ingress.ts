// What one Ingress asks for, seen on its own: who owns it, its paths host by host, its certificates, and on which other
// objects all that depends. What it gets beside other Ingresses is decided where those meet (class-state.ts).

import { certificateKey, defaultKey, hostKey, serverNameKey } from '../route-table/entry-keys.js';
import { readAnnotations } from './annotations.js';
import { withDefaults } from './default-annotations.js';
import { planCertificates } from './plan-certificates.js';
import type { WantedPath } from './build-host.js';
import type { InspectCertificate, InspectedCertificate } from './inspect-certificate.js';
import type { Claim } from './claim.js';
import { type ClassSettings, defaultSettings } from './class-settings.js';
import { type Finding, finding, quote } from './finding.js';
import { normalizeHost } from './host-name.js';
import { type Ingress, type IngressBackend, type IngressPath, type IngressRule, type ServicePort, objectKey } from './kubernetes-objects.js';
import { type ResolvedBackend, resolveBackend } from './resolve-backend.js';
import { type Ownership, resolveOwner } from './resolve-owner.js';
import { classAnnotation } from './resolve-reference.js';
import { type Shard, hasHost, hostOfEntry, speakingHost } from './shard.js';
import type { Snapshot } from './snapshot.js';

/** What an Ingress wants of one entry of its class's table. */
export type Want =
  | { of: 'host'; paths: WantedPath[] }
  | { of: 'service'; service: string; port: ServicePort }
  | { of: 'server-name'; certificate: InspectedCertificate }
  | { of: 'certificate'; certificate: InspectedCertificate };

export interface IngressPlan {
  ingress: Ingress;
  ownership: Ownership;
  /** By entry key; empty unless the Ingress is owned. */
  wants: ReadonlyMap<string, Want>;
  findings: readonly Finding[];
  /** False when another share of the class does: then findings, counts and status are its task. */
  speaksFor: boolean;
  /** Keys of the objects that the plan was made from, by kind. */
  dependsOn: { ingressClasses: string[]; namespaces: string[]; services: string[]; secrets: string[] };
  /** Classes whose settings had a part in it: those that the Ingress could mean. */
  classes: readonly string[];
}

export interface PlanningContext {
  claims: readonly Claim[];
  snapshot: Snapshot;
  inspect: InspectCertificate;
}

/** Plans one Ingress. */
export function planIngress(ingress: Ingress, context: PlanningContext): IngressPlan {
  const ownership = resolveOwner(ingress, context.claims, context.snapshot);
  const notes: Notes = { findings: [...ownership.findings], services: [], secrets: [] };
  const wants = new Map<string, Want>();
  if (ownership.owner !== undefined) {
    const settings = context.claims.find((claim) => claim.class === ownership.owner)?.settings;
    wantPaths(wants, ingress, { snapshot: context.snapshot, settings }, notes);
    for (const { name, certificate } of planCertificates(ingress, { secrets: context.snapshot.secrets, inspect: context.inspect }, notes)) {
      const known = wants.get(serverNameKey(name));
      if (known?.of === 'server-name' && known.certificate.id !== certificate.id) {
        notes.findings.push(finding('server-name-taken', `Ingress ${objectKey(ingress)}`, `host ${name} is in two tls entries with different Secrets; the first one is served`));
        continue;
      }
      wants.set(serverNameKey(name), { of: 'server-name', certificate });
      wants.set(certificateKey(certificate.id), { of: 'certificate', certificate });
    }
  }
  const shard = context.claims.find((claim) => claim.class === ownership.owner)?.shard;
  if (shard !== undefined) keepShare(wants, shard);
  const speaksFor = hasHost(shard, speakingHost(ingress));
  const findings = speaksFor ? notes.findings : [];
  const { services, secrets } = notes;
  const dependsOn = { ingressClasses: namedClasses(ingress), namespaces: [ingress.metadata.namespace ?? ''], services, secrets };
  return { ingress, ownership, wants, findings, dependsOn, speaksFor, classes: meantClasses(ingress, context.claims) };
}

/** What is left of a plan's wants in one share: its hosts; what only they led to is not asked for by anybody then. */
export function keepShare(wants: Map<string, Want>, shard: Shard): void {
  for (const key of wants.keys()) {
    const host = hostOfEntry(key);
    if (host !== undefined && !hasHost(shard, host)) wants.delete(key);
  }
  if (![...wants.keys()].some((key) => hostOfEntry(key) !== undefined)) wants.clear();
}

/** Both values count, also the overruled one: which of them wins is a setting of each claim. */
function namedClasses({ metadata, spec }: Ingress): string[] {
  return [metadata.annotations?.[classAnnotation], spec?.ingressClassName].filter((name) => name !== undefined && name !== '') as string[];
}

/** Every class that could be meant, whatever each claim's precedence makes of it. */
function meantClasses(ingress: Ingress, claims: readonly Claim[]): string[] {
  const names = namedClasses(ingress);
  const meant = claims.filter(({ class: name, annotationValues, claimClassless }) =>
    names.length === 0 ? claimClassless : names.includes(name) || annotationValues.some((value) => names.includes(value)));
  return meant.map((claim) => claim.class);
}

export interface Notes {
  findings: Finding[];
  /** Keys of the Services and Secrets that were asked for. */
  services: string[];
  secrets: string[];
}

/** Every path that the Ingress wants, host by host, and the endpoints behind it. */
export function wantPaths(
  wants: Map<string, Want>, ingress: Ingress, { snapshot: { services }, settings = defaultSettings }: { snapshot: Snapshot; settings?: ClassSettings | undefined }, notes: Notes,
): void {
  const object = `Ingress ${objectKey(ingress)}`;
  const namespace = ingress.metadata.namespace ?? '';
  const { rewriteTarget, useRegex, closed, valid, findings } = readAnnotations(withDefaults(ingress, settings));
  notes.findings.push(...findings);
  for (const { key, path, backend, fallback } of valid ? pathsByKey(ingress, notes.findings) : []) {
    const resolved = closed || settings.closed ? nowhere : resolveBackend(backend, namespace, services, object);
    const service = `${namespace}/${resolved.service}`;
    notes.findings.push(...resolved.findings);
    // The name as it is written: a backend that can't be resolved now may be tomorrow.
    if (backend?.service !== undefined) notes.services.push(`${namespace}/${backend.service.name}`);
    if (resolved.port !== undefined) wants.set(resolved.key, { of: 'service', service, port: resolved.port });
    const wanted: WantedPath = { namespace, ingress: ingress.metadata.name, path, backend: resolved, rewriteTarget, useRegex, fallback };
    const known = wants.get(key);
    if (known?.of === 'host') known.paths.push(wanted);
    else wants.set(key, { of: 'host', paths: [wanted] });
  }
}

/** The backend of routes that must not be served: without endpoints, so that requests are answered with 503. */
const nowhere: ResolvedBackend = { service: '', key: '', findings: [] };

interface KeyedPath {
  /** From the default backend, not from a rule. */
  fallback: boolean;
  key: string;
  path: IngressPath;
  backend: IngressBackend | undefined;
}

/** A default backend comes last on each host of its Ingress; without rules it is the class's. */
function pathsByKey(ingress: Ingress, findings: Finding[]): KeyedPath[] {
  const { rules = [], defaultBackend } = ingress.spec ?? {};
  const fallback = (key: string): KeyedPath[] =>
    defaultBackend === undefined ? [] : [{ key, path: { path: '/', pathType: 'Prefix' }, backend: defaultBackend, fallback: true }];
  if (rules.length === 0) return fallback(defaultKey);
  return rules.flatMap((rule) => {
    const host = ruleHost(rule);
    if (host === undefined) {
      const message = `host ${quote(rule.host ?? '')} is no DNS name (a wildcard may only be the whole first label); the rule is not served`;
      findings.push(finding('invalid-host', `Ingress ${objectKey(ingress)}`, message));
      return [];
    }
    const paths = (rule.http?.paths ?? []).map((path) => ({ key: hostKey(host), path, backend: path.backend, fallback: false }));
    return [...paths, ...fallback(hostKey(host))];
  });
}

function ruleHost({ host = '' }: IngressRule): string | undefined {
  return host === '' ? '' : normalizeHost(host);
}

// What an Ingress wants of the hosts it names: its paths with all that its annotations ask for, and the endpoints behind them.

import { certificateKey, clientsKey, defaultKey, hostKey, passthroughKey, revokedKey, serverNameKey, trustedKey } from '../route-table/entry-keys.js';
import omit from 'lodash/omit.js';
import type { Policy } from '../route-table/types.js';
import { fillBackendHost, isBackendHost } from './annotations/backend-host.js';
import type { AnnotationValues } from './annotations/registry.js';
import type { WantedPath } from './build-host.js';
import { cutFindings } from './build-retry.js';
import { buildPolicy, canaryOf, httpsWish } from './build-policy.js';
import { type ClassSettings, defaultSettings } from './class-settings.js';
import { throughClusterIp } from './cluster-ip.js';
import type { ExtraHosts } from './extra-hosts.js';
import type { Finding } from './finding.js';
import { given } from './given.js';
import { coversHost, normalizeHost } from './host-name.js';
import type { InspectCertificate } from './inspect-certificate.js';
import { type Ingress, type ServicePort, objectKey } from './kubernetes-objects.js';
import { type KeyedPath, listPaths } from './list-paths.js';
import { idOfTrusted } from './plan-backend-tls.js';
import { type Protections, planProtections } from './plan-protections.js';
import { type HeaderMap, planHeaderMap } from './plan-header-map.js';
import { planErrorPages } from './plan-error-pages.js';
import { planFastCgi } from './plan-fast-cgi.js';
import { type PassthroughWish, wantPassthrough, withTlsBackend } from './plan-passthrough.js';
import type { Want } from './plan-ingress.js';
import type { ReadWithDefaults } from './read-with-defaults.js';
import { type BackendSource, type ResolvedBackend, resolveBackend } from './resolve-backend.js';
import { hostOfEntry } from './shard.js';
import type { Snapshot } from './snapshot.js';

export interface PathNotes {
  findings: Finding[];
  /** Keys of the Services that were asked for. */
  services: string[];
  /** Keys of the Secrets that were asked for. */
  secrets: string[];
  configMaps: string[];
}

export interface PathSource {
  read: ReadWithDefaults;
  /** Hosts without rules of the Ingress. */
  extra?: ExtraHosts;
  settings: ClassSettings | undefined;
  /** Whether listeners of the class pass TLS through. */
  passes?: boolean;
  snapshot: Pick<Snapshot, 'services' | 'secrets' | 'passwordSecrets' | 'configMaps'>;
  inspect: InspectCertificate;
  notes: PathNotes;
}

/** Adds the wanted paths to `wants`, which has the Ingress's server names already. */
export function planPaths(wants: Map<string, Want>, ingress: Ingress, source: PathSource): void {
  const { read, extra, notes } = source;
  notes.findings.push(...read.findings);
  if (!read.valid) return;
  const common = commonOf(ingress, read, source);
  if (common.pages !== undefined) wantEndpoints(wants, common.pages, common.shared.namespace);
  const isNamed = tlsNames(ingress, wants);
  const serves = !common.closed && common.shared.canary === undefined;
  const paths = listPaths(ingress, notes.findings, { root: serves ? read.values['app-root'] : undefined, aliases: extra?.aliases });
  wantPassthrough(wants, paths, passthroughWish(common, source));
  for (const listed of paths) {
    const tls = isNamed(listed.key);
    const wanted = listed.root === undefined ? wantedPath(listed, source, common) : wantedRoot(listed, listed.root, common);
    wantEndpoints(wants, wanted.backend, wanted.namespace);
    wanted.tls = tls;
    addPath(wants, listed.key, wanted);
    wantProtections(wants, listed, common);
  }
  for (const { from, to } of serves ? extra?.counterparts ?? [] : []) addPath(wants, hostKey(from), wantedCounterpart(to, common));
}

/** Of a canary the annotation says nothing, as most. */
function passthroughWish({ object, shared: { canary } }: Common, { read, passes = false, notes: { findings } }: PathSource): PassthroughWish {
  return { asks: read.values['ssl-passthrough'] === true && canary === undefined, passes, object, findings };
}

function wantEndpoints(wants: Map<string, Want>, { port, service, key, clusterIp, externalName }: ResolvedBackend, namespace: string): void {
  if (port !== undefined) wants.set(key, wantedService(port, `${namespace}/${service}`, { ...given('clusterIp', clusterIp), ...given('externalName', externalName) }));
}

type WantedService = Want & { of: 'service' };

/** By a Service's own port: all that want its endpoints share the wish. */
const wanted = new WeakMap<ServicePort, WantedService>();

function wantedService(port: ServicePort, service: string, other: Pick<WantedService, 'clusterIp' | 'externalName'>): WantedService {
  if (Object.keys(other).length > 0) return { of: 'service', service, port, ...other };
  const known = wanted.get(port);
  if (known?.service === service) return known;
  const made: WantedService = { of: 'service', service, port };
  wanted.set(port, made);
  return made;
}

/** What the protections of a host's routes lead to. */
function wantProtections(wants: Map<string, Want>, { key, alias }: KeyedPath, { asks, asksTrusted, clientProof, backendTls: { trusted, certificate } = {} }: Common): void {
  if (asks !== undefined) wants.set(asks.key, { of: 'service', ...omit(asks, 'key') });
  for (const one of [trusted, asksTrusted]) if (one !== undefined) wants.set(trustedKey(idOfTrusted(one)), { of: 'trusted', trusted: one.chain, ...given('lists', one.revocations?.pem) });
  if (certificate !== undefined) wants.set(certificateKey(certificate.id), { of: 'certificate', certificate });
  if (clientProof === undefined) return;
  const { authority, revocations } = clientProof;
  wants.set(clientsKey(hostOfEntry(key) ?? ''), { of: 'clients', authority, ...(alias && { alias }) });
  if (revocations !== undefined) wants.set(revokedKey(revocations.id), { of: 'revoked', lists: revocations.lists });
}

/** What all paths of an Ingress have in common. */
interface Common {
  object: string;
  closed: boolean;
  shared: Omit<WantedPath, 'path' | 'backend'>;
  /** What of the policy counts for redirects of our own, too. */
  redirecting?: Pick<Policy, 'forwarded'>;
  /** The Service that is asked before requests go on. */
  asks?: Protections['asks'];
  asksTrusted?: Protections['asksTrusted'];
  /** The Service whose answers stand in for others. */
  pages?: ResolvedBackend | undefined;
  /** Whether its backends are asked by the address of their Service. */
  byClusterIp?: boolean | undefined;
  /** What TLS to its backends takes. */
  backendTls?: Protections['backendTls'];
  /** What handshakes for its hosts ask for. */
  clientProof?: Protections['clientProof'];
}

function commonOf(ingress: Ingress, { values: written, closed, asksItself }: PathSource['read'], { settings, snapshot, inspect, notes }: PathSource): Common {
  const values = withTlsBackend(written);
  const object = `Ingress ${objectKey(ingress)}`;
  const canary = canaryOf(values);
  const shared = {
    namespace: ingress.metadata.namespace ?? '', ingress: ingress.metadata.name,
    rewriteTarget: values['rewrite-target'], useRegex: values['use-regex'] ?? false,
  };
  // Of a canary only what makes it one, how it is balanced, and its aliases, count: all else its requests have from the path that they are taken from.
  if (canary !== undefined) return { object, closed, shared: { ...shared, rewriteTarget: undefined, useRegex: false, canary } };
  notes.findings.push(...cutFindings(values, object));
  const protections = planProtections(values, { object, namespace: shared.namespace, snapshot, inspect, settings, asksItself, notes });
  const maps = { object, namespace: shared.namespace, configMaps: snapshot.configMaps, notes };
  const custom = planHeaderMap(customHeaders(values, settings), maps);
  const fcgi = planFastCgi(values, maps);
  if (custom === 'closed' || fcgi === 'closed' || closed || protections.closed) return { object, closed: true, shared: { ...shared, ...protections.ofHost }, clientProof: protections.clientProof };
  const pages = planErrorPages(values, { object, namespace: shared.namespace, settings, services: snapshot.services, notes });
  const policy = together(buildPolicy(values, settings, custom), { ...protections.policy, ...given('fcgi', fcgi), ...(pages && { errors: pages.errors }) });
  return { object, closed: false, ...(policy.forwarded && { redirecting: { forwarded: policy.forwarded } }), shared: { ...shared, ...protections.ofHost, ...(Object.keys(policy).length > 0 && { policy }), https: httpsWish(values) }, asks: protections.asks, asksTrusted: protections.asksTrusted, clientProof: protections.clientProof, backendTls: protections.backendTls, pages: pages?.backend, byClusterIp: values['service-upstream'] };
}

/** Mostly there is no more, and all who are annotated alike have the same policy. */
function together(policy: Policy = {}, more: Policy): Policy {
  return Object.keys(more).length === 0 ? policy : { ...policy, ...more };
}

function customHeaders(values: AnnotationValues, { allowedResponseHeaders: allowed = [] }: ClassSettings = defaultSettings): HeaderMap {
  return { annotation: 'custom-headers', reference: values['custom-headers'], side: 'answer', allowed };
}

function wantedPath(listed: KeyedPath, { snapshot: { services }, settings, notes }: PathSource, common: Common): WantedPath {
  const { shared } = common;
  const { path, backend, fallback, alias } = listed;
  const policy = policyOf(listed, shared);
  const resolved = backendOf(backend, { services, settings }, common);
  notes.findings.push(...resolved.findings);
  // The name as it is written: a backend that can't be resolved now may be tomorrow.
  if (backend?.service !== undefined) notes.services.push(`${shared.namespace}/${backend.service.name}`);
  // Without a spread, as routes are made (build-host.ts).
  const { namespace, ingress, rewriteTarget, useRegex, https, clients, canary } = shared;
  const wanted: WantedPath = { namespace, ingress, path, backend: resolved, rewriteTarget, useRegex, https, policy: isChallenge(path.path) ? withoutCredentials(policy) : policy, tls: false };
  if (fallback) wanted.fallback = fallback;
  if (alias) wanted.alias = alias;
  if (clients !== undefined) wanted.clients = clients;
  if (canary !== undefined) wanted.canary = canary;
  return wanted;
}

function backendOf(backend: KeyedPath['backend'], { services, settings }: Pick<BackendSource, 'services' | 'settings'>, { object, closed, shared: { namespace }, byClusterIp }: Common): ResolvedBackend {
  if (closed) return nowhere;
  const resolved = resolveBackend(backend, { object, namespace, services, settings });
  return byClusterIp === true ? throughClusterIp(resolved, { object, namespace, services }) : resolved;
}

/** Certificates are proven here (RFC 8555, section 8.3), by somebody who has no password and no session. */
export function isChallenge(path = ''): boolean {
  return path.startsWith('/.well-known/acme-challenge');
}

function withoutCredentials(policy: Policy | undefined): Policy | undefined {
  // Without them nothing is left that could be enough in place of the address.
  const rest = omit(policy, 'basic', 'external', 'satisfyAny');
  return Object.keys(rest).length === 0 ? undefined : rest;
}

/** The policy of one path: its backend may be part of the host that is asked for. */
function policyOf({ backend }: KeyedPath, { namespace, ingress, policy }: Common['shared']): Policy | undefined {
  if (policy?.host === undefined || !policy.host.includes('$')) return policy;
  const { name = '', port } = backend?.service ?? {};
  const host = fillBackendHost(policy.host, { namespace, ingress_name: ingress, service_name: name, service_port: String(port?.number ?? port?.name ?? '') });
  // What has no Service leads nowhere.
  return isBackendHost(host) ? { ...policy, host } : omit(policy, 'host');
}

function wantedRoot({ path, alias }: KeyedPath, location: string, { shared, redirecting }: Common): WantedPath {
  const { namespace, ingress, useRegex, clients } = shared;
  return { namespace, ingress, useRegex, ...(clients && { clients }), rewriteTarget: undefined, path, backend: nowhere, policy: { ...redirecting, redirect: { code: 302, location } }, root: true, ...(alias && { alias }) };
}

/** Everything on the counterpart of a host goes to the host. */
function wantedCounterpart(to: string, { shared: { namespace, ingress }, redirecting }: Common): WantedPath {
  const redirect = { code: 308, location: `$scheme://${to}$request_uri`, stripSlash: true as const };
  return { namespace, ingress, useRegex: false, rewriteTarget: undefined, path: { path: '/', pathType: 'Prefix' }, backend: nowhere, policy: { ...redirecting, redirect }, alias: true };
}

/** The backend of routes that must not be served: without endpoints, so that requests are answered with 503. */
export const nowhere: ResolvedBackend = { service: '', key: '', findings: [] };

function addPath(wants: Map<string, Want>, key: string, wanted: WantedPath): void {
  const known = wants.get(key);
  if (known?.of === 'host') known.paths.push(wanted);
  else wants.set(key, { of: 'host', paths: [wanted] });
}

/** Tells of an entry's key whether a tls entry names the host, a certificate without named hosts is served for it, or its backend has one. */
function tlsNames(ingress: Ingress, wants: ReadonlyMap<string, Want>): (key: string) => boolean {
  const named = (ingress.spec?.tls ?? []).flatMap(({ hosts = [] }) => hosts.map(normalizeHost));
  return (key) => {
    const host = key.slice(hostKey('').length);
    if (key === defaultKey || host === '') return false;
    return wants.has(serverNameKey(host)) || wants.has(passthroughKey(host)) || named.some((name) => name !== undefined && coversHost(name, host));
  };
}

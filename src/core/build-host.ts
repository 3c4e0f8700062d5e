// All routes of one host in one class, out of the Ingresses that speak of it: the oldest has what two of them claim.

import type { CanaryRule, ClientCertificates, HostRoutes, Policy, Route } from '../route-table/types.js';
import type { HttpsWish } from './build-policy.js';
import { withClients } from './client-certificates-of-host.js';
import { type Finding, finding, quote } from './finding.js';
import { mostRoutesPerHost } from './limits.js';
import { compareText } from './order.js';
import { resolvePath } from './resolve-path.js';
import type { IngressPath } from './kubernetes-objects.js';
import type { ResolvedBackend } from './resolve-backend.js';

/** One path that an Ingress wants on the host. */
export interface WantedPath {
  namespace: string;
  ingress: string;
  path: IngressPath;
  backend: ResolvedBackend;
  /** Template of the path sent upstream; undefined: as it came. */
  rewriteTarget: string | undefined;
  useRegex: boolean;
  /** The Ingress's default backend on the host: for what no path of any Ingress takes. */
  fallback?: boolean;
  policy?: Policy;
  /** What the Ingress asks of clients' certificates; 'closed': what it asks can't be carried out. */
  clients?: ClientCertificates | 'closed';
  https?: HttpsWish;
  /** Whether the Ingress names the host in its TLS. One that does is enough for all paths of the host. */
  tls?: boolean;
  /** Not a path that somebody wrote but the redirect of the root (annotation app-root): for `/` and nothing below it. */
  root?: boolean;
  /** The host is in no rule of the Ingress: whoever has one for it has the host. */
  alias?: true;
  /** The Ingress is a canary: it has no route of its own but a share of another one's. */
  canary?: CanaryRule;
}

/**
 * Builds the host's routes. `all` is in the order in which the Ingresses are heard (byAge); of two equal paths the first
 * has it and the other gets a finding that names the winner. Fallbacks are heard after all paths that somebody wrote.
 */
export function buildHost(host: string, all: readonly WantedPath[]): { routes: HostRoutes; findings: Finding[] } {
  const { heard, lost } = withoutAliases(host, all);
  const { wanted, findings } = withClients(host, heard.filter(({ canary }) => canary === undefined));
  findings.push(...lost);
  // As ingress-nginx does it, but within this class only: one Ingress that needs patterns makes all paths of the host patterns.
  const regexHost = wanted.some(({ useRegex, rewriteTarget, path }) => useRegex || rewrites(rewriteTarget, path));
  const tls = wanted.some((want) => want.tls);
  const policies = new Map<string, Policy>();
  const taken = new Map<string, Route>();
  for (const want of [...wanted.filter(({ fallback }) => !fallback), ...wanted.filter(({ fallback }) => fallback)]) {
    const object = `Ingress ${want.namespace}/${want.ingress}`;
    const resolved = want.root ? rootOnly(regexHost) : resolvePath(want.path, regexHost);
    if ('problem' in resolved) {
      findings.push(finding(resolved.problem, object, resolved.message));
      continue;
    }
    const key = `${resolved.match} ${resolved.path}`;
    const winner = taken.get(key);
    if (winner === undefined && taken.size >= mostRoutesPerHost) findings.push(tooManyFinding(object, host));
    else if (winner === undefined) taken.set(key, buildRoute(want, resolved, placePolicy(policies, policyOf(want, tls))));
    else if (winner.ingress !== want.ingress || winner.namespace !== want.namespace) findings.push(takenFinding(object, host, winner, want.fallback));
  }
  findings.push(...addCanaries(taken, heard.filter(({ canary }) => canary !== undefined), host, regexHost));
  const routes = [...taken.values()].sort(byPrecedence);
  return { routes: policies.size === 0 ? { routes } : { routes, policies: [...policies.values()] }, findings };
}

/** A host that some rule names is nobody's alias. */
function withoutAliases(host: string, all: readonly WantedPath[]): { heard: readonly WantedPath[]; lost: Finding[] } {
  const owner = all.find(({ alias }) => !alias);
  if (owner === undefined || all.every(({ alias }) => !alias)) return { heard: all, lost: [] };
  const losers = new Set(all.filter(({ alias }) => alias).map(({ namespace, ingress }) => `Ingress ${namespace}/${ingress}`));
  const message = `host ${quote(host)} is in a rule of Ingress ${owner.namespace}/${owner.ingress}, so that server-alias or from-to-www-redirect do nothing on it; take it out, or write a rule for it here too`;
  return { heard: all.filter(({ alias }) => !alias), lost: [...losers].map((object) => finding('alias-taken', object, message)) };
}

/** Gives each canary its share of the route with the same match and path, in its own namespace; else a finding. */
function addCanaries(taken: ReadonlyMap<string, Route>, canaries: readonly WantedPath[], host: string, regexHost: boolean): Finding[] {
  return canaries.flatMap((want) => {
    const resolved = resolvePath(want.path, regexHost);
    const route = 'problem' in resolved ? undefined : taken.get(`${resolved.match} ${resolved.path}`);
    const path = `path ${quote(want.path.path ?? '')} of host ${quote(host)}`;
    const unused = (why: string): Finding[] => [finding('canary-unused', `Ingress ${want.namespace}/${want.ingress}`, `${path}: ${why}; the canary gets no requests there`)];
    if (route === undefined) return unused('no Ingress that is no canary has this path with this path type');
    if (route.namespace !== want.namespace) return unused(`it belongs to Ingress ${route.namespace}/${route.ingress}, in another namespace`);
    if (route.canary !== undefined) return unused(`it has an older canary, Ingress ${route.namespace}/${route.canary.ingress}`);
    if (route.backend === '' || want.backend.key === '') return unused('it is closed, or one of both has no Service that can be named');
    route.canary = { ...want.canary!, ingress: want.ingress, service: want.backend.service, backend: want.backend.key };
    return [];
  });
}

const rootPattern = '/$';

function rootOnly(regexHost: boolean): Pick<Route, 'match' | 'path'> {
  return regexHost ? { match: 'regex', path: rootPattern } : { match: 'exact', path: '/' };
}

/** By the policy without it, which many hosts have alike. */
const withHttps: Record<HttpsWish['as'], WeakMap<Policy, Policy>> = { 'redirect': new WeakMap(), 'redirect-as-is': new WeakMap() };
const noPolicy: Policy = Object.freeze({});

function policyOf({ policy, https }: WantedPath, tls: boolean): Policy | undefined {
  if (https === undefined || (https.when !== 'always' && !tls)) return policy;
  const known = withHttps[https.as].get(policy ?? noPolicy);
  const made = known ?? { https: https.as, ...policy };
  if (known === undefined) withHttps[https.as].set(policy ?? noPolicy, made);
  return made;
}

/** Equal policies are kept once: hosts with many paths mostly have one. */
function placePolicy(policies: Map<string, Policy>, policy: Policy | undefined): number | undefined {
  if (policy === undefined) return undefined;
  const key = JSON.stringify(policy);
  if (!policies.has(key)) policies.set(key, policy);
  return [...policies.keys()].indexOf(key);
}

function rewrites(rewriteTarget: string | undefined, { path }: IngressPath): boolean {
  return rewriteTarget !== undefined && rewriteTarget !== path;
}

/** Of a few shapes only, for there is one for each path of a cluster: an object that is spread has a shape of its own, which is larger than itself. */
function buildRoute(want: WantedPath, { match, path }: Pick<Route, 'match' | 'path'>, policy: number | undefined): Route {
  const { namespace, ingress, backend, rewriteTarget } = want;
  const { service, key } = backend;
  const route: Route = policy === undefined ? { match, path, namespace, ingress, service, backend: key } : { match, path, namespace, ingress, service, backend: key, policy };
  if (rewrites(rewriteTarget, want.path)) route.rewrite = rewriteTarget!;
  return route;
}

function takenFinding(object: string, host: string, winner: Route, fallback = false): Finding {
  const other = `${winner.namespace}/${winner.ingress}`;
  const message = fallback
    ? `its default backend gets no requests of host ${quote(host)}: Ingress ${other} has its path "/"`
    : `path ${quote(winner.path)} of host ${quote(host)} belongs to Ingress ${other}, which is older; choose another path or remove one of the two`;
  return finding('route-taken', object, message);
}

function tooManyFinding(object: string, host: string): Finding {
  const message = `host ${quote(host)} has ${mostRoutesPerHost} paths already, of older Ingresses or of this one; this one is not served`;
  return finding('too-many-routes', object, message);
}

/** Longest first, then in descending order of the text: the order in which ingress-nginx tries its patterns. */
function byPrecedence(a: Route, b: Route): number {
  // The root of a host of patterns comes before all patterns that it would match too.
  const root = Number(b.path === rootPattern && b.match === 'regex') - Number(a.path === rootPattern && a.match === 'regex');
  return root || b.path.length - a.path.length || compareText(b.path, a.path) || compareText(a.match, b.match);
}

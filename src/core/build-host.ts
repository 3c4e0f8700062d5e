// All routes of one host in one class, out of the Ingresses that speak of it: the oldest has what two of them claim.

import type { HostRoutes, Route } from '../route-table/types.js';
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
}

/**
 * Builds the host's routes. `wanted` is in the order in which the Ingresses are heard (byAge); of two equal paths the first
 * has it and the other gets a finding that names the winner. Fallbacks are heard after all paths that somebody wrote.
 */
export function buildHost(host: string, wanted: readonly WantedPath[]): { routes: HostRoutes; findings: Finding[] } {
  // As ingress-nginx does it, but within this class only: one Ingress that needs patterns makes all paths of the host patterns.
  const regexHost = wanted.some(({ useRegex, rewriteTarget, path }) => useRegex || rewrites(rewriteTarget, path));
  const findings: Finding[] = [];
  const taken = new Map<string, Route>();
  for (const want of [...wanted.filter(({ fallback }) => !fallback), ...wanted.filter(({ fallback }) => fallback)]) {
    const object = `Ingress ${want.namespace}/${want.ingress}`;
    const resolved = resolvePath(want.path, regexHost);
    if ('problem' in resolved) {
      findings.push(finding(resolved.problem, object, resolved.message));
      continue;
    }
    const key = `${resolved.match} ${resolved.path}`;
    const winner = taken.get(key);
    if (winner === undefined && taken.size >= mostRoutesPerHost) findings.push(tooManyFinding(object, host));
    else if (winner === undefined) taken.set(key, buildRoute(want, resolved));
    else if (winner.ingress !== want.ingress || winner.namespace !== want.namespace) findings.push(takenFinding(object, host, winner, want.fallback));
  }
  return { routes: { routes: [...taken.values()].sort(byPrecedence) }, findings };
}

function rewrites(rewriteTarget: string | undefined, { path }: IngressPath): boolean {
  return rewriteTarget !== undefined && rewriteTarget !== path;
}

function buildRoute(want: WantedPath, { match, path }: Pick<Route, 'match' | 'path'>): Route {
  const { namespace, ingress, backend, rewriteTarget } = want;
  const route: Route = { match, path, namespace, ingress, service: backend.service, backend: backend.key };
  return rewrites(rewriteTarget, want.path) ? { ...route, rewrite: rewriteTarget! } : route;
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
  return b.path.length - a.path.length || compareText(b.path, a.path) || compareText(a.match, b.match);
}

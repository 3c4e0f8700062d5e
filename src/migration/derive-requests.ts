// Requests out of routes: for each host and path of an Ingress one that the rule takes, and those beside it where
// implementations tend to differ: a slash at the end, an element that is longer, another case of a pattern, a foreign origin.

import type { Decided } from '../core/explain/facts.js';
import { isSolver } from './select-ingresses.js';
import { defaultKey, hostKey } from '../route-table/entry-keys.js';
import type { Cors, HostRoutes, Policy, Route } from '../route-table/types.js';
import { type CheckRequest, requestKey } from './check-request.js';
import { samplePattern } from './sample-pattern.js';

/** A label that nobody's rules have: fills wildcards, and paths below and beside rules. */
const probe = 'verify-probe';
/** The name for rules that take any host (RFC 2606). */
const anyHost = `${probe}.invalid`;

/** The requests for these Ingresses, as the classes that own them serve them; each one once. */
export function deriveRequests(decided: Decided, keys: readonly string[]): CheckRequest[] {
  const found = new Map<string, CheckRequest>();
  for (const key of keys) {
    const { ownership: { owner }, wants, ingress } = decided.plans.get(key)!;
    if (owner === undefined || isSolver(ingress)) continue;
    const secure = new Set((ingress.spec?.tls ?? []).flatMap(({ hosts = [] }) => hosts));
    const asked = [...wants].filter(([, want]) => want.of === 'host').flatMap(([entry]) => {
      const host = entry === defaultKey ? '' : entry.slice(hostKey('').length);
      return ofHost({ key, host, table: decided.tables.get(owner)?.get(entry) as HostRoutes | undefined, secure: secure.has(host) });
    });
    for (const one of asked) if (!found.has(requestKey(one))) found.set(requestKey(one), one);
  }
  return [...found.values()];
}

interface OnHost {
  key: string;
  host: string;
  table: HostRoutes | undefined;
  secure: boolean;
}

function ofHost({ key, host, table: { routes, policies = [] } = { routes: [] }, secure }: OnHost): CheckRequest[] {
  const name = host === '' ? anyHost : host.replace(/^\*/, probe);
  const own = routes.filter(({ namespace, ingress }) => `${namespace}/${ingress}` === key);
  const asked = own.flatMap((route) => ofRoute(route, route.policy === undefined ? {} : policies[route.policy]!));
  const edge = own.length === 0 ? [] : [ask(`/${probe}`, 'edge')];
  return [...asked, ...edge].flatMap((one) => (secure ? ['http', 'https'] as const : ['http'] as const).map((scheme): CheckRequest => (
    { ...one, scheme, host: name, ingress: key })));
}

type Asked = Pick<CheckRequest, 'method' | 'path' | 'headers' | 'why'>;

function ask(path: string, why: CheckRequest['why'], headers: Record<string, string> = {}, method = 'GET'): Asked {
  // A path of an Ingress may hold what no request line can.
  return { method, path: path.replace(/[^!-~]+/g, (part) => encodeURI(part.replace(/\p{Surrogate}/gu, '\ufffd'))), headers, why };
}

function ofRoute(route: Route, { cors }: Policy): Asked[] {
  const paths = pathsOf(route);
  return [...paths, ...(cors === undefined || paths.length === 0 ? [] : ofCors(paths[0]!.path, cors))];
}

function pathsOf({ match, path }: Route): Asked[] {
  if (match === 'regex') {
    const samples = samplePattern(path);
    const edges = samples.length === 0 ? [] : [samples[0]!.toUpperCase(), `${samples[0]!}${probe}`];
    return [...samples.map((one) => ask(one, 'path')), ...edges.map((one) => ask(one, 'edge'))];
  }
  const bare = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  const below = bare === '/' ? `/${probe}` : `${bare}/${probe}`;
  const edges = match === 'exact' ? [] : [below];
  if (bare !== '/') edges.push(path === bare ? `${bare}/` : bare, `${bare}-${probe}`, bare.toUpperCase());
  return [ask(path, 'path'), ...edges.filter((one) => one !== path).map((one) => ask(one, 'edge'))];
}

function ofCors(path: string, { origins }: Cors): Asked[] {
  const [first = '*'] = origins;
  const known = first === '*' ? `https://${anyHost}` : first.replace('*', probe);
  const preflight = (origin: string): Record<string, string> => ({ origin, 'access-control-request-method': 'PUT' });
  const foreign = first === '*' ? [] : [ask(path, 'edge', { origin: `https://${anyHost}` })];
  return [ask(path, 'path', { origin: known }), ask(path, 'path', preflight(known), 'OPTIONS'), ...foreign];
}

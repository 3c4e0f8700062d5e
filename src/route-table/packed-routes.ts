// The routes of a host as they lie in nginx's shared memory: one text of fields in a fixed order, from which a worker takes a route
// without decoding anything else. The engine's agent packs, nginx unpacks; on disk and on the wire routes keep their names.
//
//   <policies> then, for each route, <match> <path> <namespace> <ingress> <service> <backend> <more>, all with a tab between
//
// `policies` and `more` are JSON, and empty where there are none, as for most. No other field of an
// entry that was checked (engine/check-route) holds anything but visible bytes.

import type { Canary, HostRoutes, PathMatch, Policy, Route } from './types.js';
import { cut, find } from './text.js';

/** What few routes have. */
interface RouteExtras {
  rewrite?: string;
  policy?: number;
  canary?: Canary;
}

const SEPARATOR = '\t';
const MATCHES: PathMatch[] = ['exact', 'prefix', 'string-prefix', 'regex'];
const LETTERS = ['e', 'p', 's', 'r'];
const SERVICE = 'service/';

/** `encode` makes JSON, in which tabs and newlines of texts are escaped. */
export function packRoutes(host: HostRoutes, encode: (value: unknown) => string): string {
  let text = host.policies === undefined ? '' : encode(host.policies);
  for (const { match, path, namespace, ingress, service, backend, rewrite, policy, canary } of host.routes) {
    const more = rewrite === undefined && policy === undefined && canary === undefined ? '' : encode({ rewrite, policy, canary });
    for (const field of [inPlace(match, MATCHES, LETTERS), path, namespace, ingress, service, shortened(backend, ownStart(namespace, service)), more]) {
      text = text + SEPARATOR + field;
    }
  }
  return text;
}

/** How far a text has been read: where its next field begins. No reader waits between. */
let at = 0;

/** What was packed. `decode` reads JSON. */
export function unpackRoutes(packed: string, decode: (json: string) => unknown): HostRoutes {
  at = 0;
  const policies = nextField(packed);
  // Most hosts have one route: LuaJIT does not compile a function around a loop that goes round.
  const routes: Route[] = at > packed.length ? [] : [nextRoute(packed, decode)];
  while (at <= packed.length) routes.push(nextRoute(packed, decode));
  const host: HostRoutes = { routes };
  if (policies !== '') host.policies = decode(policies) as Policy[];
  return host;
}

function nextRoute(packed: string, decode: (json: string) => unknown): Route {
  const match = inPlace(nextField(packed), LETTERS, MATCHES);
  const path = nextField(packed);
  const namespace = nextField(packed);
  const ingress = nextField(packed);
  const service = nextField(packed);
  const backend = nextField(packed);
  const more = nextField(packed);
  const whole = backend === '' || isWhole(backend) ? backend : ownStart(namespace, service) + backend;
  const route: Route = { match, path, namespace, ingress, service, backend: whole };
  if (more !== '') takeExtras(route, decode(more) as RouteExtras);
  return route;
}

function nextField(packed: string): string {
  const tab = find(packed, SEPARATOR, at);
  const end = tab < 0 ? packed.length : tab;
  const field = cut(packed, at, end);
  at = end + 1;
  return field;
}

function takeExtras(route: Route, { rewrite, policy, canary }: RouteExtras): void {
  if (rewrite !== undefined) route.rewrite = rewrite;
  if (policy !== undefined) route.policy = policy;
  if (canary !== undefined) route.canary = canary;
}

/** Of `others` the one that stands where `one` does in `list`. Written out, for LuaJIT. */
function inPlace<T>(one: string, list: readonly string[], others: readonly T[]): T {
  return (one === list[0] ? others[0] : one === list[1] ? others[1] : one === list[2] ? others[2] : others[3])!;
}

function ownStart(namespace: string, service: string): string {
  return SERVICE + namespace + '/' + service + '/';
}

function isWhole(backend: string): boolean {
  return cut(backend, 0, SERVICE.length) === SERVICE;
}

/** What is left of the backend's key after its namespace and Service, where these are the route's own. */
function shortened(backend: string, start: string): string {
  if (backend.length <= start.length || cut(backend, 0, start.length) !== start) return backend;
  const rest = cut(backend, start.length, backend.length);
  return isWhole(rest) ? backend : rest;
}

// The routes of a host as they lie in nginx's shared memory: lists in place of records with named fields, which would take more
// room than the values. The engine's agent packs, nginx unpacks; on disk and on the wire routes keep their names.

import type { Canary, HostRoutes, PathMatch, Policy, Route } from './types.js';
import { cut } from './text.js';

/** `backend`: what is left of the backend's key after its namespace and Service, where these are the route's own. */
export type PackedRoute = [match: string, path: string, namespace: string, ingress: string, service: string, backend: string, more?: RouteExtras];

/** What few routes have. */
interface RouteExtras {
  rewrite?: string;
  policy?: number;
  canary?: Canary;
}

export type PackedRoutes = [routes: PackedRoute[], policies?: Policy[]];

const MATCHES: PathMatch[] = ['exact', 'prefix', 'string-prefix', 'regex'];
const LETTERS = ['e', 'p', 's', 'r'];
const SERVICE = 'service/';

export function packRoutes(host: HostRoutes): PackedRoutes {
  const routes: PackedRoute[] = [];
  for (const route of host.routes) routes.push(packRoute(route));
  return host.policies === undefined ? [routes] : [routes, host.policies];
}

/** What was packed. */
export function unpackRoutes(packed: PackedRoutes): HostRoutes {
  const routes: Route[] = [];
  for (const route of packed[0]) routes.push(unpackRoute(route));
  const host: HostRoutes = { routes };
  if (packed[1] !== undefined) host.policies = packed[1];
  return host;
}

function packRoute(route: Route): PackedRoute {
  const { match, path, namespace, ingress, service, backend } = route;
  const packed: PackedRoute = [inPlace(match, MATCHES, LETTERS), path, namespace, ingress, service, shortened(backend, ownStart(namespace, service))];
  if (route.rewrite !== undefined || route.policy !== undefined || route.canary !== undefined) packed.push(takeExtras({}, route));
  return packed;
}

function unpackRoute(packed: PackedRoute): Route {
  const [letter, path, namespace, ingress, service, backend, more] = packed;
  const whole = backend === '' || isWhole(backend) ? backend : ownStart(namespace, service) + backend;
  const route: Route = { match: inPlace(letter, LETTERS, MATCHES), path, namespace, ingress, service, backend: whole };
  return more === undefined ? route : takeExtras(route, more);
}

function takeExtras<T extends RouteExtras>(to: T, { rewrite, policy, canary }: RouteExtras): T {
  if (rewrite !== undefined) to.rewrite = rewrite;
  if (policy !== undefined) to.policy = policy;
  if (canary !== undefined) to.canary = canary;
  return to;
}

/** Of `others` the one that stands where `one` does in `list`. */
function inPlace<T>(one: string, list: readonly string[], others: readonly T[]): T {
  let place = 0;
  while (place < list.length - 1 && list[place] !== one) place = place + 1;
  return others[place]!;
}

function ownStart(namespace: string, service: string): string {
  return SERVICE + namespace + '/' + service + '/';
}

function isWhole(backend: string): boolean {
  return cut(backend, 0, SERVICE.length) === SERVICE;
}

function shortened(backend: string, start: string): string {
  if (backend.length <= start.length || cut(backend, 0, start.length) !== start) return backend;
  const rest = cut(backend, start.length, backend.length);
  return isWhole(rest) ? backend : rest;
}

// What is offered to an engine in place of an entry that it refuses: as much of it as it takes, and never something that lets
// through what the wanted entry would have kept out. It never offers an older version of a route (decisions/0010).

import omit from 'lodash/omit.js';
import { certificateKey, clientsKey, isRoutesKey, passthroughKey, revokedKey, serverNameKey, trustedKey } from '../route-table/entry-keys.js';
import type { EntryValue, HostRoutes, Route, ServiceEndpoints } from '../route-table/types.js';
import type { RefusedEntry } from './stream-protocol.js';

/** How an entry differs from what is wanted. Grows with every refusal of what was offered instead. */
export interface Repair {
  /** What becomes of members of its list, by their place in the wanted one. */
  parts: ReadonlyMap<number, Part>;
  /** `closed`: nothing of it but that it is there; `out`: not offered; `unnamed`: not even its removal is. */
  whole?: 'closed' | 'out' | 'unnamed';
}

export type Part = 'without-canary' | 'closed' | 'gone';

export interface Offer {
  /** Undefined: the entry is left out. */
  value: EntryValue | undefined;
  /** Of each member of its list, the place in the wanted one; -1: added here. */
  origins: readonly number[];
  /** Places in the wanted list of members that are not offered as they are. */
  changed: readonly number[];
}

/** An entry as it is wanted. */
export const unrepaired: Repair = { parts: new Map() };

/** What is offered of `wanted` under a repair. Its members stay in their order. */
export function repairEntry(key: string, wanted: EntryValue, { parts, whole }: Repair): Offer {
  if (whole === 'out' || whole === 'unnamed') return { value: undefined, origins: [], changed: placesOf(wanted) };
  if (whole === 'closed') return { value: closedEntry(key), origins: [-1], changed: placesOf(wanted) };
  if (parts.size === 0) return { value: wanted, origins: placesOf(wanted), changed: [] };
  return 'endpoints' in wanted ? repairEndpoints(wanted, parts) : repairRoutes(wanted as HostRoutes, parts);
}

/** The repair after an engine has refused what `repair` offers of `wanted`: a stricter one, or `repair` itself when there is none. */
export function repairFurther(key: string, wanted: EntryValue, repair: Repair, { places = [], canaries = [] }: RefusedEntry): Repair {
  if (repair.whole === 'unnamed') return repair;
  if (repair.whole !== undefined) return { ...repair, whole: repair.whole === 'closed' ? 'out' : 'unnamed' };
  const { value, origins } = repairEntry(key, wanted, repair);
  const parts = new Map(repair.parts);
  const tighten = (list: readonly number[], step: (member: unknown) => Part): void => {
    for (const place of list) parts.set(origins[place] ?? -1, step(memberOf(value, place)));
  };
  tighten(canaries, (member) => (hasCanary(member) ? 'without-canary' : 'closed'));
  tighten(places, (member) => (isClosed(member) ? 'gone' : 'closed'));
  const same = parts.size === repair.parts.size && [...parts].every(([at, part]) => repair.parts.get(at) === part);
  // Nothing was named, or something that nobody asked for: no part of it can be relied on.
  if (same || parts.has(-1)) return { parts: new Map(), whole: isList(key) ? 'closed' : 'out' };
  return { parts };
}

function isList(key: string): boolean {
  return !key.startsWith(passthroughKey('')) && !key.startsWith(serverNameKey('')) && !key.startsWith(certificateKey('')) && !key.startsWith(clientsKey('')) && !key.startsWith(trustedKey('')) && !key.startsWith(revokedKey(''));
}

function placesOf(value: EntryValue): number[] {
  const list = 'routes' in value ? value.routes : 'endpoints' in value ? value.endpoints : [];
  return Array.isArray(list) ? list.map((_, at) => at) : [];
}

function memberOf(value: EntryValue | undefined, place: number): unknown {
  return value === undefined || !('routes' in value) ? undefined : value.routes[place];
}

/** A list of which nothing is offered: requests of the host, or of the Service, are answered with 503. */
function closedEntry(key: string): EntryValue {
  return isRoutesKey(key) ? { routes: [everyPath('prefix', { namespace: '', ingress: '' })] } : { endpoints: [] };
}

function everyPath(match: 'prefix' | 'regex', { namespace, ingress }: Pick<Route, 'namespace' | 'ingress'>): Route {
  return { match, path: '/', namespace, ingress, service: '', backend: '' };
}

function closedRoute({ match, path, namespace, ingress }: Route): Route {
  return { match, path, namespace, ingress, service: '', backend: '' };
}

/** Whether there is nothing more about a route that could be closed. An endpoint has nothing to begin with. */
function isClosed(member: unknown): boolean {
  return typeof member !== 'object' || member === null || ((member as Route).backend === '' && Object.keys(member).length === Object.keys(closedRoute(member as Route)).length);
}

function repairEndpoints({ endpoints }: ServiceEndpoints, parts: Repair['parts']): Offer {
  const origins = endpoints.map((_, at) => at).filter((at) => !parts.has(at));
  return { value: { endpoints: origins.map((at) => endpoints[at]!) }, origins, changed: [...parts.keys()] };
}

/**
 * A route that can't even be closed in its place is gone, and a less strict one of its owner might take its requests: so all
 * routes of its namespace on the host are closed, and what they leave over of the host as well. Backends are always of the
 * route's own namespace, so routes of others can't open anything of it.
 */
function repairRoutes(wanted: HostRoutes, parts: Repair['parts']): Offer {
  const { routes } = wanted;
  const gone = routes.filter((_, at) => parts.get(at) === 'gone');
  const shut = new Set(gone.map(({ namespace }) => namespace));
  const origins: number[] = [];
  const offered: Route[] = [];
  const changed: number[] = [];
  routes.forEach((route, at) => {
    const part = parts.get(at);
    if (part !== undefined || shut.has(route.namespace)) changed.push(at);
    if (part === 'gone') return;
    origins.push(at);
    if (part === 'closed' || shut.has(route.namespace)) offered.push(closedRoute(route));
    else offered.push(part === 'without-canary' ? omit(route, 'canary') : route);
  });
  const match = offered.some((route) => route.match === 'regex') ? 'regex' : 'prefix';
  if (gone.length > 0 && !offered.some((route) => route.path === '/' && route.match !== 'exact')) {
    offered.push(everyPath(match, gone[0]!));
    origins.push(-1);
  }
  return { value: withUsedPolicies(wanted, offered), origins, changed };
}

function hasCanary(member: unknown): boolean {
  return typeof member === 'object' && member !== null && 'canary' in member;
}

/** A policy that no route asks for any more may be the very thing that was refused. */
function withUsedPolicies({ policies = [], ...rest }: HostRoutes, routes: readonly Route[]): HostRoutes {
  const used = [...new Set(routes.flatMap(({ policy }) => policy ?? []))].sort((a, b) => a - b);
  const placed = routes.map((route) => (route.policy === undefined ? route : { ...route, policy: used.indexOf(route.policy) }));
  return used.length === 0 ? { ...rest, routes: placed } : { ...rest, routes: placed, policies: used.map((at) => policies[at]!) };
}

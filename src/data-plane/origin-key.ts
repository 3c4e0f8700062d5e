// The keys of counters of a route as a whole. They are made once and kept at the route, so that counting builds no text.

import type { Route } from '../route-table/types.js';
import type { Figures } from './figures.js';

/** A route and what its requests are counted under. */
export type CountedRoute = Route & {
  /** The host that the table has the route for. */
  host?: string;
  /** Keys of counters of the route as a whole, by name. */
  origins?: Record<string, string | undefined>;
  /** Keys of counters by method and status. */
  keys?: Record<string, Record<number, string | undefined> | undefined>;
  figures?: Figures;
};

/** The key of the counter `name` of a route. */
export function originKey(name: string, className: string, route: CountedRoute): string {
  return route.origins?.[name] ?? newOriginKey(name, className, route);
}

function newOriginKey(name: string, className: string, route: CountedRoute): string {
  const origins = route.origins ?? {};
  route.origins = origins;
  const { namespace, ingress, service } = route;
  const key = table.concat([name, className, namespace, ingress, service], '|');
  origins[name] = key;
  return key;
}

// What is kept at a route of its counters: where the usual ones are, so that counting looks nothing up, and the keys of the rare ones.

import type { Route } from '../route-table/types.js';
import { givenBack } from './shared-numbers.js';

/** A route and what its requests are counted under. */
export type CountedRoute = Route & {
  /** The host that the table has the route for. */
  host?: string;
  /** Keys of counters of the route as a whole, by name. */
  origins?: Record<string, string | undefined>;
  /** Places of its counters of requests, by method and status. */
  places?: Record<string, Record<number, number | undefined> | undefined>;
  /** The numbers of this worker of its times and sizes. */
  figures?: ForeignNumbers;
  /** What `givenBack` has said when these were noted. */
  notedAt?: number;
};

/** Before what a route has noted is used: places that were given back since may be others' now. */
export function lookAgain(route: CountedRoute): void {
  const now = givenBack();
  if (route.notedAt === now) return;
  route.places = undefined;
  route.figures = undefined;
  route.notedAt = now;
}

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

// Counts a request under its class and Ingress. Label values come from the table or from closed lists; nothing that a client
// chooses becomes one. Where a counter is is noted at the route, so that counting looks nothing up.

import type { PathMatchResult } from '../route-table/match.js';
import { foldedName } from '../route-table/figures.js';
import { add, isBegun, placeOf, seriesOf } from './counters.js';
import { countUnmatched } from './count-unmatched.js';
import { classOfPort, metricsSettings } from './init.js';
import { type CountedRoute, lookAgain, originKey } from './origin-key.js';
import { isSet, variable } from './read-variable.js';
import { addAt } from './shared-numbers.js';
import { statusLabel } from './status-label.js';

const METHODS: Record<string, string | undefined> = {
  GET: 'GET', HEAD: 'HEAD', POST: 'POST', PUT: 'PUT', PATCH: 'PATCH', DELETE: 'DELETE', OPTIONS: 'OPTIONS',
};

const TLS = variable('ssl_session_reused');

/** What is counted by class when no route is known. */
const unrouted: Record<string, CountedRoute | undefined> = {};

/** The class of a request, also of one that nginx has refused before it was routed. */
export function countedClass({ class: className }: RequestContext): string {
  return className ?? classOfPort(tonumber(ngx.var.ia_port ?? ngx.var.server_port) ?? 0);
}

/** What the request is counted under. */
export function countedRoute({ match }: RequestContext, className: string): CountedRoute {
  return match === undefined ? unroutedOf(className) : (match as PathMatchResult).route as CountedRoute;
}

/** Counts the request with the status that it has now. */
export function countRequest(context: RequestContext, className: string, route: CountedRoute): void {
  const { status } = ngx;
  const place = requestPlace(route, className, METHODS[ngx.req.get_method()] ?? 'OTHER', status);
  if (place !== undefined) addAt(place, 1);
  if (context.match === undefined) countUnmatched(className, context.class !== undefined && status === 404);
  else if (context.noEndpoints) add(originKey('noEndpoints', className, route), 1);
  const attempts = context.attempt ?? 0;
  if (attempts > 1) add(originKey('retries', className, route), attempts - 1);
  // A kept context is one of a connection in the clear.
  if (context.kept !== true && isSet(TLS) && ngx.var.ssl_session_reused === 'r' && ngx.var.connection_requests === '1') add('tlsHandshakes|' + className + '|resumed', 1);
}

function unroutedOf(className: string): CountedRoute {
  const route = unrouted[className] ?? { match: 'prefix', path: '', namespace: '', ingress: '', service: '', backend: '' };
  unrouted[className] = route;
  return route;
}

/** Undefined without room for it. */
function requestPlace(route: CountedRoute, className: string, method: string, status: number): number | undefined {
  lookAgain(route);
  const places = route.places ?? {};
  route.places = places;
  const byStatus = places[method] ?? {};
  places[method] = byStatus;
  const place = byStatus[status] ?? placeOf(requestKey(route, className, method, statusLabel(status)));
  byStatus[status] = place;
  return place;
}

/** Beyond the limit of series what is new is counted together, under a name that no Ingress can have. */
function requestKey(route: CountedRoute, className: string, method: string, status: string): string {
  const { namespace, ingress, service } = route;
  const { paths, seriesPerClass } = metricsSettings();
  const host = paths ? route.host ?? '' : '';
  const key = table.concat(['requests', className, namespace, ingress, service, method, status, host, paths ? route.path : ''], '|');
  if (ingress === '' || isBegun(key)) return key;
  if (seriesOf(className) >= seriesPerClass) return table.concat(['requests', className, '', foldedName, '', method, status, '', ''], '|');
  return key;
}

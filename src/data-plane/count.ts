// Log phase: counts the request under its class and Ingress. Label values come from the table or from closed lists; nothing
// that a client chooses becomes one. Keys are made once and kept at the route, so that counting builds no text.

import type { PathMatchResult } from '../route-table/match.js';
import type { Route } from '../route-table/types.js';
import { foldedName } from '../route-table/figures.js';
import { add, isBegun, seriesOf } from './counters.js';
import { type Figures, gathered, newFigures, observe } from './figures.js';
import { classOfPort, metricsSettings } from './init.js';
import { statusLabel } from './status-label.js';
import { countUnmatched } from './count-unmatched.js';

const METHODS: Record<string, string | undefined> = {
  GET: 'GET', HEAD: 'HEAD', POST: 'POST', PUT: 'PUT', PATCH: 'PATCH', DELETE: 'DELETE', OPTIONS: 'OPTIONS',
};

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

/** What is counted by class when no route is known. */
const unrouted: Record<string, CountedRoute | undefined> = {};
/** Figures by class, unless each Ingress has its own. */
const classFigures: Record<string, Figures | undefined> = {};

/** Runs for every request of a data listener, also for those that nginx refuses before it has read them. */
export function run(): void {
  const context = ngx.ctx;
  const className = context.class ?? classOfPort(tonumber(ngx.var.server_port) ?? 0);
  const match = context.match as PathMatchResult | undefined;
  const route = match === undefined ? unroutedOf(className) : match.route as CountedRoute;
  const { status } = ngx;
  add(requestKey(route, className, METHODS[ngx.req.get_method()] ?? 'OTHER', status), 1);
  if (match === undefined) countUnmatched(className, context.class !== undefined && status === 404);
  else if (context.noEndpoints) add(originKey('noEndpoints', className, route), 1);
  const attempts = context.attempt ?? 0;
  if (attempts > 1) add(originKey('retries', className, route), attempts - 1);
  if (ngx.var.ssl_session_reused === 'r' && ngx.var.connection_requests === '1') add('tlsHandshakes|' + className + '|resumed', 1);
  measure(figuresOf(route, className), attempts);
}

function measure(figures: Figures, attempts: number): void {
  const variables = ngx.var;
  observe(figures, 0, math.max(0, ngx.now() - ngx.req.start_time()));
  if (attempts > 0) {
    observeTime(figures, 1, variables.upstream_connect_time, attempts);
    observeTime(figures, 2, variables.upstream_header_time, attempts);
    observeTime(figures, 3, variables.upstream_response_time, attempts);
  }
  observe(figures, 4, tonumber(variables.request_length) ?? 0);
  observe(figures, 5, tonumber(variables.bytes_sent) ?? 0);
  gathered(figures);
}

/** Of several tries (`0.001, 0.002`) the last one counts; a dash stands for a time that never was. */
function observeTime(figures: Figures, index: number, text: string | undefined, attempts: number): void {
  if (text === undefined) return;
  let value = tonumber(text);
  if (value === undefined && attempts > 1) {
    const [last] = string.match(text, '([%d.]+)$');
    value = tonumber(last);
  }
  if (value !== undefined) observe(figures, index, value);
}

function figuresOf(route: CountedRoute, className: string): Figures {
  if (metricsSettings().perIngress) {
    const own = route.figures ?? newFigures(originKey('figures', className, route));
    route.figures = own;
    return own;
  }
  const shared = classFigures[className] ?? newFigures('figures|' + className + '|||');
  classFigures[className] = shared;
  return shared;
}

function unroutedOf(className: string): CountedRoute {
  const route = unrouted[className] ?? { match: 'prefix', path: '', namespace: '', ingress: '', service: '', backend: '' };
  unrouted[className] = route;
  return route;
}

function originKey(name: string, className: string, route: CountedRoute): string {
  const origins = route.origins ?? {};
  route.origins = origins;
  const { namespace, ingress, service } = route;
  const key = origins[name] ?? table.concat([name, className, namespace, ingress, service], '|');
  origins[name] = key;
  return key;
}

function requestKey(route: CountedRoute, className: string, method: string, status: number): string {
  const keys = route.keys ?? {};
  route.keys = keys;
  const byStatus = keys[method] ?? {};
  keys[method] = byStatus;
  const key = byStatus[status] ?? newRequestKey(route, className, method, statusLabel(status));
  byStatus[status] = key;
  return key;
}

/** Beyond the limit of series what is new is counted together, under a name that no Ingress can have. */
function newRequestKey(route: CountedRoute, className: string, method: string, status: string): string {
  const { namespace, ingress, service } = route;
  const { paths, seriesPerClass } = metricsSettings();
  const host = paths ? route.host ?? '' : '';
  const key = table.concat(['requests', className, namespace, ingress, service, method, status, host, paths ? route.path : ''], '|');
  if (ingress === '' || isBegun(key)) return key;
  if (seriesOf(className) >= seriesPerClass) return table.concat(['requests', className, '', foldedName, '', method, status, '', ''], '|');
  return key;
}

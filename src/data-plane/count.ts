// Log phase: counts the request under its class and Ingress. Label values come from the table or from closed lists; nothing
// that a client chooses becomes one. Keys are made once and kept at the route, so that counting builds no text.

import type { PathMatchResult } from '../route-table/match.js';
import { figures as allFigures, foldedName } from '../route-table/figures.js';
import { add, isBegun, seriesOf } from './counters.js';
import { type Figures, gathered, newFigures, observeSize, observeTime } from './figures.js';
import { classOfPort, metricsSettings } from './init.js';
import { noteAnswer, noteFailure } from './endpoint-health.js';
import type { PreparedEndpoint } from './entries.js';
import { type CountedRoute, originKey } from './origin-key.js';
import { countEjection } from './count-ejection.js';
import { run as endRequest } from './end-request.js';
import { statusLabel } from './status-label.js';
import { countUnmatched } from './count-unmatched.js';

const METHODS: Record<string, string | undefined> = {
  GET: 'GET', HEAD: 'HEAD', POST: 'POST', PUT: 'PUT', PATCH: 'PATCH', DELETE: 'DELETE', OPTIONS: 'OPTIONS',
};

/** Where the numbers of each figure begin. */
const [DURATION, CONNECT, HEADER, RESPONSE, RECEIVED, SENT] = [
  allFigures[0].at, allFigures[1].at, allFigures[2].at, allFigures[3].at, allFigures[4].at, allFigures[5].at,
];

/** What is counted by class when no route is known. */
const unrouted: Record<string, CountedRoute | undefined> = {};
/** Figures by class, unless each Ingress has its own. */
const classFigures: Record<string, Figures | undefined> = {};

/** Runs for every request of a data listener, also for those that nginx refuses before it has read them. */
export function run(): void {
  const context = ngx.ctx;
  endRequest();
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
  judge(context.endpoint as PreparedEndpoint | undefined, status, className, route);
}

/** What the last try says of its endpoint. An answer of its own, whatever it is, clears it. */
function judge(endpoint: PreparedEndpoint | undefined, status: number, className: string, route: CountedRoute): void {
  if (endpoint === undefined) return;
  if (status !== 502 && status !== 504) {
    if (endpoint.failures !== 0 && status !== 499) noteAnswer(endpoint);
    return;
  }
  if (last(ngx.var.upstream_header_time) !== '-') return;
  const connected = last(ngx.var.upstream_connect_time) !== '-';
  if ((status === 502 || !connected) && noteFailure(endpoint, connected)) countEjection(className, route);
}

/** The last of several times, which are separated by commas or colons. */
function last(times: string | undefined): string | undefined {
  return times === undefined ? undefined : string.match(times, '([^ ,:]+)$')[0];
}

function measure(figures: Figures, attempts: number): void {
  const { slots } = figures;
  const variables = ngx.var;
  observeTime(slots, DURATION, ngx.now() - ngx.req.start_time());
  if (attempts > 0) {
    observeUpstream(slots, CONNECT, variables.upstream_connect_time);
    observeUpstream(slots, HEADER, variables.upstream_header_time);
    observeUpstream(slots, RESPONSE, variables.upstream_response_time);
  }
  observeSize(slots, RECEIVED, tonumber(variables.request_length) ?? 0);
  observeSize(slots, SENT, tonumber(variables.bytes_sent) ?? 0);
  gathered(figures);
}

/** Of several tries (`0.001, 0.002`) the last one counts; a dash stands for a time that never was. */
function observeUpstream(slots: number[], at: number, text: string | undefined): void {
  const value = tonumber(text);
  if (value !== undefined) return observeTime(slots, at, value);
  if (text === undefined || text === '-') return;
  const [last] = string.match(text, '([%d.]+)$');
  const time = tonumber(last);
  if (time !== undefined) observeTime(slots, at, time);
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

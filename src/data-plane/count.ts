// Log phase: counts the request under its class and Ingress. Label values come from the table or from closed lists; nothing
// that a client chooses becomes one. Keys are made once and kept at the route, so that counting builds no text.

import type { PathMatchResult } from '../route-table/match.js';
import { foldedName } from '../route-table/figures.js';
import { add, isBegun, seriesOf } from './counters.js';
import { type Figures, type Measured, gathered, newFigures, observe } from './figures.js';
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

const NEVER = -1;
const BAD_GATEWAY = 502;

/** Filled anew by each request: none waits between. */
const measured: Measured = { duration: 0, connect: NEVER, header: NEVER, response: NEVER, received: 0, sent: 0 };

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
  measure(figuresOf(route, className), context, status);
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

function measure(figures: Figures, { triedAt, headerAt }: RequestContext, status: number): void {
  const variables = ngx.var;
  const now = ngx.now();
  measured.duration = now - ngx.req.start_time();
  measureUpstream(triedAt, status < BAD_GATEWAY ? headerAt : undefined, now);
  measured.received = tonumber(variables.request_length) ?? 0;
  measured.sent = tonumber(variables.bytes_sent) ?? 0;
  observe(figures, measured);
  gathered(figures);
}

/**
 * By nginx's own times, which are texts that cost more than all else here; so not where the answer is known: nothing takes less
 * than no time, and what was over when the header was there took as long as that. Whether it was the pod who answered with an
 * error is not known.
 */
function measureUpstream(triedAt: number | undefined, headerAt: number | undefined, now: number): void {
  measured.connect = NEVER;
  measured.header = NEVER;
  measured.response = NEVER;
  if (triedAt === undefined) return;
  const known = headerAt !== undefined;
  measured.header = known ? headerAt - triedAt : lastTime(ngx.var.upstream_header_time);
  measured.connect = known && headerAt === triedAt ? 0 : lastTime(ngx.var.upstream_connect_time);
  measured.response = known && headerAt === now ? headerAt - triedAt : lastTime(ngx.var.upstream_response_time);
}

/** Of several tries (`0.001, 0.002`) the last one counts; a dash stands for a time that never was. */
function lastTime(text: string | undefined): number {
  const value = tonumber(text);
  if (value !== undefined) return value;
  if (text === undefined || text === '-') return NEVER;
  const [last] = string.match(text, '([%d.]+)$');
  return tonumber(last) ?? NEVER;
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

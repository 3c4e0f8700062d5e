// Log phase: how long a request and its last try took, and how large it and its answer were. Histograms of the class, or of the
// Ingress when that is switched on.

import { type Figures, type Measured, gathered, newFigures, observe } from './figures.js';
import { metricsSettings } from './init.js';
import { type CountedRoute, originKey } from './origin-key.js';
import { type Variable, numberOf, secondsOf, variable } from './read-variable.js';

const RECEIVED = variable('request_length');
const SENT = variable('bytes_sent');
const CONNECT = variable('upstream_connect_time');
const HEADER = variable('upstream_header_time');
const RESPONSE = variable('upstream_response_time');

const NEVER = -1;
const BAD_GATEWAY = 502;

/** Filled anew by each request: none waits between. */
const measured: Measured = { duration: 0, connect: NEVER, header: NEVER, response: NEVER, received: 0, sent: 0 };

/** Figures by class, unless each Ingress has its own. */
const classFigures: Record<string, Figures | undefined> = {};

/** Measures the request that ends now. */
export function measure(route: CountedRoute, className: string, { triedAt, headerAt }: RequestContext): void {
  const now = ngx.now();
  measured.duration = now - ngx.req.start_time();
  measureUpstream(triedAt, ngx.status < BAD_GATEWAY ? headerAt : undefined, now);
  measured.received = numberOf(RECEIVED) ?? 0;
  measured.sent = numberOf(SENT) ?? 0;
  const figures = figuresOf(route, className);
  observe(figures, measured);
  gathered(figures);
}

/**
 * By nginx's own times, except where the answer is known without asking for them: nothing takes less than no time, and what was
 * over when the header was there took as long as that. Whether it was the pod who answered with an error is not known.
 */
function measureUpstream(triedAt: number | undefined, headerAt: number | undefined, now: number): void {
  measured.connect = NEVER;
  measured.header = NEVER;
  measured.response = NEVER;
  if (triedAt === undefined) return;
  const known = headerAt !== undefined;
  measured.header = known ? headerAt - triedAt : lastTime(HEADER, 'upstream_header_time');
  measured.connect = known && headerAt === triedAt ? 0 : lastTime(CONNECT, 'upstream_connect_time');
  measured.response = known && headerAt === now ? headerAt - triedAt : lastTime(RESPONSE, 'upstream_response_time');
}

function lastTime(one: Variable, name: string): number {
  return secondsOf(one) ?? lastOf(ngx.var[name]);
}

/** Of several tries (`0.001, 0.002`) the last one counts; a dash stands for a time that never was. */
function lastOf(text: string | undefined): number {
  if (text === undefined || text === '-') return NEVER;
  const [last] = string.match(text, '([%d.]+)$');
  return tonumber(last) ?? NEVER;
}

function figuresOf(route: CountedRoute, className: string): Figures {
  return (metricsSettings().perIngress ? route.figures : classFigures[className]) ?? beginFigures(route, className);
}

function beginFigures(route: CountedRoute, className: string): Figures {
  const own = metricsSettings().perIngress;
  const figures = newFigures(own ? originKey('figures', className, route) : 'figures|' + className + '|||');
  if (own) route.figures = figures;
  else classFigures[className] = figures;
  return figures;
}

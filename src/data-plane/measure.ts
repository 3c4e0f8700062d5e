// Log phase: how long a request and its last try took, and how large it and its answer were. Histograms of the class, or of the
// Ingress when that is switched on.

import { placeOf } from './counters.js';
import { type Measured, observe } from './figures.js';
import { metricsSettings } from './init.js';
import { type CountedRoute, lookAgain, originKey } from './origin-key.js';
import { type Variable, secondsOf, variable } from './read-variable.js';
import { readSizes } from './request-sizes.js';
import { numbersAt } from './shared-numbers.js';

const CONNECT = variable('upstream_connect_time');
const HEADER = variable('upstream_header_time');
const RESPONSE = variable('upstream_response_time');

const NEVER = -1;
const BAD_GATEWAY = 502;

/** Filled anew by each request: none waits between. */
const measured: Measured = { duration: 0, connect: NEVER, header: NEVER, response: NEVER, received: 0, sent: 0 };

/** Figures by class, unless each Ingress has its own. They are never taken away. */
const classFigures: Record<string, ForeignNumbers | undefined> = {};

/** Measures the request that ends now. */
export function measure(route: CountedRoute, className: string, { triedAt, headerAt }: RequestContext): void {
  const now = ngx.now();
  measured.duration = now - ngx.req.start_time();
  measureUpstream(triedAt, ngx.status < BAD_GATEWAY ? headerAt : undefined, now);
  readSizes(measured);
  const figures = figuresOf(route, className);
  if (figures !== undefined) observe(figures, measured);
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

/** Undefined without room for them. */
function figuresOf(route: CountedRoute, className: string): ForeignNumbers | undefined {
  if (!metricsSettings().perIngress) return classFigures[className] ?? beginClassFigures(className);
  lookAgain(route);
  return route.figures ?? beginFigures(route, className);
}

function beginClassFigures(className: string): ForeignNumbers | undefined {
  classFigures[className] = figuresNamed('figures|' + className + '|||');
  return classFigures[className];
}

function beginFigures(route: CountedRoute, className: string): ForeignNumbers | undefined {
  route.figures = figuresNamed(originKey('figures', className, route));
  return route.figures;
}

function figuresNamed(key: string): ForeignNumbers | undefined {
  const place = placeOf(key);
  return place === undefined ? undefined : numbersAt(place);
}

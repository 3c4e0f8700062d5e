// What a worker knows of the load of endpoints (peak EWMA): how long they took to answer, where a longer time counts at once and
// is forgotten slowly, and what is under way. Of two by chance the lighter one is taken. Only for routes that ask for it.

import { countSound } from '../route-table/pick-sticky.js';
import { chance } from './chance.js';
import type { PreparedEndpoint } from './entries.js';

/** In which two thirds of what is known are forgotten; that of ingress-nginx. */
const DECAY_SECONDS = 10;
/** Times are whole milliseconds: below one, what is under way still counts. */
const SHORTEST_SECONDS = 0.001;

/** Place of the endpoint. Who is passed over is none of the two, unless all are. */
export function lighterTurn(endpoints: PreparedEndpoint[]): number {
  const now = ngx.now();
  const sound = countSound(endpoints, now);
  if (sound === 0) return chance(endpoints.length) - 1;
  if (sound === 1) return soundPlace(endpoints, 1, now);
  const one = chance(sound);
  const step = chance(sound - 1);
  const first = soundPlace(endpoints, one, now);
  const second = soundPlace(endpoints, one + step > sound ? one + step - sound : one + step, now);
  return loadOf(endpoints[second], now) < loadOf(endpoints[first], now) ? second : first;
}

/** Place of the endpoint that is number `wanted` (from 1) of those that are not passed over. */
function soundPlace(endpoints: PreparedEndpoint[], wanted: number, now: number): number {
  let count = 0;
  for (let at = 0; at < endpoints.length; at++) {
    if (endpoints[at].until <= now) count = count + 1;
    if (count === wanted) return at;
  }
  return 0;
}

function loadOf(endpoint: PreparedEndpoint, now: number): number {
  return (timeOf(endpoint, now) + SHORTEST_SECONDS) * (endpoint.underWay + 1);
}

/** What is left at `now` of the time that was observed last. */
function timeOf({ average, observedAt }: PreparedEndpoint, now: number): number {
  return average * math.exp((observedAt - now) / DECAY_SECONDS);
}

/**
 * A time to the header of an answer, in seconds. `failed`: it may have been short because nothing was done, so it makes nobody
 * look faster; and what was known before is not forgotten meanwhile.
 */
function observeTime(endpoint: PreparedEndpoint, seconds: number, failed: boolean): void {
  const now = ngx.now();
  const rest = timeOf(endpoint, now);
  if (seconds >= rest) endpoint.average = seconds;
  else if (!failed) endpoint.average = rest + seconds * (1 - math.exp((endpoint.observedAt - now) / DECAY_SECONDS));
  endpoint.observedAt = now;
}

/** A try begins. `counted`: its end is sure to be seen. */
export function beginLoad(endpoint: PreparedEndpoint, counted: boolean): void {
  const context = ngx.ctx;
  context.loaded = endpoint;
  context.loadCounted = counted;
  if (counted) endpoint.underWay = endpoint.underWay + 1;
}

/** The try is over: without an answer when `failed`, else the answer's status tells. */
export function endLoad(failed: boolean): void {
  const context = ngx.ctx;
  const endpoint = context.loaded as PreparedEndpoint;
  context.loaded = undefined;
  if (context.loadCounted === true) endpoint.underWay = endpoint.underWay - 1;
  const header = failed ? undefined : context.headerAt;
  const now = ngx.now();
  observeTime(endpoint, (header ?? now) - (context.triedAt ?? now), header === undefined || ngx.status >= 500);
}

/** What is believed of an endpoint that nobody has asked yet: the average of the others, so that it is neither flooded nor left alone. */
export function meanTime(endpoints: PreparedEndpoint[]): number {
  if (endpoints.length === 0) return 0;
  const now = ngx.now();
  let sum = 0;
  for (const endpoint of endpoints) sum = sum + timeOf(endpoint, now);
  return sum / endpoints.length;
}

// How often and how many at once a client may ask for an Ingress, over all workers. Nothing here evicts: who finds no room in
// the zone shares one allowance with all others who find none, and is never simply let through.

import { type SourceRange, inRanges } from '../route-table/source-range.js';
import type { Limits, Route } from '../route-table/types.js';
import { add } from './counters.js';
import { clientAddress } from './forwarded.js';
import { type CountedRoute, originKey } from './origin-key.js';
import { cut } from './text.js';

const { ia_limits: zone } = ngx.shared;

/** How long a client's place outlives its last request, beyond what its allowance needs to fill up. */
const SPARE_SECONDS = 10;
/** Of requests that are being served: longer ones are no longer counted. */
const HELD_SECONDS = 86400;

/** Whose requests are counted, and how the places of their counts begin. */
interface Counted {
  className: string;
  route: Route;
  own: string;
  shared: string;
}

/** The status for a request beyond a limit, or undefined. What it holds is given back by `release`. */
export function exceeds(limits: Limits, except: SourceRange[] | undefined, route: Route): number | undefined {
  const address = clientAddress();
  if (except !== undefined && inRanges(except, address)) return undefined;
  const counted = countedFor(ngx.ctx.class ?? '', route, address);
  if (limits.connections !== undefined && !hold(counted, limits.connections)) return refused(counted, 'connections', limits.connectionStatus);
  const { rps, rpm, burst } = limits;
  if (rps !== undefined && !take(counted, 's', 1 / rps, burst)) return refused(counted, 'requests', limits.requestStatus);
  if (rpm !== undefined && !take(counted, 'm', 60 / rpm, burst * 60)) return refused(counted, 'requests', limits.requestStatus);
  return undefined;
}

/** Gives back what a request held. `held`: what `exceeds` left in the variable. */
export function release(held: string): void {
  zone.incr(held, -1);
}

/** Keys have one length, whatever the names. A network of IPv6 that one client usually has all of counts as one. */
function countedFor(className: string, route: Route, address: string): Counted {
  const origin = className + '|' + route.namespace + '|' + route.ingress;
  const client = address.length === 16 ? cut(address, 0, 8) : address;
  return { className, route, own: ngx.md5_bin(origin + '|' + client), shared: ngx.md5_bin(origin) };
}

function refused({ className, route }: Counted, limit: string, status: number): number {
  add(originKey('limited', className, route as CountedRoute) + '|' + limit, 1);
  return status;
}

/**
 * Takes one request out of an allowance that fills up by one every `every` seconds, and `ahead` seconds' worth of which may be
 * used at once, beside the first. The number that is kept is the time at which the allowance is full again.
 */
function take(counted: Counted, kind: string, every: number, ahead: number): boolean {
  const now = ngx.now();
  const seconds = ahead + every + SPARE_SECONDS;
  const key = placeOf(counted, kind, now, seconds);
  if (key === undefined) return false;
  const [full] = zone.incr(key, every);
  if (full === undefined) return false;
  if (full - every < now) {
    zone.replace(key, now + every, seconds);
    return true;
  }
  if (full - now > ahead + every) {
    zone.incr(key, -every);
    return false;
  }
  zone.expire(key, seconds);
  return true;
}

/** Holds one of `most` places until the request has ended. One that waits for nothing of a worker that died is its own. */
function hold(counted: Counted, most: number): boolean {
  if (ngx.var.ia_held !== '') return true;
  const key = placeOf(counted, 'c' + epoch(), 0, HELD_SECONDS);
  if (key === undefined) return false;
  const [count] = zone.incr(key, 1);
  if (count === undefined || count > most) {
    zone.incr(key, -1);
    return false;
  }
  zone.expire(key, HELD_SECONDS);
  ngx.ctx.held = key;
  ngx.var.ia_held = key;
  return true;
}

/** Grows when a worker starts: what one that died held is counted no more. */
function epoch(): string {
  return tostring(zone.get('epoch') ?? 0);
}

/** Runs when a worker starts. */
export function start(): void {
  zone.safe_add('epoch', 0);
  zone.incr('epoch', 1);
}

/** The key of the client's number, or of the one that is shared by clients without a place; undefined without either. */
function placeOf({ own, shared }: Counted, kind: string, begin: number, seconds: number): string | undefined {
  const key = kind + own;
  const common = kind + shared;
  if (zone.get(key) !== undefined) return key;
  // While there is room, room is kept for those who will find none.
  if (zone.get(common) === undefined) zone.safe_add(common, begin);
  const [added, problem] = zone.safe_add(key, begin, seconds);
  if (added || problem === 'exists') return key;
  return zone.get(common) === undefined ? undefined : common;
}

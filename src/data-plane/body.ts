// Bodies of unknown length. nginx bounds them by location only, so a request with one goes through the location with the next
// larger bound, is read there as far as that, and then starts again with a length that is known.

import { keepHeld } from './enter.js';
import { classesOfListener } from './init.js';

/** Bounds are powers of two from this one on; what is above the last counts as without limit. */
const LEAST = 65536;
const BOUNDS = ['64k', '128k', '256k', '512k', '1m', '2m', '4m', '8m', '16m', '32m', '64m', '128m', '256m', '512m', '1g', '2g', '4g', '8g', '16g', '32g', '64g'];

/** The location that reads a body of at most `limit` bytes, and somewhat more; undefined without limit. */
export function boundedLocation(limit: number): string | undefined {
  if (limit === 0) return undefined;
  let bound = LEAST;
  for (const name of BOUNDS) {
    if (limit <= bound) return '@body_' + name;
    bound = bound * 2;
  }
  return undefined;
}

/** Runs in those locations. A body over the bound is answered by nginx, with 413. */
export function run(): void {
  ngx.ctx.class = classesOfListener(ngx.var.ia_listener as string)[0];
  keepHeld();
  ngx.req.read_body();
  // Of a body of no bytes nginx knows no length, not even now.
  ngx.var.ia_body = 'read';
  ngx.exec('@again');
}

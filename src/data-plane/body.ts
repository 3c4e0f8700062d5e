// Bodies of unknown length. nginx bounds them by location only, so a request with one goes through the location with the next
// larger bound. It is read there as far as that, and then starts again with a length that is known; or it goes on from there as it comes.

import { keepHeld } from './enter.js';
import { classesOfListener } from './init.js';
import { resume } from './route.js';

/** Runs in those locations. A body over the bound is answered by nginx, with 413; once the answer has begun it passes none on. */
export function run(): void {
  const listener = ngx.var.ia_listener as string;
  if (ngx.var.ia_body === 'streamed') return resume(listener);
  ngx.ctx.class = classesOfListener(listener)[0];
  keepHeld();
  ngx.req.read_body();
  // Of a body of no bytes nginx knows no length, not even now.
  ngx.var.ia_body = 'read';
  ngx.exec('@again');
}

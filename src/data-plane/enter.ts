// Lets a request go on in a named location of nginx, where it is routed once more. Its context is lost on the way, so variables
// tell what was settled before: nothing is counted against a limit twice, and credentials that were taken away are not asked for.

import type { FoundRoute } from './find-route.js';

/**
 * Goes on in `location`. `readBody`: waits for the whole body first, and meanwhile other requests are served: what was found
 * must not be looked at afterwards.
 */
export function enter(location: string, readBody = false): void {
  if (readBody) ngx.req.read_body();
  ngx.exec(location);
}

/** Tells the new context what the request holds, so that it is given back at its end. */
export function keepHeld(): void {
  const { ctx } = ngx;
  ctx.resumed = true;
  const held = ngx.var.ia_held;
  if (held !== '') ctx.held = held;
}

/** Whether the limits of this very policy have let the request pass. */
export function isCounted(found: FoundRoute): boolean {
  return ngx.ctx.resumed === true && ngx.var.ia_counted === markOf(found);
}

export function noteCounted(found: FoundRoute): void {
  ngx.var.ia_counted = markOf(found);
}

/** Whether the request has been sent to an endpoint under this very policy: then its password was right. */
export function wasSent(found: FoundRoute): boolean {
  return ngx.ctx.resumed === true && ngx.var.ia_sent === markOf(found);
}

export function noteSent(found: FoundRoute): void {
  ngx.var.ia_sent = markOf(found);
}

/** A class of one generation has one route, and so one policy, for a request. */
function markOf(found: FoundRoute): string {
  return found.class + '|' + tostring(found.generation);
}

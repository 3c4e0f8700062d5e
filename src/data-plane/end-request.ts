// Log phase: gives back what a request held. Where requests are not counted, that is all there is to do at their end.

import { endLoad } from './endpoint-load.js';
import { release } from './limit.js';
import { endContext } from './request-context.js';

export function run(): void {
  giveBack(ngx.ctx);
  endContext(ngx.ctx);
}

export function giveBack({ held, loaded }: RequestContext): void {
  if (held !== undefined) release(held);
  if (loaded !== undefined) endLoad(false);
}

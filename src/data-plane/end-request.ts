// Log phase: gives back what a request held. Where requests are not counted, that is all there is to do at their end.

import { endLoad } from './endpoint-load.js';
import { release } from './limit.js';

export function run(): void {
  const { held, loaded } = ngx.ctx;
  if (held !== undefined) release(held);
  if (loaded !== undefined) endLoad(false);
}

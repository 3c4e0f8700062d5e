// Log phase: gives back what a request held. Where requests are not counted, that is all there is to do at their end.

import { release } from './limit.js';

export function run(): void {
  const { held } = ngx.ctx;
  if (held !== undefined) release(held);
}

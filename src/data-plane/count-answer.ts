// Header filter where requests are counted: an answer is counted before a byte of it is sent, so no client can have one that a
// worker which is killed has not counted. What becomes of the answer's headers is decided in answer-headers.ts.

import { run as changeHeaders } from './answer-headers.js';
import { countRequest, countedClass, countedRoute } from './count-request.js';

/** Runs for every answer of a data listener, also for those of nginx itself. */
export function run(): void {
  const context = ngx.ctx;
  // Tells the log phase, too, that the request has been counted.
  context.headerAt = ngx.now();
  const className = countedClass(context);
  countRequest(context, className, countedRoute(context, className));
  changeHeaders();
}

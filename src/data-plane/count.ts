// Log phase: measures the request that has ended, and says what its end tells of the endpoint. It counts requests that have got no
// answer; those that have were counted when it began (count-answer.ts).

import { countEjection } from './count-ejection.js';
import { countRequest, countedClass, countedRoute } from './count-request.js';
import { giveBack } from './end-request.js';
import { noteAnswer, noteFailure } from './endpoint-health.js';
import type { PreparedEndpoint } from './entries.js';
import { measure } from './measure.js';
import type { CountedRoute } from './origin-key.js';
import { endContext } from './request-context.js';

/** Runs for every request of a data listener, also for those that nginx refuses before it has read them. */
export function run(): void {
  const context = ngx.ctx;
  giveBack(context);
  const className = countedClass(context);
  const route = countedRoute(context, className);
  if (context.headerAt === undefined) countRequest(context, className, route);
  measure(route, className, context);
  judge(context.endpoint as PreparedEndpoint | undefined, className, route);
  endContext(context);
}

/** What the last try says of its endpoint. An answer of its own, whatever it is, clears it. */
function judge(endpoint: PreparedEndpoint | undefined, className: string, route: CountedRoute): void {
  if (endpoint === undefined) return;
  const { status } = ngx;
  if (status !== 502 && status !== 504) {
    if (endpoint.failures !== 0 && status !== 499) noteAnswer(endpoint);
    return;
  }
  if (last(ngx.var.upstream_header_time) !== '-') return;
  const connected = last(ngx.var.upstream_connect_time) !== '-';
  if ((status === 502 || !connected) && noteFailure(endpoint, connected)) countEjection(className, route);
}

/** The last of several times, which are separated by commas or colons. */
function last(times: string | undefined): string | undefined {
  return times === undefined ? undefined : string.match(times, '([^ ,:]+)$')[0];
}

// Whether a request may be tried again, and how often. nginx itself repeats nothing that is unsafe where nobody asked for it.

import type { PreparedPolicy } from '../route-table/match.js';
import type { Retry } from '../route-table/types.js';

/** Tries of a request that says nothing of it. */
const USUAL_TRIES = 3;

/** All tries together. */
export function triesOf(policy: PreparedPolicy | undefined): number {
  const retry = policy === undefined ? undefined : policy.asked.retry;
  return retry === undefined ? USUAL_TRIES : retry.tries;
}

/** How a try has failed: no connection or a broken one, a wait that is over, an answer that began and has no valid header. */
export type Failure = 'error' | 'timeout' | 'invalid';

/** Whether a request that failed at one endpoint may go to another one. */
export function mayRepeat({ asked: { retry } }: PreparedPolicy, failure: Failure): boolean {
  if (retry === undefined) return failure !== 'invalid' && !wasSentOnce();
  if (!isReason(retry, failure)) return false;
  return (retry.repeat || !wasSentOnce()) && !isTooLate(retry.seconds);
}

function isReason({ error, timeout, invalid }: Retry, failure: Failure): boolean {
  if (failure === 'invalid') return invalid === true;
  return failure === 'timeout' ? timeout : error;
}

/** Whether a request of which its endpoint got nothing may go to another one. */
export function mayGoElsewhere({ asked: { retry } }: PreparedPolicy, failure: Failure): boolean {
  return retry === undefined || (isReason(retry, failure) && !isTooLate(retry.seconds));
}

/** Whether an answer with this status may be asked of another endpoint. It has been sent, so only what is safe to repeat may. */
export function mayAskAgain({ asked: { retry } }: PreparedPolicy, status: number): boolean {
  if (retry === undefined || (!retry.repeat && isUnsafe()) || isTooLate(retry.seconds)) return false;
  for (const one of retry.statuses) {
    if (one === status) return true;
  }
  return false;
}

/** A request that does something each time (RFC 9110, section 9.2.2: not idempotent), as nginx counts them. */
export function isUnsafe(): boolean {
  const method = ngx.req.get_method();
  return method === 'POST' || method === 'PATCH' || method === 'LOCK';
}

/** Unsafe, and an endpoint has got some of it. */
function wasSentOnce(): boolean {
  return isUnsafe() && string.match(ngx.var.upstream_bytes_sent ?? '0', '[1-9]')[0] !== undefined;
}

/** Counted from the beginning of the request, which is never later than its first try. */
function isTooLate(seconds: number): boolean {
  return seconds > 0 && ngx.now() - ngx.req.start_time() >= seconds;
}

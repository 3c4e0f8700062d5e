// What a worker knows of endpoints that did not answer: who refuses connections or breaks them is passed over for a while. It
// never leaves a Service without anybody: when all are passed over, all count.

import { pickEndpoint } from '../route-table/pick-endpoint.js';
import type { PreparedEndpoint } from './entries.js';

/** A kept connection may end just when it is used again, so one broken connection says nothing yet. */
const BROKEN_BEFORE_EJECTION = 2;
const LONGEST_SECONDS = 30;

/** The place of the first endpoint at or after `turn` that is not passed over; `turn` itself when all are. */
export function soundTurn(endpoints: PreparedEndpoint[], turn: number): number {
  const first = pickEndpoint(endpoints, turn, 0) as PreparedEndpoint;
  if (first.until === 0) return turn;
  const now = ngx.now();
  if (first.until <= now) return turn;
  for (let step = 1; step < endpoints.length; step++) {
    const other = pickEndpoint(endpoints, turn, step) as PreparedEndpoint;
    if (other.until <= now) return turn + step;
  }
  return turn;
}

/** Notes a try that failed. `connected`: it had a connection. True when the endpoint is passed over from now on. */
export function noteFailure(endpoint: PreparedEndpoint, connected: boolean): boolean {
  endpoint.failures = endpoint.failures + 1;
  if (connected && endpoint.failures < BROKEN_BEFORE_EJECTION) return false;
  const now = ngx.now();
  const ejected = endpoint.until <= now;
  endpoint.until = now + math.min(2 ** (endpoint.failures - 1), LONGEST_SECONDS);
  return ejected;
}

/** Notes that the endpoint has answered. */
export function noteAnswer(endpoint: PreparedEndpoint): void {
  endpoint.failures = 0;
  endpoint.until = 0;
}

// Balancer phase: names the endpoint of each try. It runs once for the first try and again for each retry of nginx.

import * as balancer from 'ngx.balancer';
import { pickEndpoint } from '../route-table/pick-endpoint.js';
import type { PreparedPolicy } from '../route-table/match.js';
import type { Policy } from '../route-table/types.js';
import type { PreparedService } from './entries.js';

/** Further endpoints that a request may try (nginx retries only what is safe to send twice). */
const MORE_TRIES = 2;

/** Runs for every try of a proxied request. */
export function run(): void {
  const context = ngx.ctx;
  const { endpoints } = context.service as PreparedService;
  const attempt = context.attempt ?? 0;
  const endpoint = pickEndpoint(endpoints, context.turn ?? 0, attempt);
  if (endpoint === undefined) return ngx.exit(503);
  if (attempt === 0 && endpoints.length > 1) balancer.set_more_tries(math.min(MORE_TRIES, endpoints.length - 1));
  context.attempt = attempt + 1;
  const policy = context.policy as PreparedPolicy | undefined;
  if (policy !== undefined) setWaits(policy.asked);
  const [done, problem] = balancer.set_current_peer(endpoint.address, endpoint.port);
  if (!done) {
    ngx.log(ngx.ERR, 'endpoint ', endpoint.address, ': ', problem ?? '');
    return ngx.exit(502);
  }
}

/** What is not asked for stays as nginx.conf says. */
function setWaits({ connectSeconds, sendSeconds, readSeconds }: Policy): void {
  if (connectSeconds === undefined && sendSeconds === undefined && readSeconds === undefined) return;
  balancer.set_timeouts(connectSeconds, sendSeconds, readSeconds);
}

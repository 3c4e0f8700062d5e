// Balancer phase: names the endpoint of each try. It runs once for the first try and again for each retry of nginx.

import * as balancer from 'ngx.balancer';
import { pickEndpoint } from '../route-table/pick-endpoint.js';
import type { PathMatchResult, PreparedPolicy } from '../route-table/match.js';
import type { Policy } from '../route-table/types.js';
import { otherTurn } from './affinity.js';
import { countEjection } from './count-ejection.js';
import { noteFailure, soundTurn } from './endpoint-health.js';
import { beginLoad, endLoad } from './endpoint-load.js';
import type { PreparedEndpoint, PreparedService } from './entries.js';
import { hopTo } from './hop.js';
import { isRelayed, orderTry, relayAddress } from './relay.js';
import { type Failure, mayRepeat, triesOf } from './retry.js';
import { isGrpc } from './take-body.js';

/** Makes nginx answer with 502 and try no more. Any other code would be a 500, or would be tried again for ever. */
const NO_FURTHER_TRY = -3;

/** Runs for every try of a proxied request. */
export function run(): void {
  const context = ngx.ctx;
  const { endpoints } = context.service as PreparedService;
  const policy = context.policy as PreparedPolicy | undefined;
  const begun = context.tried ?? 0;
  const attempt = context.attempt ?? begun;
  if (attempt === begun) {
    const more = math.min(triesOf(policy), endpoints.length) - 1 - attempt;
    if (more > 0) balancer.set_more_tries(more);
  } else if (!tryNext(endpoints, policy)) return ngx.exit(NO_FURTHER_TRY);
  const endpoint = pickEndpoint(endpoints, context.turn ?? 0, 0) as PreparedEndpoint | undefined;
  if (endpoint === undefined) return ngx.exit(NO_FURTHER_TRY);
  context.attempt = attempt + 1;
  context.triedAt = ngx.now();
  context.endpoint = endpoint;
  if (context.byLoad === true) beginByLoad(endpoint, policy);
  if (policy !== undefined) prepareTry(policy, attempt, attempt > begun);
  const [done, problem] = balancer.set_current_peer(addressFor(policy, endpoint), endpoint.port);
  if (!done) {
    ngx.log(ngx.ERR, 'endpoint ', endpoint.address, ': ', problem ?? '');
    return ngx.exit(NO_FURTHER_TRY);
  }
}

/** Who answers in place of the route's backend is spoken to in the clear. */
function addressFor(policy: PreparedPolicy | undefined, endpoint: PreparedEndpoint): string {
  if (policy === undefined) return endpoint.address;
  const { toPage, class: className } = ngx.ctx;
  if (isRelayed(policy)) return relayAddress();
  return policy.tls === undefined || toPage === true ? endpoint.address : hopTo(policy, className ?? '', endpoint);
}

/** After a try that failed: whether there may be another, and then the turn is that of its endpoint. */
function tryNext(endpoints: PreparedEndpoint[], policy: PreparedPolicy | undefined): boolean {
  const context = ngx.ctx;
  if (context.loaded !== undefined) endLoad(true);
  const [, status] = balancer.get_last_failure();
  const connected = ofFailedTry(ngx.var.upstream_connect_time) !== '-';
  // An endpoint that is slow to answer one request may answer others.
  const ejected = (status !== 504 || !connected) && noteFailure(context.endpoint as PreparedEndpoint, connected);
  // A question of external authentication is nobody's request.
  if (ejected && context.match !== undefined) countEjection(context.class ?? '', (context.match as PathMatchResult).route);
  context.endpoint = undefined;
  if (policy !== undefined && !mayRepeat(policy, failureOf(status, policy))) return false;
  context.turn = nextTurn(endpoints);
  return true;
}

/**
 * In lanes nginx does not tell a connection that fails from a header that is none: where something has come, it counts as the latter.
 * Elsewhere it asks for no other try after such a header.
 */
function failureOf(status: number | undefined, { lane, asked }: PreparedPolicy): Failure {
  if (status === 504) return 'timeout';
  return lane === undefined || isGrpc(asked) || ofFailedTry(ngx.var.upstream_bytes_received) === '0' ? 'error' : 'invalid';
}

/** What nginx lists for each try, of the one before the present one, which has a colon and no figure yet. */
function ofFailedTry(figures: string | undefined): string | undefined {
  return string.match(figures ?? '-', '([^ ,:]+)[ ,:]*$')[0];
}

function nextTurn(endpoints: PreparedEndpoint[]): number {
  const context = ngx.ctx;
  const turn = context.turn ?? 0;
  const match = context.match as PathMatchResult | undefined;
  const affinity = match === undefined ? undefined : match.affinity;
  if (affinity !== undefined && affinity.changeOnFailure !== undefined && match !== undefined && context.toPage !== true) {
    const other = otherTurn(affinity, match.route, context.service as PreparedService, turn % endpoints.length);
    if (other !== turn) return other;
  }
  return soundTurn(endpoints, turn + 1);
}

/** The end of a try whose answer is taken back is seen by nobody. */
function beginByLoad(endpoint: PreparedEndpoint, policy: PreparedPolicy | undefined): void {
  beginLoad(endpoint, policy === undefined || !policy.takesBack);
}

/** `attempt`: tries before this one; `again`: the request's headers are those of the one before. */
function prepareTry(policy: PreparedPolicy, attempt: number, again: boolean): void {
  const { asked, takesBack } = policy;
  setWaits(asked);
  // An answer that is taken back comes by another location, where the context is gone.
  if (takesBack) {
    ngx.var.ia_tries = tostring(attempt + 1);
    ngx.var.ia_turn = tostring(ngx.ctx.turn ?? 0);
  }
  if (again && isRelayed(policy)) {
    orderTry(policy, attempt);
    balancer.recreate_request();
  }
}

/** What is not asked for stays as nginx.conf says. */
function setWaits({ connectSeconds, sendSeconds, readSeconds }: Policy): void {
  if (connectSeconds === undefined && sendSeconds === undefined && readSeconds === undefined) return;
  balancer.set_timeouts(connectSeconds, sendSeconds, readSeconds);
}

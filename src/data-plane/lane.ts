// Brings a request into the lane that its policy asks for (route-table/lanes): locations differ in what nginx can't vary. An
// answer that a lane has taken back comes by here again.

import { mostTriesByStatus } from '../route-table/lanes.js';
import type { PreparedPolicy } from '../route-table/match.js';
import { pickEndpoint } from '../route-table/pick-endpoint.js';
import { countEjection } from './count-ejection.js';
import { noteFailure } from './endpoint-health.js';
import type { PreparedEndpoint } from './entries.js';
import { enter } from './enter.js';
import { askForPage, isReplaced } from './error-pages.js';
import type { FoundRoute } from './find-route.js';
import { isUnsent, statusTaken } from './relay.js';
import { isUnsafe, mayAskAgain, mayGoElsewhere, triesOf } from './retry.js';
import { isGrpc } from './take-body.js';

/** True when the request is where it belongs; else it starts again there, or is answered. */
export function isInLane(found: FoundRoute, policy: PreparedPolicy): boolean {
  if (needsNone(policy)) return true;
  const location = ngx.var.ia_location;
  const wanted = policy.takesBack ? laneOfTry(found, policy) : policy.lane;
  if (location === 'answered' && !isAskedAgain(found, policy)) return false;
  if (location === (wanted ?? '') || (wanted === undefined && location === 'answered')) return true;
  enter(wanted ?? '@again', wanted !== undefined && !isStreamed(policy));
  return false;
}

/** A body that goes on as it comes, under a bound, has its place (body.ts). */
function needsNone({ lane, asked }: PreparedPolicy): boolean {
  return lane === undefined || isGrpc(asked) || ngx.var.ia_body === 'streamed';
}

/** Lanes read no body by themselves. */
function isStreamed({ asked: { flow } }: PreparedPolicy): boolean {
  return flow !== undefined && flow.requests !== undefined;
}

/** The last try needs no lane that takes its answer back. */
function laneOfTry(found: FoundRoute, policy: PreparedPolicy): string | undefined {
  const tried = tonumber(ngx.var.ia_tries) ?? 0;
  ngx.ctx.tried = tried;
  return mayGoOn(found, policy, tried) ? policy.lane : policy.lastLane;
}

/** Whether an answer that was taken back is asked of another endpoint. If not, the request is answered, or gets a page. */
function isAskedAgain(found: FoundRoute, policy: PreparedPolicy): boolean {
  const status = statusTaken();
  const unsent = isUnsent();
  if (unsent) noteUnsent(found);
  if ((ngx.ctx.tried ?? 0) < tries(found, policy, unsent) && !hasStreamed(policy) && (unsent ? mayGoElsewhere(policy, status === 504 ? 'timeout' : 'error') : mayAskAgain(policy, status))) {
    // The status that was taken back counts no more.
    ngx.status = 200;
    return true;
  }
  const { errors } = policy.asked;
  if (errors !== undefined && isReplaced(errors, status)) askForPage(found, errors, status);
  else ngx.exit(status);
  return false;
}

/** Whether the next try is not the last one, so that its answer may be taken back. */
function mayGoOn(found: FoundRoute, policy: PreparedPolicy, tried: number): boolean {
  const { retry } = policy.asked;
  if (retry === undefined || (!retry.repeat && isUnsafe())) return false;
  return tried + 1 < tries(found, policy);
}

/** `comesBack`: each further one comes by here. */
function tries({ service }: FoundRoute, policy: PreparedPolicy, comesBack = false): number {
  return service === undefined ? 0 : math.min(triesOf(policy), service.endpoints.length, comesBack ? mostTriesByStatus : math.huge);
}

/** Whether there was a body that nobody has kept. */
function hasStreamed(policy: PreparedPolicy): boolean {
  const method = ngx.req.get_method();
  return isStreamed(policy) && method !== 'GET' && method !== 'HEAD';
}

/** As in balance.ts, where nginx tells of it. */
function noteUnsent({ service, class: className, match }: FoundRoute): void {
  const endpoint = service === undefined ? undefined : pickEndpoint(service.endpoints, tonumber(ngx.var.ia_turn) ?? 0, 0) as PreparedEndpoint | undefined;
  if (endpoint !== undefined && noteFailure(endpoint, false)) countEjection(className, match.route);
}

// Says where a request goes: to the endpoint whose turn it is, or to that of its client. Without endpoints it is answered here.

import type { PreparedPolicy } from '../route-table/match.js';
import { pickEndpoint } from '../route-table/pick-endpoint.js';
import type { Policy, Rate } from '../route-table/types.js';
import { changeRequest, filled } from './change-headers.js';
import { otherTurn, stickyTurn } from './affinity.js';
import { chosenTurn } from './choose-endpoint.js';
import { soundTurn } from './endpoint-health.js';
import { type PreparedEndpoint, type PreparedService, shardFor } from './entries.js';
import { askForPage } from './error-pages.js';
import { spokenBy } from './hop.js';
import type { FoundRoute } from './find-route.js';
import { give, goOn } from './go-on.js';
import { nextTurn } from './next-turn.js';
import { isRelayed, orderTry } from './relay.js';
import { isGrpc } from './take-body.js';

/** `asked`: what the route's policy says of it. */
export function send(found: FoundRoute, asked: Policy | undefined): void {
  const service = found.service;
  if (service === undefined || service.endpoints.length === 0) {
    ngx.ctx.noEndpoints = true;
    const errors = asked === undefined || isGrpc(asked) ? undefined : asked.errors;
    return errors !== undefined && errors.whenEmpty ? askForPage(found, errors, 503) : ngx.exit(503);
  }
  const context = ngx.ctx;
  const turn = soundTurn(service.endpoints, isByTurns(found, asked) ? nextTurn(service) : turnFor(found, service));
  context.service = service;
  context.turn = turn;
  const endpoint = pickEndpoint(service.endpoints, turn, 0) as PreparedEndpoint;
  ngx.var.ia_shard = endpoint.shard;
  if (asked === undefined) return goOn(undefined);
  address(endpoint, asked);
  if (asked.rate !== undefined) slowDown(asked.rate);
  if (asked.headers !== undefined) changeRequest(asked.headers);
  goOn(asked);
}

function slowDown({ bytes, after }: Rate): void {
  ngx.var.limit_rate = tostring(bytes);
  ngx.var.ia_rate_after = tostring(after);
}

function isByTurns({ taken }: FoundRoute, asked: Policy | undefined): boolean {
  return asked === undefined && taken.balance === undefined && taken.affinity === undefined;
}

function turnFor(found: FoundRoute, service: PreparedService): number {
  const { balance, affinity } = found.taken;
  if (balance !== undefined && balance.by === 'ewma') ngx.ctx.byLoad = true;
  // A further try after an answer that was taken back: the next endpoint.
  if (ngx.ctx.tried !== undefined && ngx.ctx.tried > 0) {
    const before = tonumber(ngx.var.ia_turn) ?? 0;
    return affinity !== undefined && affinity.changeOnFailure !== undefined ? otherTurn(affinity, found.taken.route, service, before % service.endpoints.length) : before + 1;
  }
  if (affinity !== undefined) return stickyTurn(affinity, found.taken.route, service);
  return (balance === undefined ? undefined : chosenTurn(balance, service)) ?? nextTurn(service);
}

/** What differs from plain HTTP under the request's own name. */
function address(endpoint: PreparedEndpoint, asked: Policy): void {
  const { host } = asked;
  const protocol = spokenBy(asked);
  if (host !== undefined) give('backend_host', filled(host));
  const policy = ngx.ctx.policy as PreparedPolicy;
  if (isRelayed(policy)) orderTry(policy, ngx.ctx.tried ?? 0);
  const scheme = protocol === 'auto' ? (ngx.var.scheme as 'http' | 'https') : protocol ?? 'http';
  if (scheme === 'http' || scheme === 'fcgi') return;
  give('scheme', scheme);
  ngx.var.ia_shard = shardFor(scheme, endpoint);
}

// The relay: a server of this nginx's own, on a unix socket. nginx must know before it asks which statuses it takes back, so a set
// that no lane has (route-table/lanes) is told to the relay with each try: it asks the endpoint, and marks the answers that are in
// the set. It speaks FastCGI, too. It decides nothing else, and repeats nothing. What gets no answer ends without one here, too.

import * as balancer from 'ngx.balancer';
import { relayLane, relayMark } from '../route-table/lanes.js';
import type { PreparedPolicy } from '../route-table/match.js';
import { pickEndpoint } from '../route-table/pick-endpoint.js';
import type { PreparedEndpoint, PreparedService } from './entries.js';
import { tellRelay } from './fcgi.js';
import { hopTo, hopsPath, spokenBy } from './hop.js';
import { triesOf } from './retry.js';
import { find } from './text.js';
import { isGrpc } from './take-body.js';

/** What a try's order is made of, in the header that the lane sets: scheme, port, wait for the connection in seconds (0: the usual one), statuses, address. */
const ORDER = '^(%l+) (%d+) (%d+) ([%d,]*) (.+)$';

/** Whether the present try goes by way of the relay. Who answers in place of the route's backend is asked directly. */
export function isRelayed({ lane, asked }: PreparedPolicy): boolean {
  return lane === relayLane && !isGrpc(asked) && ngx.ctx.toPage !== true;
}

/** The address of the relay, for set_current_peer. */
export function relayAddress(): string {
  return 'unix:' + hopsPath() + (ngx.var.ia_relay_socket as string);
}

/** Says where the present try goes, to the endpoint whose turn it is. `before`: tries before it. */
export function orderTry(policy: PreparedPolicy, before: number): void {
  const { service, turn } = ngx.ctx;
  const { endpoints } = service as PreparedService;
  const endpoint = pickEndpoint(endpoints, turn ?? 0, 0) as PreparedEndpoint;
  const { errors, retry, connectSeconds } = policy.asked;
  const statuses = errors === undefined ? [] : [...errors.statuses];
  if (retry !== undefined && before + 1 < math.min(triesOf(policy), endpoints.length)) {
    for (const status of retry.statuses) statuses.push(status);
  }
  const protocol = spokenBy(policy.asked);
  if (protocol === 'fcgi') ngx.var.ia_cgi = tellRelay(policy.asked);
  const scheme = protocol === 'auto' ? ngx.var.scheme as string : protocol ?? 'http';
  const address = policy.tls === undefined ? endpoint.address : hopTo(policy, ngx.ctx.class ?? '', endpoint);
  ngx.var.ia_relay = table.concat([scheme, tostring(endpoint.port), tostring(connectSeconds ?? 0), table.concat(statuses, ','), address], ' ');
}

/** The status of the answer that was taken back, and so is that of the request now. */
export function statusTaken(): number {
  return ngx.status === relayMark ? tonumber(ngx.var.upstream_http_x_arbiter_status) ?? 502 : ngx.status;
}

/** Access phase of the relay. */
export function run(): void {
  const [scheme] = order();
  if (scheme === undefined) return ngx.exit(400);
  if (scheme === 'fcgi') ngx.exec('@fcgi');
  else ngx.var.ia_scheme = scheme;
}

/** Its balancer phase. */
export function balance(): void {
  const [, port, seconds, , address] = order();
  const wait = tonumber(seconds) ?? 0;
  if (wait > 0) balancer.set_timeouts(wait, undefined, undefined);
  const [done, problem] = balancer.set_current_peer(address as string, tonumber(port) ?? 0);
  if (!done) ngx.log(ngx.ERR, 'endpoint ', address as string, ': ', problem ?? '');
}

/** Its header filter. */
export function mark(): void {
  const { status } = ngx;
  const [, , , statuses] = order();
  ngx.header['X-Arbiter-Unsent'] = undefined;
  if (find(',' + (statuses ?? '') + ',', ',' + tostring(status) + ',', 0) >= 0) {
    ngx.header['X-Arbiter-Status'] = tostring(status);
    ngx.status = relayMark;
  } else if (status === relayMark) {
    // Nobody asked for it to be taken back.
    ngx.status = 502;
  }
}

/** Where the endpoint has given no answer, nor does the relay. That it got nothing of the request is told: then another one may. */
export function hangUp(): void {
  if (string.match(ngx.var.upstream_bytes_sent ?? '0', '[1-9]')[0] !== undefined) return ngx.exit(444);
  ngx.header['X-Arbiter-Status'] = tostring(ngx.status);
  ngx.header['X-Arbiter-Unsent'] = 'yes';
  ngx.exit(relayMark);
}

/** Whether what was taken back is no answer: the endpoint got nothing. */
export function isUnsent(): boolean {
  return ngx.status === relayMark && ngx.var.upstream_http_x_arbiter_unsent === 'yes';
}

function order(): LuaMultiReturn<(string | undefined)[]> {
  return string.match(ngx.var.http_x_arbiter_relay ?? '', ORDER) as LuaMultiReturn<(string | undefined)[]>;
}

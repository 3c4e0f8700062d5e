// Knows a usual request by one look: HTTP/1 with a valid Host that is the very name asked for, no body, nothing that only few have. nginx
// says all of that in one variable, and whoever was found usual is remembered by it. What is not remembered is looked at in full.

import { isFilled, textOf, variable } from './read-variable.js';
import { newRecent, recall, remember } from './recent.js';

export interface UsualRequest {
  host: string;
  /** Without TLS: nothing was noted of the connection in a handshake. */
  plain: boolean;
}

const MOST = 10_000;
/** RFC 1035, section 2.3.4. */
const LONGEST_NAME = 253;
const usual = newRecent<UsualRequest>();

const REQUEST = variable('ia_request');
const LENGTH = variable('content_length');
const ENCODING = variable('http_transfer_encoding');
const HOPS = variable('http_x_arbiter_hops');
const UPGRADE = variable('http_upgrade');

/** What is known of the present request; undefined: nothing. */
export function recallUsual(): UsualRequest | undefined {
  return recall(usual, textOf(REQUEST) ?? '');
}

/**
 * Remembers the present request as usual, when it is: its `host` has been found valid, and equal to its header. In the variable names
 * stand between bars, and a valid one has none; what a usual request does not have comes last: no other request reads the same.
 */
export function noteUsual(host: string): void {
  const version = ngx.req.http_version() ?? 0;
  if (host === '' || host.length > LONGEST_NAME || version < 1 || version >= 2) return;
  if (isFilled(LENGTH) || isFilled(ENCODING) || isRare()) return;
  remember(usual, textOf(REQUEST) ?? '', { host, plain: ngx.var.scheme === 'http' }, MOST);
}

/** Whether it has come by here before, or asks for another protocol: backends are told of both, in another location than `/`. */
export function isRare(): boolean {
  return isFilled(HOPS) || isFilled(UPGRADE);
}

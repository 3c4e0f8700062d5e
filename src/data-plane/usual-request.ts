// Knows a usual request by one look: HTTP/1 with a valid Host that is the very name asked for, no body, not come by too often. nginx
// says all of that in one variable, and whoever was found usual is remembered by it. What is not remembered is looked at in full.

import { readVariable } from './read-variable.js';
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

/** What is known of the present request; undefined: nothing. */
export function recallUsual(): UsualRequest | undefined {
  return recall(usual, readVariable('ia_request') ?? '');
}

/**
 * Remembers the present request as usual, when it is: its `host` has been found valid, and equal to its header. The parts of the
 * variable stand between bars, and a valid name has none: no other request reads the same.
 */
export function noteUsual(host: string): void {
  const version = ngx.req.http_version() ?? 0;
  if (host === '' || host.length > LONGEST_NAME || version < 1 || version >= 2) return;
  const { content_length: length, http_transfer_encoding: encoding } = ngx.var;
  if (length !== undefined || encoding !== undefined) return;
  remember(usual, ngx.var.ia_request ?? '', { host, plain: ngx.var.scheme === 'http' }, MOST);
}

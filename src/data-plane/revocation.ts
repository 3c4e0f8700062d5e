// Whether a client's certificate, which a handshake has verified, has been revoked since. The Lua side of nginx 1.22 can't give lists
// to OpenSSL, so each request looks the certificate up in what the controller has read from them: it counts for a session that is
// resumed and a connection that is old as well. What can't be told counts as revoked.

import { certificateParts } from '../route-table/certificate-parts.js';
import { type PreparedRevocations, revocations } from './entries.js';
import type { FoundRoute } from './find-route.js';
import { readOn } from './read-on.js';
import { cut, find } from './text.js';

const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';

/** `id`: of the lists that the route asks for. */
export function isRevoked(id: string, { class: className, generation }: FoundRoute): boolean {
  const lists = listsOf(id, className, generation);
  const bytes = bytesOf(ngx.var.ssl_client_raw_cert ?? '');
  const parts = bytes === undefined ? undefined : certificateParts(bytes);
  if (lists === undefined || parts === undefined) return true;
  const now = ngx.time();
  for (const list of lists[ngx.encode_base64(parts.issuer)] ?? []) {
    if (now >= list.from && now < list.until) return list.serials[ngx.encode_base64(parts.serial)] === true;
  }
  return true;
}

/** An id names its content, so what another generation has under it is the same: it may be read when the class has moved on. */
function listsOf(id: string, className: string, generation: number): Record<string, PreparedRevocations[] | undefined> | undefined {
  return readOn(revocations, className, id, generation);
}

/** What a block of PEM holds. */
function bytesOf(pem: string): string | undefined {
  const end = find(pem, END, 0);
  if (find(pem, BEGIN, 0) !== 0 || end < 0) return undefined;
  const [base64] = string.gsub(cut(pem, BEGIN.length, end), '%s', '');
  return ngx.decode_base64(base64);
}

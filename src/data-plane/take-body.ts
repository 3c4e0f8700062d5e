// Measures the body of a request before it is read: against its length when that is known, by a location with a bound when not.

import type { Policy } from '../route-table/types.js';
import { boundedLocation } from './body.js';
import { usualBodyBytes } from './init.js';

/** False when the request is answered, or goes on in another location. */
export function takeBody(asked: Policy | undefined): boolean {
  const limit = asked === undefined ? usualBodyBytes() : asked.bodyBytes ?? usualBodyBytes();
  if (limit === 0) return true;
  const length = ngx.var.content_length;
  if (length !== undefined) {
    if ((tonumber(length) ?? 0) <= limit) return true;
    ngx.exit(413);
    return false;
  }
  // A stream that nothing stores needs no bound.
  if (!mayHaveBody() || ngx.var.ia_location === 'read' || isGrpc(asked)) return true;
  const location = boundedLocation(limit);
  if (location === undefined) return true;
  ngx.exec(location);
  return false;
}

/** Of a request that tells no length. HTTP/2 does not tell whether a body follows. */
function mayHaveBody(): boolean {
  if (ngx.req.http_version() !== 2) return ngx.var.http_transfer_encoding !== undefined;
  const method = ngx.req.get_method();
  if (method !== 'GET' && method !== 'HEAD') return true;
  // These have no use for a body (RFC 9110, section 9.3): what comes is not read.
  ngx.req.discard_body();
  return false;
}

function isGrpc(asked: Policy | undefined): boolean {
  return asked !== undefined && (asked.protocol === 'grpc' || asked.protocol === 'grpcs');
}

// Measures the body of a request before it is read: against its length when that is known, by a location with a bound when not.

import { boundedLocation, streamsUnder } from '../route-table/body-bounds.js';
import type { Policy } from '../route-table/types.js';
import type { FoundRoute } from './find-route.js';
import { usualBodyBytes } from './init.js';

/** The location in which the body is to be read first, or goes on from; true when the request may go on here, false when it is answered. */
export function takeBody({ usual }: FoundRoute, asked: Policy | undefined): string | boolean {
  // Usual requests have none.
  if (usual) return true;
  const limit = asked === undefined ? usualBodyBytes() : asked.bodyBytes ?? usualBodyBytes();
  if (limit === 0) return true;
  const length = ngx.var.content_length;
  if (length !== undefined) {
    if ((tonumber(length) ?? 0) <= limit) return true;
    ngx.exit(413);
    return false;
  }
  // A stream that nothing stores needs no bound.
  return !mayHaveBody() || isGrpc(asked) ? true : boundedIn(limit, asked);
}

function boundedIn(limit: number, asked: Policy | undefined): string | boolean {
  const bounded = boundedLocation(limit);
  if (bounded === undefined || ngx.var.ia_body === 'read' || ngx.var.ia_location === bounded) return true;
  if (asked !== undefined && streamsUnder(limit, asked)) ngx.var.ia_body = 'streamed';
  return bounded;
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

/** gRPC has locations and streams of its own. */
export function isGrpc(asked: Policy | undefined): boolean {
  return asked !== undefined && (asked.protocol === 'grpc' || asked.protocol === 'grpcs');
}

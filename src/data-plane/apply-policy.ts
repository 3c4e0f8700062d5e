// Carries out what a route's policy asks for before a request is sent on: preflights, redirects, address lists. What it
// answers itself goes no further.

import { allowedOrigin } from '../route-table/cors-origin.js';
import type { PreparedPolicy } from '../route-table/match.js';
import { type RedirectRequest, httpsLocation, redirectLocation } from '../route-table/redirect-location.js';
import { inRanges } from '../route-table/source-range.js';
import type { Policy } from '../route-table/types.js';
import { isAdmitted } from './basic-auth.js';
import { cut } from './text.js';

/** Certificates are proven over plain HTTP here (RFC 8555, section 8.3). */
const CHALLENGE = '/.well-known/acme-challenge';

/** Filled anew for each redirect: no request waits between. */
const request: RedirectRequest = { scheme: '', host: '', namedHost: '', path: '', query: undefined };

/** The status with which the request is to be answered, or undefined when it goes on. In the order of ingress-nginx. */
export function applyPolicy(policy: PreparedPolicy, path: string, query: string | undefined): number | undefined {
  const { asked } = policy;
  if (asked.cors !== undefined && isPreflight(asked)) {
    ngx.header['Content-Type'] = 'text/plain charset=UTF-8';
    ngx.header['Content-Length'] = '0';
    return 204;
  }
  if (asked.redirect !== undefined) {
    ngx.header.Location = redirectLocation(asked.redirect.location, describe(path, query));
    return asked.redirect.code;
  }
  if (asked.https !== undefined && ngx.var.scheme === 'http' && cut(path, 0, CHALLENGE.length) !== CHALLENGE) {
    return toHttps(describe(path, query), asked.https === 'redirect-as-is');
  }
  if (isRefused(policy)) return 403;
  return asked.basic === undefined || isAdmitted(asked.basic) ? undefined : 401;
}

/** A request without a host can't be sent anywhere. */
function toHttps(described: RedirectRequest, keepSlash: boolean): number {
  if (described.host === '') return 400;
  ngx.header.Location = httpsLocation(described, keepSlash);
  return 308;
}

function isRefused({ allow, deny }: PreparedPolicy): boolean {
  if (allow === undefined && deny === undefined) return false;
  const address = ngx.var.binary_remote_addr ?? '';
  return (deny !== undefined && inRanges(deny, address)) || (allow !== undefined && !inRanges(allow, address));
}

function isPreflight({ cors }: Policy): boolean {
  return ngx.req.get_method() === 'OPTIONS' && cors !== undefined && allowedOrigin(cors.origins, ngx.var.http_origin) !== undefined;
}

function describe(path: string, query: string | undefined): RedirectRequest {
  request.scheme = ngx.var.scheme ?? 'http';
  request.host = ngx.var.host ?? '';
  request.namedHost = ngx.var.ia_host ?? '';
  request.path = path;
  request.query = query;
  return request;
}

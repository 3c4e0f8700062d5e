// Carries out what a route's policy asks for before a request is sent on: preflights, redirects, address lists. What it
// answers itself goes no further.

import { allowedOrigin } from '../route-table/cors-origin.js';
import type { PreparedPolicy } from '../route-table/match.js';
import { type RedirectRequest, httpsLocation, redirectLocation } from '../route-table/redirect-location.js';
import { inRanges } from '../route-table/source-range.js';
import type { Policy } from '../route-table/types.js';
import { challenge, isAdmitted } from './password.js';
import { refusedByCertificate } from './client-certificate.js';
import { isCounted, noteCounted, wasSent } from './enter.js';
import { refusedElsewhere } from './external-auth.js';
import type { FoundRoute } from './find-route.js';
import { clientAddress, clientScheme, takeForwarded } from './forwarded.js';
import { exceeds } from './limit.js';
import { cut } from './text.js';

/** Certificates are proven over plain HTTP here (RFC 8555, section 8.3). */
const CHALLENGE = '/.well-known/acme-challenge';

/** Filled anew for each redirect: no request waits between. */
const request: RedirectRequest = { scheme: '', host: '', namedHost: '', path: '', query: undefined };

/**
 * The status with which the request is to be answered, undefined when it goes on, or ON_ITS_WAY when it has gone on in another
 * location. In the order of ingress-nginx.
 */
export function applyPolicy(policy: PreparedPolicy, found: FoundRoute, path: string, query: string | undefined): number | undefined {
  const { asked } = policy;
  if (asked.forwarded !== undefined) takeForwarded(policy);
  // First, as in a handshake. Over plain HTTP it does not keep from being sent to https.
  if (asked.clients !== undefined && !isSentToHttps(asked, path)) {
    const status = refusedByCertificate(asked.clients, found, describe(path, query));
    if (status !== undefined) return status;
  }
  if (asked.cors !== undefined && isPreflight(asked)) {
    ngx.header['Content-Type'] = 'text/plain charset=UTF-8';
    ngx.header['Content-Length'] = '0';
    return 204;
  }
  if (asked.redirect !== undefined) {
    ngx.header.Location = redirectLocation(asked.redirect, describe(path, query));
    return asked.redirect.code;
  }
  if (isSentToHttps(asked, path)) {
    return toHttps(describe(path, query), asked.https === 'redirect-as-is');
  }
  return (asked.limits === undefined ? undefined : beyondLimits(policy, found)) ?? refusal(policy, found, path, query);
}

/** Who may not come in. */
function refusal(policy: PreparedPolicy, found: FoundRoute, path: string, query: string | undefined): number | undefined {
  const { satisfyAny, basic } = policy.asked;
  const refused = satisfyAny ? refusedByAll(policy, found, path, query) : refusedByOne(policy, found, path, query);
  if (refused === 401 && basic !== undefined) challenge(basic);
  return refused;
}

/** Once, whatever locations the request goes through. */
function beyondLimits({ asked: { limits }, except }: PreparedPolicy, found: FoundRoute): number | undefined {
  const status = limits === undefined || isCounted(found) ? undefined : exceeds(limits, except, found.match.route);
  if (status === undefined) noteCounted(found);
  return status;
}

function refusedByOne(policy: PreparedPolicy, found: FoundRoute, path: string, query: string | undefined): number | undefined {
  const { basic, external } = policy.asked;
  if (isDenied(policy) || (policy.allow !== undefined && !isAllowed(policy))) return 403;
  if (basic !== undefined && !wasSent(found) && !isAdmitted(basic)) return 401;
  return external === undefined ? undefined : refusedElsewhere(external, policy.question as string, describe(path, query));
}

/** `satisfy: any`: the first that lets the request on is enough. Without any there is nothing to satisfy. */
function refusedByAll(policy: PreparedPolicy, found: FoundRoute, path: string, query: string | undefined): number | undefined {
  const { basic, external } = policy.asked;
  if (isDenied(policy)) return 403;
  if (isAllowed(policy) || (basic !== undefined && (wasSent(found) || isAdmitted(basic)))) return undefined;
  if (external === undefined) return basic !== undefined ? 401 : policy.allow === undefined ? undefined : 403;
  const status = refusedElsewhere(external, policy.question as string, describe(path, query));
  return status === 403 && basic !== undefined ? 401 : status;
}

function isSentToHttps({ https }: Policy, path: string): boolean {
  return https !== undefined && clientScheme() === 'http' && cut(path, 0, CHALLENGE.length) !== CHALLENGE;
}

/** A request without a host can't be sent anywhere. */
function toHttps(described: RedirectRequest, keepSlash: boolean): number {
  if (described.host === '') return 400;
  ngx.header.Location = httpsLocation(described, keepSlash);
  return 308;
}

function isDenied({ deny }: PreparedPolicy): boolean {
  return deny !== undefined && inRanges(deny, clientAddress());
}

function isAllowed({ allow }: PreparedPolicy): boolean {
  return allow !== undefined && inRanges(allow, clientAddress());
}

function isPreflight({ cors }: Policy): boolean {
  return ngx.req.get_method() === 'OPTIONS' && cors !== undefined && allowedOrigin(cors.origins, ngx.var.http_origin) !== undefined;
}

function describe(path: string, query: string | undefined): RedirectRequest {
  request.scheme = clientScheme();
  request.host = ngx.var.host ?? '';
  request.namedHost = ngx.var.ia_host ?? '';
  request.path = path;
  request.query = query;
  return request;
}

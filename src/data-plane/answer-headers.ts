// Header filter: what a route's policy adds to the headers of its answers, and when they were there. It never looks at the body.

import { allowedOrigin } from '../route-table/cors-origin.js';
import type { PreparedPolicy } from '../route-table/match.js';
import type { Cors } from '../route-table/types.js';
import { changeAnswer } from './change-headers.js';
import { readVariable } from './read-variable.js';

/** The defaults of ingress-nginx. */
const METHODS = 'GET, PUT, POST, DELETE, PATCH, OPTIONS';
const HEADERS = 'DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization';
const MAX_AGE = 1728000;

/** Statuses that nginx adds headers to, unless told to always do so (ngx_http_headers_module). */
const WITH_COOKIES: Record<number, boolean | undefined> = {
  200: true, 201: true, 204: true, 206: true, 301: true, 302: true, 303: true, 304: true, 307: true, 308: true,
};

/** Runs for every answer of a data listener, also for those of nginx itself. */
export function run(): void {
  const context = ngx.ctx;
  if (context.triedAt !== undefined) context.headerAt = ngx.now();
  const policy = context.policy as PreparedPolicy | undefined;
  if (policy === undefined) return;
  if (policy.asked.cors !== undefined) addCors(policy.asked.cors, policy.asked.answer === undefined);
  if (policy.asked.answer !== undefined) changeAnswer(policy.asked.answer, context.attempt !== undefined);
  const { cookie } = context;
  if (cookie !== undefined) addCookie(cookie);
  const cookies = ngx.ctx.verdictCookies;
  if (cookies !== undefined && (policy.asked.external?.alwaysSetCookie === true || WITH_COOKIES[ngx.status])) {
    for (const one of cookies) addCookie(one);
  }
}

/** Beside the backend's own cookies. */
function addCookie(cookie: string): void {
  const own = ngx.header['Set-Cookie'];
  if (own === undefined) ngx.header['Set-Cookie'] = cookie;
  else if (typeof own === 'string') ngx.header['Set-Cookie'] = [own, cookie];
  else {
    own.push(cookie);
    ngx.header['Set-Cookie'] = own;
  }
}

/**
 * In place of what the backend says: two sets of these headers are none to a browser. `alone`: nothing else may set them. Then, and
 * when the backend has said nothing, nginx adds them from variables, which takes a quarter of the instructions.
 */
function addCors(cors: Cors, alone: boolean): void {
  const origin = allowedOrigin(cors.origins, readVariable('http_origin'));
  if (origin === undefined) return;
  if (!alone || readVariable('ia_said_cors') !== '') return setCors(cors, origin);
  const variables = ngx.var;
  variables.ia_cors_origin = origin;
  if (cors.credentials) variables.ia_cors_credentials = 'true';
  variables.ia_cors_methods = cors.methods ?? METHODS;
  variables.ia_cors_headers = cors.headers ?? HEADERS;
  variables.ia_cors_age = tostring(cors.maxAge ?? MAX_AGE);
  if (cors.expose !== undefined) variables.ia_cors_expose = cors.expose;
}

function setCors(cors: Cors, origin: string): void {
  const header = ngx.header;
  header['Access-Control-Allow-Origin'] = origin;
  if (cors.credentials) header['Access-Control-Allow-Credentials'] = 'true';
  header['Access-Control-Allow-Methods'] = cors.methods ?? METHODS;
  header['Access-Control-Allow-Headers'] = cors.headers ?? HEADERS;
  header['Access-Control-Max-Age'] = tostring(cors.maxAge ?? MAX_AGE);
  if (cors.expose !== undefined) header['Access-Control-Expose-Headers'] = cors.expose;
}

// Header filter: what a route's policy adds to the headers of its answers, and when they were there. It never looks at the body.

import type { PreparedPolicy } from '../route-table/match.js';
import { changeAnswer } from './change-headers.js';
import { setCors } from './cors.js';

/** Statuses that nginx adds headers to, unless told to always do so (ngx_http_headers_module). */
const WITH_COOKIES: Record<number, boolean | undefined> = {
  200: true, 201: true, 204: true, 206: true, 301: true, 302: true, 303: true, 304: true, 307: true, 308: true,
};

/** Runs for every answer of a data listener, also for those of nginx itself. */
export function run(): void {
  const context = ngx.ctx;
  if (context.triedAt !== undefined) context.headerAt = ngx.now();
  const policy = context.policy as PreparedPolicy | undefined;
  if (policy !== undefined) change(policy, context);
  if (context.cookie !== undefined) addCookie(context.cookie);
  if (policy !== undefined && context.verdictCookies !== undefined) addVerdict(policy, context.verdictCookies);
}

function change(policy: PreparedPolicy, context: RequestContext): void {
  if (policy.asked.cors !== undefined && context.saysCors !== true) setCors(policy.asked.cors);
  if (policy.asked.answer !== undefined) changeAnswer(policy.asked.answer, context.attempt !== undefined);
}

function addVerdict({ asked: { external } }: PreparedPolicy, cookies: string[]): void {
  if (external?.alwaysSetCookie === true || WITH_COOKIES[ngx.status]) for (const one of cookies) addCookie(one);
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

// The cookie that keeps a client on one endpoint: `<key>|<mark>`. The mark tells the Service, so that a cookie of the canary
// is not one of its primary; the key gives the endpoint. Whatever else a client sends in it only chooses among endpoints.

import { hashText, pickSticky } from '../route-table/pick-sticky.js';
import type { Affinity, Route } from '../route-table/types.js';
import { chance } from './chance.js';
import type { PreparedService } from './entries.js';
import { clientScheme } from './forwarded.js';
import { endpointName } from './prepare-endpoints.js';
import { newRecent, recall, remember } from './recent.js';
import { cut, find } from './text.js';

/** Keys that are tried to find one of another endpoint: half of them are enough but once in 10^6, when one of two endpoints fails. */
const MOST_KEYS = 40;

/** Marks of the backends that were asked for last, by backend. */
const marks = newRecent<string>();
const MOST_MARKS = 1000;

/** The mark of a backend, as ingress-nginx makes it of the backend's name. */
export function markOf(backend: string): string {
  const known = recall(marks, backend);
  if (known !== undefined) return known;
  const mark = ngx.md5(ngx.md5(backend) + backend);
  remember(marks, backend, mark, MOST_MARKS);
  return mark;
}

/** The mark that the request's cookie carries; undefined without one. */
export function markOfCookie({ cookie }: Affinity): string | undefined {
  const value = ngx.var['cookie_' + cookie];
  const bar = value === undefined ? -1 : find(value, '|', 0);
  return value === undefined || bar < 0 ? undefined : cut(value, bar + 1, value.length);
}

/** Place of the client's endpoint. A client without a cookie that counts gets one with the answer. */
export function stickyTurn(affinity: Affinity, route: Route, service: PreparedService): number {
  const mark = markOf(route.backend);
  const value = ngx.var['cookie_' + affinity.cookie];
  const known = value !== undefined && markOfCookie(affinity) === mark ? cut(value, 0, find(value, '|', 0)) : undefined;
  const place = affinity.persistent ? persistentTurn(affinity, route, service, { known, mark }) : balancedTurn(affinity, route, service, { known, mark });
  return affinity.changeOnFailure !== undefined && service.endpoints[place].until > ngx.now() ? otherTurn(affinity, route, service, place) : place;
}

/** The key is the client's own: what it gives changes for few clients only when endpoints come and go. */
function balancedTurn(affinity: Affinity, route: Route, service: PreparedService, { known, mark }: { known: string | undefined; mark: string }): number {
  if (known !== undefined) return pickSticky(service.endpoints, hashText(known));
  const key = ngx.var.request_id ?? '';
  setCookie(affinity, route, key + '|' + mark);
  return pickSticky(service.endpoints, hashText(key));
}

/** The key is the endpoint's own name, hashed: it stays with it for as long as it is there. */
function persistentTurn(affinity: Affinity, route: Route, { endpoints }: PreparedService, { known, mark }: { known: string | undefined; mark: string }): number {
  if (known !== undefined) {
    for (let at = 0; at < endpoints.length; at++) {
      if (ngx.md5(endpointName(endpoints[at])) === known) return at;
    }
  }
  const turn = chance(endpoints.length) - 1;
  setCookie(affinity, route, ngx.md5(endpointName(endpoints[turn])) + '|' + mark);
  return turn;
}

/** Place of an endpoint other than the one at `failed`, which is the client's from now on; `failed` itself when there is none. */
export function otherTurn(affinity: Affinity, route: Route, { endpoints }: PreparedService, failed: number): number {
  if (endpoints.length < 2) return failed;
  const now = ngx.now();
  const id = ngx.var.request_id ?? '';
  for (let attempt = 1; attempt <= MOST_KEYS; attempt++) {
    const key = ngx.md5(id + tostring(attempt));
    const place = affinity.persistent ? chance(endpoints.length) - 1 : pickSticky(endpoints, hashText(key));
    // Towards the end whoever is not the failed one will do.
    if (place === failed || (attempt < MOST_KEYS / 2 && endpoints[place].until > now)) continue;
    setCookie(affinity, route, (affinity.persistent ? ngx.md5(endpointName(endpoints[place])) : key) + '|' + markOf(route.backend));
    return place;
  }
  return failed;
}

/** A semicolon may stand in a path, but ends it in a cookie. */
function pathOf({ match, path }: Route): string {
  return match === 'regex' || find(path, ';', 0) >= 0 ? '/' : path;
}

function setCookie(affinity: Affinity, route: Route, value: string): void {
  const { cookie, path, domain, sameSite, secure, maxAge, expires } = affinity;
  let text = cookie + '=' + value;
  if (expires !== undefined) text = text + '; Expires=' + ngx.cookie_time(ngx.time() + expires);
  if (maxAge !== undefined) text = text + '; Max-Age=' + tostring(maxAge);
  if (domain !== undefined) text = text + '; Domain=' + domain;
  text = text + '; Path=' + (path ?? pathOf(route));
  if (secure !== undefined || clientScheme() === 'https') text = text + '; Secure';
  text = text + '; HttpOnly';
  if (sameSite !== undefined) text = text + '; SameSite=' + sameSite;
  ngx.ctx.cookie = text;
}

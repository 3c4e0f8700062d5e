// The cookie that keeps a client on one endpoint: `<key>|<mark>`. The mark tells the Service, so that a cookie of the canary
// is not one of its primary; the key gives the endpoint. Whatever else a client sends in it only chooses among endpoints.

import { hashText, pickSticky } from '../route-table/pick-sticky.js';
import type { Affinity, Route } from '../route-table/types.js';
import { chance } from './chance.js';
import type { PreparedService } from './entries.js';
import { clientScheme } from './forwarded.js';
import { endpointName } from './prepare-endpoints.js';
import { cut, find } from './text.js';

/** The mark of a backend, as ingress-nginx makes it of the backend's name. */
export function markOf(backend: string): string {
  return ngx.md5(ngx.md5(backend) + backend);
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
  if (affinity.persistent) return persistentTurn(affinity, route, service, { known, mark });
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

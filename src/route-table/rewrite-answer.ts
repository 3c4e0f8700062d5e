// Changes in headers that backends send: the start of a Location, the domain and path of cookies. Plain text, no patterns.

import { byteAt, cut, find, lower } from './text.js';
import type { Replacement } from './types.js';

const SPACE = 32;
const DOT = 46;

/** The text with `to` in place of `from` at its start; as it is when it starts otherwise. */
export function replaceStart(text: string, { from, to }: Replacement): string {
  return cut(text, 0, from.length) === from ? to + cut(text, from.length, text.length) : text;
}

/** A Set-Cookie header with another domain or path, as nginx's proxy_cookie_domain and proxy_cookie_path compare them. */
export function rewriteCookie(cookie: string, domain: Replacement | undefined, path: Replacement | undefined): string {
  let result = '';
  let at = 0;
  while (at <= cookie.length) {
    const semicolon = find(cookie, ';', at);
    const end = semicolon < 0 ? cookie.length : semicolon;
    const part = cut(cookie, at, end);
    // The first part is the cookie itself, whatever it is called.
    result = at === 0 ? part : result + ';' + rewriteAttribute(part, domain, path);
    at = end + 1;
  }
  return result;
}

function rewriteAttribute(part: string, domain: Replacement | undefined, path: Replacement | undefined): string {
  const equals = find(part, '=', 0);
  if (equals < 0) return part;
  let start = 0;
  while (byteAt(part, start) === SPACE) start = start + 1;
  const name = lower(cut(part, start, equals));
  const value = cut(part, equals + 1, part.length);
  if (name === 'domain' && domain !== undefined && lower(withoutDot(value)) === lower(withoutDot(domain.from))) return cut(part, 0, equals + 1) + domain.to;
  return name === 'path' && path !== undefined ? cut(part, 0, equals + 1) + replaceStart(value, path) : part;
}

function withoutDot(text: string): string {
  return byteAt(text, 0) === DOT ? cut(text, 1, text.length) : text;
}

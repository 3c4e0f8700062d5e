// Changes in headers that backends send: Location, the domain and path of cookies. As nginx compares them: a plain text with the
// start, or for a domain with the whole; a pattern (`~…`, or `~*…` for any case) with any part, and then the whole is replaced.

import { fillTemplate } from './rewrite-path.js';
import { byteAt, cut, find, lower } from './text.js';
import type { Replacement } from './types.js';

const SPACE = 32;
const STAR = 42;
const DOT = 46;
const TILDE = 126;

/** The groups of a pattern that is somewhere in the text; undefined when it is not, or that can't be told. */
export type SearchPattern = (this: void, text: string, pattern: string, anyCase: boolean) => string[] | undefined;

/** Of a cookie. */
export interface CookieChanges {
  domain: Replacement | undefined;
  path: Replacement | undefined;
}

/** Whether what is replaced is given by a pattern. */
export function isPattern({ from }: Replacement): boolean {
  return byteAt(from, 0) === TILDE;
}

/** The text with `to` in place of `from` at its start, or of the whole when a pattern is in it; else as it is. */
export function replaceStart(text: string, change: Replacement, search: SearchPattern): string {
  const { from, to } = change;
  if (isPattern(change)) return replaceFound(text, change, { anyCase: byteAt(from, 1) === STAR, search });
  return cut(text, 0, from.length) === from ? fillTemplate(to, []) + cut(text, from.length, text.length) : text;
}

function replaceFound(text: string, { from, to }: Replacement, { anyCase, search }: { anyCase: boolean; search: SearchPattern }): string {
  const groups = search(text, cut(from, byteAt(from, 1) === STAR ? 2 : 1, from.length), anyCase);
  return groups === undefined ? text : fillTemplate(to, groups);
}

/** A Set-Cookie header with another domain or path, as nginx's proxy_cookie_domain and proxy_cookie_path compare them. */
export function rewriteCookie(cookie: string, changes: CookieChanges, search: SearchPattern): string {
  let result = '';
  let at = 0;
  while (at <= cookie.length) {
    const semicolon = find(cookie, ';', at);
    const end = semicolon < 0 ? cookie.length : semicolon;
    const part = cut(cookie, at, end);
    // The first part is the cookie itself, whatever it is called.
    result = at === 0 ? part : result + ';' + rewriteAttribute(part, changes, search);
    at = end + 1;
  }
  return result;
}

function rewriteAttribute(part: string, { domain, path }: CookieChanges, search: SearchPattern): string {
  const equals = find(part, '=', 0);
  if (equals < 0) return part;
  let start = 0;
  while (byteAt(part, start) === SPACE) start = start + 1;
  const name = lower(cut(part, start, equals));
  const value = cut(part, equals + 1, part.length);
  if (name === 'domain' && domain !== undefined) return cut(part, 0, equals + 1) + replaceDomain(value, domain, search);
  return name === 'path' && path !== undefined ? cut(part, 0, equals + 1) + replaceStart(value, path, search) : part;
}

/** Domains have no case (RFC 6265, section 5.2.3). */
function replaceDomain(value: string, domain: Replacement, search: SearchPattern): string {
  if (isPattern(domain)) return replaceFound(value, domain, { anyCase: true, search });
  return lower(withoutDot(value)) === lower(withoutDot(domain.from)) ? fillTemplate(domain.to, []) : value;
}

function withoutDot(text: string): string {
  return byteAt(text, 0) === DOT ? cut(text, 1, text.length) : text;
}

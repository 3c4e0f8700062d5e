// Location headers. Everything that comes from the request is in normal form already; nothing here is a general template.

import { byteAt, cut, find } from './text.js';
import type { Redirect } from './types.js';

const DOLLAR = 36;
const SLASH = 47;

/** What a Location may be made of. */
export interface RedirectRequest {
  scheme: string;
  /** Without port. */
  host: string;
  /** As the client named it, a port allowed. */
  namedHost: string;
  /** In normal form. */
  path: string;
  /** After the question mark; undefined without one. */
  query: string | undefined;
}

/** The https URL of a request, without port, and without one trailing slash unless it is to be kept. */
export function httpsLocation({ host, path, query }: RedirectRequest, keepSlash: boolean): string {
  if (query !== undefined) return 'https://' + host + path + '?' + query;
  const strip = !keepSlash && byteAt(path, path.length - 1) === SLASH;
  return 'https://' + host + (strip ? cut(path, 0, path.length - 1) : path);
}

/** Fills the variables of a redirect's target. A target that is a path is one on the request's own scheme and host. */
export function redirectLocation({ location: target, stripSlash }: Redirect, request: RedirectRequest): string {
  if (byteAt(target, 0) === SLASH) return request.scheme + '://' + request.namedHost + target;
  const filled = fillVariables(target, request);
  const strips = stripSlash === true && request.query === undefined && byteAt(filled, filled.length - 1) === SLASH;
  return strips ? cut(filled, 0, filled.length - 1) : filled;
}

/** A text of the registry's grammar with its variables filled from the request. */
export function fillVariables(target: string, request: RedirectRequest): string {
  if (find(target, '$', 0) < 0) return target;
  let result = '';
  let at = 0;
  while (at < target.length) {
    const end = at + nameLength(target, at);
    result = result + (end > at ? valueOf(cut(target, at + 1, end), request) : cut(target, at, at + 1));
    at = end > at ? end : at + 1;
  }
  return result;
}

/** Length of the variable that starts here, with its dollar sign; 0 for none. */
function nameLength(target: string, at: number): number {
  if (byteAt(target, at) !== DOLLAR) return 0;
  let end = at + 1;
  while (isNameByte(byteAt(target, end))) end = end + 1;
  return end === at + 1 ? 0 : end - at;
}

function isNameByte(byte: number): boolean {
  return (byte >= 97 && byte <= 122) || byte === 95;
}

function valueOf(name: string, { scheme, host, namedHost, path, query }: RedirectRequest): string {
  if (name === 'request_uri') return query === undefined ? path : path + '?' + query;
  if (name === 'escaped_request_uri') return escapeText(query === undefined ? path : path + '?' + query);
  if (name === 'uri') return path;
  if (name === 'args') return query ?? '';
  if (name === 'is_args') return query === undefined ? '' : '?';
  if (name === 'scheme') return scheme;
  return name === 'host' ? host : namedHost;
}

const HEX = '0123456789ABCDEF';

/** As it may stand inside a query: everything but letters, digits and `-._~` as escapes (RFC 3986, section 2.3). */
function escapeText(text: string): string {
  let result = '';
  for (let at = 0; at < text.length; at++) {
    const byte = byteAt(text, at);
    const high = (byte - (byte % 16)) / 16;
    result = result + (isUnreserved(byte) ? cut(text, at, at + 1) : '%' + cut(HEX, high, high + 1) + cut(HEX, byte % 16, (byte % 16) + 1));
  }
  return result;
}

function isUnreserved(byte: number): boolean {
  return (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || (byte >= 48 && byte <= 57) || byte === 45 || byte === 46 || byte === 95 || byte === 126;
}

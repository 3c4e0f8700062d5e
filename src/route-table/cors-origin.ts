// Which Access-Control-Allow-Origin a request gets. It decides about one header value and sends nothing.

import { byteAt, cut, find } from './text.js';

const DOT = 46;

/**
 * The value for a request with this Origin header (undefined: none), or undefined when its origin is not allowed. As in
 * ingress-nginx `*` stays `*` for everybody, and any other match is echoed.
 */
export function allowedOrigin(origins: string[], origin: string | undefined): string | undefined {
  if (origins[0] === '*') return '*';
  if (origin === undefined) return undefined;
  for (const allowed of origins) {
    if (allowed === origin || isOneLabelOf(allowed, origin)) return origin;
  }
  return undefined;
}

/** `https://*.a.example` stands for exactly one label in the place of the star. */
function isOneLabelOf(pattern: string, origin: string): boolean {
  const star = find(pattern, '://*.', 0);
  if (star < 0) return false;
  const start = star + 3;
  const rest = pattern.length - start - 1;
  const end = origin.length - rest;
  if (end <= start || cut(origin, 0, start) !== cut(pattern, 0, start) || cut(origin, end, origin.length) !== cut(pattern, start + 1, pattern.length)) return false;
  for (let at = start; at < end; at++) {
    if (!isLabelByte(byteAt(origin, at))) return false;
  }
  return byteAt(origin, start) !== DOT;
}

function isLabelByte(byte: number): boolean {
  return (byte >= 97 && byte <= 122) || (byte >= 48 && byte <= 57) || byte === 45;
}

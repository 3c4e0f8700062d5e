// Brings the path of a request, or of an Ingress rule, into the one form that is matched AND forwarded, so that a route
// and a backend can never understand the same bytes differently. It refuses what has no safe form; it never decodes a
// slash, a backslash or a control byte.

import { byteAt, byteText, cut, find } from './text.js';

const SLASH = 47;
const PERCENT = 37;
const DOT = 46;

/**
 * Normal form of a path after RFC 3986, section 6.2.2, with repeated slashes merged: percent-encoded unreserved characters
 * decoded, other escapes in upper case, bytes outside the URI alphabet encoded, dot segments resolved.
 * `path`: starts with `/`, without query, one character a byte (a caller with Unicode text encodes it first). Returns undefined when there is no such form: no leading slash, a broken escape,
 * an encoded NUL, CR or LF, or dot segments that lead above the root.
 */
export function normalizePath(path: string): string | undefined {
  if (byteAt(path, 0) !== SLASH) return undefined;
  if (isNormal(path)) return path;
  const recoded = recode(path);
  return recoded === undefined ? undefined : resolveSegments(recoded);
}

/** The common case, found without building anything: only plain characters, no double slash, no segment of dots. */
function isNormal(path: string): boolean {
  if (find(path, '//', 0) >= 0 || find(path, '/.', 0) >= 0) return false;
  for (let at = 0; at < path.length; at++) {
    if (!isPathByte(byteAt(path, at))) return false;
  }
  return true;
}

function recode(path: string): string | undefined {
  // Parts, not a growing text: a path of 8 KB that is all escapes must not cost its square.
  const parts: string[] = [];
  let at = 0;
  while (at < path.length) {
    const byte = byteAt(path, at);
    if (byte === PERCENT) {
      const value = hexValue(byteAt(path, at + 1)) * 16 + hexValue(byteAt(path, at + 2));
      if (hexValue(byteAt(path, at + 1)) < 0 || hexValue(byteAt(path, at + 2)) < 0 || isLineOrNul(value)) return undefined;
      parts.push(isUnreserved(value) ? byteText(value) : escape(value));
      at = at + 3;
    } else {
      if (isLineOrNul(byte)) return undefined;
      parts.push(isPathByte(byte) ? byteText(byte) : escape(byte));
      at = at + 1;
    }
  }
  return parts.join('');
}

/** RFC 3986, section 5.2.4, and merged slashes; a trailing slash stays one. */
function resolveSegments(path: string): string | undefined {
  const segments: string[] = [];
  let at = 1;
  let open = true;
  while (open) {
    const slash = find(path, '/', at);
    const end = slash < 0 ? path.length : slash;
    const segment = cut(path, at, end);
    open = slash >= 0;
    if (segment === '..') {
      if (segments.length === 0) return undefined;
      segments.pop();
    } else if (segment !== '.' && segment !== '') {
      segments.push(segment);
    }
    if (!open && (segment === '..' || segment === '.' || segment === '')) segments.push('');
    at = end + 1;
  }
  return '/' + segments.join('/');
}

/** Position of the last slash of a text that has one. */
export function lastSlash(text: string): number {
  let at = text.length - 1;
  while (at > 0 && byteAt(text, at) !== SLASH) at = at - 1;
  return at;
}

function isLineOrNul(byte: number): boolean {
  return byte === 0 || byte === 10 || byte === 13;
}

function isUnreserved(byte: number): boolean {
  return (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || (byte >= 48 && byte <= 57) ||
    byte === 45 || byte === DOT || byte === 95 || byte === 126;
}

/** RFC 3986 pchar without the percent sign, and the slash. */
function isPathByte(byte: number): boolean {
  return isUnreserved(byte) || byte === SLASH || byte === 33 || byte === 36 || (byte >= 38 && byte <= 44) ||
    byte === 58 || byte === 59 || byte === 61 || byte === 64;
}

function hexValue(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  if (byte >= 65 && byte <= 70) return byte - 55;
  if (byte >= 97 && byte <= 102) return byte - 87;
  return -1;
}

function escape(byte: number): string {
  return '%' + hexDigit((byte - (byte % 16)) / 16) + hexDigit(byte % 16);
}

function hexDigit(value: number): string {
  return byteText(value < 10 ? 48 + value : 55 + value);
}

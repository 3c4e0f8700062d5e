// The client of a request that came by proxies: the last address of their list that is not one of them, as nginx's realip module
// finds it with real_ip_recursive. What a client wrote into the list itself is before that address and is not believed.

import { addressBytes } from './address-bytes.js';
import { type SourceRange, inRanges } from './source-range.js';
import { byteAt, cut, find } from './text.js';

const SPACE = 32;
const TAB = 9;
const COMMA = 44;

/** Proxies that one request may have come by. */
const MOST_HOPS = 32;

/** The client's address out of `list`, the value of such a header; undefined: it names nobody. `trusted`: the proxies. */
export function forwardedClient(list: string, trusted: SourceRange[]): string | undefined {
  let client: string | undefined;
  let end = list.length;
  for (let hop = 0; hop < MOST_HOPS && end >= 0; hop++) {
    const comma = lastComma(list, end);
    const address = withoutPort(trimmed(list, comma + 1, end));
    const bytes = addressBytes(address);
    if (bytes === undefined) return client;
    client = address;
    if (!inRanges(trusted, bytes)) return client;
    end = comma;
  }
  return client;
}

/** Position of the last comma before `end`, or -1. */
function lastComma(list: string, end: number): number {
  let at = end - 1;
  while (at >= 0 && byteAt(list, at) !== COMMA) at = at - 1;
  return at;
}

function trimmed(list: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isSpace(byteAt(list, start))) start = start + 1;
  while (end > start && isSpace(byteAt(list, end - 1))) end = end - 1;
  return cut(list, start, end);
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

/** Some proxies write the client's port too: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(text: string): string {
  if (byteAt(text, 0) === 91) {
    const close = find(text, ']', 0);
    return close < 0 ? text : cut(text, 1, close);
  }
  const colon = find(text, ':', 0);
  return colon >= 0 && find(text, ':', colon + 1) < 0 ? cut(text, 0, colon) : text;
}

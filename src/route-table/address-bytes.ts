// IP addresses as people and proxies write them, read into their bytes. Compiled for Node and for Lua: lists of ranges and
// addresses that a proxy tells of are compared by what both planes read alike. It takes no zone, no port, no leading zero.

import { byteAt, byteText, cut, find } from './text.js';

const DOT = 46;

/** 4 or 16 bytes, one character each; undefined for what is no address. */
export function addressBytes(text: string): string | undefined {
  return find(text, ':', 0) < 0 ? fourBytes(text) : sixteenBytes(text);
}

/** Four decimal parts without leading zeros: what Go's net.ParseIP takes. */
function fourBytes(text: string): string | undefined {
  let bytes = '';
  let value = -1;
  for (let at = 0; at <= text.length; at++) {
    const byte = byteAt(text, at);
    if (byte === DOT || byte < 0) {
      if (value < 0) return undefined;
      bytes = bytes + byteText(value);
      value = -1;
    } else {
      if (byte < 48 || byte > 57 || value === 0) return undefined;
      value = (value < 0 ? 0 : value) * 10 + byte - 48;
      if (value > 255) return undefined;
    }
  }
  return bytes.length === 4 ? bytes : undefined;
}

/** RFC 4291, section 2.2: groups, one `::` for at least one of them, an IPv4 tail. */
function sixteenBytes(text: string): string | undefined {
  const gap = find(text, '::', 0);
  if (gap < 0) {
    const all = groupBytes(text, true);
    return all !== undefined && all.length === 16 ? all : undefined;
  }
  if (find(text, '::', gap + 1) >= 0) return undefined;
  const head = groupBytes(cut(text, 0, gap), false);
  const tail = groupBytes(cut(text, gap + 2, text.length), true);
  if (head === undefined || tail === undefined || head.length + tail.length > 14) return undefined;
  let bytes = head;
  while (bytes.length + tail.length < 16) bytes = bytes + byteText(0);
  return bytes + tail;
}

/** `last`: an IPv4 address may stand at the end. */
function groupBytes(text: string, last: boolean): string | undefined {
  let bytes = '';
  let from = 0;
  while (text !== '') {
    const colon = find(text, ':', from);
    const group = cut(text, from, colon < 0 ? text.length : colon);
    const own = colon < 0 && last && find(group, '.', 0) >= 0 ? fourBytes(group) : twoBytes(group);
    if (own === undefined) return undefined;
    bytes = bytes + own;
    if (colon < 0) return bytes;
    from = colon + 1;
  }
  return bytes;
}

function twoBytes(group: string): string | undefined {
  if (group === '' || group.length > 4) return undefined;
  let value = 0;
  for (let at = 0; at < group.length; at++) {
    const digit = hexadecimal(byteAt(group, at));
    if (digit < 0) return undefined;
    value = value * 16 + digit;
  }
  return byteText((value - (value % 256)) / 256) + byteText(value % 256);
}

function hexadecimal(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  if (byte >= 97 && byte <= 102) return byte - 87;
  return byte >= 65 && byte <= 70 ? byte - 55 : -1;
}

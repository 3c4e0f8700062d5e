// Address ranges of allow lists and deny lists. Written as people write them (10.0.0.0/8, fd00::/8, one address); carried as
// `<bytes in hexadecimal>/<bits>`, which both planes compare without understanding addresses.

import type { Grammar } from './grammar.js';

/** Members of one list: more would be a database, not an annotation. */
const mostRanges = 500;

/** IPv4 and IPv6 ranges. As in ingress-nginx one bad member makes the whole list invalid; here that closes the route. */
export const addressRanges: Grammar<string[]> = {
  form: 'IPv4 or IPv6 addresses or ranges, separated by commas',
  read: (text) => {
    const parts = text.split(',').map((part) => part.trim());
    const ranges = parts.length <= mostRanges ? parts.map(rangeOf) : [undefined];
    if (ranges.some((range) => range === undefined)) return { problem: `must be at most ${mostRanges} addresses or ranges such as 10.0.0.0/8, separated by commas` };
    return { value: [...new Set(ranges as string[])].sort() };
  },
};

/** A range in its carried form, host bits cleared; undefined for what is none. */
export function rangeOf(text: string): string | undefined {
  const [address, bits, ...more] = text.split('/');
  const bytes = bytesOf(address ?? '');
  if (bytes === undefined || more.length > 0) return undefined;
  if (bits !== undefined && !/^(?:0|[1-9][0-9]{0,2})$/.test(bits)) return undefined;
  const length = bits === undefined ? bytes.length * 8 : Number(bits);
  if (length > bytes.length * 8) return undefined;
  const masked = bytes.map((byte, at) => byte & (0xff00 >> Math.min(Math.max(length - at * 8, 0), 8)));
  return `${masked.map((byte) => byte.toString(16).padStart(2, '0')).join('')}/${length}`;
}

function bytesOf(address: string): number[] | undefined {
  return address.includes(':') ? bytesOfIPv6(address) : bytesOfIPv4(address);
}

/** Four decimal parts without leading zeros: what Go's net.ParseIP takes. */
function bytesOfIPv4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.map(Number);
}

/** RFC 4291, section 2.2: groups, one `::`, an IPv4 tail; no zone. */
function bytesOfIPv6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [front, back] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const head = groupBytes(front!, back === undefined);
  const tail = groupBytes(back ?? [], true);
  if (head === undefined || tail === undefined) return undefined;
  const gap = 16 - head.length - tail.length;
  if (back === undefined ? gap !== 0 : gap < 2) return undefined;
  return [...head, ...Array.from({ length: gap }, () => 0), ...tail];
}

function groupBytes(groups: readonly string[], last: boolean): number[] | undefined {
  const bytes: number[] = [];
  for (const [at, group] of groups.entries()) {
    const embedded = last && at === groups.length - 1 && group.includes('.') ? bytesOfIPv4(group) : undefined;
    if (embedded !== undefined) bytes.push(...embedded);
    else if (/^[0-9a-fA-F]{1,4}$/.test(group)) bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff);
    else return undefined;
  }
  return bytes;
}

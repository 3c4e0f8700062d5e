// Address ranges of allow lists and deny lists. Written as people write them (10.0.0.0/8, fd00::/8, one address); carried as
// `<bytes in hexadecimal>/<bits>`, which both planes compare without understanding addresses.

import { addressBytes } from '../../route-table/address-bytes.js';
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
  const packed = addressBytes(address ?? '');
  if (packed === undefined || more.length > 0) return undefined;
  const bytes = [...packed].map((byte) => byte.charCodeAt(0));
  if (bits !== undefined && !/^(?:0|[1-9][0-9]{0,2})$/.test(bits)) return undefined;
  const length = bits === undefined ? bytes.length * 8 : Number(bits);
  if (length > bytes.length * 8) return undefined;
  const masked = bytes.map((byte, at) => byte & (0xff00 >> Math.min(Math.max(length - at * 8, 0), 8)));
  return `${masked.map((byte) => byte.toString(16).padStart(2, '0')).join('')}/${length}`;
}

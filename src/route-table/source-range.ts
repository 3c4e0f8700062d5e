// Whether an address is in one of the ranges of an allow list or deny list. It compares bytes and knows no notation of
// addresses but the one that the class table carries.

import { byteAt, byteText, cut, find } from './text.js';

export interface SourceRange {
  /** Address bytes, 4 or 16 of them, one character each. */
  bytes: string;
  bits: number;
}

/** How an IPv4 address begins in IPv6. */
const MAPPED = bytesOf('00000000000000000000ffff');

/** Ranges out of `<bytes in hexadecimal>/<bits>`, prepared once for many comparisons. */
export function prepareRanges(ranges: string[]): SourceRange[] {
  const prepared: SourceRange[] = [];
  for (const range of ranges) {
    const slash = find(range, '/', 0);
    prepared.push({ bytes: bytesOf(cut(range, 0, slash)), bits: numberOf(cut(range, slash + 1, range.length)) });
  }
  return prepared;
}

/** Whether `address` (4 or 16 bytes) is in a range. IPv4 in IPv6 (::ffff:0:0/96) counts as IPv4. */
export function inRanges(ranges: SourceRange[], address: string): boolean {
  const own = address.length === 16 && cut(address, 0, 12) === MAPPED ? cut(address, 12, 16) : address;
  // One after the other as far as most lists reach: LuaJIT does not compile a function around a loop.
  const count = ranges.length;
  if (count > 0 && isIn(ranges[0]!, own, address)) return true;
  if (count > 1 && isIn(ranges[1]!, own, address)) return true;
  if (count > 2 && isIn(ranges[2]!, own, address)) return true;
  return count > 3 && isInLater(ranges, own, address);
}

function isInLater(ranges: SourceRange[], own: string, address: string): boolean {
  for (let at = 3; at < ranges.length; at++) {
    if (isIn(ranges[at]!, own, address)) return true;
  }
  return false;
}

function isIn(range: SourceRange, own: string, address: string): boolean {
  return covers(range, own) || (own !== address && covers(range, address));
}

function covers({ bytes, bits }: SourceRange, address: string): boolean {
  if (bytes.length !== address.length) return false;
  const rest = bits % 8;
  const whole = (bits - rest) / 8;
  if (cut(bytes, 0, whole) !== cut(address, 0, whole)) return false;
  if (rest === 0) return true;
  const scale = 2 ** (8 - rest);
  const a = byteAt(bytes, whole);
  const b = byteAt(address, whole);
  return (a - (a % scale)) === (b - (b % scale));
}

function bytesOf(hex: string): string {
  let bytes = '';
  for (let at = 0; at + 1 < hex.length; at = at + 2) {
    bytes = bytes + byteText(digit(byteAt(hex, at)) * 16 + digit(byteAt(hex, at + 1)));
  }
  return bytes;
}

function digit(byte: number): number {
  return byte >= 97 ? byte - 87 : byte - 48;
}

function numberOf(digits: string): number {
  let value = 0;
  for (let at = 0; at < digits.length; at++) value = value * 10 + byteAt(digits, at) - 48;
  return value;
}

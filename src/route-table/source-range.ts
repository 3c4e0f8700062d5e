// Whether an address is in one of the ranges of an allow list or deny list. It compares bytes and knows no notation of
// addresses but the one that the class table carries.

import { byteAt, byteText, cut, find } from './text.js';

export interface SourceRange {
  /** Address bytes, 4 or 16 of them, one character each. */
  bytes: string;
  bits: number;
}

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
  const own = isMapped(address) ? cut(address, 12, 16) : address;
  for (const range of ranges) {
    if (covers(range, own) || (own !== address && covers(range, address))) return true;
  }
  return false;
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

function isMapped(address: string): boolean {
  if (address.length !== 16) return false;
  for (let at = 0; at < 12; at++) {
    if (byteAt(address, at) !== (at < 10 ? 0 : 255)) return false;
  }
  return true;
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

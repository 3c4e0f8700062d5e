// Text operations of the code that both runtimes share: the Lua half (the Node half is src/route-table/text.ts).
// The Lua build puts this file in place of that one; the differential test holds them together.

/** Part of `text` from byte `from` up to, not including, byte `to`; both count from 0. */
export function cut(text: string, from: number, to: number): string {
  return string.sub(text, from + 1, to);
}

/** Position of the first `needle` at or after byte `from`, or -1. The needle is plain text. */
export function find(text: string, needle: string, from: number): number {
  const [at] = string.find(text, needle, from + 1, true);
  return at === undefined ? -1 : at - 1;
}

/** The byte at position `at` (0-based), or -1 outside the text. */
export function byteAt(text: string, at: number): number {
  const byte = string.byte(text, at + 1);
  return byte === undefined ? -1 : byte;
}

/** One byte as text. */
export function byteText(byte: number): string {
  return string.char(byte);
}

/** ASCII lower case. */
export function lower(text: string): string {
  return string.lower(text);
}

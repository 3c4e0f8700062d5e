// Text operations of the code that both runtimes share: this is the Node half, src/data-plane/text.ts the Lua half.
// They speak of bytes: shared code handles ASCII only (paths in normal form, lower-case hosts), where both agree.

/** Part of `text` from byte `from` up to, not including, byte `to`; both count from 0. */
export function cut(text: string, from: number, to: number): string {
  return text.slice(from, to);
}

/** Position of the first `needle` at or after byte `from`, or -1. The needle is plain text. */
export function find(text: string, needle: string, from: number): number {
  return text.indexOf(needle, from);
}

/** The byte at position `at` (0-based), or -1 outside the text. */
export function byteAt(text: string, at: number): number {
  return at >= 0 && at < text.length ? text.charCodeAt(at) : -1;
}

/** One byte as text. */
export function byteText(byte: number): string {
  return String.fromCharCode(byte);
}

/** ASCII lower case. */
export function lower(text: string): string {
  return text.toLowerCase();
}

// Reads manifests as text: bounded in size and nesting, UTF-8 only, with one line that says what to do when it is not so. A
// file is somebody else's; a parser that is given anything at all can be kept busy for minutes, or run out of stack.

import { closeSync, openSync, readSync } from 'node:fs';

/** Bytes of one file. YAML takes about two seconds a megabyte. */
export const largestFile = 8 * 1024 * 1024;
/** Brackets in each other, and lines indented under each other. The parser's stack ends at about 800. */
const DEEPEST = 300;
const CHUNK = 1024 * 1024;

/** The bytes of a file or pipe. Throws when it can't be read, or is too large. */
export function readBounded(file: string): Uint8Array {
  const fd = openSync(file, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let size = 0; ;) {
      const chunk = Buffer.alloc(CHUNK);
      const read = readSync(fd, chunk);
      if (read === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, read));
      size += read;
      checkSize(size);
    }
  } finally {
    closeSync(fd);
  }
}

/** Throws when so many bytes are too many. */
export function checkSize(bytes: number): void {
  if (bytes > largestFile) throw new Error(`is larger than ${largestFile / 1024 / 1024} MiB; split it into several files`);
}

/** Bytes as text, a byte order mark kept. Throws when they are not UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error('this is not UTF-8 text; convert the encoding first (iconv -t UTF-8)');
  }
}

/** Whether a text is nested more deeply than any manifest. Brackets in strings and comments count too: there are few. */
export function isTooDeep(text: string): boolean {
  const indents: number[] = [];
  let brackets = 0;
  for (const line of text.split('\n')) {
    const [lead = ''] = /^[-?: ]*/.exec(line)!;
    if (line.startsWith('---')) brackets = 0;
    if (lead.length === line.length) continue;
    while (indents.length > 0 && indents.at(-1)! >= lead.length) indents.pop();
    indents.push(lead.length);
    brackets = Math.max(0, brackets + deepest(line, brackets));
    if (brackets > DEEPEST || indents.length + lead.replaceAll(' ', '').length > DEEPEST) return true;
  }
  return false;
}

/** By how much a line's brackets nest deeper than before it; beyond the bound, how deep they were. */
function deepest(line: string, before: number): number {
  let depth = 0;
  for (const character of line) {
    if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    if (before + depth > DEEPEST) return depth;
  }
  return depth;
}

/** Why a file can't be used, in words. */
export function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'no such file or folder; check the name after -f';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied; check the rights of the file';
  if (code === 'EISDIR') return 'this is a folder; name the files in it';
  if (error instanceof RangeError) return 'this is nested too deeply, or refers to itself; no manifest does that';
  return error instanceof Error ? error.message : String(error);
}

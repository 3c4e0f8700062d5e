// A class table as the text of a file: a header with format, identity, length and checksum, then the entries. Pure: what is
// written where is decided in last-good.ts. A text that is not whole, or not what its header says, is no table.

import { createHash } from 'node:crypto';
import type { EntryValue, TableUpdate } from '../route-table/types.js';

/** Version of the format that is written. The one before it is read too, once there is one. */
const FORMAT = 1;

/** A table as the engine holds it: each entry as the JSON that nginx has. */
export interface HeldEntries {
  epoch: number;
  sequence: number;
  entries: ReadonlyMap<string, string>;
}

interface Header {
  format: number;
  class: string;
  epoch: number;
  sequence: number;
  count: number;
  bytes: number;
  sha256: string;
}

/** Entries of one piece of a file: about a millisecond of work. */
const PIECE = 1000;

/** The file's text. Keys have no tab or newline and JSON escapes them, so a line is an entry. */
export function renderTableFile(className: string, held: HeldEntries): string {
  const rendering = renderTableFilePieces(className, held);
  for (;;) {
    const { done, value } = rendering.next();
    if (done === true) return value.join('');
  }
}

/**
 * The file's text in pieces, as its result; it yields after each of them, so that a large table need not hold up everything else. The
 * table is the one of the first step, whatever becomes of it meanwhile.
 */
export function* renderTableFilePieces(className: string, { epoch, sequence, entries }: HeldEntries): Generator<undefined, string[], void> {
  const all = [...entries];
  const hash = createHash('sha256');
  const pieces: string[] = [];
  let bytes = 0;
  for (let at = 0; at < all.length; at += PIECE) {
    const piece = all.slice(at, at + PIECE).map(([key, json]) => `${key}\t${json}\n`).join('');
    hash.update(piece);
    bytes += Buffer.byteLength(piece);
    pieces.push(piece);
    yield;
  }
  const header: Header = { format: FORMAT, class: className, epoch, sequence, count: all.length, bytes, sha256: hash.digest('hex') };
  return [`${JSON.stringify(header)}\n`, ...pieces];
}

/** The table in a file's text as a full update, or why it is none (in words that end a sentence about the file). */
export function parseTableFile(className: string, text: string): TableUpdate | { problem: string } {
  const end = text.indexOf('\n');
  const header = parseJson(text.slice(0, Math.max(0, end))) as Header | undefined;
  if (header === undefined || typeof header !== 'object' || header === null) return { problem: 'has no header' };
  if (header.format !== FORMAT) return { problem: `has format ${JSON.stringify(header.format)}, which this version does not read` };
  if (header.class !== className) return { problem: `is of class ${JSON.stringify(header.class)}` };
  const body = text.slice(end + 1);
  if (Buffer.byteLength(body) !== header.bytes) return { problem: 'is cut off or has too much' };
  if (createHash('sha256').update(body).digest('hex') !== header.sha256) return { problem: 'does not match its checksum' };
  const set = body.split('\n').slice(0, -1).map(parseEntry);
  if (set.some((entry) => entry === undefined) || set.length !== header.count) return { problem: 'has other entries than its header says' };
  const { epoch, sequence, count } = header;
  return { class: className, epoch, sequence, full: true, set: set as TableUpdate['set'], remove: [], count };
}

function parseEntry(line: string): { key: string; value: EntryValue } | undefined {
  const tab = line.indexOf('\t');
  const value = parseJson(line.slice(tab + 1));
  return tab < 1 || value === undefined ? undefined : { key: line.slice(0, tab), value: value as EntryValue };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// Class tables as text of files: records, each a header with format, identity, length and checksum, then one line an entry. The
// first record of a table is the whole of it, each further one what has changed since. Pure: what is written where is decided in
// table-folder.ts. A record that is not whole, or not what its header says, is none, and neither are those after it.

import { createHash } from 'node:crypto';
import type { EntryValue, TableUpdate } from '../route-table/types.js';
import type { Change } from './control-client.js';

/** Version of the format that is written. The one before it is read too, once there is one. */
const FORMAT = 1;

/** A table as the engine holds it: each entry as the JSON that nginx has. */
export interface HeldEntries {
  epoch: number;
  sequence: number;
  entries: ReadonlyMap<string, string>;
}

/** A whole table, or what has changed since the record with the checksum `after`. */
export interface TableRecord {
  epoch: number;
  sequence: number;
  /** Entries that the table has then. */
  count: number;
  /** Each key once. */
  lines: readonly Change[];
  after?: string;
}

export interface RenderedRecord {
  pieces: string[];
  bytes: number;
  /** Of everything up to its end. */
  sha256: string;
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

export function wholeRecord({ epoch, sequence, entries }: HeldEntries): TableRecord {
  return { epoch, sequence, count: entries.size, lines: [...entries] };
}

/** The whole of a file with one record. */
export function renderTableFile(className: string, held: HeldEntries): string {
  const rendering = renderRecord(className, wholeRecord(held));
  for (;;) {
    const { done, value } = rendering.next();
    if (done === true) return value.pieces.join('');
  }
}

/**
 * The record's text in pieces, as its result; it yields after each of them, so that a large table need not hold up everything else.
 * Keys have no tab or newline and JSON escapes them, so a line is an entry; one without a tab is gone.
 */
export function* renderRecord(className: string, { epoch, sequence, count, lines, after }: TableRecord): Generator<undefined, RenderedRecord, void> {
  const hash = createHash('sha256').update(after ?? '');
  const pieces: string[] = [];
  let bytes = 0;
  for (let at = 0; at < lines.length; at += PIECE) {
    const piece = lines.slice(at, at + PIECE).map(([key, json]) => (json === undefined ? `${key}\n` : `${key}\t${json}\n`)).join('');
    hash.update(piece);
    bytes += Buffer.byteLength(piece);
    pieces.push(piece);
    yield;
  }
  const header: Header = { format: FORMAT, class: className, epoch, sequence, count, bytes, sha256: hash.digest('hex') };
  return { pieces: [`${JSON.stringify(header)}\n`, ...pieces], bytes, sha256: header.sha256 };
}

/** A table, and why some of its changes are not in it. */
export interface ParsedTable {
  table: TableUpdate;
  lost?: string;
}

/**
 * The table as a full update: the whole one of `file`, with the changes after it as far as they are whole. Or why there is none (in
 * words that end a sentence about the file).
 */
export function parseTableFile(className: string, file: Buffer, changes: Buffer = Buffer.alloc(0)): ParsedTable | { problem: string } {
  const whole = readRecord(file, { className, from: 0, after: '' });
  if ('problem' in whole) return whole;
  if (whole.end !== file.length) return { problem: 'is cut off or has too much' };
  const entries = new Map(whole.lines.map(splitLine));
  let { header } = whole;
  if (entries.size !== header.count || whole.lines.length !== header.count) return { problem: 'has other entries than its header says' };
  let lost: string | undefined;
  for (let from = 0; from < changes.length && lost === undefined;) {
    const record = readRecord(changes, { className, from, after: header.sha256 });
    if ('problem' in record) lost = record.problem;
    else if (!take(record, entries)) lost = 'has other changes than its header says';
    else [from, header] = [record.end, record.header];
  }
  const set = [...entries].map(parseEntry);
  if (set.some((entry) => entry === undefined)) return { problem: 'has other entries than its header says' };
  const { epoch, sequence, count } = header;
  const table: TableUpdate = { class: className, epoch, sequence, full: true, set: set as TableUpdate['set'], remove: [], count };
  return { table, ...(lost !== undefined && { lost }) };
}

interface ReadRecord {
  header: Header;
  lines: string[];
  /** Where the next one begins. */
  end: number;
}

function readRecord(bytes: Buffer, { className, from, after }: { className: string; from: number; after: string }): ReadRecord | { problem: string } {
  const begin = bytes.indexOf('\n', from) + 1;
  const header = parseJson(bytes.toString('utf8', from, Math.max(from, begin - 1))) as Header | undefined;
  if (header === undefined || typeof header !== 'object' || header === null) return { problem: 'has no header' };
  if (header.format !== FORMAT) return { problem: `has format ${JSON.stringify(header.format)}, which this version does not read` };
  if (header.class !== className) return { problem: `is of class ${JSON.stringify(header.class)}` };
  const end = begin + header.bytes;
  if (!Number.isSafeInteger(end) || end < begin || end > bytes.length) return { problem: 'is cut off or has too much' };
  const body = bytes.subarray(begin, end);
  if (createHash('sha256').update(after).update(body).digest('hex') !== header.sha256) return { problem: 'does not match its checksum' };
  return { header, lines: body.toString('utf8').split('\n').slice(0, -1), end };
}

/** Brings changes in; false, and nothing is changed, when they do not lead to as many entries as they say. */
function take({ header, lines }: ReadRecord, entries: Map<string, string | undefined>): boolean {
  const changes = lines.map(splitLine);
  const added = changes.filter(([key, json]) => json !== undefined && !entries.has(key)).length;
  const removed = changes.filter(([key, json]) => json === undefined && entries.has(key)).length;
  if (entries.size + added - removed !== header.count) return false;
  for (const [key, json] of changes) {
    if (json === undefined) entries.delete(key);
    else entries.set(key, json);
  }
  return true;
}

function splitLine(line: string): Change {
  const tab = line.indexOf('\t');
  return tab < 0 ? [line, undefined] : [line.slice(0, tab), line.slice(tab + 1)];
}

function parseEntry([key, json]: Change): { key: string; value: EntryValue } | undefined {
  const value = json === undefined ? undefined : parseJson(json);
  return key === '' || value === undefined ? undefined : { key, value: value as EntryValue };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

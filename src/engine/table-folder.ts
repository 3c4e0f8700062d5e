// The folder with the last good tables of one class. Beside the newest whole table lies what has changed since, so that a change
// costs what it is and not what there is; when that is half as large as the table, the table is written whole again.

import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TableUpdate } from '../route-table/types.js';
import type { Change } from './control-client.js';
import { messageFrom } from './engine-error.js';
import type { Log } from './nginx-process.js';
import { type HeldEntries, type RenderedRecord, parseTableFile, renderRecord, wholeRecord } from './table-file.js';

/** Whole tables kept of a class, each with the changes up to the next one. */
const KEPT = 3;
/** Changes of so many bytes lie beside any table, however small it is. */
const LEAST_ROOM = 65_536;

export interface TableFolder {
  /** The tables that are whole, the newest first; what is not is named in the log and passed over. */
  tables(): Generator<TableUpdate>;
  /**
   * Writes what these keys have now; undefined: everything, as it must be after a write that failed, when nobody knows what is there.
   * Tells the milliseconds of the processor that it took.
   */
  write(held: HeldEntries, keys: ReadonlySet<string> | undefined): Promise<number>;
  /** Whether there are changes beside the newest whole table. */
  hasChanges(): boolean;
}

/** Where the next changes go. */
interface Changes {
  file: string;
  /** Of all that they come after. */
  sha256: string;
  /** Bytes that they may have. */
  room: number;
  begun: boolean;
}

export function openTableFolder(folder: string, className: string, log: Log): TableFolder {
  let next: Changes | undefined;
  return {
    tables() {
      // What is served of them may be less than they have (repair-table.ts): no change can come after them.
      next = undefined;
      return wholeTables(folder, className, log);
    },
    hasChanges: () => next?.begun === true,
    async write(held, keys) {
      const changes = next;
      const lines = changes === undefined || keys === undefined ? undefined : linesWithin(changes.room, held, keys);
      if (changes === undefined || lines === undefined) {
        const { rendered, spentMs } = await renderInTurns(() => renderRecord(className, wholeRecord(held)));
        const file = await writeWhole(folder, rendered.pieces);
        next = { file, sha256: rendered.sha256, room: Math.max(LEAST_ROOM, rendered.bytes / 2), begun: false };
        return spentMs;
      }
      const { epoch, sequence, entries: { size: count } } = held;
      const { rendered, spentMs } = await renderInTurns(() => renderRecord(className, { epoch, sequence, count, lines, after: changes.sha256 }));
      await append(changes, rendered.pieces);
      next = { file: changes.file, sha256: rendered.sha256, room: changes.room - rendered.bytes, begun: true };
      return spentMs;
    },
  };
}

/** What the keys have; undefined when that has more bytes than there is room for. */
function linesWithin(room: number, { entries }: HeldEntries, keys: ReadonlySet<string>): Change[] | undefined {
  const lines: Change[] = [];
  let bytes = 0;
  for (const key of keys) {
    const json = entries.get(key);
    bytes += key.length + (json?.length ?? 0) + 2;
    if (bytes > room) return undefined;
    lines.push([key, json]);
  }
  return lines;
}

/** Lets others have a turn after each piece. */
async function renderInTurns(begin: () => Generator<undefined, RenderedRecord, void>): Promise<{ rendered: RenderedRecord; spentMs: number }> {
  let begun = performance.now();
  const rendering = begin();
  for (let spentMs = 0; ; begun = performance.now()) {
    const { done, value } = rendering.next();
    spentMs += performance.now() - begun;
    if (done === true) return { rendered: value, spentMs };
    await nextTurn();
  }
}

function* wholeTables(folder: string, className: string, log: Log): Generator<TableUpdate> {
  for (const name of tableFiles(folder).reverse()) {
    const table = readTable(path.join(folder, name), className, log);
    if (table !== undefined) yield table;
  }
}

function readTable(file: string, className: string, log: Log): TableUpdate | undefined {
  try {
    const changes = changesOf(file);
    const parsed = parseTableFile(className, readFileSync(file), readIfThere(changes));
    if ('problem' in parsed) {
      log('error', `last good table ${file} ${parsed.problem}; the one before it is tried`);
      return undefined;
    }
    if (parsed.lost !== undefined) log('error', `${changes} ${parsed.lost} from somewhere on; the last good table of class ${className} is as it was before that`);
    return parsed.table;
  } catch (error) {
    log('error', `last good table ${file} can't be read: ${messageFrom(error)}; the one before it is tried`);
    return undefined;
  }
}

function readIfThere(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/** Written aside, synced, renamed, and the directory synced: after a crash there is the old file or the new, never a part. */
async function writeWhole(folder: string, pieces: readonly string[]): Promise<string> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const files = tableFiles(folder);
  const number = files.length === 0 ? 1 : Number.parseInt(files.at(-1)!, 10) + 1;
  const table = path.join(folder, `${String(number).padStart(12, '0')}.table`);
  const aside = path.join(folder, 'new');
  await rm(aside, { force: true });
  // Of a table that somebody has taken away.
  await rm(changesOf(table), { force: true });
  await writeSynced(await open(aside, 'wx', 0o600), pieces);
  await rename(aside, table);
  await syncDirectory(folder);
  for (const old of tableFiles(folder).slice(0, -KEPT)) {
    rmSync(path.join(folder, old), { force: true });
    rmSync(changesOf(path.join(folder, old)), { force: true });
  }
  return changesOf(table);
}

/** What a crash leaves of it is no record. */
async function append({ file, begun }: Changes, pieces: readonly string[]): Promise<void> {
  await writeSynced(await open(file, 'a', 0o600), pieces);
  if (!begun) await syncDirectory(path.dirname(file));
}

async function writeSynced(file: FileHandle, pieces: readonly string[]): Promise<void> {
  try {
    for (const piece of pieces) await file.appendFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(folder: string): Promise<void> {
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Names of the table files, the oldest first. */
function tableFiles(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^[0-9]{12}\.table$/.test(name)).sort();
  } catch {
    return [];
  }
}

/** The file with the changes after the table of this one. */
function changesOf(table: string): string {
  return table.replace(/\.table$/, '.changes');
}

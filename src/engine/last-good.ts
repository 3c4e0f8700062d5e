// Keeps the last good tables of each class on disk, so that an engine that starts with nobody to ask serves what it served
// last. A write that fails costs the safety net and nothing else: serving goes on, and it is said.

import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TableUpdate } from '../route-table/types.js';
import { messageFrom } from './engine-error.js';
import type { Log } from './nginx-process.js';
import { type HeldEntries, parseTableFile, renderTableFilePieces } from './table-file.js';

/** Tables kept of each class. */
const KEPT = 3;
/** A table is written at most this often: it is written whole, and may change many times a second. */
const GAP_MS = 1000;
/** And so rarely that it takes a fiftieth of a processor at most: a change must not cost more because there are many routes. */
const REST = 50;
/** What a restart may be behind by, however busy the machine is. */
const LONGEST_REST_MS = 60_000;

export interface LastGoodOptions {
  /** Holds one directory for each class; made with mode 0700, for private keys are in it. */
  directory: string;
  /** Names from the engine's own settings: nothing that comes with a table ever names a file. */
  classes: readonly string[];
  /** What the engine has of a class now; undefined before its first table. */
  held: (className: string) => HeldEntries | undefined;
  log: Log;
}

export interface LastGood {
  /** The tables of a class that are whole, the newest first; what is not is named in the log and passed over. */
  tables(className: string): Iterable<TableUpdate>;
  /** The class has a new table: it will be on disk soon. */
  changed(className: string): void;
  /** Why the last write failed; undefined while all is well. */
  problem(): string | undefined;
  /** Writes what is not on disk yet, and ends. */
  stop(): Promise<void>;
}

export function keepLastGood({ directory, classes, held, log }: LastGoodOptions): LastGood {
  const waiting = new Set<string>();
  let problem: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  let restUntil = 0;
  const place = (className: string): string => path.join(directory, className);

  const writeAll = async (): Promise<void> => {
    for (const className of [...waiting]) {
      waiting.delete(className);
      const table = held(className);
      if (table === undefined) continue;
      try {
        const { pieces, spentMs } = await renderInTurns(renderTableFilePieces(className, table));
        restUntil = Math.max(restUntil, performance.now() + Math.min(spentMs * REST, LONGEST_REST_MS));
        await writeTable(place(className), pieces);
        if (problem !== undefined) log('info', 'last good tables can be written again');
        problem = undefined;
      } catch (error) {
        waiting.add(className);
        if (problem === undefined) log('error', `last good table of class ${className} can't be written: ${messageFrom(error)}; requests are served all the same, but not after a restart`);
        problem = messageFrom(error);
      }
    }
  };
  const flush = (): Promise<void> => {
    writing = writing.then(writeAll);
    return writing;
  };
  const schedule = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void flush().then(() => { if (waiting.size > 0) schedule(); });
    }, Math.max(GAP_MS, restUntil - performance.now()));
    timer.unref();
  };
  return {
    tables: (className) => wholeTables(place(className), className, log),
    changed(className) {
      if (!classes.includes(className)) return;
      waiting.add(className);
      schedule();
    },
    problem: () => problem,
    async stop() {
      clearTimeout(timer);
      await flush();
    },
  };
}

function* wholeTables(folder: string, className: string, log: Log): Generator<TableUpdate> {
  for (const name of tableFiles(folder).reverse()) {
    try {
      const table = parseTableFile(className, readFileSync(path.join(folder, name), 'utf8'));
      if (!('problem' in table)) yield table;
      else log('error', `last good table ${path.join(folder, name)} ${table.problem}; the one before it is tried`);
    } catch (error) {
      log('error', `last good table ${path.join(folder, name)} can't be read: ${messageFrom(error)}; the one before it is tried`);
    }
  }
}

/** Lets others have a turn after each piece; `spentMs`: what it took of the processor. */
async function renderInTurns(rendering: Generator<undefined, string[], void>): Promise<{ pieces: string[]; spentMs: number }> {
  for (let spentMs = 0; ;) {
    const begun = performance.now();
    const { done, value } = rendering.next();
    spentMs += performance.now() - begun;
    if (done === true) return { pieces: value, spentMs };
    await nextTurn();
  }
}

/** Written aside, synced, renamed, and the directory synced: after a crash there is the old file or the new, never a part. */
async function writeTable(folder: string, pieces: readonly string[]): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const files = tableFiles(folder);
  const number = files.length === 0 ? 1 : Number.parseInt(files.at(-1)!, 10) + 1;
  const aside = path.join(folder, 'new');
  await rm(aside, { force: true });
  const file = await open(aside, 'wx', 0o600);
  try {
    for (const piece of pieces) await file.appendFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path.join(folder, `${String(number).padStart(12, '0')}.table`));
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
  for (const old of tableFiles(folder).slice(0, -KEPT)) rmSync(path.join(folder, old), { force: true });
}

/** Names of the table files, the oldest first. */
function tableFiles(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^[0-9]{12}\.table$/.test(name)).sort();
  } catch {
    return [];
  }
}

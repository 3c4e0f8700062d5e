// Keeps the last good tables of each class on disk, so that an engine that starts with nobody to ask serves what it served
// last. A write that fails costs the safety net and nothing else: serving goes on, and it is said.

import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import memoize from 'lodash/memoize.js';
import type { TableUpdate } from '../route-table/types.js';
import { messageFrom } from './engine-error.js';
import type { Log } from './nginx-process.js';
import type { HeldEntries } from './table-file.js';
import { openTableFolder } from './table-folder.js';

/** A table is written at most this often: it may change many times a second. */
const GAP_MS = 1000;
/** And so rarely that it takes a fiftieth of a processor at most, also when it is written whole. */
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
  /** The class has a new table: it will be on disk soon. `keys`: all that may have changed in it; undefined: anything may have. */
  changed(className: string, keys?: Iterable<string>): void;
  /** Why the last write of a class failed, of any class whose last one did; undefined while all is well. */
  problem(): string | undefined;
  /** Writes what is not on disk yet, all of it in whole tables, which any version reads, and ends. */
  stop(): Promise<void>;
}

export function keepLastGood({ directory, classes, held, log }: LastGoodOptions): LastGood {
  const folderOf = memoize((className: string) => openTableFolder(path.join(directory, className), className, log));
  const waiting = new Map<string, Set<string> | undefined>();
  /** By class: one that can be written again says nothing of another. */
  const problems = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  let restUntil = 0;

  const write = async (className: string): Promise<void> => {
    // A turn of its own: of everything that has been taken until now, it has been told what changed.
    await nextTurn();
    const keys = waiting.get(className);
    waiting.delete(className);
    const table = held(className);
    if (table === undefined) return;
    try {
      const spentMs = await folderOf(className).write(table, keys);
      restUntil = Math.max(restUntil, performance.now() + Math.min(spentMs * REST, LONGEST_REST_MS));
      if (problems.delete(className)) log('info', `last good table of class ${className} can be written again`);
    } catch (error) {
      waiting.set(className, undefined);
      if (!problems.has(className)) log('error', `last good table of class ${className} can't be written: ${messageFrom(error)}; requests are served all the same, but not after a restart`);
      problems.set(className, messageFrom(error));
    }
  };
  const writeAll = async (): Promise<void> => {
    for (const className of [...waiting.keys()]) await write(className);
  };
  const flush = (): Promise<void> => {
    writing = writing.then(writeAll);
    return writing;
  };
  const schedule = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      // The write that was under way when this was asked for has told what it took.
      if (performance.now() < restUntil) return schedule();
      void flush().then(() => { if (waiting.size > 0) schedule(); });
    }, Math.max(GAP_MS, restUntil - performance.now()));
    timer.unref();
  };
  return {
    tables: (className) => folderOf(className).tables(),
    changed(className, keys) {
      if (!classes.includes(className)) return;
      waiting.set(className, keys === undefined ? undefined : withKeys(waiting, className, keys));
      schedule();
    },
    problem: () => [...problems.values()][0],
    async stop() {
      clearTimeout(timer);
      timer = undefined;
      await writing;
      for (const className of classes) if (waiting.has(className) || folderOf(className).hasChanges()) waiting.set(className, undefined);
      await flush();
    },
  };
}

/** What is known to have changed, with these; undefined: anything may have. */
function withKeys(waiting: ReadonlyMap<string, Set<string> | undefined>, className: string, keys: Iterable<string>): Set<string> | undefined {
  if (!waiting.has(className)) return new Set(keys);
  const known = waiting.get(className);
  for (const key of keys) known?.add(key);
  return known;
}

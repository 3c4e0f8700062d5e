// Reads entries of a class table as of one generation, through a cache in the worker that is as big as what is hot. What the cache
// holds is true as of the newest generation that the worker has looked at: on the first look after a change it lets go of what the
// change has changed (changed-keys.ts), and of nothing else. A read that finds its entry costs one table look-up; it never writes.

import { type Recent, beginAnew, forget, newRecent, recall, remember } from './recent.js';
import { changesBetween, forEachKey } from './changed-keys.js';
import { generationOf, isFirst, pointerKey, previousKey, recordKey } from './shared-keys.js';
import { cut, find } from './text.js';

const { ia_pointers: pointers, ia_records: records, ia_versions: versions } = ngx.shared;

/**
 * Entries a worker keeps of a kind in a class, in each half (see recent.ts): bounds its memory, not what can be served. Up to the first
 * number they stay. More than that, up to the number of the kind, stay while they are asked for: what was not for twice `SECONDS` goes
 * when others come.
 */
const ALWAYS_KEPT = 10_000;
const SECONDS = 300;
/** Of a few hundred bytes each, and of many kilobytes each. */
const MOST_SMALL = 100_000;
const MOST_LARGE = 10_000;

/** What a worker has of the entries of one kind in one class. */
interface Hot<T> {
  entries: Recent<T>;
  /** When the first entry of the young half came, in seconds since the epoch. */
  since: number;
  /** What it had of those that have changed, of a kind whose next value is made from the one before. */
  before: Recent<T> | undefined;
}

/** One kind of entry: its key prefix, and what is made of a record once before it is used many times. */
export interface EntryKind<T extends object> {
  prefix: string;
  prepare: Prepare<T>;
  /** Whether the next value of an entry is made from the one before. */
  lasting: boolean;
  /** How many are kept. */
  most: number;
  hot: Record<string, Hot<T> | undefined>;
}

/** `before`: what the worker had of the entry in an older generation, where that lasts. */
type Prepare<T> = (this: void, record: string, className: string, name: string, before: T | undefined) => T;

const kinds: EntryKind<object>[] = [];

/** By class: the generation as of which everything that is kept of it is true. */
const trueAt: Record<string, number | undefined> = {};

export function entryKind<T extends object>(prefix: string, prepare: Prepare<T>): EntryKind<T> {
  return newKind({ prefix, prepare, lasting: false, most: MOST_SMALL, hot: {} });
}

/** A kind of which something lasts when an entry changes. */
export function lastingEntryKind<T extends object>(prefix: string, prepare: Prepare<T>): EntryKind<T> {
  return newKind({ prefix, prepare, lasting: true, most: MOST_SMALL, hot: {} });
}

/** A kind of which few can be kept, for each takes much memory. */
export function largeEntryKind<T extends object>(prefix: string, prepare: Prepare<T>): EntryKind<T> {
  return newKind({ prefix, prepare, lasting: false, most: MOST_LARGE, hot: {} });
}

function newKind<T extends object>(kind: EntryKind<T>): EntryKind<T> {
  kinds.push(kind as unknown as EntryKind<object>);
  return kind;
}

/** The generation that a request reads at; 0 before the class's first table. */
export function currentGeneration(className: string): number {
  return (versions.get(className) as number | undefined) ?? 0;
}

/**
 * The entry as of `generation`, or undefined when there is none. The second value is true when the class has moved on so
 * far that this generation can no longer be read: take the current one and start again.
 */
export function readEntry<T extends object>(
  kind: EntryKind<T>, className: string, name: string, generation: number,
): LuaMultiReturn<[T | undefined, boolean]> {
  // What is kept says nothing of an older generation, which may be read all the same.
  const isKept = trueAt[className] === generation || bringUpTo(className, generation);
  const hot = kind.hot[className] ?? newHot(kind, className);
  const kept = isKept ? recallEntry(hot, name, kind.most) : undefined;
  if (kept !== undefined) return $multi(kept, false);
  const pointer = pointerKey(className, kind.prefix + name);
  const [found, moved] = pointerAt(pointer, generation);
  // An entry may be gone because the class has moved on since `generation` was read: absence counts only if it has not.
  if (found <= 0) return $multi(undefined, moved || currentGeneration(className) !== generation);
  const record = records.get(recordKey(pointer, found));
  if (record === undefined) return $multi(undefined, true);
  const value = kind.prepare(record as string, className, name, valueBefore(hot, name));
  if (isKept) keepEntry(hot, name, value, kind.most);
  return $multi(value, false);
}

function recallEntry<T extends object>(hot: Hot<T>, name: string, most: number): T | undefined {
  const young = hot.entries.young[name];
  if (young !== undefined) return young;
  const old = hot.entries.old[name];
  // Whoever is asked for stays.
  if (old !== undefined) keepEntry(hot, name, old, most);
  return old;
}

function keepEntry<T extends object>(hot: Hot<T>, name: string, value: T, most: number): void {
  const { entries } = hot;
  remember(entries, name, value, most);
  if (entries.size <= 1) hot.since = ngx.now();
  else if (entries.size > ALWAYS_KEPT && ngx.now() - hot.since > SECONDS) beginAnew(entries);
}

/** What lasts is the same in whatever generation. */
function valueBefore<T extends object>({ entries, before }: Hot<T>, name: string): T | undefined {
  return before === undefined ? undefined : recall(entries, name) ?? recall(before, name);
}

/** The generation of the entry's record as of `generation`: 0 or negative for no entry; true when that can no longer be told. */
function pointerAt(pointer: string, generation: number): LuaMultiReturn<[number, boolean]> {
  const newest = pointers.get(pointer) as number | undefined;
  if (newest === undefined) return $multi(0, false);
  // What is negative has no half.
  if (generationOf(newest) <= generation) return $multi(math.floor(newest), false);
  if (isFirst(newest)) return $multi(0, false);
  const previous = pointers.get(previousKey(pointer)) as number | undefined;
  if (previous === undefined || generationOf(previous) > generation) return $multi(0, true);
  return $multi(math.floor(previous), false);
}

function newHot<T extends object>(kind: EntryKind<T>, className: string): Hot<T> {
  const hot: Hot<T> = { entries: newRecent(), since: 0, before: kind.lasting ? newRecent() : undefined };
  kind.hot[className] = hot;
  return hot;
}

/** Lets go of what changed after the generation that was looked at last. False: `generation` is an older one. */
function bringUpTo(className: string, generation: number): boolean {
  const last = trueAt[className] ?? 0;
  if (last > generation) return false;
  // Nothing is kept of a class before its first table.
  const steps = last === 0 ? [] : changesBetween(className, last, generation);
  if (steps === undefined) forgetAll(className);
  else for (const keys of steps) forEachKey(keys, forgetKey, className);
  trueAt[className] = generation;
  return true;
}

function forgetKey(this: void, key: string, className: string): void {
  for (const kind of kinds) {
    const hot = kind.hot[className];
    if (hot !== undefined && find(key, kind.prefix, 0) === 0) forgetEntry(hot, cut(key, kind.prefix.length, key.length));
  }
}

function forgetEntry(hot: Hot<object>, name: string): void {
  const value = recall(hot.entries, name);
  if (value === undefined) return;
  forget(hot.entries, name);
  if (hot.before !== undefined) remember(hot.before, name, value, ALWAYS_KEPT);
}

function forgetAll(className: string): void {
  for (const kind of kinds) {
    const hot = kind.hot[className];
    if (hot !== undefined) kind.hot[className] = { entries: newRecent(), since: 0, before: kind.lasting ? hot.entries : undefined };
  }
}

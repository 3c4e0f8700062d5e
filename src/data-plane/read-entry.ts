// Reads entries of a class table as of one generation, through a cache in the worker that is as big as what is hot.
// A read that finds the entry checked against the current generation costs one table look-up; it never writes.

import * as cjson from 'cjson';
import { type Recent, newRecent, recall, remember } from './recent.js';
import { generationOf, isFirst, pointerKey, previousKey, recordKey } from './shared-keys.js';

const { ia_pointers: pointers, ia_records: records, ia_versions: versions } = ngx.shared;

/** Entries a worker keeps per kind and class, in each half (see recent.ts): bounds its memory, not what can be served. */
const HOT_ENTRIES = 10_000;

interface Cached {
  /** Generation of the class at which the entry was last compared with shared memory. */
  checkedAt: number;
  /** Generation in which its record was written. */
  generation: number;
  value: unknown;
}

/** One kind of entry: its key prefix, and what is made of a record once before it is used many times. */
export interface EntryKind<T> {
  prefix: string;
  /** `before`: what the worker had of the entry in an older generation. */
  prepare(this: void, record: unknown, className: string, name: string, before: T | undefined): T;
  caches: Record<string, Recent<Cached> | undefined>;
}

export function entryKind<T>(prefix: string, prepare: EntryKind<T>['prepare']): EntryKind<T> {
  return { prefix, prepare, caches: {} };
}

/** The generation that a request reads at; 0 before the class's first table. */
export function currentGeneration(className: string): number {
  return (versions.get(className) as number | undefined) ?? 0;
}

/**
 * The entry as of `generation`, or undefined when there is none. The second value is true when the class has moved on so
 * far that this generation can no longer be read: take the current one and start again.
 */
export function readEntry<T>(
  kind: EntryKind<T>, className: string, name: string, generation: number,
): LuaMultiReturn<[T | undefined, boolean]> {
  const cache = kind.caches[className] ?? newCache(kind, className);
  const cached = recall(cache, name);
  if (cached !== undefined && cached.checkedAt === generation) return $multi(cached.value as T, false);
  const pointer = pointerKey(className, kind.prefix + name);
  const [found, moved] = pointerAt(pointer, generation);
  // An entry may be gone because the class has moved on since `generation` was read: absence counts only if it has not.
  if (found <= 0) return $multi(undefined, moved || currentGeneration(className) !== generation);
  if (cached !== undefined && cached.generation === found) {
    cached.checkedAt = generation;
    remember(cache, name, cached, HOT_ENTRIES);
    return $multi(cached.value as T, false);
  }
  const record = records.get(recordKey(pointer, found));
  if (record === undefined) return $multi(undefined, true);
  const before = cached === undefined ? undefined : cached.value as T;
  const value = kind.prepare(cjson.decode(record as string), className, name, before);
  remember<Cached>(cache, name, { checkedAt: generation, generation: found, value }, HOT_ENTRIES);
  return $multi(value, false);
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

function newCache<T>(kind: EntryKind<T>, className: string): Recent<Cached> {
  const cache = newRecent<Cached>();
  kind.caches[className] = cache;
  return cache;
}

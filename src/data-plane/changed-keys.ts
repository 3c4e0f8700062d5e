// Which entries each of the last steps of a class has changed, so that a worker lets go of those and of nothing else (read-entry.ts).
// The writer of a step tells it before the step counts. What is told late, or for too long ago, is told as "anything".

import { changesKey, untoldKey } from './shared-keys.js';
import { cut, find } from './text.js';

const { ia_records: records, ia_versions: versions } = ngx.shared;

/** Steps that are remembered: a worker that has looked at none of so many begins anew. */
const KEPT_STEPS = 64;
/** Bytes of the keys of one step: so much of a zone is never missed. */
const MOST_BYTES = 4096;

/** What a step changes of what was there before; `keys` without their class. False: another writer is at work. */
export function tellChanges(className: string, generation: number, keys: string[]): boolean {
  const text = table.concat(keys, '\n');
  if (text.length <= MOST_BYTES) {
    const [told, problem] = records.safe_add(changesKey(className, generation), text);
    if (told) return true;
    if (problem === 'exists') return false;
  }
  // A number is overwritten in place: that needs no room.
  versions.set(untoldKey(className), generation);
  return true;
}

/** After the step counts. */
export function dropOldChanges(className: string, generation: number): void {
  records.delete(changesKey(className, generation - KEPT_STEPS));
}

/** The keys, a text for each step, of what has changed after generation `from` and up to `to`; undefined: anything may have. */
export function changesBetween(className: string, from: number, to: number): string[] | undefined {
  if (to - from > KEPT_STEPS || (versions.get(untoldKey(className)) as number) > from) return undefined;
  const steps: string[] = [];
  for (let generation = from + 1; generation <= to; generation++) {
    const keys = records.get(changesKey(className, generation)) as string | undefined;
    if (keys === undefined) return undefined;
    steps.push(keys);
  }
  return steps;
}

/** Calls `one` with each key of a step. */
export function forEachKey(keys: string, one: (this: void, key: string, className: string) => void, className: string): void {
  let at = 0;
  while (at < keys.length) {
    const newline = find(keys, '\n', at);
    const end = newline < 0 ? keys.length : newline;
    one(cut(keys, at, end), className);
    at = end + 1;
  }
}

// Reads an entry that may be of another generation than what a request has read before: when the class has moved on so far that its
// own can no longer be read, as it is now.

import { type EntryKind, currentGeneration, readEntry } from './read-entry.js';

const MOST_ATTEMPTS = 20;

/** Undefined when there is none, or the class never stands still. `generation`: of the request. */
export function readOn<T extends object>(kind: EntryKind<T>, className: string, name: string, generation: number): T | undefined {
  let [value, moved] = readEntry(kind, className, name, generation);
  for (let attempt = 1; moved && attempt < MOST_ATTEMPTS; attempt++) [value, moved] = readEntry(kind, className, name, currentGeneration(className));
  return value;
}

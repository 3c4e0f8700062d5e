// What changes from one class table to the next: the least that has to be sent.

import isEqual from 'lodash/isEqual.js';
import type { ClassTable, EntryValue } from '../route-table/types.js';

export interface TableDifference {
  set: { key: string; value: EntryValue }[];
  remove: string[];
}

/** Entries to set and keys to remove so that `previous` becomes `next`, sorted by key. Both empty: nothing has changed. */
export function diffTable(previous: ClassTable, next: ClassTable): TableDifference {
  const set = [...next].filter(([key, value]) => previous.get(key) !== value && !isEqual(previous.get(key), value));
  const remove = [...previous.keys()].filter((key) => !next.has(key));
  return { set: set.map(([key, value]) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1)), remove: remove.sort() };
}

// Clears away what a writer that died has left of its step: takes back what was not committed, finishes what was. It looks
// at every key of the pointers' zone, which is paid only after such a death. Dying in here harms nothing: it is done again.

import { changesKey, countKey, generationKey, generationOf, isFirst, pointerKey, pointerOfPrevious, previousKey, recordKey } from './shared-keys.js';
import { find } from './text.js';

const { ia_pointers: pointers, ia_records: records, ia_versions: versions } = ngx.shared;

/** Brings the class to exactly the entries of its generation. The caller holds the class's lock. */
export function recoverTable(className: string): void {
  const generation = versions.get(generationKey(className)) as number;
  const own = pointerKey(className, '');
  records.delete(changesKey(className, generation + 1));
  const keys = pointers.get_keys(0);
  for (const key of keys) {
    if (find(key, own, 0) !== 0) continue;
    const pointer = pointerOfPrevious(key);
    if (pointer !== undefined) settle(pointer, generation);
    else if (isFirst(numberAt(key)) && generationOf(numberAt(key)) > generation) takeBack(key, generation);
  }
  let entries = 0;
  for (const key of keys) {
    if (find(key, own, 0) === 0 && pointerOfPrevious(key) === undefined && numberAt(key) > 0) entries = entries + 1;
  }
  versions.set(countKey(className), entries);
}

/** An entry that came with a step that was not committed. */
function takeBack(pointer: string, generation: number): void {
  records.delete(recordKey(pointer, generation + 1));
  pointers.delete(pointer);
}

/** Every pointer that a step changes has its previous value beside it, from before the first trace until after the last. */
function settle(pointer: string, generation: number): void {
  const before = numberAt(previousKey(pointer));
  const newest = numberAt(pointer);
  if (generationOf(newest) > generation) {
    pointers.set(pointer, before);
  } else if (newest !== before) {
    if (before > 0) records.delete(recordKey(pointer, generationOf(before)));
    if (newest < 0) pointers.delete(pointer);
  }
  records.delete(recordKey(pointer, generation + 1));
  pointers.delete(previousKey(pointer));
}

function numberAt(key: string): number {
  return (pointers.get(key) as number | undefined) ?? 0;
}

// Writes one step of a class table into shared memory: everything under the next generation, then one number is raised.
// It only adds keys, and overwrites numbers in place, so a zone that runs full refuses the step and keeps what is served.

import { countKey, generationKey, lockKey, pointerKey, previousKey, recordKey } from './shared-keys.js';
import { byteAt, cut, find } from './text.js';

const { ia_pointers: pointers, ia_records: records, ia_versions: versions } = ngx.shared;

const PLUS = 43;
const MINUS = 45;
/** How long a writer that died keeps others from writing its class. */
const LOCK_SECONDS = 30;

export type WriteOutcome =
  | { status: 200; body: { generation: number; entries: number } }
  | { status: 400; body: { error: 'malformed'; line: number } }
  | { status: 409; body: { error: 'base' | 'locked'; generation: number } }
  | { status: 507; body: { error: 'full'; zone: string } };

/** `lines` yields `+<key>\t<json>` and `-<key>` until it yields undefined. */
export type Lines = (this: void) => string | undefined;

/** Applies the lines on top of generation `base`, whole or not at all. A step that was cut off by a crash may be sent again. */
export function writeTable(className: string, base: number, lines: Lines): WriteOutcome {
  versions.safe_add(generationKey(className), 0);
  versions.safe_add(countKey(className), 0);
  const current = versions.get(generationKey(className)) as number;
  if (current !== base) return { status: 409, body: { error: 'base', generation: current } };
  const [locked] = versions.add(lockKey(className), 1, LOCK_SECONDS);
  if (!locked) return { status: 409, body: { error: 'locked', generation: current } };
  const outcome = stageAndCommit(className, base + 1, lines);
  versions.delete(lockKey(className));
  return outcome;
}

function stageAndCommit(className: string, generation: number, lines: Lines): WriteOutcome {
  const staged: string[] = [];
  let added = 0;
  let number = 0;
  let line = lines();
  while (line !== undefined) {
    number = number + 1;
    const tab = find(line, '\t', 0);
    const sign = byteAt(line, 0);
    const key = cut(line, 1, tab < 0 ? line.length : tab);
    if (key === '' || (sign === PLUS) !== (tab >= 0) || (sign !== PLUS && sign !== MINUS)) {
      rollBack(staged, generation);
      return { status: 400, body: { error: 'malformed', line: number } };
    }
    const pointer = pointerKey(className, key);
    staged.push(pointer);
    const [change, fullZone] = stage(pointer, generation, sign === PLUS ? cut(line, tab + 1, line.length) : undefined);
    if (fullZone !== undefined) {
      rollBack(staged, generation);
      return { status: 507, body: { error: 'full', zone: fullZone } };
    }
    added = added + change;
    line = lines();
  }
  return commit(className, generation, staged, added);
}

/**
 * Writes one entry (undefined: removes it) so that only readers of `generation` see it. Returns by how much it changes the
 * number of entries, or the zone that is full.
 */
function stage(pointer: string, generation: number, record: string | undefined): LuaMultiReturn<[number, string | undefined]> {
  const newest = numberAt(pointer);
  // A pointer that already carries this generation is left over from a writer that died; what was before it still stands.
  const leftOver = math.abs(newest) === generation;
  const before = leftOver ? numberAt(previousKey(pointer)) : newest;
  if (before === 0 && record === undefined && !leftOver) return $multi(0, undefined);
  if (record !== undefined && !addRecord(recordKey(pointer, generation), record)) return $multi(0, 'ia_records');
  const signed = record === undefined ? -generation : generation;
  if (!movePointer(pointer, signed, before, newest === 0)) return $multi(0, 'ia_pointers');
  return $multi((record === undefined ? 0 : 1) - (before > 0 ? 1 : 0), undefined);
}

function numberAt(key: string): number {
  return (pointers.get(key) as number | undefined) ?? 0;
}

function addRecord(key: string, record: string): boolean {
  const [added, problem] = records.safe_add(key, record);
  if (added || problem !== 'exists') return added;
  records.delete(key);
  const [addedAgain] = records.safe_add(key, record);
  return addedAgain;
}

/** The old pointer is kept aside first: a reader of the old generation must find it as soon as the new one stands. */
function movePointer(pointer: string, to: number, before: number, isNew: boolean): boolean {
  const [kept, problem] = pointers.safe_add(previousKey(pointer), before);
  if (!kept && problem !== 'exists') return false;
  const [moved] = isNew ? pointers.safe_add(pointer, to) : pointers.set(pointer, to);
  return moved;
}

function commit(className: string, generation: number, staged: string[], added: number): WriteOutcome {
  const entries = (versions.get(countKey(className)) as number) + added;
  versions.set(countKey(className), entries);
  versions.set(generationKey(className), generation);
  for (const pointer of staged) {
    const before = numberAt(previousKey(pointer));
    if (numberAt(pointer) === -generation) pointers.delete(pointer);
    pointers.delete(previousKey(pointer));
    if (before > 0) records.delete(recordKey(pointer, before));
  }
  return { status: 200, body: { generation, entries } };
}

function rollBack(staged: string[], generation: number): void {
  for (const pointer of staged) {
    const before = pointers.get(previousKey(pointer)) as number | undefined;
    if (before === 0) pointers.delete(pointer);
    else if (before !== undefined) pointers.set(pointer, before);
    pointers.delete(previousKey(pointer));
    records.delete(recordKey(pointer, generation));
  }
}

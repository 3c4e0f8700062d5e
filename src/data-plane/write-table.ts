// Writes one step of a class table into shared memory: everything under the next generation, then one number is raised.
// It only adds keys, and overwrites numbers in place, so a zone that runs full refuses the step and keeps what is served.
// What a writer that died has left half done is cleared away before the next step, whatever that step holds.

import { dropOldChanges, tellChanges } from './changed-keys.js';
import { recoverTable } from './recover-table.js';
import { countKey, firstPointer, generationKey, generationOf, lockKey, openKey, pointerKey, previousKey, recordKey, untoldKey } from './shared-keys.js';
import { byteAt, cut, find } from './text.js';

const { ia_pointers: pointers, ia_records: records, ia_versions: versions } = ngx.shared;

const PLUS = 43;
const MINUS = 45;
/** How long a writer that died keeps others from writing its class. */
const LOCK_SECONDS = 30;
/** Lines of a step after which its writer says that it lives: others have turns meanwhile, so a large step may take longer than that. */
const LINES_PER_SIGN = 1000;
const LOCKS_PER_WORKER = 1000000;

export type WriteOutcome =
  | { status: 200; body: { generation: number; entries: number } }
  | { status: 400; body: { error: 'malformed'; line: number } }
  | { status: 409; body: { error: 'base' | 'locked'; generation: number } }
  | { status: 507; body: { error: 'full'; zone: string } };

/** `lines` yields `+<key>\t<json>` and `-<key>` until it yields undefined. */
export type Lines = (this: void) => string | undefined;

/** What stops a step: a zone without room, a line that is none or changes an entry twice, another writer at work. */
type Problem = 'ia_pointers' | 'ia_records' | 'malformed' | 'locked';

/** The one writer of a class, and what it has written so far. */
interface Step {
  className: string;
  generation: number;
  /** What the lock holds while it is this writer's. */
  token: number;
  /** Pointers touched: of entries that the generation before has, and of those that it has not. */
  staged: string[];
  born: string[];
  /** By how much the step changes the number of entries. */
  added: number;
}

let locks = 0;

/** Applies the lines on top of generation `base`, whole or not at all, whatever became of a step before. */
export function writeTable(className: string, base: number, lines: Lines): WriteOutcome {
  versions.safe_add(generationKey(className), 0);
  versions.safe_add(countKey(className), 0);
  versions.safe_add(untoldKey(className), 0);
  for (const key of [generationKey(className), countKey(className), untoldKey(className)]) if (versions.get(key) === undefined) return full('ia_versions');
  locks = (locks + 1) % LOCKS_PER_WORKER;
  const token = ngx.worker.pid() * LOCKS_PER_WORKER + locks;
  const [locked, problem] = versions.safe_add(lockKey(className), token, LOCK_SECONDS);
  if (!locked) return problem === 'exists' ? refused('locked', className) : full('ia_versions');
  const outcome = writeLocked({ className, generation: base + 1, token, staged: [], born: [], added: 0 }, lines);
  if (holdsLock(className, token)) versions.delete(lockKey(className));
  return outcome;
}

/** Only under the lock does the generation stand still: what was read before it was taken may have been another one. */
function writeLocked(step: Step, lines: Lines): WriteOutcome {
  const { className } = step;
  const open = versions.get(openKey(className)) !== undefined;
  if (open) recoverTable(className);
  const fits = versions.get(generationKey(className)) === step.generation - 1;
  if (fits && !open) {
    const [opened] = versions.safe_add(openKey(className), 1);
    if (!opened) return full('ia_versions');
  }
  const outcome = fits ? stageAndCommit(step, lines) : refused('base', className);
  if (holdsLock(className, step.token)) versions.delete(openKey(className));
  return outcome;
}

function stageAndCommit(step: Step, lines: Lines): WriteOutcome {
  let number = 0;
  let line = lines();
  while (line !== undefined) {
    number = number + 1;
    if (number % LINES_PER_SIGN === 0) keepLock(step);
    const problem = holdsLock(step.className, step.token) ? stageLine(step, line) : 'locked';
    if (problem !== undefined) return giveUp(step, problem, number);
    line = lines();
  }
  if (!holdsLock(step.className, step.token)) return refused('locked', step.className);
  if (!tellChanges(step.className, step.generation, keysOf(step))) return giveUp(step, 'locked', number);
  // Whoever was late with what it told must not have it count.
  if (!holdsLock(step.className, step.token)) return refused('locked', step.className);
  return commit(step);
}

/** Of the entries that the generation before has: nobody keeps anything of others. */
function keysOf({ className, staged }: Step): string[] {
  const before = pointerKey(className, '').length;
  const keys: string[] = [];
  for (const pointer of staged) keys.push(cut(pointer, before, pointer.length));
  return keys;
}

/** Takes back what was written. When another writer is at work nothing is touched: the next one clears up after both. */
function giveUp(step: Step, problem: Problem, line: number): WriteOutcome {
  if (problem === 'locked') {
    if (holdsLock(step.className, step.token)) versions.delete(lockKey(step.className));
    return refused('locked', step.className);
  }
  rollBack(step);
  return problem === 'malformed' ? { status: 400, body: { error: 'malformed', line } } : full(problem);
}

function stageLine(step: Step, line: string): Problem | undefined {
  const tab = find(line, '\t', 0);
  const sign = byteAt(line, 0);
  const key = cut(line, 1, tab < 0 ? line.length : tab);
  if (key === '' || find(key, '|', 0) >= 0 || (sign !== PLUS && sign !== MINUS) || (sign === PLUS) !== (tab >= 0)) return 'malformed';
  return stage(step, pointerKey(step.className, key), sign === PLUS ? cut(line, tab + 1, line.length) : undefined);
}

/** Writes one entry (undefined: removes it) so that only readers of the step's generation see it. */
function stage(step: Step, pointer: string, record: string | undefined): Problem | undefined {
  const before = (pointers.get(pointer) as number | undefined) ?? 0;
  if (generationOf(before) === step.generation) return 'malformed';
  if (before <= 0 && record === undefined) return undefined;
  return before === 0 && record !== undefined ? bear(step, pointer, record) : change(step, pointer, { before, record });
}

/**
 * Changes an entry that was there. The old pointer is kept aside first: a reader of the old generation must find it as soon as
 * the new one stands, and so must who clears up.
 */
function change(step: Step, pointer: string, { before, record }: { before: number; record: string | undefined }): Problem | undefined {
  const { generation } = step;
  const [kept, keepProblem] = pointers.safe_add(previousKey(pointer), before);
  if (!kept) return keepProblem === 'exists' ? 'locked' : 'ia_pointers';
  step.staged.push(pointer);
  step.added = step.added + entriesIn(record === undefined ? 0 : 1) - entriesIn(before);
  const problem = record === undefined ? undefined : addRecord(recordKey(pointer, generation), record);
  if (problem !== undefined) return problem;
  // A number is overwritten in place: that needs no room.
  const [moved] = pointers.set(pointer, record === undefined ? -generation : generation);
  return moved ? undefined : 'ia_pointers';
}

/** Writes an entry that was not there. Its pointer, which says so, comes first and goes last: by it the record is found. */
function bear(step: Step, pointer: string, record: string): Problem | undefined {
  step.born.push(pointer);
  step.added = step.added + 1;
  const [pointed, problem] = pointers.safe_add(pointer, firstPointer(step.generation));
  if (!pointed) return problem === 'exists' ? 'locked' : 'ia_pointers';
  return addRecord(recordKey(pointer, step.generation), record);
}

/** Entries that a pointer stands for. */
function entriesIn(pointer: number): number {
  return pointer > 0 ? 1 : 0;
}

function addRecord(key: string, record: string): Problem | undefined {
  const [added, problem] = records.safe_add(key, record);
  if (added) return undefined;
  return problem === 'exists' ? 'locked' : 'ia_records';
}

/** One number makes the step visible; then what only the generation before needed goes, what it is found by last. */
function commit({ className, generation, staged, added }: Step): WriteOutcome {
  const entries = (versions.get(countKey(className)) as number) + added;
  versions.set(countKey(className), entries);
  versions.set(generationKey(className), generation);
  for (const pointer of staged) {
    const before = pointers.get(previousKey(pointer)) as number;
    if (before > 0) records.delete(recordKey(pointer, generationOf(before)));
    if (pointers.get(pointer) === -generation) pointers.delete(pointer);
    pointers.delete(previousKey(pointer));
  }
  dropOldChanges(className, generation);
  return { status: 200, body: { generation, entries } };
}

function rollBack({ generation, staged, born }: Step): void {
  for (const pointer of staged) {
    pointers.set(pointer, pointers.get(previousKey(pointer)) as number);
    records.delete(recordKey(pointer, generation));
    pointers.delete(previousKey(pointer));
  }
  for (const pointer of born) {
    records.delete(recordKey(pointer, generation));
    pointers.delete(pointer);
  }
}

/** When it is somebody else's by now, that one only keeps it for longer. */
function keepLock({ className, token }: Step): void {
  if (holdsLock(className, token)) versions.expire(lockKey(className), LOCK_SECONDS);
}

function holdsLock(className: string, token: number): boolean {
  return versions.get(lockKey(className)) === token;
}

function refused(error: 'base' | 'locked', className: string): WriteOutcome {
  return { status: 409, body: { error, generation: versions.get(generationKey(className)) as number } };
}

function full(zone: string): WriteOutcome {
  return { status: 507, body: { error: 'full', zone } };
}

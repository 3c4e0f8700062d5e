// Decides about one step of a class table: whether it may be taken at all (class, epoch, sequence, count, budget), whether
// each of its entries is sound, and what it changes of what nginx has. Pure: nothing is kept or sent here.

import { type RefusedEntry, mostRefusedEntries } from '../core/stream-protocol.js';
import type { TableUpdate } from '../route-table/types.js';
import { checkEntry, isEntryKey, type EntryRules } from './check-entry.js';
import { shown } from './check-names.js';
import type { Change } from './control-client.js';

/** What the engine has of one class: entries by key, each as the JSON that nginx has. */
export interface HeldTable {
  /** Of the last update taken; -1 before the first. */
  epoch: number;
  sequence: number;
  entries: ReadonlyMap<string, string>;
  bytes: number;
}

export interface UpdateRules extends EntryRules {
  entriesPerClass: number;
  bytesPerClass: number;
}

/** A refusal starts with a word that stays the same, then says what was wrong in words of ours. */
export type UpdateVerdict = Refusal | { changes: Change[]; bytes: number };

export interface Refusal {
  refusal: string;
  /** The entries that it is about, when it is not about the update as a whole; not all of them when there are very many. */
  refused?: RefusedEntry[];
  newerEpoch?: number;
}

const FIELDS = ['class', 'epoch', 'sequence', 'full', 'set', 'remove', 'count'];

/** Whether this has the outer shape of an update. */
export function isUpdate(input: unknown): input is TableUpdate {
  if (typeof input !== 'object' || input === null) return false;
  const update = input as Record<string, unknown>;
  return Object.keys(update).length === FIELDS.length && FIELDS.every((field) => Object.hasOwn(update, field)) &&
    typeof update.class === 'string' && typeof update.full === 'boolean' &&
    [update.epoch, update.sequence, update.count].every((value) => Number.isSafeInteger(value) && (value as number) >= 0) &&
    Array.isArray(update.set) && Array.isArray(update.remove);
}

export function checkUpdate(update: TableUpdate, held: HeldTable, rules: UpdateRules): UpdateVerdict {
  const refusal = orderComplaint(update, held);
  if (refusal !== undefined) return update.epoch < held.epoch ? { refusal, newerEpoch: held.epoch } : { refusal };
  const wanted = new Map<string, string | undefined>();
  const refused = removeEntries(update, wanted) ?? setEntries(update, wanted, rules);
  if (refused !== undefined) return refused;
  if (update.full) for (const key of held.entries.keys()) if (!wanted.has(key)) wanted.set(key, undefined);
  return measured(wanted, update.count, held, rules);
}

function removeEntries({ full, remove }: TableUpdate, wanted: Map<string, string | undefined>): Refusal | undefined {
  if (full && remove.length > 0) return { refusal: 'malformed: a full table has nothing to remove' };
  const refused: RefusedEntry[] = [];
  for (const key of remove) {
    if (wanted.has(key)) return twice(key);
    if (isEntryKey(key)) wanted.set(key, undefined);
    else if (typeof key !== 'string') return { refusal: `malformed: ${shown(key)} to be removed is no key` };
    else refused.push({ key, reason: `${shown(key)} to be removed is not a key of a class table` });
  }
  return refusalOf(refused);
}

function setEntries({ set }: TableUpdate, wanted: Map<string, string | undefined>, rules: EntryRules): Refusal | undefined {
  const refused: RefusedEntry[] = [];
  for (const item of set) {
    if (typeof item !== 'object' || item === null || Object.keys(item).length !== 2) return { refusal: 'malformed: an item of set must have key and value and nothing else' };
    const verdict = checkEntry(item.key, item.value, rules);
    if (wanted.has(item.key)) return twice(item.key);
    if ('json' in verdict) wanted.set(item.key, verdict.json);
    else if (typeof item.key !== 'string') return { refusal: `entry: ${verdict.complaint}` };
    else {
      const { complaint, ...where } = verdict;
      refused.push({ key: item.key, reason: complaint, ...where });
    }
    if (refused.length >= mostRefusedEntries) break;
  }
  return refusalOf(refused);
}

function twice(key: string): Refusal {
  return { refusal: `malformed: entry ${shown(key)} occurs twice` };
}

function refusalOf(refused: RefusedEntry[]): Refusal | undefined {
  const [first, ...more] = refused;
  if (first === undefined) return undefined;
  return { refusal: `entry: ${first.reason}${more.length === 0 ? '' : `, and ${more.length} more`}`, refused };
}

/** An older epoch is a holder that lost its claim; a gap is an update that was missed. */
function orderComplaint({ epoch, sequence, full }: TableUpdate, held: HeldTable): string | undefined {
  if (epoch < held.epoch) return `stale-epoch: epoch ${epoch} is over, the class is at ${held.epoch}`;
  if (full) {
    return epoch === held.epoch && sequence <= held.sequence
      ? `sequence: ${sequence} is not after ${held.sequence} of the same epoch` : undefined;
  }
  if (held.epoch < 0 || epoch !== held.epoch) return `sequence: epoch ${epoch} has to start with a full table`;
  return sequence === held.sequence + 1 ? undefined : `sequence: ${sequence} does not follow ${held.sequence}; send a full table`;
}

/** The real changes among the wanted ones, with the table's size after them. Costs what changes, not what exists. */
function measured(wanted: Map<string, string | undefined>, count: number, held: HeldTable, rules: UpdateRules): UpdateVerdict {
  const changes: Change[] = [];
  let { bytes, entries: { size } } = held;
  for (const [key, json] of wanted) {
    const before = held.entries.get(key);
    if (json === before) continue;
    changes.push([key, json]);
    size += (json === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
    bytes += sizeOf(key, json) - sizeOf(key, before);
  }
  if (size !== count) return { refusal: `count: the update says ${count} entries, it leads to ${size}` };
  if (size > rules.entriesPerClass) return { refusal: `budget: ${size} entries, the class may have ${rules.entriesPerClass}` };
  if (bytes > rules.bytesPerClass) return { refusal: `budget: ${bytes} bytes, the class may have ${rules.bytesPerClass}` };
  return { changes, bytes };
}

/** All of it is ASCII: the checks let nothing else through. */
function sizeOf(key: string, json: string | undefined): number {
  return json === undefined ? 0 : key.length + json.length;
}

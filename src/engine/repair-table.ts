// A whole table of which the engine does not take some entries: what it takes instead, decided as a controller would decide it
// (decisions/0010), for there may be nobody to ask. Pure. A table that is wrong as a whole is not repaired.

import { type Repair, repairEntry, repairFurther, unrepaired } from '../core/repair-entry.js';
import type { RefusedEntry } from '../core/stream-protocol.js';
import { certificateKey, serverNameKey } from '../route-table/entry-keys.js';
import type { EntryValue, TableUpdate } from '../route-table/types.js';
import { type HeldTable, type UpdateRules, checkUpdate } from './check-update.js';
import type { Change } from './control-client.js';

/** A table that a class can begin with. */
export interface FirstTable {
  update: TableUpdate;
  /** Its entries as nginx gets them, and their size. */
  changes: Change[];
  bytes: number;
  /** The entries that are not as they were: closed, or left out. */
  refused: RefusedEntry[];
}

/** It is none that is taken. */
const shapeless = {} as EntryValue;
const nothing: HeldTable = { epoch: -1, sequence: -1, entries: new Map(), bytes: 0 };

/** What can be served of a full table, or why nothing can (in the words of refusals). */
export function repairTable(whole: TableUpdate, rules: UpdateRules): FirstTable | { refusal: string } {
  const update = { ...whole, set: whole.set.map(({ key, value }) => ({ key, value: isShaped(value) ? value : shapeless })) };
  const wanted = new Map(update.set.map(({ key, value }) => [key, value]));
  const repairs = new Map<string, Repair>();
  const refused = new Map<string, RefusedEntry>();
  for (;;) {
    const offer = repairs.size === 0 ? update : offerOf(update, repairs);
    const verdict = checkUpdate(offer, nothing, rules);
    if (!('refusal' in verdict)) return { update: offer, ...verdict, refused: [...refused.values()] };
    // Each step is stricter than the one before: it comes to an end.
    const stricter = (verdict.refused ?? []).filter((one) => tighten(one, wanted, repairs));
    if (stricter.length === 0) return { refusal: verdict.refusal };
    for (const one of stricter) if (!refused.has(one.key)) refused.set(one.key, one);
  }
}

/** Whether there is anything that could be repaired: a file may be of a version that had other values. */
function isShaped(value: unknown): boolean {
  const isObject = (one: unknown): one is object => typeof one === 'object' && one !== null;
  if (!isObject(value)) return false;
  const { routes, endpoints } = value as { routes?: unknown; endpoints?: unknown };
  return [routes, endpoints].every((list) => list === undefined || (Array.isArray(list) && list.every(isObject)));
}

/** Notes what is offered next instead of a refused entry; false when there is nothing stricter. */
function tighten(refused: RefusedEntry, wanted: ReadonlyMap<string, EntryValue>, repairs: Map<string, Repair>): boolean {
  const { key } = refused;
  const before = repairs.get(key) ?? unrepaired;
  const next = repairFurther(key, wanted.get(key)!, before, refused);
  if (next === before) return false;
  repairs.set(key, next);
  if (key.startsWith(certificateKey(''))) {
    for (const [name, value] of wanted) if (name.startsWith(serverNameKey('')) && leadsTo(value, key)) repairs.set(name, { parts: new Map(), whole: 'out' });
  }
  return true;
}

function leadsTo(value: unknown, certificate: string): boolean {
  return typeof value === 'object' && value !== null && 'certificate' in value && certificateKey(String(value.certificate)) === certificate;
}

function offerOf(update: TableUpdate, repairs: ReadonlyMap<string, Repair>): TableUpdate {
  const set = update.set.flatMap(({ key, value }) => {
    const repair = repairs.get(key);
    const offered = repair === undefined ? value : repairEntry(key, value, repair).value;
    return offered === undefined ? [] : [{ key, value: offered }];
  });
  return { ...update, set, count: set.length };
}

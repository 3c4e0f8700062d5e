// What hand-overs depend on and only the engines can tell: whether they have what a class is to serve, and whether anybody
// still asks the class that drains. The arbiter asks, whoever knows tells it, and it remembers.

import isEqual from 'lodash/isEqual.js';
import { type ArbiterState } from '../arbiter-state.js';
import { toldAfterMs, unwrittenAfterMs } from './blockers.js';
import { factKey } from './memory.js';
import { drainEnd } from './settle-hand-overs.js';
import { setOrDelete } from '../set-or-delete.js';

/** Something that an arbiter wants to know of the engines. */
export type HandOverQuestion =
  /** Whether all live engines have these entries in the table of the class. */
  | { of: 'served'; class: string; ingress: string; entries: Iterable<string> }
  /** Whether the Ingress has had no request in the class for `quietMs`. */
  | { of: 'traffic'; class: string; ingress: string; quietMs: number };

/** Takes one fact; what it changes is decided later. Returns whether it is another one than before. */
export function takeFact<Fact>(state: ArbiterState, facts: Map<string, Fact>, { name, key, fact }: { name: string; key: string; fact: Fact | undefined }): boolean {
  const id = factKey(name, key);
  if (!state.handOvers.has(key) || isEqual(facts.get(id), fact)) return false;
  setOrDelete(facts, id, fact);
  state.touched.handOvers.add(key);
  return true;
}

/** Everything that is to be asked now. */
export function questionsOf({ handOvers, claims, classes }: ArbiterState): HandOverQuestion[] {
  const quietOf = new Map(claims.map(({ class: name, settings }) => [name, settings?.handOverQuietMs ?? 0]));
  const own = (name: string): boolean => quietOf.has(name);
  return [...handOvers].flatMap(([ingress, { record, phase }]): HandOverQuestion[] => {
    if (phase === 'draining') return record.from.filter(own).map((name) => ({ of: 'traffic', class: name, ingress, quietMs: quietOf.get(name)! }));
    return own(record.to) ? [{ of: 'served', class: record.to, ingress, entries: classes.get(record.to)!.entriesOf(ingress) }] : [];
  });
}

/** When something about hand-overs changes by itself after `now`. */
export function handOverTimes(state: ArbiterState, now: number): number[] {
  return [...state.memory.handOvers].flatMap(([key, memory]) => {
    const ends = (state.handOvers.get(key)?.record.from ?? []).map((name) => drainEnd(state, { key, name, memory }));
    return [memory.since + toldAfterMs, ...(memory.step === undefined ? [] : [memory.step.since + unwrittenAfterMs]), ...ends].filter((at) => at !== undefined && at > now) as number[];
  });
}

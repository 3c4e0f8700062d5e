// What hand-overs depend on and only the engines can tell: whether they have what a class is to serve, and whether anybody
// still asks the class that drains. The arbiter asks, whoever knows tells it, and it remembers.

import isEqual from 'lodash/isEqual.js';
import { type ArbiterState } from '../arbiter-state.js';
import { toldAfterMs, unwrittenAfterMs } from './blockers.js';
import { drainEnd } from './drain-end.js';
import type { HandOver } from './hand-over.js';
import { factKey } from './memory.js';
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

/** What is to be asked about one hand-over. */
export function questionsAbout({ claims, classes }: ArbiterState, ingress: string, { record, phase }: HandOver): HandOverQuestion[] {
  if (phase === 'draining') {
    return claims.filter((claim) => record.from.includes(claim.class)).map(({ class: name, settings }) => ({ of: 'traffic', class: name, ingress, quietMs: settings?.handOverQuietMs ?? 0 }));
  }
  const one = classes.get(record.to);
  return one === undefined ? [] : [{ of: 'served', class: record.to, ingress, entries: [...one.entriesOf(ingress)] }];
}

/** When something about one hand-over changes by itself after `now`, or is told of. */
export function dueAfter(state: ArbiterState, key: string, { view, now }: { view: HandOver; now: number }): number | undefined {
  const memory = state.memory.handOvers.get(key)!;
  const ends = view.record.from.map((name) => drainEnd(state, { key, name, memory }));
  const times = [memory.since + toldAfterMs, ...(memory.step === undefined ? [] : [memory.step.since + unwrittenAfterMs]), ...ends].filter((at) => at !== undefined && at > now) as number[];
  return times.length === 0 ? undefined : Math.min(...times);
}

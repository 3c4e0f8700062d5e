// What each engine has said so far, by its name: for metrics. Names come from outside, so there is a bound to them, and those
// that have gone are forgotten after a grace, which is longer than a lost stream takes to come back.

import type { PublishOutcome } from './publish-table.js';
import { type RefusalWord, refusalWord } from '../core/stream-protocol.js';

export interface EngineRecord {
  /** Of the last update taken; 0 before the first. */
  epoch: number;
  sequence: number;
  /** Updates that were not taken, by the word of the reason. */
  refusals: ReadonlyMap<RefusalWord, number>;
}

export interface EngineBook {
  come(engine: string, now: number): void;
  go(engine: string, now: number): void;
  note(engine: string, outcome: PublishOutcome): void;
  engines(now: number): [engine: string, record: EngineRecord][];
}

const GRACE_MS = 120_000;
/** A counter that appears with its first event has not grown, for whoever watches it: these are there from the beginning. */
const fromZero: readonly RefusalWord[] = ['entry', 'budget', 'full', 'nginx', 'no-answer'];

/** Names that are kept; more engines than that are served all the same, and not shown. */
export const mostEngineNames = 250;

export function createEngineBook(): EngineBook {
  const engines = new Map<string, EngineRecord & { refusals: Map<RefusalWord, number>; goneAt?: number }>();
  const forget = (now: number): void => {
    for (const [name, { goneAt }] of engines) if (goneAt !== undefined && now - goneAt > GRACE_MS) engines.delete(name);
  };
  return {
    come(name, now) {
      forget(now);
      const known = engines.get(name);
      if (known !== undefined) delete known.goneAt;
      else {
        const oldest = engines.size < mostEngineNames ? undefined : [...engines].find(([, { goneAt }]) => goneAt !== undefined)?.[0];
        if (oldest !== undefined) engines.delete(oldest);
        if (engines.size < mostEngineNames) engines.set(name, { epoch: 0, sequence: 0, refusals: new Map(fromZero.map((word) => [word, 0])) });
      }
    },
    go(name, now) {
      const known = engines.get(name);
      if (known !== undefined) known.goneAt = now;
    },
    note(name, outcome) {
      const known = engines.get(name);
      if (known === undefined) return;
      if (outcome.applied) {
        known.epoch = outcome.epoch;
        known.sequence = outcome.sequence;
      } else {
        const word = refusalWord(outcome.reason);
        known.refusals.set(word, (known.refusals.get(word) ?? 0) + 1);
      }
    },
    engines(now) {
      forget(now);
      return [...engines].map(([name, { epoch, sequence, refusals }]) => [name, { epoch, sequence, refusals }]);
    },
  };
}

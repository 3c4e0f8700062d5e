// How each engine stands to the tables of this instance, at the moment of a scrape. Shares of one class are told apart.

import type { HeldClaim } from './hold-claim.js';
import type { EngineState } from './table-fan-out.js';
import type { Reading } from '../metrics/metrics.js';

/** Returns what gives the readings, named by the keys of the catalogue; of classes that are not held here there are none. */
export function engineReadings(held: readonly HeldClaim[]): () => Reading[] {
  return () => held.flatMap(({ claim, elector, fanOut }) =>
    elector.isHolder() ? fanOut.states().flatMap((state) => readingsOf([claim.class, claim.shard?.member ?? '', state.engine], state)) : []);
}

function readingsOf(labels: readonly string[], { connected, epoch, sequence, lagMs, behind, refusals, quarantined }: EngineState): Reading[] {
  const figures = { engineConnected: connected ? 1 : 0, engineEpoch: epoch, engineSequence: sequence, engineLag: lagMs / 1000, engineBehind: behind, entriesQuarantined: quarantined.length };
  return [
    ...Object.entries(figures).map(([name, value]) => ({ name, labels, values: [value] })),
    ...[...refusals].map(([word, count]) => ({ name: 'engineRefusals', labels: [...labels, word], values: [count] })),
  ];
}

// How many Ingresses are on their way from and to each class that is held here, by phase, and for how long the oldest of
// them has been in its phase. Only classes of this process become labels, never a name out of a record.

import type { HeldClaim } from './hold-claim.js';
import type { Arbiter } from '../core/arbiter.js';
import { handOverPhases } from '../core/hand-over/record.js';
import type { Reading } from '../metrics/metrics.js';

const roles = ['from', 'to'] as const;

/** Returns what gives the readings, named by the keys of the catalogue. Every phase is there, if with 0. */
export function handOverReadings({ handOvers, memory }: Pick<Arbiter, 'handOvers' | 'memory'>, held: readonly HeldClaim[], now: () => number): () => Reading[] {
  return () => held.filter(({ elector }) => elector.isHolder()).flatMap(({ claim: { class: name } }) => roles.flatMap((role) => {
    const mine = [...handOvers].filter(([, { record }]) => (role === 'to' ? record.to === name : record.from.includes(name)));
    return handOverPhases.flatMap((phase) => {
      const labels = [name, role, phase];
      const since = mine.filter(([, one]) => one.phase === phase).map(([key]) => memory.handOvers.get(key)?.since ?? now());
      const oldest = since.reduce((a, b) => Math.min(a, b), now());
      return [{ name: 'handOvers', labels, values: [since.length] }, { name: 'handOverOldest', labels, values: [(now() - oldest) / 1000] }];
    });
  }));
}

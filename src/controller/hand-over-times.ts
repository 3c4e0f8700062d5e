// How long each hand-over to a class that is held here was in each phase, told when the phase is over. A phase that had begun
// before this process began counts from when the process first saw it.

import type { HeldClaim } from './hold-claim.js';
import type { Arbiter } from '../core/arbiter.js';
import { type HandOverPhase, handOverPhases } from '../core/hand-over/record.js';
import type { Metrics } from '../metrics/metrics.js';

interface Seen {
  to: string;
  phase: HandOverPhase;
  /** Milliseconds since 1970, on the clock of the decisions. */
  since: number;
}

/** Returns what is to be called after each decision. Its cost is that of a look at every hand-over. */
export function observeHandOverTimes(metrics: Pick<Metrics, 'begin' | 'observe'>, { arbiter: { handOvers, memory }, held, now }: {
  arbiter: Pick<Arbiter, 'handOvers' | 'memory'>;
  held: readonly HeldClaim[];
  now: () => number;
}): () => void {
  for (const { claim } of held) for (const phase of handOverPhases) metrics.begin('handOverPhase', [claim.class, phase]);
  let before = new Map<string, Seen>();
  return () => {
    if (before.size === 0 && handOvers.size === 0) return;
    const seen = new Map<string, Seen>();
    for (const [key, { record: { to }, phase }] of handOvers) seen.set(key, { to, phase, since: memory.handOvers.get(key)?.since ?? now() });
    for (const [key, { to, phase, since }] of before) {
      const next = seen.get(key);
      if (next?.to === to && next.phase === phase) continue;
      if (held.some(({ claim, elector }) => claim.class === to && elector.isHolder())) metrics.observe('handOverPhase', [to, phase], Math.max(0, now() - since) / 1000);
    }
    before = seen;
  };
}

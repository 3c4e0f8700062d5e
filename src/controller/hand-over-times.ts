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

/** Returns what is to be called after each decision, with the Ingresses whose hand-overs may be other than before. */
export function observeHandOverTimes(metrics: Pick<Metrics, 'begin' | 'observe'>, { arbiter: { handOvers, memory }, held, now }: {
  arbiter: Pick<Arbiter, 'handOvers' | 'memory'>;
  held: readonly HeldClaim[];
  now: () => number;
}): (changed: Iterable<string>) => void {
  for (const { claim } of held) for (const phase of handOverPhases) metrics.begin('handOverPhase', [claim.class, phase]);
  const seen = new Map<string, Seen>();
  const over = ({ to, phase, since }: Seen): void => {
    if (held.some(({ claim, elector }) => claim.class === to && elector.isHolder())) metrics.observe('handOverPhase', [to, phase], Math.max(0, now() - since) / 1000);
  };
  return (changed) => {
    for (const key of changed) {
      const [before, view] = [seen.get(key), handOvers.get(key)];
      if (before !== undefined && (before.to !== view?.record.to || before.phase !== view.phase)) over(before);
      if (view === undefined) seen.delete(key);
      else seen.set(key, { to: view.record.to, phase: view.phase, since: memory.handOvers.get(key)?.since ?? now() });
    }
  };
}

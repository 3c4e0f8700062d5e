// How long to wait before trying again: 0.8 s doubling to 30 s with full jitter, forgotten after two good minutes
// (client-go's figures). A server that closes every watch at once is a failing one too, so it pays the same price.
import type { Clock } from './clock.js';

export interface BackoffOptions {
  clock: Clock;
  random: () => number;
  firstMs?: number;
  capMs?: number;
  /** A quiet time of this length makes the next failure the first again. */
  resetMs?: number;
}

export interface Backoff {
  /** The next wait. `atLeastMs` is what the server asked for: never undercut, jittered upwards. */
  next(atLeastMs?: number): number;
  reset(): void;
}

export function createBackoff(options: BackoffOptions): Backoff {
  const { clock, random, firstMs = 800, capMs = 30_000, resetMs = 120_000 } = options;
  let step = firstMs;
  let readyAt = Number.NEGATIVE_INFINITY;
  return {
    next(atLeastMs = 0) {
      if (clock.now() - readyAt >= resetMs) step = firstMs;
      const asked = atLeastMs > 0 ? atLeastMs * (1 + 0.2 * random()) : 0;
      const delay = Math.max(random() * step, asked);
      step = Math.min(step * 2, capMs);
      // Good time counts from the end of the wait: waiting is not being well.
      readyAt = clock.now() + delay;
      return delay;
    },
    reset() {
      step = firstMs;
      readyAt = Number.NEGATIVE_INFINITY;
    },
  };
}

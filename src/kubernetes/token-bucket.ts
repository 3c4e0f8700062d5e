// A budget that refills with time: so many at once, then so many per second.
import type { Clock } from './clock.js';

export interface TokenBucket {
  /** Takes one when there is one. */
  take(): boolean;
  /** How long until there is one. */
  waitMs(): number;
}

export function createTokenBucket({ clock, burst, perSecond }: { clock: Clock; burst: number; perSecond: number }): TokenBucket {
  let tokens = burst;
  let filledAt = clock.now();
  const fill = (): void => {
    const now = clock.now();
    tokens = Math.min(burst, tokens + ((now - filledAt) * perSecond) / 1000);
    filledAt = now;
  };
  return {
    take() {
      fill();
      // What floating point leaves missing of a whole token does not count.
      if (tokens < 1 - 1e-9) return false;
      tokens -= 1;
      return true;
    },
    waitMs() {
      fill();
      return tokens >= 1 - 1e-9 ? 0 : Math.ceil(((1 - tokens) * 1000) / perSecond);
    },
  };
}

// Does something so many times a second, by the clock: what a busy machine has kept waiting is made up for, as far as it can.

import { setTimeout as pause } from 'node:timers/promises';

const TICK_MS = 2;
/** Done without letting anybody else have a turn. */
const AT_ONCE = 50;

/** Calls `work` with 0, 1, … for some time, or as often as is said; resolves with how often it was called. */
export async function paced(perSecond: number, { ms = Infinity, times = Infinity }: { ms: number; times?: undefined } | { times: number; ms?: undefined }, work: (at: number) => unknown): Promise<number> {
  const begun = performance.now();
  let done = 0;
  for (let passed = 0; passed < ms && done < times; passed = performance.now() - begun) {
    const due = Math.min(perSecond * passed / 1000, done + AT_ONCE, times);
    while (done < due) work(done++);
    await pause(TICK_MS);
  }
  return done;
}

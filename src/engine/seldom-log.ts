// A log in which the same message does not come again for a while: for what each connection could say anew.

import type { Log } from './nginx-run.js';

const TOLD_EVERY_MS = 10_000;
const MOST_TOLD = 1000;

/** What it is told within ten seconds of the same message is left out. */
export function createSeldomLog(log: Log): Log {
  const told = new Map<string, number>();
  return (level, message) => {
    const now = performance.now();
    if (now - (told.get(message) ?? -TOLD_EVERY_MS) < TOLD_EVERY_MS) return;
    if (told.size >= MOST_TOLD) told.clear();
    told.set(message, now);
    log(level, message);
  };
}

// What every worker of nginx begins and ends with.

import { start as startLimits } from './limit.js';
import { takeLastCounters, tellLastCounters } from './last-counters.js';
import { takeArea } from './shared-numbers.js';

/** Runs when a worker starts. */
export function start(): void {
  takeArea();
  startLimits();
  // Loaded now: at the end another version's files may be there.
  takeLastCounters();
}

/** Runs when a worker ends in order. */
export function stop(): void {
  tellLastCounters();
}

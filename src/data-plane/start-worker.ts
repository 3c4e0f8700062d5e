// What every worker of nginx begins and ends with.

import { start as startFigures, stop as stopFigures } from './figures.js';
import { start as startLimits } from './limit.js';
import { takeLastCounters, tellLastCounters } from './last-counters.js';

/** Runs when a worker starts. */
export function start(): void {
  startFigures();
  startLimits();
  // Loaded now: at the end another version's files may be there.
  takeLastCounters();
}

/** Runs when a worker ends in order. */
export function stop(): void {
  stopFigures();
  tellLastCounters();
}

// Preloaded into a program that is measured (node --import <this>?file=<file>): with SIGUSR2 it writes how late timers were since the
// last time, and its memory, to the file. The timer that it needs runs each millisecond.

import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { LoopReport } from './installation.js';

const RESOLUTION_MS = 1;
const file = new URL(import.meta.url).searchParams.get('file')!;
const upMs = performance.now();
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();

process.on('SIGUSR2', () => {
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  const report: LoopReport = {
    p50: late(delay.percentile(50)), p99: late(delay.percentile(99)), p999: late(delay.percentile(99.9)), most: late(delay.max), upMs,
    memory: process.memoryUsage(), mostResident: process.resourceUsage().maxRSS * 1024,
  };
  delay.reset();
  writeFileSync(file, `${JSON.stringify(report)}\n`);
});

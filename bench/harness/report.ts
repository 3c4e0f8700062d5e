// What a run gave: a table for people, and everything of it as JSON in bench/results, with the versions of what was run and
// the state of the machine. A figure whose proxy waited for its load says so.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import path from 'node:path';
import type { Peer } from '../peers/peer.js';
import type { Round } from './compare.js';
import type { Scenario } from './scenario.js';

/** Below this share of a processor a proxy has waited for the load: processor time for a request is then too large. */
const BUSY_ENOUGH = 0.85;

export interface Summary {
  proxy: string;
  microseconds: number;
  busy: number;
  /** Of all rounds of all starts: the median, and the middle half of them; and the median of the worst start. */
  ratio?: { median: number; from: number; to: number; worstStart: number };
  limit?: number;
  void: boolean;
}

/** One line for each proxy. */
export function summarize(rounds: readonly Round[], names: readonly string[], limits: Scenario['limits']): Summary[] {
  return names.map((proxy) => {
    const own = rounds.filter((one) => one.proxy === proxy);
    const ratios = own.flatMap(({ ratio }) => ratio ?? []);
    const starts = [...new Set(own.map(({ start }) => start))];
    const busy = quantile(own.map((one) => one.busy), 0.5);
    return {
      proxy, microseconds: quantile(own.map(({ microseconds }) => microseconds), 0.5), busy, void: busy < BUSY_ENOUGH,
      ...(ratios.length === 0 ? {} : { ratio: {
        median: quantile(ratios, 0.5), from: quantile(ratios, 0.25), to: quantile(ratios, 0.75),
        worstStart: Math.max(...starts.map((start) => quantile(own.filter((one) => one.start === start).flatMap(({ ratio }) => ratio ?? []), 0.5))),
      } }),
      ...(limits[proxy] === undefined ? {} : { limit: limits[proxy] }),
    };
  });
}

/** The value below which a share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export function renderSummaries(summaries: readonly Summary[]): string {
  const lines = summaries.map(({ proxy, microseconds, busy, ratio, limit, void: isVoid }) => [
    proxy.padEnd(28), `${microseconds.toFixed(1)} us`.padStart(10), `busy ${busy.toFixed(2)}`.padStart(11),
    ratio === undefined ? '  1 (base)' : `  ${ratio.median.toFixed(3)} (${ratio.from.toFixed(3)} to ${ratio.to.toFixed(3)}), worst start ${ratio.worstStart.toFixed(3)}`,
    limit === undefined ? '' : `  at most ${limit}: ${ratio!.median <= limit ? 'reached' : 'NOT REACHED'}`,
    isVoid ? '  VOID: the load was the bottleneck' : '',
  ].join(''));
  return lines.join('\n');
}

/** The machine and the programs of a run. */
export async function conditions(peers: readonly Peer[]): Promise<Record<string, unknown>> {
  return {
    at: new Date().toISOString(), commit: execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim(),
    processor: cpus()[0]?.model, processors: cpus().length, memory: totalmem(), kernel: release(), node: process.version, load: loadavg(),
    versions: Object.fromEntries(await Promise.all(peers.map(async (peer) => [peer.name, await peer.version()]))),
  };
}

/** Writes bench/results/<name>.json. */
export function writeResult(name: string, result: unknown): void {
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(path.join('bench/results', `${name}.json`), `${JSON.stringify(result, undefined, 1)}\n`);
}

// Many changes a second while requests come: node dist/bench/rate.js [--rates 1000x60,5000x10] [--rounds 3] [--load 1000] [--hosts 1000] [--quiet 10].
// One engine here with one worker, and before it what a controller publishes a table with. Changes are new hosts, hosts with another path,
// hosts that go, and endpoints of the Service that all hosts share. Prints a table, writes bench/results/rate.json.
//
// The way of a change begins when it is handed to the publisher and ends when the engine has answered that it is served by all workers
// (its lag); what comes while an update is under way goes with the next one, as always. bench/rate-from-api.ts begins at the API server.
// nginx has a processor of its own; agent, publisher, load and pods share the other one. Two processors of a virtual machine are often
// two halves of one: the control is a part without changes in which this program keeps the other one as busy as changes did.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import groupBy from 'lodash/groupBy.js';
import { paced } from './harness/paced.js';
import { startPods } from './harness/pods.js';
import { bindTo, elsewhere, loadProcessor, monotonicMs, processorTime, proxyProcessor } from './harness/processor-time.js';
import { type PublishedClass, publishClass } from './harness/published-class.js';
import { conditions, quantile, writeResult } from './harness/report.js';
import { scenarioWith } from './harness/scenario.js';
import { type Window, renderWindow, startSteadyLoad } from './harness/steady-load.js';
import { ingressArbiter, startArbiter } from './peers/ingress-arbiter.js';

const { values } = parseArgs({ options: {
  rates: { type: 'string', default: '1000x60,5000x10' }, load: { type: 'string', default: '1000' }, hosts: { type: 'string', default: '1000' }, quiet: { type: 'string', default: '10' },
  rounds: { type: 'string', default: '3' },
} });
const quietMs = Number(values.quiet) * 1000;
const hosts = Number(values.hosts);
const scenario = scenarioWith({ hosts: 2 * hosts, classes: 2, policies: true });
const QUIET = 'quiet';
/** Of the class whose lag is looked at while the other one changes much. */
const NEIGHBOUR_PER_SECOND = 20;

interface Part {
  name: string;
  from: number;
  to: number;
  changes: number;
  /** Updates in which they reached the engine. */
  updates: number;
  lagsMs: number[];
  /** Lags of the other class, which changes a little. */
  neighbourLagsMs: number[];
  nginxMs: number;
  /** Of this program, with all its threads: agent and publisher. */
  agentMs: number;
}

async function play(name: string, { busy, neighbour, workers }: { busy: PublishedClass; neighbour: PublishedClass; workers: number[] }, { perSecond, ms, beside }: { perSecond: number; ms: number; beside: boolean }): Promise<Part> {
  busy.reset();
  neighbour.reset();
  const before = processorTime(workers);
  const agentBefore = processorTime([process.pid]);
  const from = monotonicMs();
  const [changes] = await Promise.all([paced(perSecond, { ms }, () => busy.change()), beside ? paced(NEIGHBOUR_PER_SECOND, { ms }, () => neighbour.change()) : 0]);
  const to = monotonicMs();
  const agentMs = (processorTime([process.pid]) - agentBefore) / 1e6;
  await pause(500);
  return { name, from, to, changes, updates: busy.updates(), lagsMs: busy.lags(), neighbourLagsMs: neighbour.lags(), nginxMs: (processorTime(workers) - before) / 1e6, agentMs };
}

/** Without changes, this program as busy as it was in a part with them, in as many pieces. */
async function playControl(name: string, { changes, agentMs, from, to }: Part): Promise<Part> {
  const begun = monotonicMs();
  const before = processorTime([process.pid]);
  await paced(changes / (to - from) * 1000, { ms: quietMs }, () => {
    const until = performance.now() + agentMs / changes;
    while (performance.now() < until);
  });
  return { name, from: begun, to: monotonicMs(), changes: 0, updates: 0, lagsMs: [], neighbourLagsMs: [], nginxMs: 0, agentMs: (processorTime([process.pid]) - before) / 1e6 };
}

async function measure(folder: string): Promise<{ parts: Part[]; windows: Window[] }> {
  bindTo(loadProcessor, [process.pid]);
  const pods = await startPods(4, folder, elsewhere);
  const { engine, ports } = await startArbiter({ scenario, folder, pods: pods.ports, certificates: [] }, { workers: 1, metrics: {} });
  try {
    const workers = engine.pids()!.workers;
    bindTo(proxyProcessor, workers);
    const [busy, neighbour] = [0, 1].map((at) => publishClass(engine, { scenario, pods: pods.ports, at })) as [PublishedClass, PublishedClass];
    await Promise.all([busy.begin(), neighbour.begin()]);
    const rates = values.rates.split(',').map((one) => one.split('x').map(Number) as [number, number]);
    const load = await startSteadyLoad({ folder, port: ports[0]!, perSecond: Number(values.load), mostSeconds: 1200, hosts: { prefix: 'h', from: 0, count: hosts } });
    await pause(2000);
    const parts: Part[] = [];
    const one = async (...[name, how]: [string, Parameters<typeof play>[2]]): Promise<void> => { parts.push(await play(name, { busy, neighbour, workers }, how)); };
    const quiet = (): Promise<void> => one(QUIET, { perSecond: 0, ms: quietMs, beside: false });
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [perSecond, seconds] of rates) {
        await quiet();
        await one(`${perSecond}/s`, { perSecond, ms: seconds * 1000, beside: false });
        const busyPart = parts.at(-1)!;
        await quiet();
        parts.push(await playControl(`control of ${perSecond}/s`, busyPart));
      }
    }
    await quiet();
    await one('other class alone', { perSecond: 0, ms: quietMs, beside: true });
    await quiet();
    await one('other class beside 1000/s', { perSecond: 1000, ms: quietMs, beside: true });
    await quiet();
    const windowOf = await load.stop();
    return { parts, windows: parts.map(({ from, to }) => windowOf(from, to)) };
  } finally {
    await engine.stop();
    pods.stop();
  }
}

/** Whether the changes were made more slowly than the part's name says: then this program was the bottleneck. */
const isSlow = (name: string, perSecond: number): boolean => perSecond < 0.95 * Number(/(\d+)\/s/.exec(name)?.[1] ?? 0);

const folder = mkdtempSync(path.join(tmpdir(), 'ia-bench-'));
try {
  const before = await conditions([ingressArbiter]);
  const { parts, windows } = await measure(folder);
  const results = parts.map(({ from, to, lagsMs, neighbourLagsMs, ...part }, at) => {
    const around = windows[at]!.void ? [] : [at - 1, at + 1].flatMap((other) => (parts[other]?.name === QUIET && !windows[other]!.void ? windows[other]!.p99 : []));
    const lag = (all: readonly number[]): object | undefined => (all.length === 0 ? undefined : { p50: quantile(all, 0.5), p99: quantile(all, 0.99), most: quantile(all, 1) });
    return {
      ...part, reachedPerSecond: part.changes / (to - from) * 1000, window: windows[at]!, lagMs: lag(lagsMs), neighbourLagMs: lag(neighbourLagsMs),
      ...(part.name === QUIET || around.length === 0 ? {} : { p99ToQuiet: windows[at]!.p99 / (around.reduce((a, b) => a + b) / around.length) }),
    };
  });
  for (const { name, changes, updates, reachedPerSecond, lagMs, neighbourLagMs, window, p99ToQuiet, nginxMs, agentMs } of results) {
    console.log(`${name.padEnd(26)} ${renderWindow(window)}${p99ToQuiet === undefined ? '' : `, p99 ${p99ToQuiet.toFixed(2)} times the quiet one`}`);
    const words = [
      ...(changes === 0 ? [] : [`${changes} changes in ${updates} updates, ${reachedPerSecond.toFixed(0)} a second${isSlow(name, reachedPerSecond) ? '  VOID: fewer than asked for' : ''}; nginx ${nginxMs.toFixed(0)} ms of its processor, agent and publisher ${agentMs.toFixed(0)} ms of theirs`]),
      ...([['lag', lagMs], ['lag of the other class', neighbourLagMs]] as const).flatMap(([what, lag]) => (lag === undefined ? [] : [`${what} ${Object.entries(lag).map(([which, ms]) => `${which} ${(ms as number).toFixed(1)}`).join(', ')} ms`])),
    ];
    if (words.length > 0) console.log(`${''.padEnd(26)} ${words.join('; ')}`);
  }
  const summaries = Object.entries(groupBy(results.filter(({ p99ToQuiet }) => p99ToQuiet !== undefined), 'name')).map(([name, rounds]) => {
    const ratios = rounds.map(({ p99ToQuiet }) => p99ToQuiet!);
    return { name, rounds: ratios.length, p99ToQuiet: { median: quantile(ratios, 0.5), least: quantile(ratios, 0), most: quantile(ratios, 1) }, failed: rounds.reduce((sum, { window }) => sum + window.failed, 0), sent: rounds.reduce((sum, { window }) => sum + window.sent, 0) };
  });
  for (const { name, rounds, p99ToQuiet: { median, least, most }, failed, sent } of summaries) {
    console.log(`${name.padEnd(26)} ${rounds} rounds: p99 ${median.toFixed(2)} times the quiet one (${least.toFixed(2)} to ${most.toFixed(2)}), ${failed} of ${sent} failed`);
  }
  writeResult('rate', { name: 'rate', options: values, conditions: before, results, summaries });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

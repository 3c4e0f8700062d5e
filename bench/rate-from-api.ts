// A thousand changes a second at the API server while requests come: node dist/bench/rate-from-api.js [--rate 1000] [--seconds 60]
// [--load 500] [--ingresses 1000] [--quiet 10]. A whole installation (bench/harness/installation.ts); changes are endpoints, new Ingresses,
// edited ones and deleted ones in turn. Prints a table, writes bench/results/rate-from-api.json.
//
// The lag is that of some changes among the others: a new Ingress ten times a second, from its write to the first request that it answers.
// Beside it, how the controller saw all of them (ingress_arbiter_change_to_served_seconds), from watch event to the engine's answer.

import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { keptConnections, untilAnswers } from './harness/ask.js';
import { CLASS, hostOf, idOf, ingress, slice } from './harness/cluster.js';
import { type ServedTimes, servedTimes } from './harness/served-times.js';
import { paced } from './harness/paced.js';
import { monotonicMs, processorTime } from './harness/processor-time.js';
import { conditions, quantile, writeResult } from './harness/report.js';
import { type Window, renderWindow, startSteadyLoad } from './harness/steady-load.js';
import { type Running, withInstallation } from './harness/with-installation.js';
import { ingressArbiter } from './peers/ingress-arbiter.js';

const { values } = parseArgs({ options: {
  rate: { type: 'string', default: '1000' }, seconds: { type: 'string', default: '60' }, load: { type: 'string', default: '500' }, ingresses: { type: 'string', default: '1000' }, quiet: { type: 'string', default: '10' },
} });
const quietMs = Number(values.quiet) * 1000;
const hosts = Number(values.ingresses);
const PROBES_PER_SECOND = 10;
/** New Ingresses that are there at once. */
const NEW = 500;

interface Part {
  name: string;
  from: number;
  to: number;
  changes: number;
  lagsMs: number[];
  served: ServedTimes;
  /** Processor time of each over the part, ms; `bench` is API server, writes and probes together. */
  spentMs: { controller: number; agent: number; nginx: number; bench: number };
}

function changesOf({ api, pods }: Running): (at: number) => void {
  const kinds: ((round: number) => void)[] = [
    (round) => api.store.update(slice('web', round % 2 === 0 ? [] : [pods.ports[1]!], 1) as never),
    (round) => api.store.create(ingress(`new-${round}`) as never),
    (round) => api.store.update(ingress(`h${round % hosts}`, 'web', CLASS, { annotations: { 'nginx.ingress.kubernetes.io/proxy-body-size': `${round % 60 + 1}m` } }) as never),
    (round) => { if (round >= NEW) api.store.delete(idOf(ingress(`new-${round - NEW}`))); },
  ];
  return (at) => kinds[at % kinds.length]!(Math.floor(at / kinds.length));
}

async function probe({ api, installation }: Running, ms: number, name: string): Promise<number[]> {
  const agent = keptConnections(64);
  const asked: Promise<number>[] = [];
  await paced(PROBES_PER_SECOND, { ms }, (at) => {
    api.store.create(ingress(`${name}-${at}`) as never);
    asked.push(untilAnswers(agent, installation.port(CLASS), { host: hostOf(`${name}-${at}`), status: 200, everyMs: 1 }));
  });
  const lags = await Promise.all(asked);
  agent.destroy();
  return lags;
}

async function play(running: Running, name: string, { perSecond, ms, change }: { perSecond: number; ms: number; change: (at: number) => void }): Promise<Part> {
  const { controllers: { [CLASS]: controller }, engine, workers } = running.installation;
  const pids = { controller: [controller!.child.pid!], agent: [engine.child.pid!], nginx: workers(), bench: [process.pid] };
  const spent = (): number[] => Object.values(pids).map(processorTime);
  const [servedBefore, before, from] = [await servedTimes(controller!), spent(), monotonicMs()];
  const [changes, lagsMs] = await Promise.all([paced(perSecond, { ms }, change), probe(running, ms, `probe-${from.toFixed(0)}`)]);
  const to = monotonicMs();
  const spentMs = Object.fromEntries(Object.keys(pids).map((one, at) => [one, (spent()[at]! - before[at]!) / 1e6])) as Part['spentMs'];
  return { name, from, to, changes, lagsMs, served: (await servedTimes(controller!)).since(servedBefore), spentMs };
}

async function measure(): Promise<(Part & { window: Window })[]> {
  return withInstallation({ ingresses: hosts, pods: 2 }, async (running) => {
    running.installation.bind();
    const load = await startSteadyLoad({ folder: running.folder, port: running.installation.port(CLASS), perSecond: Number(values.load), mostSeconds: 600, hosts: { prefix: 'h', from: 0, count: hosts } });
    await pause(2000);
    const change = changesOf(running);
    const parts = [
      await play(running, 'quiet', { perSecond: 0, ms: quietMs, change }),
      await play(running, `${values.rate}/s`, { perSecond: Number(values.rate), ms: Number(values.seconds) * 1000, change }),
      await play(running, 'quiet again', { perSecond: 0, ms: quietMs, change }),
    ];
    const windowOf = await load.stop();
    return parts.map((part) => ({ ...part, window: windowOf(part.from, part.to) }));
  });
}

const before = await conditions([ingressArbiter]);
const parts = await measure();
const quietP99 = (parts[0]!.window.p99 + parts[2]!.window.p99) / 2;
const results = parts.map(({ lagsMs, ...part }) => ({
  ...part, reachedPerSecond: part.changes / (part.to - part.from) * 1000, lagMs: { p50: quantile(lagsMs, 0.5), p99: quantile(lagsMs, 0.99), most: quantile(lagsMs, 1) },
  ...(part.changes === 0 ? {} : { p99ToQuiet: part.window.p99 / quietP99 }),
}));
for (const { name, window, changes, reachedPerSecond, lagMs, served, spentMs, p99ToQuiet, from, to } of results) {
  console.log(`${name.padEnd(12)} ${renderWindow(window)}${p99ToQuiet === undefined ? '' : `, p99 ${p99ToQuiet.toFixed(2)} times the quiet one`}`);
  console.log(`${''.padEnd(12)} ${changes} changes, ${reachedPerSecond.toFixed(0)} a second${reachedPerSecond < 0.95 * (changes === 0 ? 0 : Number(values.rate)) ? '  VOID: fewer than asked for' : ''}; write to served p50 ${lagMs.p50.toFixed(1)}, p99 ${lagMs.p99.toFixed(1)}, most ${lagMs.most.toFixed(0)} ms; ` +
    `watch event to served p50 within ${served.p50} ms, p99 within ${served.p99} ms`);
  console.log(`${''.padEnd(12)} busy: ${Object.entries(spentMs).map(([who, ms]) => `${who} ${(ms / (to - from)).toFixed(2)}`).join(', ')}${spentMs.bench / (to - from) > 0.5 ? '  (the API server of this process is a bottleneck: lags are its own too)' : ''}`);
}
writeResult('rate-from-api', { name: 'rate-from-api', options: values, conditions: before, results });

// What a change costs with few and with many Ingresses: node dist/bench/change.js [--ingresses 1000,10000] [--changes 200].
// An API server here, `ingress-arbiter run` with one nginx worker in processes of its own. Prints a table, writes bench/results/change-<n>.json.
//
// Times are from the write at the API server to the first request that is answered by it, asked for again and again over one
// connection: the answers' own time is in it. Processor time is that of further changes that nobody asks for, less that of an
// equally long time without any. No address is published: the writes of statuses would go on long after the start, and be in every figure.

import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type ApiServer, startApiServer } from '../src/dev-cluster/api-server.js';
import { type RunProcess, startRun } from '../test/e2e/run-process.js';
import { CLASS, hostOf, ingress, sharedObjects, slice } from './harness/cluster.js';
import { startPods } from './harness/pods.js';
import { childrenOf, anonymousMemory, processorTime } from './harness/processor-time.js';
import { conditions, quantile, writeResult } from './harness/report.js';

const { values } = parseArgs({ options: { ingresses: { type: 'string', default: '1000,10000' }, changes: { type: 'string', default: '200' }, 'per-second': { type: 'string', default: '100' } } });
const changes = Number(values.changes);
const PATIENCE_MS = 120_000;

interface Times { p50: number; p99: number; most: number }

interface Result {
  ingresses: number;
  /** From the start of the process to all of a hundred hosts over the whole range being served, ms. */
  coldStartMs: number;
  /** One Ingress made, on a Service of few and on the one that all others share; one endpoint gone or come back: from the write to the answer, ms. */
  ingressMs: Times;
  sharedMs: Times;
  endpointMs: Times;
  /** Processor time of one endpoint change, microseconds. */
  controllerMicroseconds: number;
  engineMicroseconds: number;
  /** Bytes of memory, without shared zones. */
  controllerMemory: number;
  workerMemory: number;
}

/** Status of the answer to one request. */
function ask(agent: Agent, port: number, host: string): Promise<number> {
  return new Promise((resolve) => {
    request({ host: '127.0.0.1', port, path: '/', headers: { host }, agent }, (answer) => { answer.resume().on('end', () => resolve(answer.statusCode!)); }).on('error', () => resolve(0)).end();
  });
}

/** Milliseconds until the host answers so. */
async function untilAnswers(agent: Agent, port: number, wanted: { host: string; status: number }): Promise<number> {
  const begun = performance.now();
  while (await ask(agent, port, wanted.host) !== wanted.status) {
    if (performance.now() - begun > PATIENCE_MS) throw new Error(`${wanted.host} does not answer ${wanted.status}`);
  }
  return performance.now() - begun;
}

const times = (all: readonly number[]): Times => ({ p50: quantile(all, 0.5), p99: quantile(all, 0.99), most: Math.max(...all) });

async function timeChanges(api: ApiServer, port: number, pod: number): Promise<Pick<Result, 'ingressMs' | 'sharedMs' | 'endpointMs'>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const made: number[] = [];
  const shared: number[] = [];
  const turned: number[] = [];
  for (let at = 0; at < changes; at++) {
    for (const [times, name, service] of [[made, `new-${at}`, 'changing'], [shared, `shared-${at}`, 'web']] as const) {
      api.store.create(ingress(name, service) as never);
      times.push(await untilAnswers(agent, port, { host: hostOf(name), status: 200 }));
    }
    const gone = at % 2 === 0;
    api.store.update(slice('changing', gone ? [] : [pod]) as never);
    turned.push(await untilAnswers(agent, port, { host: hostOf('changing'), status: gone ? 503 : 200 }));
    if (gone) {
      api.store.update(slice('changing', [pod]) as never);
      await untilAnswers(agent, port, { host: hostOf('changing'), status: 200 });
    }
  }
  agent.destroy();
  return { ingressMs: times(made), sharedMs: times(shared), endpointMs: times(turned) };
}

/** Processor time of each process for one change, over as many as a second has. */
async function costOfChanges(api: ApiServer, pod: number, pids: readonly number[][]): Promise<number[]> {
  const perSecond = Number(values['per-second']);
  const spent = async (work: (at: number) => void): Promise<number[]> => {
    const before = pids.map(processorTime);
    for (let at = 0; at < changes; at++) {
      work(at);
      await pause(1000 / perSecond);
    }
    await pause(300);
    return pids.map((one, at) => processorTime(one) - before[at]!);
  };
  const idle = await spent(() => undefined);
  const busy = await spent((at) => api.store.update(slice('changing', at % 2 === 0 ? [] : [pod]) as never));
  return busy.map((one, at) => (one - idle[at]!) / changes / 1000);
}

async function untilAllServed(run: RunProcess, ingresses: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const step = Math.max(1, Math.floor(ingresses / 100));
  for (let at = 0; at < ingresses; at += step) {
    const deadline = performance.now() + PATIENCE_MS;
    while (await ask(agent, run.httpPort, hostOf(`h${at}`)) !== 200) {
      if (performance.now() > deadline) throw new Error(`h${at} is not served: ${run.messages().slice(-3).join(' | ')}`);
      await pause(5);
    }
  }
  agent.destroy();
}

async function measure(ingresses: number): Promise<Result> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ia-bench-'));
  const pods = await startPods(1, folder);
  const pod = pods.ports[0]!;
  const api = await startApiServer({ allowLoopbackEndpoints: true });
  try {
    for (const object of sharedObjects(pod)) api.store.create(object as never);
    for (let at = 0; at < ingresses; at++) api.store.create(ingress(`h${at}`) as never);
    const begun = performance.now();
    const run = await startRun({ api, folder, user: 'bench', class: CLASS, settings: { claims: [{ class: CLASS }] } });
    try {
      await untilAllServed(run, ingresses);
      const coldStartMs = performance.now() - begun;
      const controller = run.child.pid!;
      const workers = childrenOf(controller).flatMap(childrenOf);
      const timed = await timeChanges(api, run.httpPort, pod);
      const [controllerMicroseconds, engineMicroseconds] = await costOfChanges(api, pod, [[controller], workers]) as [number, number];
      return { ingresses, coldStartMs, ...timed, controllerMicroseconds, engineMicroseconds, controllerMemory: anonymousMemory([controller]), workerMemory: anonymousMemory(workers) };
    } finally {
      await run.end();
    }
  } finally {
    await api.close();
    pods.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const ingresses of values.ingresses.split(',').map(Number)) {
  const before = await conditions([]);
  const result = await measure(ingresses);
  const { ingressMs, sharedMs, endpointMs } = result;
  console.log(`${ingresses} Ingresses: cold start ${result.coldStartMs.toFixed(0)} ms; Ingress p50 ${ingressMs.p50.toFixed(1)} ms, p99 ${ingressMs.p99.toFixed(1)} ms; on the Service of all p50 ${sharedMs.p50.toFixed(1)} ms; ` +
    `endpoint p50 ${endpointMs.p50.toFixed(1)} ms, p99 ${endpointMs.p99.toFixed(1)} ms; a change costs ${result.controllerMicroseconds.toFixed(0)} us in the controller, ` +
    `${result.engineMicroseconds.toFixed(0)} us in nginx; memory ${(result.controllerMemory / 1e6).toFixed(0)} MB and ${(result.workerMemory / 1e6).toFixed(1)} MB`);
  writeResult(`change-${ingresses}`, { name: `change-${ingresses}`, changes, conditions: before, result });
}

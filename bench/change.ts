// What a change costs with few and with many Ingresses: node dist/bench/change.js [--ingresses 1000,10000,100000] [--changes 400].
// A whole installation (bench/harness/installation.ts). Prints a few lines, writes bench/results/change-<n>.json.
//
// Times are from the write at the API server to the first request that is answered by it, asked for again and again over one
// connection: the answers' own time is in it. Beside them, how the controller saw the same changes: from the watch event to the engine's
// answer that all workers serve them. Processor time and bytes are those of further changes that nobody asks for, less those of
// equally long times without any before and after; what the engine spends on the table that it keeps on its disk, at most a fiftieth of a processor, may fall
// into either. No address is published: the writes of statuses would go on long after the start, and be in every figure.

import type { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { keptConnections, untilAnswers } from './harness/ask.js';
import { CLASS, hostOf, idOf, ingress, slice } from './harness/cluster.js';
import { metric } from './harness/installation.js';
import { anonymousMemory, processorTime } from './harness/processor-time.js';
import { conditions, quantile, writeResult } from './harness/report.js';
import { type ServedTimes, servedTimes } from './harness/served-times.js';
import { type Running, withInstallation } from './harness/with-installation.js';

const { values } = parseArgs({ options: {
  ingresses: { type: 'string', default: '1000,10000' }, changes: { type: 'string', default: '400' }, 'per-second': { type: 'string', default: '50' }, workers: { type: 'string', default: '1' },
} });
const changes = Number(values.changes);

interface Times { p50: number; p99: number; most: number }

/** Of one change. */
interface Cost {
  controllerMicroseconds: number;
  agentMicroseconds: number;
  nginxMicroseconds: number;
  /** On the stream to the engine, with TLS. */
  bytes: number;
  /** Updates: fewer than one when changes came so quickly after each other that several went together. */
  updates: number;
}

interface Result {
  ingresses: number;
  /** One Ingress made, on a Service of few and on the one that all others share; one endpoint gone or come back: from the write to the answer, ms. */
  ingressMs: Times;
  sharedMs: Times;
  endpointMs: Times;
  /** The same changes from the watch event to the engine's answer. */
  served: ServedTimes;
  endpoint: Cost;
  /** One Ingress made and one removed in turn, on the Service of all. */
  ingress: Cost;
  /** Bytes of memory, without shared zones. */
  controllerMemory: number;
  agentMemory: number;
  workerMemory: number;
}

const times = (all: readonly number[]): Times => ({ p50: quantile(all, 0.5), p99: quantile(all, 0.99), most: Math.max(...all) });

async function timeChanges({ api, pods, installation }: Running, agent: Agent): Promise<Pick<Result, 'ingressMs' | 'sharedMs' | 'endpointMs'>> {
  const port = installation.port(CLASS);
  const pod = pods.ports[0]!;
  const made: number[] = [];
  const shared: number[] = [];
  const turned: number[] = [];
  for (let at = 0; at < changes; at++) {
    for (const [times, name, service] of [[made, `new-${at}`, 'changing'], [shared, `shared-${at}`, 'web']] as const) {
      api.store.create(ingress(name, service) as never);
      times.push(await untilAnswers(agent, port, { host: hostOf(name), status: 200 }));
    }
    for (const gone of [true, false]) {
      api.store.update(slice('changing', gone ? [] : [pod]) as never);
      turned.push(await untilAnswers(agent, port, { host: hostOf('changing'), status: gone ? 503 : 200 }));
    }
  }
  return { ingressMs: times(made), sharedMs: times(shared), endpointMs: times(turned) };
}

/** Parts with changes, each between two as long without any. */
const PARTS = 8;

/** What one change costs, over as many as a second has: the median of PARTS, so garbage that is collected less often than in half of them is not in it. */
async function costOf({ installation: { controllers, engine, workers } }: Running, ingresses: number, change: (at: number) => void): Promise<Cost> {
  const controller = controllers[CLASS]!;
  const pids = [[controller.child.pid!], [engine.child.pid!], workers()];
  const each = Math.ceil(changes / PARTS);
  const read = async (): Promise<number[]> => {
    const updates = metric(await controller.metrics(), 'ingress_arbiter_table_updates_total', 'result="applied"');
    return [...pids.map((one) => processorTime(one) / 1000), controller.streamedBytes(), updates];
  };
  const spent = async (work: (at: number) => void): Promise<number[]> => {
    const before = await read();
    for (let at = 0; at < each; at++) {
      work(at);
      await pause(1000 / Number(values['per-second']));
    }
    await pause(300);
    return (await read()).map((one, at) => (one - before[at]!) / each);
  };
  // What came before is on the engine's disk by then: it writes the table of many routes seldom.
  await pause(2000 + ingresses / 10);
  const parts: number[][] = [];
  let quiet = await spent(() => undefined);
  for (let part = 0; part < PARTS; part++) {
    const busy = await spent((at) => change(part * each + at));
    const after = await spent(() => undefined);
    parts.push(busy.map((one, at) => one - (quiet[at]! + after[at]!) / 2));
    quiet = after;
  }
  const [controllerMicroseconds, agentMicroseconds, nginxMicroseconds, bytes, updates] = parts[0]!.map((_, at) => quantile(parts.map((part) => part[at]!), 0.5)) as [number, number, number, number, number];
  return { controllerMicroseconds, agentMicroseconds, nginxMicroseconds, bytes, updates };
}

async function measure(ingresses: number): Promise<Result> {
  return withInstallation({ ingresses, workers: Number(values.workers) }, async (running) => {
    const { api, pods, installation: { controllers, engine, workers } } = running;
    const controller = controllers[CLASS]!;
    const agent = keptConnections(1);
    const before = await servedTimes(controller);
    const timed = await timeChanges(running, agent);
    const served = (await servedTimes(controller)).since(before);
    agent.destroy();
    const endpoint = await costOf(running, ingresses, (at) => api.store.update(slice('changing', at % 2 === 0 ? [] : pods.ports) as never));
    const ofIngress = await costOf(running, ingresses, (at) => { if (at % 2 === 0) api.store.create(ingress('cost') as never); else api.store.delete(idOf(ingress('cost'))); });
    return {
      ingresses, ...timed, served, endpoint, ingress: ofIngress,
      controllerMemory: anonymousMemory([controller.child.pid!]), agentMemory: anonymousMemory([engine.child.pid!]), workerMemory: anonymousMemory(workers()) / workers().length,
    };
  });
}

const renderCost = (what: string, cost: Cost): string => `  a change of ${what} costs ${cost.controllerMicroseconds.toFixed(0)} us in the controller, ${cost.agentMicroseconds.toFixed(0)} us in the agent, ` +
  `${cost.nginxMicroseconds.toFixed(0)} us in nginx, ${cost.bytes.toFixed(0)} bytes on the stream, in ${cost.updates.toFixed(2)} updates`;
const ratio = (one: Cost, base: Cost): string => (['controllerMicroseconds', 'agentMicroseconds', 'nginxMicroseconds', 'bytes'] as const).map((key) => `${key.replace('Microseconds', '')} ${(one[key] / base[key]).toFixed(2)}`).join(', ');

let base: Result | undefined;
for (const ingresses of values.ingresses.split(',').map(Number)) {
  const before = await conditions([]);
  const result = await measure(ingresses);
  const { ingressMs, sharedMs, endpointMs, served, endpoint } = result;
  base ??= result;
  console.log(`${ingresses} Ingresses: Ingress p50 ${ingressMs.p50.toFixed(1)} ms, p99 ${ingressMs.p99.toFixed(1)} ms; on the Service of all p50 ${sharedMs.p50.toFixed(1)} ms, p99 ${sharedMs.p99.toFixed(1)} ms; ` +
    `endpoint p50 ${endpointMs.p50.toFixed(1)} ms, p99 ${endpointMs.p99.toFixed(1)} ms; watch event to served p50 within ${served.p50} ms, p99 within ${served.p99} ms`);
  console.log([renderCost('an endpoint', endpoint), renderCost('an Ingress', result.ingress), ...(base === result ? [] : [`  against ${base.ingresses} Ingresses: endpoint ${ratio(endpoint, base.endpoint)}; Ingress ${ratio(result.ingress, base.ingress)}`])].join('\n'));
  console.log(`  memory: controller ${(result.controllerMemory / 1e6).toFixed(0)} MB, agent ${(result.agentMemory / 1e6).toFixed(0)} MB, worker ${(result.workerMemory / 1e6).toFixed(1)} MB`);
  writeResult(`change-${ingresses}`, { name: `change-${ingresses}`, changes, conditions: before, result });
}

// What routes cost in memory, and how long an engine takes to get them all: node dist/bench/memory.js [--hosts 10000,100000] [--hot 10000].
// One engine with one worker; Ingresses without annotations. Prints a line for each, writes bench/results/memory-<n>.json.

import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Engine } from '../src/engine/agent.js';
import { startPods } from './harness/pods.js';
import { anonymousMemory } from './harness/processor-time.js';
import { conditions, writeResult } from './harness/report.js';
import { hostName, scenarioWith } from './harness/scenario.js';
import { ingressArbiter, startArbiter } from './peers/ingress-arbiter.js';

const { values } = parseArgs({ options: { hosts: { type: 'string', default: '10000,100000' }, hot: { type: 'string', default: '10000' } } });

/** Bytes taken in the zones that hold tables. */
async function zoneBytes(engine: Engine): Promise<number> {
  const zones = (await engine.readings()).filter(({ name, labels }) => name === 'zone' && ['ia_pointers', 'ia_records'].includes(labels[0]!));
  if (zones.length !== 2) throw new Error('the engine does not tell of its zones');
  return zones.reduce((all, { values: [free, capacity] }) => all + capacity! - free!, 0);
}

async function askAll(port: number, hosts: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let at = 0; at < hosts; at++) {
    await new Promise<void>((resolve, reject) => {
      request({ host: '127.0.0.1', port, headers: { host: hostName(at) }, agent }, (answer) => {
        answer.resume().on('end', () => { if (answer.statusCode === 200) resolve(); else reject(new Error(`${hostName(at)}: ${answer.statusCode}`)); });
      }).on('error', reject).end();
    });
  }
  agent.destroy();
}

/** Bytes that the zones take for themselves, which depends on how large they may grow. */
let empty = 0;
for (const hosts of [1, ...values.hosts.split(',').map(Number)]) {
  const folder = mkdtempSync(path.join(tmpdir(), 'ia-bench-'));
  const pods = await startPods(1, folder);
  try {
    const before = await conditions([ingressArbiter]);
    const begun = performance.now();
    const { engine, ports } = await startArbiter({ scenario: scenarioWith({ hosts }), folder, pods: pods.ports, certificates: [] }, { workers: 1, metrics: {} });
    try {
      const servedMs = performance.now() - begun;
      if (hosts === 1) {
        empty = await zoneBytes(engine);
        continue;
      }
      const cold = anonymousMemory(engine.pids()!.workers);
      const hot = Math.min(hosts, Number(values.hot));
      await askAll(ports[0]!, hot);
      const result = { hosts, hot, servedMs, zoneBytes: empty, zoneBytesPerRoute: (await zoneBytes(engine) - empty) / hosts, workerBytesCold: cold, workerBytesHot: anonymousMemory(engine.pids()!.workers) };
      console.log(`${hosts} hosts: all served ${servedMs.toFixed(0)} ms after the engine's start; ${result.zoneBytesPerRoute.toFixed(0)} bytes of shared memory each, beside ${(empty / 1e6).toFixed(1)} MB for all; ` +
        `worker ${(cold / 1e6).toFixed(1)} MB, ${(result.workerBytesHot / 1e6).toFixed(1)} MB with ${hot} hosts hot`);
      writeResult(`memory-${hosts}`, { name: `memory-${hosts}`, conditions: before, result });
    } finally {
      await engine.stop();
    }
  } finally {
    pods.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

// How many instructions a proxied request takes in nginx, ours against a static one: node dist/bench/instructions.js
// [--requests 1500] [--keep folder] [--peer name] [--unwritten] [scenario…]. It needs valgrind. The kernel's part is not in it. With a scenario's `instructions`
// as the bound it is the check of CI: the figure hardly depends on how busy the machine is. Ends with 1 beyond the bound.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { instructionsPerRequest, underCallgrind } from './harness/callgrind.js';
import { type Pods, startPods } from './harness/pods.js';
import { conditions, writeResult } from './harness/report.js';
import { type Scenario, readScenario } from './harness/scenario.js';
import { countedByIngress, ingressArbiter, uncounted } from './peers/ingress-arbiter.js';
import type { Peer } from './peers/peer.js';
import { staticNginx } from './peers/static-nginx.js';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { requests: { type: 'string', default: '1500' }, keep: { type: 'string' }, peer: { type: 'string' }, unwritten: { type: 'boolean', default: false } } });
const peers = values.peer === undefined ? [staticNginx, ingressArbiter] : [staticNginx, ingressArbiter, uncounted, countedByIngress].filter(({ name }) => name === values.peer);

async function count(peer: Peer, scenario: Scenario, { folder, pods, keep }: { folder: string; pods: Pods; keep: string | undefined }): Promise<number> {
  const own = path.join(folder, peer.name);
  mkdirSync(own);
  const proxy = await peer.start({ scenario, folder: own, pods: pods.ports, certificates: [], wrap: underCallgrind(own) });
  try {
    return await instructionsPerRequest(proxy, { scenario, folder: own, requests: Number(values.requests), ...(keep === undefined ? {} : { keep }) });
  } finally {
    await proxy.stop();
  }
}

for (const name of positionals.length > 0 ? positionals : ['one-host-routes', 'one-host']) {
  const scenario = readScenario(name);
  const folder = mkdtempSync(path.join(tmpdir(), 'ia-bench-'));
  const pods = await startPods(4, folder);
  const before = await conditions(peers);
  const instructions: { proxy: string; instructions: number }[] = [];
  try {
    for (const peer of peers) {
      const keep = values.keep === undefined ? undefined : path.join(values.keep, `${name}-${peer.name}`);
      instructions.push({ proxy: peer.name, instructions: Math.round(await count(peer, scenario, { folder, pods, keep })) });
      console.log(`${name}: ${peer.name} ${instructions.at(-1)!.instructions} instructions a request`);
    }
  } finally {
    pods.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  if (peers.length < 2) continue;
  const ratio = instructions[1]!.instructions / instructions[0]!.instructions;
  const most = scenario.instructions;
  console.log(`${name}: ${ratio.toFixed(2)} times the static nginx${most === undefined ? '' : `; at most ${most}: ${ratio <= most ? 'reached' : 'NOT REACHED'}`}`);
  if (most !== undefined && ratio > most) process.exitCode = 1;
  if (!values.unwritten) writeResult(`instructions-${name}`, { name: `instructions-${name}`, scenario, conditions: before, instructions, ratio });
}

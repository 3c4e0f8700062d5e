// Compares proxies in one run: base, variant, base, variant, … for a second each, and a variant's ratio is taken against the
// mean of the base before and after it. Every start begins new processes, because what LuaJIT compiles differs from one to
// the next. Processor time for a request is the figure; how fast the machine was at that moment cancels out.

import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { selfSigned, selfSignedWith } from '../../test/fixtures/self-signed.js';
import type { Peer, RunningProxy } from '../peers/peer.js';
import { type Load, createLoad } from './load.js';
import { startPodsFor } from './pods.js';
import { processorTime } from './processor-time.js';
import { type Scenario, hostName } from './scenario.js';

/** One second of load on one proxy. */
export interface Round {
  proxy: string;
  start: number;
  /** Microseconds of processor time for a request. */
  microseconds: number;
  /** Share of the second in which the proxy was on its processor. */
  busy: number;
  requests: number;
  /** Against the base before and after; absent for the base. */
  ratio?: number;
}

export interface Effort {
  starts: number;
  rounds: number;
  seconds: number;
}

/** Runs a scenario; `say` is told how far it is. The first of `peers` is the base. Throws when a request fails. */
export async function compare(scenario: Scenario, peers: readonly Peer[], effort: Effort, say: (text: string) => void): Promise<Round[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ia-bench-'));
  const pods = await startPodsFor(scenario, folder);
  try {
    const certificates = await certificatesFor(scenario);
    const rounds: Round[] = [];
    for (let start = 0; start < effort.starts; start++) {
      say(`start ${start + 1} of ${effort.starts}`);
      const running = await startAll(peers, (name) => {
        const own = path.join(folder, `${name}-${start}`);
        mkdirSync(own);
        return { scenario, folder: own, pods: pods.ports, certificates };
      });
      try {
        rounds.push(...await playRounds({ running, load: createLoad(scenario, folder), names: peers.map(({ name }) => name), start, effort }));
      } finally {
        for (const one of running) await one.stop();
      }
    }
    return rounds;
  } finally {
    pods.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startAll(peers: readonly Peer[], prepare: (name: string) => Parameters<Peer['start']>[0]): Promise<RunningProxy[]> {
  const running: RunningProxy[] = [];
  try {
    for (const peer of peers) running.push(await peer.start(prepare(peer.name)));
    return running;
  } catch (error) {
    for (const one of running) await one.stop();
    throw error;
  }
}

interface Play {
  running: readonly RunningProxy[];
  names: readonly string[];
  load: Load;
  start: number;
  effort: Effort;
}

async function playRounds({ running, names, load, start, effort }: Play): Promise<Round[]> {
  const played: Round[] = [];
  const one = async (at: number): Promise<Round> => {
    const { ports, pids, hosts } = running[at]!;
    const before = processorTime(pids());
    const { requests, wallMs } = await load.put(ports, effort.seconds, hosts);
    const used = (processorTime(pids()) - before) / 1000;
    return { proxy: names[at]!, start, microseconds: used / requests, busy: used / 1000 / wallMs, requests };
  };
  for (const at of running.keys()) await one(at);
  for (let round = 0; round < effort.rounds; round++) {
    let base = await one(0);
    played.push(base);
    for (let at = 1; at < running.length; at++) {
      const variant = await one(at);
      const after = await one(0);
      played.push({ ...variant, ratio: variant.microseconds / ((base.microseconds + after.microseconds) / 2) }, after);
      base = after;
    }
  }
  return played;
}

/** Different RSA keys. */
const RSA_KEYS = 20;

async function certificatesFor({ scheme, certificates, keys, hosts }: Scenario): Promise<{ certificate: string; key: string }[]> {
  if (scheme === 'http') return [];
  if (certificates === 'one') return [await selfSigned('*.example.com')];
  const made = [];
  const pairs = keys === 'ec' ? [] : Array.from({ length: RSA_KEYS }, () => generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } }));
  for (let at = 0; at < hosts; at++) made.push(await (keys === 'ec' ? selfSigned(hostName(at)) : selfSignedWith(pairs[at % RSA_KEYS]!, hostName(at))));
  return made;
}

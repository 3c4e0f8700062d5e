// Counts the instructions that a process of nginx carries out for a request, with valgrind's callgrind. Instructions in the
// kernel do not count. The count hardly differs from run to run, however busy the machine is.

import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';
import minBy from 'lodash/minBy.js';
import type { RunningProxy } from '../peers/peer.js';
import { type Scenario, hostName, hostsOf, requestOf } from './scenario.js';

const run = promisify(execFile);

/** Requests before counting: LuaJIT has compiled then what it compiles. */
const WARM_UP = 6000;
const PARTS = 3;

/** What nginx is to be started with so that it can be counted later: one process, without a master. `folder` takes the counts. */
export function underCallgrind(folder: string): string[] {
  return ['valgrind', '--tool=callgrind', '--quiet', '--instr-atstart=no', `--callgrind-out-file=${folder}/callgrind.out.%p`, `--vgdb-prefix=${folder}/vgdb`];
}

/**
 * Instructions for one request of the scenario, on average over `requests`: of several such counts the least, for in the others the
 * worker had something else to do, too (compiled a function, told its agent the counters). `keep`: the file of counts goes there.
 */
export async function instructionsPerRequest(proxy: RunningProxy, { scenario, folder, requests, keep }: { scenario: Scenario; folder: string; requests: number; keep?: string }): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const warmUp = Number(process.env.BENCH_WARM_UP ?? scenario.warmUp ?? WARM_UP);
  try {
    await ask(proxy.ports, scenario, agent, { from: 0, requests: warmUp });
    const worker = String(proxy.pids()[0]);
    await control(folder, '-i', 'on', worker);
    const parts: { counts: string; total: number }[] = [];
    for (let part = 1; part <= PARTS; part++) {
      await ask(proxy.ports, scenario, agent, { from: warmUp + (part - 1) * requests, requests });
      await control(folder, '-d', worker);
      const counts = path.join(folder, `callgrind.out.${worker}.${part}`);
      parts.push({ counts, total: Number(/^totals: (\d+)/m.exec(readFileSync(counts, 'utf8'))?.[1]) });
      if (!(parts.at(-1)!.total > 0)) throw new Error(`callgrind has counted nothing in ${counts}`);
    }
    await control(folder, '-i', 'off', worker);
    const { counts, total } = minBy(parts, 'total')!;
    if (keep !== undefined) {
      mkdirSync(path.dirname(keep), { recursive: true });
      copyFileSync(counts, keep);
    }
    return total / requests;
  } finally {
    agent.destroy();
  }
}

async function control(folder: string, ...args: string[]): Promise<void> {
  const { stdout, stderr } = await run('callgrind_control', [`--vgdb-prefix=${folder}/vgdb`, ...args]);
  if (/error|no active/i.test(stdout + stderr)) throw new Error(`callgrind_control ${args.join(' ')}: ${stdout}${stderr}`);
}

/** Asks one after the other, for the classes and their hosts in turn: with more hosts than requests each is asked for the first time. */
async function ask(ports: readonly number[], scenario: Scenario, agent: Agent, { from: begin, requests }: { from: number; requests: number }): Promise<void> {
  for (let at = begin; at < begin + requests; at++) {
    const { from, to } = hostsOf(scenario, at % ports.length);
    await askOnce({ port: ports[at % ports.length]!, host: hostName(from + (at * 7919) % (to - from)), ...requestOf(scenario, at), agent });
  }
}

function askOnce({ port, host, path: at, headers, agent }: { port: number; host: string; path: string; headers: Record<string, string>; agent: Agent }): Promise<void> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: at, headers: { host, ...headers }, agent }, (answer) => {
      answer.resume().on('end', () => { if (answer.statusCode === 200) resolve(); else reject(new Error(`${host}: ${answer.statusCode}`)); });
    }).on('error', reject).end();
  });
}

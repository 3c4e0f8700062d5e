// What counting costs: processor time of nginx for one proxied request, with counting on against off, in one interleaved run.
// Run it after a build: node dist/bench/metrics-cost.js [starts] [rounds]. Needs wrk. Loopback only; prints a table.
//
// Each start begins new nginx processes, because what LuaJIT compiles differs from one to the next. In each round every
// variant runs for a second between two runs of the base; its ratio is taken against the mean of both. A second engine with
// the base's settings is the control: what it differs by is noise.

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Engine, startEngine } from '../src/engine/agent.js';
import { engineSettings } from '../src/engine/settings.js';

const run = promisify(execFile);
const HOSTS = 1000;
const SECONDS = 1;

interface Variant {
  name: string;
  metrics: Record<string, unknown>;
}

const base: Variant = { name: 'off', metrics: { traffic: false } };
const variants: Variant[] = [
  { name: 'control (off again)', metrics: { traffic: false } },
  { name: 'on, by class', metrics: {} },
  { name: 'on, by Ingress and path', metrics: { histogramsPerIngress: true, ingressNginxNames: true } },
];

interface Running {
  engine: Engine;
  port: number;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => { server.once('listening', listening); });
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => { server.close(closed); });
  return port;
}

/** A pod that answers 12 bytes: nginx itself, so that it never is the slower side. */
async function startPod(folder: string): Promise<{ port: number; stop(): void }> {
  const port = await freePort();
  const file = path.join(folder, 'pod.conf');
  writeFileSync(file, `daemon off; worker_processes 1; pid ${folder}/pod.pid; error_log stderr; events { worker_connections 4096; }
    http { access_log off; keepalive_requests 100000000; server { listen 127.0.0.1:${port}; location / { return 200 "hello world\\n"; } } }`);
  const child = spawn('/usr/sbin/nginx', ['-p', folder, '-c', file, '-e', 'stderr'], { stdio: 'ignore' });
  await new Promise((resolve) => { setTimeout(resolve, 500); });
  return { port, stop: () => { child.kill('SIGTERM'); } };
}

async function start(folder: string, { metrics }: Variant, pod: number): Promise<Running> {
  const port = await freePort();
  const engine = await startEngine(engineSettings({
    workDirectory: mkdtempSync(path.join(folder, 'e')), workers: 1, allowLoopbackEndpoints: true, metrics, limits: { drainSeconds: 0 },
    listeners: [{ name: 'a', address: '127.0.0.1', httpPort: port, httpsPort: await freePort(), classes: ['a'] }],
    ...(process.getuid?.() === 0 ? { workerUser: 'root' } : {}),
  }), { log: () => undefined });
  const backend = 'service/shop/web/80';
  const set = Array.from({ length: HOSTS }, (_, at) => ({
    key: `host/h${at}.example.com`, value: { routes: [{ match: 'prefix' as const, path: '/', namespace: 'shop', ingress: `web-${at}`, service: 'web', backend }] },
  }));
  const endpoints = { key: backend, value: { endpoints: [{ address: '127.0.0.1', port: pod }] } };
  const result = await engine.apply({ class: 'a', epoch: 1, sequence: 1, full: true, set: [...set, endpoints], remove: [], count: HOSTS + 1 });
  if (!result.applied) throw new Error(result.reason);
  return { engine, port };
}

/** Nanoseconds that the workers of an nginx have been on a processor. */
function cpuOf(engine: Engine): number {
  return engine.pids()!.workers.flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}/schedstat`))
    .reduce((sum, file) => sum + Number(readFileSync(file, 'utf8').split(' ')[0]), 0);
}

/** Processor time of nginx for one request, in microseconds. */
async function measure({ engine, port }: Running, script: string): Promise<number> {
  const before = cpuOf(engine);
  const { stdout } = await run('wrk', ['-t1', '-c32', `-d${SECONDS}s`, '-s', script, `http://127.0.0.1:${port}/`]);
  const used = cpuOf(engine) - before;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  return used / requests / 1000;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function main(): Promise<void> {
  const [starts = 6, rounds = 8] = process.argv.slice(2).map(Number);
  const folder = mkdtempSync(path.join(tmpdir(), 'ia-bench-'));
  const script = path.join(folder, 'hosts.lua');
  writeFileSync(script, `local n = 0\nfunction request() n = (n * 7 + 3) % ${HOSTS}; return wrk.format("GET", "/", { Host = "h" .. n .. ".example.com" }) end\n`);
  const pod = await startPod(folder);
  const ratios = variants.map(() => [] as number[][]);
  const times: number[] = [];
  for (let started = 0; started < starts; started++) {
    const all = await Promise.all([base, ...variants].map((variant) => start(folder, variant, pod.port)));
    for (const one of all) await measure(one, script);
    for (const list of ratios) list.push([]);
    for (let round = 0; round < rounds; round++) {
      let before = await measure(all[0]!, script);
      for (const [at] of variants.entries()) {
        const own = await measure(all[at + 1]!, script);
        const after = await measure(all[0]!, script);
        times.push(after);
        ratios[at]!.at(-1)!.push(own / ((before + after) / 2));
        before = after;
      }
    }
    for (const { engine } of all) await engine.stop();
  }
  pod.stop();
  rmSync(folder, { recursive: true, force: true });
  console.log(`base: ${median(times).toFixed(1)} microseconds of processor time a request; ${starts} starts of ${rounds} rounds of ${SECONDS} s, ${HOSTS} hosts`);
  for (const [at, { name }] of variants.entries()) {
    const byStart = ratios[at]!.map(median);
    console.log(`${name.padEnd(26)} median ${median(ratios[at]!.flat()).toFixed(3)}   worst start ${Math.max(...byStart).toFixed(3)}   by start ${byStart.map((one) => one.toFixed(3)).join(' ')}`);
  }
}

await main();

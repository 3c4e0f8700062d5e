// A real installation on this machine: the dev cluster's API server in this process; for each class a controller, and one engine for
// all, as processes of their own with mutual TLS between them.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import { makeCertificates } from '../../src/cli/certs/make-certificates.js';
import type { ApiServer } from '../../src/dev-cluster/api-server.js';
import { type EngineProgram, startEngineProgram } from '../../test/fixtures/engine-program.js';
import { freePorts } from '../../test/fixtures/free-ports.js';
import { httpGet } from '../../test/fixtures/http-get.js';
import { type Program, startProgram } from '../../test/fixtures/program.js';
import { bindTo, childrenOf, loadProcessor, proxyProcessor } from './processor-time.js';

export interface InstallationOptions {
  api: ApiServer;
  /** Another port of this machine that leads to the API server. */
  apiPort?: number;
  folder: string;
  classes: readonly string[];
  workers?: number;
  /** Beside the usual ones: of each controller's settings, of each class's claim, and of Node for controllers. */
  settings?: object;
  claim?: (className: string) => object;
  nodeOptions?: readonly string[];
  /** Their scripts, in place of those that are built. */
  programs?: Programs;
  /** Watches the event loops of controllers, which costs some of their time. */
  watchLoop?: boolean;
}

export interface Programs {
  controller: string;
  engine: string;
}

export interface Installation {
  controllers: Record<string, ControllerProcess>;
  engine: EngineProgram;
  port(className: string): number;
  /** nginx's workers; none before the engine has a table. */
  workers(): number[];
  /** Gives nginx one processor and everything else the other one, for runs with a load; to be called when it serves. */
  bind(): void;
  stop(): Promise<void>;
}

export interface ControllerProcess extends Program {
  metrics(): Promise<string>;
  /** Bytes that its stream has sent to engines, with TLS. */
  streamedBytes(): number;
  /** What its event loop was like, and its memory, since the last call; only when it is watched. */
  loop(): Promise<LoopReport>;
}

export interface LoopReport {
  /** Milliseconds by which timers were late. */
  p50: number;
  p99: number;
  p999: number;
  most: number;
  /** Since the process was begun, ms: when its code began to be loaded. */
  upMs: number;
  /** Bytes: now, and the most that were ever resident. */
  memory: NodeJS.MemoryUsage;
  mostResident: number;
}

export async function startInstallation({ api, apiPort = api.port, folder, classes, workers = 1, settings = {}, claim = () => ({}), nodeOptions = [], watchLoop = false, programs }: InstallationOptions): Promise<Installation> {
  mkdirSync(path.join(folder, 'tls'));
  await makeCertificates({ folder: path.join(folder, 'tls'), classes: [...classes], days: 2 });
  const controllers: Record<string, ControllerProcess> = {};
  const addresses: Record<string, string[]> = {};
  for (const name of classes) {
    const [stream, admin] = await freePorts(2) as [number, number];
    addresses[name] = [`https://127.0.0.1:${stream}`];
    writeFileSync(path.join(folder, `${name}.kubeconfig`), api.kubeconfig({ user: name, token: api.addUser(name) }).replace(api.url, `https://127.0.0.1:${apiPort}`), { mode: 0o600 });
    writeFileSync(path.join(folder, `controller-${name}.yaml`), stringify({
      claims: [{ class: name, ...claim(name) }], leaseNamespace: 'arbiter', kubeconfig: `${name}.kubeconfig`, admin: { address: '127.0.0.1', port: admin },
      stream: { address: '127.0.0.1', port: stream, tls: { certificate: `tls/class-${name}.crt`, key: `tls/class-${name}.key`, authority: 'tls/ca.crt' } }, ...settings,
    }));
    controllers[name] = startController({ name, folder, stream, admin, nodeOptions, watchLoop, script: programs?.controller ?? 'dist/test/e2e/loopback-controller.js' });
  }
  const engine = await startEngineProgram({ folder, name: 'engine', ...(programs && { script: programs.engine }), controllers: addresses, engine: { workers, sharedMemoryMegabytes: { records: 256, pointers: 128 } } });
  const workersNow = (): number[] => childrenOf(engine.child.pid!).flatMap(childrenOf);
  return {
    controllers, engine,
    port: (name) => engine.ports[name]!.http,
    workers: workersNow,
    bind() {
      bindTo(loadProcessor, [process.pid, engine.child.pid!, ...Object.values(controllers).map(({ child }) => child.pid!)]);
      bindTo(proxyProcessor, workersNow());
    },
    async stop() {
      engine.child.kill('SIGTERM');
      for (const one of Object.values(controllers)) one.child.kill('SIGTERM');
      await Promise.all([engine, ...Object.values(controllers)].map((one) => Promise.race([one.ended, pause(10_000).then(() => one.kill())])));
    },
  };
}

interface ControllerOptions {
  name: string;
  folder: string;
  stream: number;
  admin: number;
  nodeOptions: readonly string[];
  watchLoop: boolean;
  script: string;
}

function startController({ name, folder, stream, admin, nodeOptions, watchLoop, script }: ControllerOptions): ControllerProcess {
  const file = path.join(folder, `loop-${name}.json`);
  const watch = `${new URL('watch-event-loop.js', import.meta.url).href}?file=${encodeURIComponent(file)}`;
  const program = startProgram(['--no-deprecation', ...(watchLoop ? ['--import', watch] : []), ...nodeOptions, script, path.join(folder, `controller-${name}.yaml`)]);
  return {
    ...program,
    metrics: async () => (await httpGet({ address: '127.0.0.1', port: admin, host: 'localhost', path: '/metrics' })).text,
    streamedBytes: () => [...execFileSync('ss', ['-Htin', 'state', 'established', `sport = :${stream}`], { encoding: 'utf8' }).matchAll(/bytes_sent:(\d+)/g)]
      .reduce((sum, [, bytes]) => sum + Number(bytes), 0),
    async loop() {
      writeFileSync(file, '');
      program.child.kill('SIGUSR2');
      for (;;) {
        const text = readFileSync(file, 'utf8');
        if (text.endsWith('\n')) return JSON.parse(text) as LoopReport;
        await pause(5);
      }
    },
  };
}

/** Value of a metric's only series, or of the one with these labels. */
export function metric(text: string, name: string, labels = ''): number {
  const [, value] = new RegExp(`^${name}(?:\\{[^}]*${labels}[^}]*\\})? (\\S+)$`, 'm').exec(text) ?? [];
  return Number(value);
}

// Starts the pods that all proxies of a run share: pod.c, compiled once into the run's folder, on the load's processor.

import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:net';
import { freePorts } from '../../test/fixtures/free-ports.js';
import { onLoadProcessor } from './processor-time.js';
import type { Scenario } from './scenario.js';

const run = promisify(execFile);
const PODS = 4;

export interface Pods {
  /** Ports on 127.0.0.1, one for each pod. */
  ports: number[];
  stop(): void;
}

/** Compiles a program of bench/harness into `folder` and returns its name. Throws when there is no C compiler (Debian: gcc, libc6-dev). */
export async function compile(name: string, folder: string, ...libraries: string[]): Promise<string> {
  const program = path.join(folder, name);
  if (!existsSync(program)) await run('cc', ['-O2', '-o', program, path.resolve('bench/harness', `${name}.c`), ...libraries]);
  return program;
}

/** Pods that are the right ones for the traffic of a scenario. */
export async function startPodsFor({ traffic, bytes }: Scenario, folder: string): Promise<Pods> {
  if (traffic === 'requests') return startPods(PODS, folder);
  const ports = await freePorts(PODS);
  // nghttpd (Debian: nghttp2-server) sends back what a call brings, and trailers after it.
  if (traffic === 'grpc') return begin(ports.map((port) => ['nghttpd', '--no-tls', '-a', '127.0.0.1', '-d', folder, '--echo-upload', '--trailer', 'grpc-status: 0', String(port)]), ports);
  return begin([[await compile('stream-pod', folder), String(bytes), ...ports.map(String)]], ports);
}

/** `count` pods in one process; `folder` takes the program. `before`: what its command begins with. */
export async function startPods(count: number, folder: string, before: readonly string[] = onLoadProcessor): Promise<Pods> {
  const ports = await freePorts(count);
  return begin([[await compile('pod', folder), ...ports.map(String)]], ports, before);
}

async function begin(commands: readonly string[][], ports: number[], before = onLoadProcessor): Promise<Pods> {
  const children = commands.map((command) => spawn(before[0]!, [...before.slice(1), ...command], { stdio: ['ignore', 'ignore', 'inherit'] }));
  for (const port of ports) await untilListening(port);
  return { ports, stop: () => { for (const child of children) child.kill('SIGTERM'); } };
}

/** Resolves when something listens on a port of 127.0.0.1; throws after ten seconds. */
export async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const listens = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
      socket.once('error', () => resolve(false));
    });
    if (listens) return;
    await pause(20);
  }
  throw new Error(`nothing listens on 127.0.0.1:${port}`);
}

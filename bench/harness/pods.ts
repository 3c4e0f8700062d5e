// Starts the pods that all proxies of a run share: pod.c, compiled once into the run's folder, on the load's processor.

import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:net';
import { freePorts } from '../../test/fixtures/free-ports.js';
import { onLoadProcessor } from './processor-time.js';

const run = promisify(execFile);

export interface Pods {
  /** Ports on 127.0.0.1, one for each pod. */
  ports: number[];
  stop(): void;
}

/** Compiles a program of bench/harness into `folder` and returns its name. Throws when there is no C compiler (Debian: gcc, libc6-dev). */
export async function compile(name: string, folder: string): Promise<string> {
  const program = path.join(folder, name);
  if (!existsSync(program)) await run('cc', ['-O2', '-o', program, path.resolve('bench/harness', `${name}.c`)]);
  return program;
}

/** `count` pods in one process; `folder` takes the program. `begin`: what its command begins with. */
export async function startPods(count: number, folder: string, begin: readonly string[] = onLoadProcessor): Promise<Pods> {
  const program = await compile('pod', folder);
  const ports = await freePorts(count);
  const child = spawn(begin[0]!, [...begin.slice(1), program, ...ports.map(String)], { stdio: 'inherit' });
  for (const port of ports) await untilListening(port);
  return { ports, stop: () => { child.kill('SIGTERM'); } };
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

// Starts the pods that all proxies of a run share: pod.c, compiled once into the run's folder, on the load's processor.

import { execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:net';
import { freePorts } from '../../test/fixtures/free-ports.js';
import { loadProcessor } from './processor-time.js';

const run = promisify(execFile);
const SOURCE = path.resolve('bench/harness/pod.c');

export interface Pods {
  /** Ports on 127.0.0.1, one for each pod. */
  ports: number[];
  stop(): void;
}

/** `count` pods; `folder` takes the program. Throws when there is no C compiler (Debian: gcc, libc6-dev). */
export async function startPods(count: number, folder: string): Promise<Pods> {
  const program = path.join(folder, 'pod');
  await run('cc', ['-O2', '-o', program, SOURCE]);
  const ports = await freePorts(count);
  const child = spawn('taskset', ['-c', String(loadProcessor), program, ...ports.map(String)], { stdio: 'inherit' });
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

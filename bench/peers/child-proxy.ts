// A proxy that is a child process: started on the proxy's processor, ended by its id.

import { spawn, execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { untilListening } from '../harness/pods.js';
import { childrenOf, proxyProcessor } from '../harness/processor-time.js';
import type { RunningProxy } from './peer.js';

/** Starts `command`, and resolves when it listens on all ports. Its own time counts with that of its children. */
export async function startChildProxy(command: readonly string[], ports: number[], environment: Record<string, string> = {}): Promise<RunningProxy> {
  const child = spawn('taskset', ['-c', String(proxyProcessor), ...command], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...environment } });
  const ended = once(child, 'exit');
  await Promise.race([
    Promise.all(ports.map(untilListening)),
    ended.then(([code]) => { throw new Error(`${command[0]} ended with ${code}`); }),
  ]);
  return {
    ports,
    pids: () => [child.pid!, ...childrenOf(child.pid!)],
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** What a command prints about itself, first line. */
export async function firstLine(command: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(command, args);
  return (stdout || stderr).split('\n')[0]!;
}

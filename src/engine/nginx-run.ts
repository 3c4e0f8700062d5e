// One nginx from its start to its end, as a child of the agent: its command, its standard error, what its workers had counted
// when they ended. When to start, replace or end it is decided in nginx-process.ts.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, fstatSync, readFileSync, readlinkSync, readSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ControlClient, createControlClient } from './control-client.js';
import { engineFiles, runFiles } from './nginx-conf.js';
import { openLogPipe } from './log-pipe.js';
import type { EngineSettings } from './settings.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, message: string) => void;

export interface NginxRun {
  /** Names its files; no two that live at the same time have the same. */
  number: number;
  child: ChildProcess;
  client: ControlClient;
  /** The first of the sockets that it was given, as /proc names it. */
  firstSocket: string | undefined;
  /** The last lines of stderr. */
  lines: string[];
  /** performance.now() of its start. */
  started: number;
  /** How it ended, when no process of it is left; never rejects. */
  ended: Promise<string>;
  over: boolean;
  /** What its workers had counted when each of them ended in order; complete when the run is over. */
  lastCounters(): string;
}

export interface RunOptions {
  settings: EngineSettings;
  number: number;
  /** Descriptors of sockets that are bound to the listeners' addresses. */
  sockets: readonly number[];
  /** Whether it is not to start without every table that was written for it. */
  tablesNeeded: boolean;
  log: Log;
}

/** Lines of stderr in which the reason of a failed start is looked for. */
const LINES_KEPT = 100;
const SETPRIV = '/usr/bin/setpriv';
/** Node makes a child's standard error a blocking one, whatever it is given; by this way it stays as log-pipe.ts made it. */
const STDERR_IS_3 = 'exec "$@" 2>&3 3>&-';
/** Descriptors in nginx: where workers write what they counted last, and the first of the inherited sockets. */
const LAST_COUNTERS = 4;
const FIRST_SOCKET = 5;

/** Starts nginx with the configuration that is there. Throws an EngineError when the work directory can't be used. */
export function spawnNginx({ settings, number, sockets, tablesNeeded, log }: RunOptions): NginxRun {
  const { nginxBinary, workDirectory } = settings;
  const { configuration, logPipe, lastCounters } = engineFiles(workDirectory);
  const { controlSocket, relaySocket } = runFiles(workDirectory, number);
  // Left behind by an nginx that was killed; the new one could not listen.
  for (const socket of [controlSocket, relaySocket]) rmSync(socket, { force: true });
  const lines: string[] = [];
  const errors = openLogPipe(logPipe, (line) => {
    lines.push(line);
    if (lines.length > LINES_KEPT) lines.shift();
    log(levelOf(line), line);
  });
  const counted = openNameless(lastCounters);
  const command = ['-c', STDERR_IS_3, 'sh', ...deathSignal(log), nginxBinary, '-p', workDirectory, '-c', configuration, '-e', 'stderr'];
  // A process group of its own: a Ctrl-C at the terminal reaches the agent only, which stops nginx in order.
  // Its own directory too: Lua's default path looks for modules in the current one.
  const child = spawn('/bin/sh', command, {
    stdio: ['ignore', 'ignore', 'ignore', errors.writeEnd, counted, ...sockets], detached: true, cwd: workDirectory,
    env: { ...process.env, NGINX: sockets.map((_, at) => `${FIRST_SOCKET + at};`).join('') || undefined, IA_LAST_COUNTERS: String(LAST_COUNTERS), IA_FIRST_TABLES: tablesNeeded ? 'needed' : undefined },
  });
  errors.handOver();
  const run: NginxRun = {
    number, child, client: createControlClient(controlSocket), firstSocket: sockets[0] === undefined ? undefined : linkOf(`/proc/self/fd/${sockets[0]}`), lines, started: performance.now(), over: false, ended: Promise.resolve(''),
    lastCounters: () => text,
  };
  let text = '';
  run.ended = Promise.all([endOf(child), errors.ended]).then(async ([ending]) => {
    run.over = true;
    text = readAll(counted);
    closeSync(counted);
    await run.client.close();
    return ending;
  });
  return run;
}

/** Its master and workers; undefined when the master is gone. */
export function processesOf(run: NginxRun): { master: number; workers: number[] } | undefined {
  const master = run.over ? undefined : run.child.pid;
  return master === undefined ? undefined : { master, workers: childrenOf(master) };
}

/** Waits until no worker takes new connections any more, which a moment after SIGQUIT is so; not longer than `milliseconds`. */
export async function untilDeaf(run: NginxRun, milliseconds: number): Promise<void> {
  const deadline = performance.now() + milliseconds;
  const { workers = [] } = processesOf(run) ?? {};
  // The first of the inherited sockets, which has the same number in all processes of its nginx.
  const listens = (worker: number): boolean => linkOf(`/proc/${worker}/fd/${FIRST_SOCKET}`) === run.firstSocket;
  while (run.firstSocket !== undefined && workers.some(listens) && performance.now() < deadline) await sleep(5);
}

/** What a descriptor leads to; undefined when there is none, or it is nobody's business. */
function linkOf(descriptor: string): string | undefined {
  try {
    return readlinkSync(descriptor);
  } catch {
    return undefined;
  }
}

/** Waits for the end of a run; false when it takes longer. */
export async function endsWithin(run: NginxRun, milliseconds: number): Promise<boolean> {
  const timeout = new AbortController();
  const late = sleep(milliseconds, undefined, { signal: timeout.signal }).catch(() => undefined);
  await Promise.race([run.ended, late]);
  timeout.abort();
  return run.over;
}

/** Has its workers open their logs anew, in place of its master. */
export function reopenWorkerLogs(run: NginxRun): void {
  for (const worker of processesOf(run)?.workers ?? []) {
    try {
      process.kill(worker, 'SIGUSR1');
    } catch {
      // It has ended.
    }
  }
}

/** Ends its master and workers at once. */
export function killRun(run: NginxRun): void {
  if (run.child.pid !== undefined && !run.over) killGroup(run.child.pid, 'SIGKILL');
}

/** How a child ended; never rejects. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      // Workers of a master that was killed would go on serving old routes and hold the ports.
      killGroup(child.pid!, 'SIGKILL');
      resolve(signal ?? `exit code ${code}`);
    });
  });
}

/** A file for appending that has a name for a moment only. */
function openNameless(file: string): number {
  rmSync(file, { force: true });
  const descriptor = openSync(file, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL, 0o600);
  rmSync(file);
  return descriptor;
}

function readAll(descriptor: number): string {
  const bytes = Buffer.alloc(fstatSync(descriptor).size);
  return bytes.toString('utf8', 0, bytes.length === 0 ? 0 : readSync(descriptor, bytes, 0, bytes.length, 0));
}

/** Makes the kernel end nginx when the agent dies without a word (kill -9): a proxy nobody feeds must not go on serving. */
function deathSignal(log: Log): string[] {
  const prefix = [SETPRIV, '--pdeathsig', 'TERM'];
  if (spawnSync(prefix[0]!, [...prefix.slice(1), 'true']).status === 0) return prefix;
  log('warn', `${SETPRIV} (util-linux) is missing: nginx will go on serving if the agent is killed`);
  return [];
}

function levelOf(line: string): LogLevel {
  if (/\[(emerg|alert|crit|error)\]/.test(line)) return 'error';
  return /\[(notice|info|debug)\]/.test(line) ? 'info' : 'warn';
}

/** Signals the master and its workers, which share the master's process group. */
function killGroup(master: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-master, signal);
  } catch {
    // Nothing of it is left.
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter((text) => text !== '').map(Number);
  } catch {
    return [];
  }
}

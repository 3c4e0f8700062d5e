// Runs nginx in the foreground as a child: started, watched, restarted with a growing pause when it dies by itself, stopped
// with a deadline. It knows nothing of tables; whoever needs to act on a restart gives `onStarted`.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError, messageFrom } from './engine-error.js';
import { engineFiles } from './nginx-conf.js';
import { explainNginxFailure, INSTALL_HINT } from './nginx-failure.js';
import { openLogPipe } from './log-pipe.js';
import type { EngineSettings } from './settings.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, message: string) => void;

export interface NginxHooks {
  log: Log;
  /** Whether nginx answers on its control socket. */
  probe: () => Promise<boolean>;
  /** nginx has been restarted after it had died by itself; its shared memory is empty. */
  onRestarted: () => void;
}

export interface Pids {
  master: number;
  workers: number[];
}

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;
/** A run this long was a good one: the next pause starts small again. */
const GOOD_RUN = 60_000;
/** Lines of stderr in which the reason of a failed start is looked for. */
const LINES_KEPT = 100;
const SETPRIV = '/usr/bin/setpriv';
/** Node makes a child's standard error a blocking one, whatever it is given; by this way it stays as log-pipe.ts made it. */
const STDERR_IS_3 = 'exec "$@" 2>&3 3>&-';

interface Run {
  child: ChildProcess;
  /** The last lines of stderr. */
  lines: string[];
  started: number;
  /** How it ended; never rejects. */
  ended: Promise<string>;
  over: boolean;
}

export class NginxProcess {
  private run: Run | undefined;
  private readonly halt = new AbortController();
  private pause = FIRST_PAUSE;

  constructor(private readonly settings: EngineSettings, private readonly hooks: NginxHooks) {}

  /** Starts nginx and waits until it answers. Throws an EngineError that says what to do. */
  async start(): Promise<void> {
    this.run = await this.startOnce();
    void this.watch(this.run);
  }

  pids(): Pids | undefined {
    const master = this.run?.over === false ? this.run.child.pid : undefined;
    return master === undefined ? undefined : { master, workers: childrenOf(master) };
  }

  /** Ends this nginx at once and lets the watch start a new one. */
  restart(): void {
    if (this.run !== undefined && !this.run.over) killGroup(this.run.child.pid!, 'SIGKILL');
  }

  /** Lets requests in flight end (`drainSeconds`), then insists. Resolves when no process of nginx is left. */
  async stop(): Promise<void> {
    this.halt.abort();
    const run = this.run;
    if (run === undefined || run.over) return;
    // nginx cuts what is still open after drainSeconds itself (worker_shutdown_timeout); the second is for that to happen.
    for (const [signal, wait] of [['SIGQUIT', this.settings.limits.drainSeconds * 1000 + 1000], ['SIGTERM', 2000]] as const) {
      run.child.kill(signal);
      if (await endsWithin(run, wait)) return;
      this.hooks.log('warn', `nginx still runs ${wait} ms after ${signal}`);
    }
    killGroup(run.child.pid!, 'SIGKILL');
    await run.ended;
  }

  private async watch(run: Run): Promise<void> {
    const ending = await run.ended;
    if (this.halt.signal.aborted) return;
    this.hooks.log('error', `nginx ended by itself (${ending})`);
    if (performance.now() - run.started > GOOD_RUN) this.pause = FIRST_PAUSE;
    await this.startAgain();
  }

  private async startAgain(): Promise<void> {
    const { signal } = this.halt;
    while (!signal.aborted) {
      await sleep(this.pause, undefined, { signal }).catch(() => undefined);
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
      if (signal.aborted) return;
      try {
        await this.start();
        this.hooks.log('warn', 'nginx is restarted');
        return this.hooks.onRestarted();
      } catch (error) {
        if (!signal.aborted) this.hooks.log('error', messageFrom(error));
      }
    }
  }

  private async startOnce(): Promise<Run> {
    const run = this.spawn();
    this.run = run;
    const deadline = performance.now() + this.settings.limits.startSeconds * 1000;
    while (!run.over) {
      if (await this.hooks.probe()) return run;
      if (performance.now() > deadline) {
        killGroup(run.child.pid!, 'SIGKILL');
        await run.ended;
        throw new EngineError('nginx-silent', `nginx did not answer within ${this.settings.limits.startSeconds} s; ` +
          `its last words: ${run.lines.slice(-3).join(' | ') || 'none'}`);
      }
      await Promise.race([sleep(20), run.ended]);
    }
    throw explainNginxFailure(run.lines.join('\n'), await run.ended);
  }

  private spawn(): Run {
    const { nginxBinary, workDirectory } = this.settings;
    const { configuration, controlSocket, logPipe } = engineFiles(workDirectory);
    checkInstalled(this.settings);
    // Left behind by an nginx that was killed; the new one could not listen.
    rmSync(controlSocket, { force: true });
    const lines: string[] = [];
    const errors = openLogPipe(logPipe, (line) => {
      lines.push(line);
      if (lines.length > LINES_KEPT) lines.shift();
      this.hooks.log(levelOf(line), line);
    });
    const command = ['-c', STDERR_IS_3, 'sh', ...deathSignal(this.hooks.log), nginxBinary, '-p', workDirectory, '-c', configuration, '-e', 'stderr'];
    // A process group of its own: a Ctrl-C at the terminal reaches the agent only, which stops nginx in order.
    // Its own directory too: Lua's default path looks for modules in the current one.
    const child = spawn('/bin/sh', command, { stdio: ['ignore', 'ignore', 'ignore', errors.writeEnd], detached: true, cwd: workDirectory });
    errors.handOver();
    const run: Run = { child, lines, started: performance.now(), over: false, ended: Promise.resolve('') };
    run.ended = Promise.all([endOf(child), errors.ended]).then(([ending]) => {
      run.over = true;
      return ending;
    });
    return run;
  }
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

function checkInstalled(settings: EngineSettings): void {
  try {
    accessSync(settings.nginxBinary, constants.X_OK);
  } catch (error) {
    throw new EngineError('nginx-missing', `nginx: ${settings.nginxBinary} is missing or cannot be run; ${INSTALL_HINT}, or set nginxBinary`, error);
  }
  for (const module of ['ndk_http_module.so', 'ngx_http_lua_module.so']) {
    const file = path.join(settings.modulesDirectory, module);
    if (!existsSync(file)) throw new EngineError('module-missing', `nginx: the module ${file} is missing; ${INSTALL_HINT}, or set modulesDirectory`);
  }
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

async function endsWithin(run: Run, milliseconds: number): Promise<boolean> {
  const timeout = new AbortController();
  const late = sleep(milliseconds, undefined, { signal: timeout.signal }).catch(() => undefined);
  await Promise.race([run.ended, late]);
  timeout.abort();
  return run.over;
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

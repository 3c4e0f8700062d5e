// Supervises nginx: started, watched, restarted with a growing pause when it dies by itself, replaced by a new one that takes
// the listeners' sockets over, stopped with a deadline. It knows nothing of tables; hooks fill each new nginx before it listens.

import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlClient } from './control-client.js';
import { EngineError, messageFrom } from './engine-error.js';
import { ListenSockets } from './listen-sockets.js';
import { checkInstalled, testConfiguration } from './nginx-check.js';
import { explainNginxFailure } from './nginx-failure.js';
import { engineFiles } from './nginx-conf.js';
import { type Log, type LogLevel, type NginxRun, endsWithin, killRun, processesOf, reopenWorkerLogs, spawnNginx, untilDeaf } from './nginx-run.js';
import type { EngineSettings } from './settings.js';
import { showCurrentRun, writeConfiguration } from './work-directory.js';

export type { Log, LogLevel };

export interface NginxHooks {
  log: Log;
  /**
   * Called before each start: writes what the new nginx is to serve from its first request on. `needed`: it is not to start
   * without.
   */
  prepare: (needed: boolean) => Promise<void>;
  /** A new one is on its way. */
  onSpawned: () => void;
  /** An nginx answers in place of one that had died by itself. */
  onRestarted: (client: ControlClient) => Promise<void>;
  /** An nginx has ended: what its workers had counted. */
  onEnded: (lastCounters: string) => void;
}

export interface Pids {
  master: number;
  workers: number[];
}

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;
/** A run this long was a good one: the next pause starts small again. */
const GOOD_RUN = 60_000;
/** How long updates wait for a replaced nginx that is slow to stop listening. */
const DEAF_MS = 2000;
/** Replaced ones that still finish what is under way; each has shared memory of its own, so there can't be many. */
const MOST_FORMER = 2;

export class NginxProcess {
  private run: NginxRun | undefined;
  /** Replaced, and finishing what was under way. */
  private readonly former = new Set<NginxRun>();
  private readonly sockets: ListenSockets;
  private readonly halt = new AbortController();
  private pause = FIRST_PAUSE;
  private replacing: Promise<void> | undefined;
  /** performance.now() of the last time. */
  private logReopened = -Infinity;

  constructor(private settings: EngineSettings, private readonly hooks: NginxHooks) {
    this.sockets = new ListenSockets(settings.workDirectory);
  }

  /** Starts nginx and waits until it answers. Throws an EngineError that says what to do. */
  async start(): Promise<ControlClient> {
    try {
      const run = await this.startOnce({ settings: this.settings, tablesNeeded: false });
      this.makeCurrent(run);
      return run.client;
    } catch (error) {
      // Nobody must wait at a port behind which nothing comes up.
      this.sockets.keepOnly([]);
      throw error;
    }
  }

  pids(): Pids | undefined {
    return this.run === undefined ? undefined : processesOf(this.run);
  }

  /** All processes, also those of replaced ones that still finish what is under way. */
  allPids(): Pids | undefined {
    const current = this.pids();
    const others = [...this.former].map(processesOf).filter((one) => one !== undefined);
    return current && { master: current.master, workers: [...current.workers, ...others.flatMap(({ master, workers }) => [master, ...workers])] };
  }

  /** Ends this nginx at once and lets the watch start a new one. */
  restart(): void {
    if (this.run !== undefined) killRun(this.run);
  }

  /**
   * Has every nginx that runs open the log of requests anew by its name, those too that finish what is under way. Each writes all
   * that it has to the file of before first; one that can't open the new one goes on with that.
   */
  reopenLog(): void {
    this.logReopened = performance.now();
    this.run?.child.kill('SIGUSR1');
    // A master that has been told to end hears nothing else any more.
    for (const run of this.former) reopenWorkerLogs(run);
  }

  /** Tests whether nginx takes the configuration that these settings give. Throws an EngineError that says what is wrong. */
  async test(settings: EngineSettings): Promise<void> {
    checkInstalled(settings);
    await testConfiguration(settings);
  }

  /**
   * Starts an nginx with these settings on the same sockets. When it answers, `takeOver` is told its client and its processes, and
   * the one before finishes what is under way (`drainSeconds`). Throws an EngineError, and goes on with the one before, when it
   * does not start.
   */
  async replace(settings: EngineSettings, takeOver: (client: ControlClient, pids: Pids | undefined) => Promise<void>): Promise<void> {
    if (this.replacing !== undefined) throw new EngineError('busy', 'nginx is being replaced already; wait until that is over');
    this.replacing = this.replaceOnce(settings, takeOver);
    try {
      await this.replacing;
    } finally {
      this.replacing = undefined;
    }
  }

  /** Waits until there is room for one more former nginx. */
  async untilFewFormer(): Promise<void> {
    while (this.former.size >= MOST_FORMER) await Promise.race([...this.former].map(({ ended }) => ended));
  }

  /** Lets requests in flight end (`drainSeconds`), then insists. Resolves when no process of nginx is left. */
  async stop(): Promise<void> {
    this.halt.abort();
    await this.replacing?.catch(() => undefined);
    this.sockets.keepOnly([]);
    const runs = [...this.former, ...(this.run === undefined ? [] : [this.run])];
    await Promise.all(runs.map((run) => this.stopRun(run)));
    rmSync(engineFiles(this.settings.workDirectory).controlSocket, { force: true });
  }

  private async stopRun(run: NginxRun): Promise<void> {
    // nginx cuts what is still open after drainSeconds itself (worker_shutdown_timeout); the second is for that to happen.
    for (const [signal, wait] of [['SIGQUIT', this.settings.limits.drainSeconds * 1000 + 1000], ['SIGTERM', 2000]] as const) {
      if (run.over) return;
      run.child.kill(signal);
      if (await endsWithin(run, wait)) return;
      this.hooks.log('warn', `nginx still runs ${wait} ms after ${signal}`);
    }
    killRun(run);
    await run.ended;
  }

  private makeCurrent(run: NginxRun): void {
    this.run = run;
    // It may have opened the file of before; sooner the signal would have ended it.
    if (this.logReopened >= run.started) run.child.kill('SIGUSR1');
    try {
      showCurrentRun(this.settings.workDirectory, run.number, run.child.pid!);
    } catch (error) {
      // It serves all the same.
      this.hooks.log('error', `nginx.pid and the name of the control socket can't be written: ${messageFrom(error)}`);
    }
    void this.watch(run);
  }

  private async replaceOnce(settings: EngineSettings, takeOver: (client: ControlClient, pids: Pids | undefined) => Promise<void>): Promise<void> {
    const before = this.run!;
    const missing = this.sockets.missing(this.settings.listeners);
    if (missing.length > 0) throw new EngineError('port-forbidden', `nginx can't be replaced while it runs: the agent holds no socket of ${missing.join(', ')}; restart the engine`);
    let run: NginxRun | undefined;
    try {
      run = await this.startOnce({ settings, tablesNeeded: true });
      await takeOver(run.client, processesOf(run));
    } catch (error) {
      if (run !== undefined) killRun(run);
      await run?.ended;
      this.sockets.keepOnly(this.settings.listeners);
      if (!before.over) writeConfiguration(this.settings, before.number);
      throw error;
    }
    this.settings = settings;
    this.makeCurrent(run);
    this.sockets.keepOnly(settings.listeners);
    this.former.add(before);
    before.child.kill('SIGQUIT');
    // From then on nobody is served from the old tables any more.
    await untilDeaf(before, DEAF_MS);
    if (before.over) this.former.delete(before);
  }

  private async watch(run: NginxRun): Promise<void> {
    const ending = await run.ended;
    this.former.delete(run);
    this.hooks.onEnded(run.lastCounters());
    // If it dies while its successor starts, it depends on that one.
    await this.replacing?.catch(() => undefined);
    if (this.halt.signal.aborted || run !== this.run) return;
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
        const client = await this.start();
        this.hooks.log('warn', 'nginx is restarted');
        return await this.hooks.onRestarted(client);
      } catch (error) {
        if (!signal.aborted) this.hooks.log('error', messageFrom(error));
      }
    }
  }

  /** `tablesNeeded`: it is to take the place of one that serves, so without all tables it must not start. */
  private async startOnce({ settings, tablesNeeded }: { settings: EngineSettings; tablesNeeded: boolean }): Promise<NginxRun> {
    checkInstalled(settings);
    const number = this.freeNumber();
    writeConfiguration(settings, number);
    await this.hooks.prepare(tablesNeeded);
    const run = spawnNginx({ settings, number, sockets: this.sockets.open(settings.listeners), tablesNeeded, log: this.hooks.log });
    this.hooks.onSpawned();
    const deadline = performance.now() + settings.limits.startSeconds * 1000;
    while (!run.over) {
      if (await run.client.tables().then(() => true, () => false)) {
        if (!run.lines.some((line) => /listen\(\) to \S+.*failed/.test(line))) return run;
        killRun(run);
        break;
      }
      if (performance.now() > deadline || this.halt.signal.aborted) {
        killRun(run);
        await run.ended;
        throw new EngineError('nginx-silent', `nginx did not answer within ${settings.limits.startSeconds} s; ` +
          `its last words: ${run.lines.slice(-3).join(' | ') || 'none'}`);
      }
      await Promise.race([sleep(10), run.ended]);
    }
    throw explainNginxFailure(run.lines.join('\n'), await run.ended);
  }

  /** The lowest that no living nginx has. */
  private freeNumber(): number {
    const taken = new Set([...this.former, ...(this.run === undefined || this.run.over ? [] : [this.run])].map((run) => run.number));
    let number = 1;
    while (taken.has(number)) number += 1;
    return number;
  }
}

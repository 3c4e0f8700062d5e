// One engine: nginx with its prefix, and the class tables in it. Starts, replaces and stops them in the right order and connects
// them; what is right or wrong about an update is decided in check-update.ts.

import { setTimeout as sleep } from 'node:timers/promises';
import type { HeldTable } from './check-update.js';
import { BackendHops } from './backend-hops.js';
import { ClassWriters, type Readiness } from './class-writers.js';
import type { ApplyResult } from './class-writer.js';
import type { ControlClient } from './control-client.js';
import { createCurrentClient } from './current-client.js';
import { messageFrom } from './engine-error.js';
import { NginxProcess, type Log, type Pids } from './nginx-process.js';
import { type ObservedTraffic, createObservedTraffic } from './observed-traffic.js';
import { Passthrough } from './passthrough.js';
import { createProcFigures } from './proc-figures.js';
import { readingsOf } from './readings.js';
import type { FirstTable } from './repair-table.js';
import { type ServedOrigins, createServedOrigins } from './served-origins.js';
import { checkReplaceable, type EngineSettings } from './settings.js';
import { createTrafficCounters, type Reading, type TrafficCounters } from './traffic-counters.js';
import type { TableUpdate } from '../route-table/types.js';
import { prepareWorkDirectory } from './work-directory.js';

export interface Engine {
  /**
   * Takes one step of a class table as a whole, or refuses it and goes on serving what it has. Resolves when every worker
   * of nginx serves it. A reason starts with a stable word: malformed, unknown-class, stale-epoch, sequence, entry, count,
   * budget, full, nginx, stopped.
   */
  apply(update: TableUpdate): Promise<ApplyResult>;
  /**
   * What nginx has counted since this engine was started, and how it is. Counts never go backwards; what an nginx that died
   * had counted after the last reading is lost. Throws when nginx does not answer.
   */
  readings(): Promise<Reading[]>;
  /** Tells of the requests for these Ingresses of a class about once a second, until others are asked for; none: no more. */
  observe: ObservedTraffic['observe'];
  /** Undefined while nginx is down. */
  pids(): Pids | undefined;
  /** Generation of a class in nginx: grows by one with every update that changed something. */
  generation(className: string): number;
  /** What the engine holds of a class; undefined before its first table. */
  table(className: string): HeldTable | undefined;
  readiness(): Promise<Readiness>;
  /**
   * Puts a new nginx in the place of the one that runs, with these settings and whatever program is at `nginxBinary` now. It
   * begins with all tables and on the same sockets; the old one finishes what is under way. Updates wait meanwhile. Throws an
   * EngineError that says what to do, and all goes on as before, when that can't be done.
   */
  replaceNginx(settings: EngineSettings): Promise<void>;
  /** Has nginx open the log of requests (`accessLog`) anew, for whoever has moved its file away. No line is lost. */
  reopenLog(): void;
  /** Asks clients to go elsewhere after each answer; `stop` comes next. Never rejects. */
  leave(): Promise<void>;
  stop(): Promise<void>;
}

/** Nobody else may ask for long, and what is not read of an nginx that dies is lost. */
const READ_EVERY_MS = 10_000;

export interface EngineOptions {
  log: Log;
  /** Tables that it begins with, of classes of these settings; the others are empty. */
  first?: readonly FirstTable[];
  /** nginx is on its way: from now on there is time for other things. */
  onSpawned?: () => void;
}

/** Starts nginx and resolves when it answers. Throws an EngineError that says what to do. */
export async function startEngine(settings: EngineSettings, { log, first = [], onSpawned }: EngineOptions): Promise<Engine> {
  await prepareWorkDirectory(settings);
  const engine = new RunningEngine(settings, log, onSpawned);
  try {
    for (const table of first) await engine.begin(table);
    await engine.start(first);
  } catch (error) {
    await engine.stop();
    throw error;
  }
  return {
    apply: (update) => engine.apply(update),
    readings: engine.readings,
    observe: engine.observe,
    pids: () => engine.pids(),
    generation: (className) => engine.generation(className),
    table: (className) => engine.table(className),
    readiness: () => engine.readiness(),
    replaceNginx: (next) => engine.replaceNginx(next),
    reopenLog: () => engine.reopenLog(),
    leave: () => engine.leave(),
    stop: () => engine.stop(),
  };
}

/** The parts and their connections; what each method means is said at Engine. */
class RunningEngine implements Engine {
  private readonly client = createCurrentClient();
  private readonly origins: ServedOrigins;
  private readonly traffic: TrafficCounters;
  private readonly writers: ClassWriters;
  private readonly nginx: NginxProcess;
  private readonly hops: BackendHops;
  private readonly passthrough: Passthrough;
  private readonly counts = { starts: 0, replacements: 0 };
  private replacing: Promise<void> = Promise.resolve();
  private keeping: NodeJS.Timeout | undefined;
  private readonly observed: ObservedTraffic;
  readonly readings: Engine['readings'];
  readonly observe: Engine['observe'];

  constructor(private settings: EngineSettings, private readonly log: Log, onSpawned: () => void = () => undefined) {
    const { client } = this;
    this.origins = createServedOrigins(settings.metrics.ingressNginxNames);
    this.traffic = createTrafficCounters({ client, origins: this.origins, goneMs: settings.metrics.goneSeconds * 1000, now: () => performance.now() });
    this.observed = createObservedTraffic(this.traffic.requestsOf, log);
    this.observe = this.observed.observe;
    this.hops = new BackendHops(settings, log);
    this.passthrough = new Passthrough(settings, log, (className) => this.writers.table(className)?.entries);
    this.writers = new ClassWriters(settings, client, { instance: '', restartNginx: () => this.nginx.restart(), log, followers: [this.hops, this.passthrough] });
    this.nginx = new NginxProcess(settings, {
      log,
      prepare: (needed) => this.writeFirstTables(needed),
      onSpawned,
      onRestarted: async (next) => {
        this.counts.starts += 1;
        await this.turnTo(next);
        void this.writers.restore();
      },
      onEnded: (lastCounters) => this.traffic.takeLast(lastCounters),
    });
    this.readings = readingsOf({
      settings: () => this.settings, traffic: this.traffic, origins: this.origins, passthrough: this.passthrough, proc: createProcFigures(() => this.settings.listeners),
      pids: () => this.nginx.allPids(), counts: () => this.counts, generation: (className) => this.generation(className),
    });
  }

  async begin(table: FirstTable): Promise<void> {
    this.writers.begin(table);
    for (const one of [this.hops, this.passthrough]) {
      await one.before(table.update.class, new Map(), table.changes);
      await one.after(table.update.class, true);
    }
  }

  /** `first`: what it begins with. */
  async start(first: readonly FirstTable[]): Promise<void> {
    // What comes before nginx answers waits for it.
    await this.passthrough.listen(this.settings);
    await this.turnTo(await this.nginx.start());
    // It serves: who is counted for what has time until somebody asks.
    for (const { update } of first) this.origins.take(update);
    // What it could not begin with.
    await this.writers.restore();
    this.counts.starts += 1;
    this.keeping = setInterval(() => { this.traffic.read().catch(() => undefined); }, READ_EVERY_MS).unref();
  }

  async apply(update: TableUpdate): Promise<ApplyResult> {
    const result = await this.writers.apply(update);
    if (result.applied) this.origins.take(update);
    return result;
  }

  pids(): Pids | undefined {
    return this.nginx.pids();
  }

  generation(className: string): number {
    return this.writers.generation(className);
  }

  table(className: string): HeldTable | undefined {
    return this.writers.table(className);
  }

  readiness(): Promise<Readiness> {
    return this.writers.readiness();
  }

  replaceNginx(next: EngineSettings): Promise<void> {
    const done = this.replacing.then(() => this.replace(next)).catch(async (error: unknown) => {
      await this.client.leave(false).catch(() => undefined);
      throw error;
    });
    this.replacing = done.catch(() => undefined);
    return done;
  }

  reopenLog(): void {
    this.nginx.reopenLog();
  }

  leave(): Promise<void> {
    return this.client.leave(true).catch((error: Error) => this.log('warn', `clients can't be asked to go elsewhere: ${error.message}`));
  }

  async stop(): Promise<void> {
    clearInterval(this.keeping);
    this.observed.stop();
    this.writers.stop();
    await Promise.all([this.nginx.stop(), this.passthrough.stop()]);
    await this.hops.stop();
  }

  private async replace(next: EngineSettings): Promise<void> {
    const { nginx, passthrough, traffic, writers } = this;
    checkReplaceable(this.settings, next);
    await nginx.test(next);
    await nginx.untilFewFormer();
    await this.client.leave(true);
    // So long idle connections are still used: each answer asks to close them.
    await sleep(this.settings.limits.leaveSeconds * 1000);
    await writers.whileHeld(() => nginx.replace(next, async (successor, pids) => {
      await passthrough.listen(next);
      await traffic.read().catch(() => undefined);
      await this.turnTo(successor, pids);
    })).catch(async (error: unknown) => {
      await passthrough.listen(this.settings);
      throw error;
    });
    this.counts.replacements += 1;
    this.settings = next;
    this.hops.obey(next);
    writers.serve(next);
  }

  /** A start that can do without: a full disk must not keep nginx from serving. */
  private async writeFirstTables(needed: boolean): Promise<void> {
    const { writers, settings: { workDirectory } } = this;
    try {
      await writers.writeFirstTables(workDirectory);
    } catch (error) {
      if (needed) throw error;
      this.log('error', `tables can't be written for the new nginx, which gets them when it runs: ${messageFrom(error)}`);
      writers.removeFirstTables(workDirectory);
    }
  }

  /** `pids`: of the nginx that it turns to. */
  private async turnTo(next: ControlClient, pids = this.nginx.pids()): Promise<void> {
    const states = await next.tables();
    // At once, so that nobody sees the one without the other.
    this.writers.adopt(states);
    this.client.use(next);
    this.hops.admit(pids?.workers[0]);
    this.writers.removeFirstTables(this.settings.workDirectory);
  }
}

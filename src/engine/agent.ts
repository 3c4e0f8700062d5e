// One engine: nginx with its prefix, and the class tables in it. Starts and stops them in the right order and connects
// them; what is right or wrong about an update is decided in check-update.ts.

import type { HeldTable } from './check-update.js';
import { ClassWriters, type Readiness } from './class-writers.js';
import type { ApplyResult } from './class-writer.js';
import { createControlClient } from './control-client.js';
import { engineFiles } from './nginx-conf.js';
import { NginxProcess, type Log, type Pids } from './nginx-process.js';
import { type ObservedTraffic, createObservedTraffic } from './observed-traffic.js';
import { createProcFigures } from './proc-figures.js';
import { readingsOf } from './readings.js';
import { createServedOrigins } from './served-origins.js';
import type { EngineSettings } from './settings.js';
import { createTrafficCounters, type Reading } from './traffic-counters.js';
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
  stop(): Promise<void>;
}

/** Nobody else may ask for long, and what is not read of an nginx that dies is lost. */
const READ_EVERY_MS = 10_000;

/** Starts nginx and resolves when it answers, with empty tables. Throws an EngineError that says what to do. */
export async function startEngine(settings: EngineSettings, { log }: { log: Log }): Promise<Engine> {
  await prepareWorkDirectory(settings);
  const client = createControlClient(engineFiles(settings.workDirectory).controlSocket);
  const nginx = new NginxProcess(settings, {
    log,
    probe: () => client.tables().then(() => true, () => false),
    onRestarted: () => {
      starts += 1;
      void writers.restore();
    },
  });
  let starts = 1;
  let writers: ClassWriters;
  try {
    await nginx.start();
    const { instance } = await client.tables();
    writers = new ClassWriters(settings, client, { instance, restartNginx: () => nginx.restart(), log });
  } catch (error) {
    await nginx.stop();
    await client.close();
    throw error;
  }
  const origins = createServedOrigins(settings.metrics.ingressNginxNames);
  const traffic = createTrafficCounters({ client, origins, goneMs: settings.metrics.goneSeconds * 1000, now: () => performance.now() });
  const readings = readingsOf({
    settings, traffic, origins, proc: createProcFigures(settings), pids: () => nginx.pids(), starts: () => starts,
    generation: (className) => writers.generation(className),
  });
  const observed = createObservedTraffic(traffic.requestsOf, log);
  const keeping = setInterval(() => { traffic.read().catch(() => undefined); }, READ_EVERY_MS).unref();
  return {
    async apply(update) {
      const result = await writers.apply(update);
      if (result.applied) origins.take(update);
      return result;
    },
    readings,
    observe: observed.observe,
    pids: () => nginx.pids(),
    generation: (className) => writers.generation(className),
    table: (className) => writers.table(className),
    readiness: () => writers.readiness(),
    async stop() {
      clearInterval(keeping);
      observed.stop();
      writers.stop();
      await nginx.stop();
      await client.close();
    },
  };
}

// One engine: nginx with its prefix, and the class tables in it. Starts and stops them in the right order and connects
// them; what is right or wrong about an update is decided in check-update.ts.

import type { HeldTable } from './check-update.js';
import { ClassWriters, type Readiness } from './class-writers.js';
import type { ApplyResult } from './class-writer.js';
import { createControlClient, type Counter } from './control-client.js';
import { engineFiles } from './nginx-conf.js';
import { NginxProcess, type Log, type Pids } from './nginx-process.js';
import type { EngineSettings } from './settings.js';
import type { TableUpdate } from '../route-table/types.js';
import { prepareWorkDirectory } from './work-directory.js';

export interface Engine {
  /**
   * Takes one step of a class table as a whole, or refuses it and goes on serving what it has. Resolves when every worker
   * of nginx serves it. A reason starts with a stable word: malformed, unknown-class, stale-epoch, sequence, entry, count,
   * budget, full, nginx, stopped.
   */
  apply(update: TableUpdate): Promise<ApplyResult>;
  /** Every counter since nginx was started; a restart of nginx starts them at 0. Throws when nginx does not answer. */
  counters(): Promise<Counter[]>;
  /** Undefined while nginx is down. */
  pids(): Pids | undefined;
  /** Generation of a class in nginx: grows by one with every update that changed something. */
  generation(className: string): number;
  /** What the engine holds of a class; undefined before its first table. */
  table(className: string): HeldTable | undefined;
  readiness(): Promise<Readiness>;
  stop(): Promise<void>;
}

/** Starts nginx and resolves when it answers, with empty tables. Throws an EngineError that says what to do. */
export async function startEngine(settings: EngineSettings, { log }: { log: Log }): Promise<Engine> {
  await prepareWorkDirectory(settings);
  const client = createControlClient(engineFiles(settings.workDirectory).controlSocket);
  const nginx = new NginxProcess(settings, {
    log,
    probe: () => client.tables().then(() => true, () => false),
    onRestarted: () => void writers.restore(),
  });
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
  return {
    apply: (update) => writers.apply(update),
    counters: () => client.counters(),
    pids: () => nginx.pids(),
    generation: (className) => writers.generation(className),
    table: (className) => writers.table(className),
    readiness: () => writers.readiness(),
    async stop() {
      writers.stop();
      await nginx.stop();
      await client.close();
    },
  };
}

// The engine of the program, which is there from when there is something to serve: nginx that has nothing must not answer for
// anybody. It begins with the last good tables, or with the first table that a controller brings, and keeps what it serves.

import path from 'node:path';
import { createFirstTables } from './begin-with-tables.js';
import { type Engine, startEngine } from '../../engine/agent.js';
import { keepLastGood } from '../../engine/last-good.js';
import type { Log } from '../../engine/nginx-process.js';
import type { FirstTable } from '../../engine/repair-table.js';
import type { EngineSettings } from '../../engine/settings.js';
import type { Reading } from '../../engine/traffic-counters.js';

export interface EngineWhenServed {
  /** Undefined while nothing is served. */
  current(): Engine | undefined;
  /** Serves the last good tables of these classes, where there are some; `onSpawned`: nginx is on its way. Throws when nginx can't be started. */
  begin(classes: readonly string[], settings: EngineSettings, onSpawned?: () => void): Promise<void>;
  apply: Engine['apply'];
  observe: Engine['observe'];
  /** Sequence of the last update of a class that was taken; 0 before the first. */
  taken(className: string): number;
  /** Why it is not ready, in words; undefined: it is. */
  notReady(): Promise<string | undefined>;
  readings(): Promise<Reading[]>;
  /** No request is taken any more, those in flight end, and what is served is on disk. */
  stop(): Promise<void>;
}

export interface EngineWhenServedOptions {
  settings: () => EngineSettings;
  /** May change: whoever was given it sees the classes of today. */
  classes: readonly string[];
  log: Log;
  /** How long it is unready for classes without a table, ms from now. */
  awaitTablesMs: () => number;
  start?: typeof startEngine;
}

export function createEngineWhenServed({ settings, classes, log, awaitTablesMs, start = startEngine }: EngineWhenServedOptions): EngineWhenServed {
  let starting: Promise<Engine> | undefined;
  let engine: Engine | undefined;
  const begun = performance.now();
  const lastGood = keepLastGood({ directory: path.join(settings().workDirectory, 'tables'), classes, held: (name) => engine?.table(name), log });
  const firstTables = createFirstTables(lastGood, log);
  const early = keepEarlyWishes();
  const running = async (first: readonly FirstTable[] = [], onSpawned?: () => void): Promise<Engine> => {
    starting ??= start(settings(), { log, first, ...(onSpawned && { onSpawned }) }).catch((error: unknown) => {
      starting = undefined;
      throw error;
    });
    engine = await starting;
    early.handOn(engine);
    return engine;
  };
  return {
    current: () => engine,
    async begin(names, own, onSpawned) {
      const tables = firstTables.choose(names, own);
      if (tables.length === 0) return;
      const begins = starting === undefined;
      const runs = await running(tables, onSpawned);
      for (const table of tables) {
        const { class: name } = table.update;
        const result = begins ? { applied: true as const } : await runs.apply(table.update);
        if (result.applied) firstTables.served(table);
        else log('error', `class ${name}: its last good table is not served: ${result.reason}; a controller has to bring one`);
      }
    },
    async apply(update) {
      const result = await (await running()).apply(update);
      if (!result.applied) return result;
      lastGood.changed(update.class, update.full ? undefined : [...update.set.map(({ key }) => key), ...update.remove]);
      firstTables.took(update);
      return result;
    },
    observe: (...wish) => (engine ?? early).observe(...wish),
    taken: (name) => Math.max(0, engine?.table(name)?.sequence ?? 0),
    async notReady() {
      if (engine === undefined) return 'no class has a table yet';
      const { ready, whole, reasons } = await engine.readiness();
      return ready && (whole || performance.now() - begun > awaitTablesMs()) ? undefined : reasons.join('; ');
    },
    readings: async () => [
      ...await engine?.readings() ?? [], { name: 'lastGoodUnwritten', labels: [], values: [lastGood.problem() === undefined ? 0 : 1] }, ...firstTables.readings(classes),
    ],
    async stop() {
      await engine?.stop();
      await lastGood.stop();
    },
  };
}

/** What was asked to be observed before there was anything to serve. */
function keepEarlyWishes(): Pick<Engine, 'observe'> & { handOn(engine: Engine): void } {
  const wishes = new Map<string, Parameters<Engine['observe']>>();
  return {
    observe: (...wish) => { wishes.set(wish[0], wish); },
    handOn(engine) {
      for (const wish of wishes.values()) engine.observe(...wish);
      wishes.clear();
    },
  };
}

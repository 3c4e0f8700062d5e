// The engine as a program of its own: serves the last good tables at once, follows the controllers of its classes, and keeps
// what it serves on disk. It has no Kubernetes client and no credentials of the cluster.

import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClassSubscriptions } from './class-subscriptions.js';
import { type EngineProgramSettings, checkFixed } from './engine-program-settings.js';
import { type Engine, startEngine } from '../../engine/agent.js';
import { keepLastGood } from '../../engine/last-good.js';
import type { Log } from '../../engine/nginx-process.js';
import { adminApp } from '../../http/admin-app.js';
import { type Listening, listen } from '../../http/listen.js';
import { engineMetrics } from '../installation/admin-metrics.js';
import type { TableUpdate } from '../../route-table/types.js';

export interface EngineProgram {
  adminPort: number;
  /** Process ids of nginx; undefined before it has a table to serve. */
  pids(): ReturnType<Engine['pids']>;
  /**
   * Goes on with other settings: a new nginx takes the place of the one that runs, and the controllers of the classes are
   * followed that they name. Throws, and all goes on as before, when that can't be done.
   */
  change(settings: EngineProgramSettings): Promise<void>;
  /** First unready, then no new requests, then the end when those in flight are answered. */
  stop(): Promise<void>;
}

/** Starts the program; it runs until stopped. */
export async function startEngineProgram(initial: EngineProgramSettings, log: Log): Promise<EngineProgram> {
  let settings = initial;
  // Changed in place: whoever was given it sees the classes of today.
  const classes = Object.keys(settings.controllers);
  let starting: Promise<Engine> | undefined;
  let engine: Engine | undefined;
  let stopping = false;
  const lastGood = keepLastGood({ directory: path.join(settings.engine.workDirectory, 'tables'), classes, held: (name) => engine?.table(name), log });
  // nginx begins to listen only when there is something to serve: an engine with nothing must not answer for anybody.
  const running = async (): Promise<Engine> => {
    starting ??= startEngine(settings.engine, { log }).catch((error: unknown) => {
      starting = undefined;
      throw error;
    });
    engine = await starting;
    early.handOn(engine);
    return engine;
  };
  const early = keepEarlyWishes();
  const apply = async (update: TableUpdate): Promise<Awaited<ReturnType<Engine['apply']>>> => {
    const result = await (await running()).apply(update);
    if (result.applied) lastGood.changed(update.class);
    return result;
  };
  await serveLastGood(classes, lastGood.load, apply, log);
  const subscriptions = createClassSubscriptions({ apply, observe: (...wish) => (engine ?? early).observe(...wish), log, taken: (name) => Math.max(0, engine?.table(name)?.sequence ?? 0) });
  await subscriptions.follow(settings);
  const readiness = async (): Promise<string | undefined> => {
    if (stopping) return 'stopping';
    if (engine === undefined) return 'no class has a table yet';
    const { ready, reasons } = await engine.readiness();
    return ready ? undefined : reasons.join('; ');
  };
  const metrics = engineMetrics(settings.engine, '', async () => [
    ...await engine?.readings() ?? [], { name: 'lastGoodUnwritten', labels: [], values: [lastGood.problem() === undefined ? 0 : 1] },
  ]);
  const admin: Listening = await listen(adminApp({ metrics: (request) => metrics.render(request), classes, notReady: readiness }), settings.admin.address, settings.admin.port);
  return {
    adminPort: admin.port,
    pids: () => engine?.pids(),
    async change(next) {
      checkFixed(settings, next);
      if (engine !== undefined) await engine.replaceNginx(next.engine);
      const added = Object.keys(next.controllers).filter((name) => !classes.includes(name));
      settings = next;
      classes.splice(0, classes.length, ...Object.keys(next.controllers));
      await serveLastGood(added, lastGood.load, apply, log);
      await subscriptions.follow(next);
    },
    async stop() {
      stopping = true;
      if (engine !== undefined) {
        await engine.leave();
        await sleep(settings.unreadySeconds * 1000);
      }
      await subscriptions.stop();
      await engine?.stop();
      await lastGood.stop();
      await admin.close();
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

async function serveLastGood(
  classes: readonly string[], load: (name: string) => TableUpdate | undefined, apply: (update: TableUpdate) => Promise<{ applied: boolean; reason?: string }>, log: Log,
): Promise<void> {
  for (const name of classes) {
    const table = load(name);
    if (table === undefined) continue;
    const { applied, reason } = await apply(table);
    if (applied) log('info', `class ${name}: serves its last good table (epoch ${table.epoch}, sequence ${table.sequence}, ${table.count} entries)`);
    else log('error', `class ${name}: its last good table is not served: ${reason}`);
  }
}

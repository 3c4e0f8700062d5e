// The engine as a program of its own: serves the last good tables at once, follows the controllers of its classes, and keeps
// what it serves on disk. It has no Kubernetes client and no credentials of the cluster.

import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineProgramSettings } from './engine-program-settings.js';
import { type Engine, startEngine } from '../../engine/agent.js';
import { keepLastGood } from '../../engine/last-good.js';
import type { Log } from '../../engine/nginx-process.js';
import { type Subscription, subscribeTables } from '../../engine/subscribe-tables.js';
import { connectToPublishers } from '../../engine/tls-files.js';
import { adminApp } from '../../http/admin-app.js';
import { type Listening, listen } from '../../http/listen.js';
import { engineMetrics } from '../installation/admin-metrics.js';
import type { TableUpdate } from '../../route-table/types.js';

export interface EngineProgram {
  adminPort: number;
  /** Process ids of nginx; undefined before it has a table to serve. */
  pids(): ReturnType<Engine['pids']>;
  /** First unready, then no new requests, then the end when those in flight are answered. */
  stop(): Promise<void>;
}

/** Starts the program; it runs until stopped. */
export async function startEngineProgram(settings: EngineProgramSettings, log: Log): Promise<EngineProgram> {
  const classes = Object.keys(settings.controllers);
  let starting: Promise<Engine> | undefined;
  let engine: Engine | undefined;
  let stopping = false;
  const lastGood = keepLastGood({ directory: path.join(settings.engine.workDirectory, 'tables'), classes, held: (name) => engine?.table(name), log });
  // nginx begins to listen only when there is something to serve: an engine with nothing must not answer for anybody.
  const running = async (): Promise<Engine> => {
    starting ??= startEngine(settings.engine, { log });
    engine = await starting;
    for (const [name, { ingresses, tell }] of observed) engine.observe(name, ingresses, tell);
    observed.clear();
    return engine;
  };
  /** What was asked for before there was anything to serve. */
  const observed = new Map<string, { ingresses: readonly string[]; tell: Parameters<Engine['observe']>[2] }>();
  const observe: Engine['observe'] = (name, ingresses, tell) => {
    if (engine === undefined) observed.set(name, { ingresses, tell });
    else engine.observe(name, ingresses, tell);
  };
  const apply = async (update: TableUpdate): Promise<Awaited<ReturnType<Engine['apply']>>> => {
    const result = await (await running()).apply(update);
    if (result.applied) lastGood.changed(update.class);
    return result;
  };
  await serveLastGood(classes, lastGood.load, apply, log);
  const connections = new Map(classes.map((name) => [name, connectToPublishers(name, settings.tls, (message) => log('warn', message))]));
  const subscriptions = classes.map((name): Subscription => subscribeTables({
    class: name, engine: settings.name, addresses: settings.controllers[name]!, connections: connections.get(name)!, apply, observe, log,
    taken: () => Math.max(0, engine?.table(name)?.sequence ?? 0),
  }));
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
    async stop() {
      stopping = true;
      if (engine !== undefined) await sleep(settings.unreadySeconds * 1000);
      await Promise.all(subscriptions.map((one) => one.stop()));
      await Promise.all([...connections.values()].map((one) => one.close()));
      await engine?.stop();
      await lastGood.stop();
      await admin.close();
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

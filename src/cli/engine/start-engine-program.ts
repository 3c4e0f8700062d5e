// The engine as a program of its own: serves the last good tables at once, follows the controllers of its classes, and keeps
// what it serves on disk. It has no Kubernetes client and no credentials of the cluster.

import { setTimeout as sleep } from 'node:timers/promises';
import { createEngineWhenServed } from './engine-when-served.js';
import { type EngineProgramSettings, checkFixed } from './engine-program-settings.js';
import type { Engine } from '../../engine/agent.js';
import type { Log } from '../../engine/nginx-process.js';
import { mostOfUpdate } from '../../engine/update-rules.js';

export interface EngineProgram {
  adminPort: number;
  /** Process ids of nginx; undefined before it has a table to serve. */
  pids(): ReturnType<Engine['pids']>;
  /**
   * Goes on with other settings: a new nginx takes the place of the one that runs, and the controllers of the classes are
   * followed that they name. Throws, and all goes on as before, when that can't be done.
   */
  change(settings: EngineProgramSettings): Promise<void>;
  /** Has nginx open the log of requests anew. */
  reopenLog(): void;
  /** First unready, then no new requests, then the end when those in flight are answered. */
  stop(): Promise<void>;
}

/** Starts the program; it runs until stopped. */
export async function startEngineProgram(initial: EngineProgramSettings, log: Log): Promise<EngineProgram> {
  let settings = initial;
  // Changed in place: whoever was given it sees the classes of today.
  const classes = Object.keys(settings.controllers);
  let stopping = false;
  const engine = createEngineWhenServed({ settings: () => settings.engine, classes, log, awaitTablesMs: () => settings.awaitTablesSeconds * 1000 });
  let serving = Promise.resolve();
  await new Promise<void>((resolve) => {
    serving = engine.begin(classes, settings.engine, resolve);
    serving.then(resolve, () => resolve());
  });
  // While nginx starts there is time to read what is not needed to serve.
  const [{ createClassSubscriptions }, { adminApp }, { listen }, { engineMetrics }, { ownCertificateReadings }] = await Promise.all([
    import('./class-subscriptions.js'), import('../../http/admin-app.js'), import('../../http/listen.js'), import('../installation/admin-metrics.js'), import('../installation/own-certificates.js'),
  ]);
  await serving;
  const { apply, observe, taken } = engine;
  const subscriptions = createClassSubscriptions({ apply, observe, log, taken, most: () => mostOfUpdate(settings.engine) });
  await subscriptions.follow(settings);
  const notReady = async (): Promise<string | undefined> => (stopping ? 'stopping' : engine.notReady());
  const metrics = engineMetrics(settings.engine, '', async () => [...await engine.readings(), ...await ownCertificateReadings({ files: settings.tls, program: 'engine' })()]);
  const admin = await listen(adminApp({ metrics: (request) => metrics.render(request), classes, notReady }), settings.admin.address, settings.admin.port);
  return {
    adminPort: admin.port,
    pids: () => engine.current()?.pids(),
    reopenLog: () => engine.current()?.reopenLog(),
    async change(next) {
      checkFixed(settings, next);
      await engine.current()?.replaceNginx(next.engine);
      const added = Object.keys(next.controllers).filter((name) => !classes.includes(name));
      settings = next;
      classes.splice(0, classes.length, ...Object.keys(next.controllers));
      await engine.begin(added, next.engine);
      await subscriptions.follow(next);
    },
    async stop() {
      stopping = true;
      if (engine.current() !== undefined) {
        await engine.current()?.leave();
        await sleep(settings.unreadySeconds * 1000);
      }
      await subscriptions.stop();
      await engine.stop();
      await admin.close();
    },
  };
}

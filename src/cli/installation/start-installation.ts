// An installation in one process: an engine with its nginx, the controller instances that give it its tables, and the admin
// listener. `dev` and `run` are both this. It decides nothing and sets no exit code.

import { setTimeout as sleep } from 'node:timers/promises';
import { startInstance } from './start-instance.js';
import type { Controller, LogLevel } from '../../controller/controller.js';
import type { Claim } from '../../core/claim.js';
import type { Installation as InstallationName } from '../../core/claim-record.js';
import { type Engine, startEngine } from '../../engine/agent.js';
import type { EngineSettings } from '../../engine/settings.js';
import { adminApp } from '../../http/admin-app.js';
import { listen } from '../../http/listen.js';
import type { KubeConfigSource } from '../../kubernetes/kube-config.js';
import type { Metrics } from '../../metrics/metrics.js';
import { engineMetrics } from './admin-metrics.js';
import { listenersOf, serveTables } from './engine-of-claims.js';
import { readingsOfClasses } from './readings-of-classes.js';

export type PartLog = (level: LogLevel, part: string, message: string) => void;

export interface InstanceSettings {
  /** Its name in the log. */
  part: string;
  claims: readonly Claim[];
  /** Differs from any other process's, and from one start to the next. */
  identity: string;
}

export interface InstallationSettings {
  installation: InstallationName;
  kubeconfig: KubeConfigSource;
  engine: EngineSettings;
  instances: readonly InstanceSettings[];
  admin: { address: string; port: number };
  /** See ControllerOptions. */
  statusWritesPerSecond?: number;
  /** How long it serves, unready, after its claims are given back: until whoever sends requests has noticed. 0 when left out. */
  unreadySeconds?: number;
}

export interface Installation {
  adminPort: number;
  engine: Engine;
  metrics: Metrics;
  controllers: readonly Controller[];
  /**
   * Puts a new nginx with these settings in the place of the one that runs. Throws, and all goes on as before, when that can't
   * be done.
   */
  changeEngine(settings: EngineSettings): Promise<void>;
  /** Undefined when everything is served; else what is missing, in words. */
  notReady(): string | undefined;
  /** Hands the claims back, then lets nginx finish what is under way. Never rejects. */
  stop(): Promise<void>;
}

/**
 * The engine of an installation gets its tables from the claims that are held here: without any, it serves nothing. A claim that
 * came to its end because the cluster can't be reached is nobody else's, as far as anybody can know: what was served is served on.
 */
function standbyReason(controllers: readonly Controller[], own: readonly string[]): string | undefined {
  const claims = controllers.flatMap((one) => one.claims());
  if (!controllers.every((one) => one.isStandby()) || claims.some(({ holder }) => holder !== undefined && own.includes(holder))) return undefined;
  return `standby: the classes are held by other processes (${claims.map(({ class: name, holder }) => `${name}: ${holder === undefined || holder === '' ? 'nobody' : holder}`).join(', ')})`;
}

/** Serves on, and asks clients to go elsewhere. */
async function leaveTraffic(engine: Engine, seconds: number): Promise<void> {
  await engine.leave();
  await sleep(seconds * 1000);
}

/** Starts everything; resolves when it runs, which is before it is ready. What had started is ended again when a part fails. */
export async function startInstallation(settings: InstallationSettings, log: PartLog): Promise<Installation> {
  const ends: (() => Promise<void>)[] = [];
  let state: 'starting' | 'running' | 'stopping' = 'starting';
  const stop = async (): Promise<void> => {
    if (state === 'running') state = 'stopping';
    for (const end of ends.splice(0).reverse()) {
      await end().catch((error: Error) => log('error', 'installation', `did not end cleanly: ${error.message}`));
    }
  };
  const { installation, kubeconfig, admin: { address, port }, unreadySeconds = 0, statusWritesPerSecond } = settings;
  try {
    const claims = settings.instances.flatMap((one) => one.claims);
    const engineSettings = serveTables(settings.engine, claims);
    const engine = await startEngine(engineSettings, { log: (level, message) => log(level, 'engine', message) });
    ends.push(async () => {
      if (state === 'stopping') await leaveTraffic(engine, unreadySeconds);
      await engine.stop();
    });
    const metrics = engineMetrics(engineSettings, installation.namespace, async () => readingsOfClasses(await engine.readings(), claims));
    const controllers: Controller[] = [];
    for (const { part, claims: own, identity } of settings.instances) {
      const instance = await startInstance({
        claims: own, identity, installation, kubeconfig, sink: engine, metrics, ...(statusWritesPerSecond === undefined ? {} : { statusWritesPerSecond }),
        listenersOf: (className) => listenersOf(settings.engine, className), log: (level, message) => log(level, part, message),
      });
      ends.push(() => instance.stop());
      controllers.push(instance.controller);
    }
    const notReady = (): string | undefined => (state === 'stopping' ? 'stopping' : undefined) ?? controllers.map((one) => one.notReady()).find((missing) => missing !== undefined) ?? standbyReason(controllers, settings.instances.map(({ identity }) => identity));
    const admin = await listen(adminApp({ metrics: (request) => metrics.render(request), classes: claims.map((claim) => claim.class), notReady }), address, port);
    // It answers to the end, that it is not ready.
    ends.unshift(() => admin.close());
    state = 'running';
    const changeEngine = (next: EngineSettings): Promise<void> => engine.replaceNginx(serveTables(next, claims));
    return { adminPort: admin.port, engine, metrics, controllers, changeEngine, notReady, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

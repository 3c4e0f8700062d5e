// Starts and ends a whole installation on this machine: API server, sample workloads, engine with nginx, two controller
// instances, admin listener. Each part is the real one and speaks to the others as in a cluster, over sockets.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { devClaims, devEngineSettings, type DevSettings, leaseNamespace } from './dev-settings.js';
import { readSampleObjects } from './sample-cluster.js';
import { type Controller, startController } from '../../controller/controller.js';
import type { Claim } from '../../core/claim.js';
import { type ApiServer, startApiServer } from '../../dev-cluster/api-server.js';
import { type Workloads, startWorkloads } from '../../dev-cluster/workloads/workloads.js';
import { type Engine, startEngine } from '../../engine/agent.js';
import { engineSettings } from '../../engine/settings.js';
import { adminApp } from '../../http/admin-app.js';
import { listen } from '../../http/listen.js';
import { connectToApi } from '../../kubernetes/api-connection.js';
import { createKubeApi } from '../../kubernetes/kube-api.js';
import { type Metrics, createMetrics } from '../../metrics/metrics.js';

export type DevLog = (level: 'debug' | 'info' | 'warn' | 'error', part: string, message: string) => void;

export interface Dev {
  kubeconfig: string;
  adminPort: number;
  api: ApiServer;
  engine: Engine;
  /** Undefined when everything is served. */
  notReady(): string | undefined;
  stop(): Promise<void>;
}

/** Starts everything; `samples` is a folder of manifests to begin with. What had started is ended again when a part fails. */
export async function startDev(settings: DevSettings, samples: string | undefined, log: DevLog): Promise<Dev> {
  const ends: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) {
      await end().catch((error: Error) => log('error', 'dev', `did not end cleanly: ${error.message}`));
    }
  };
  try {
    const objects = samples === undefined ? [] : readSampleObjects(samples);
    const api = await startApiServer({ port: settings.apiPort, allowLoopbackEndpoints: true });
    ends.push(() => api.close());
    const kubeconfig = writeKubeconfig(settings, api);
    const engine = await startEngine(engineSettings(devEngineSettings(settings)), { log: (level, message) => log(level, 'engine', message) });
    ends.push(() => engine.stop());
    const workloads: Workloads = startWorkloads({ apiUrl: api.url, token: api.token, caPem: api.caPem, onProblem: (message) => log('warn', 'workloads', message) });
    ends.push(() => workloads.close());
    api.store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: leaseNamespace } });
    for (const object of objects) api.store.create(object);
    const metrics = createMetrics({
      readings: () => engine.readings(), version: packageVersion(), nodeVersion: process.versions.node,
      familiar: settings.familiarNames ? { namespace: leaseNamespace, pod: 'dev' } : undefined,
    });
    const controllers: Controller[] = [];
    const claims = devClaims();
    for (const claim of claims) controllers.push(await startInstance(claim, { kubeconfig, engine, metrics, log, ends }));
    const notReady = (): string | undefined => controllers.map((one) => one.notReady()).find((missing) => missing !== undefined);
    const admin = await listen(adminApp({ metrics: (request) => metrics.render(request), classes: claims.map((claim) => claim.class), notReady }), '127.0.0.1', settings.adminPort);
    ends.push(() => admin.close());
    return { kubeconfig, adminPort: admin.port, api, engine, notReady, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function packageVersion(): string {
  const file = path.resolve(import.meta.dirname, '../../../../package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function writeKubeconfig({ workDirectory }: DevSettings, api: ApiServer): string {
  mkdirSync(workDirectory, { recursive: true, mode: 0o700 });
  const file = path.join(workDirectory, 'kubeconfig');
  writeFileSync(file, api.kubeconfig(), { mode: 0o600 });
  return file;
}

interface Surroundings {
  kubeconfig: string;
  engine: Engine;
  metrics: Metrics;
  log: DevLog;
  ends: (() => Promise<void>)[];
}

/** One controller instance with a connection of its own, as if it were alone. */
async function startInstance(claim: Claim, { kubeconfig, engine, metrics, log, ends }: Surroundings): Promise<Controller> {
  const part = claim.class;
  const connection = await connectToApi({ source: { kind: 'path', path: kubeconfig }, onFault: (error) => log('warn', part, error.message) });
  ends.push(() => connection.close());
  const controller = startController({
    claims: [claim], api: createKubeApi({ connection }), sink: engine, metrics, leaseNamespace,
    identity: `dev-${part}-${process.pid}`, log: (level, message) => log(level, part, message),
  });
  ends.push(() => controller.stop());
  await controller.synced;
  return controller;
}

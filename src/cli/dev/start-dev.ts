// Starts and ends a whole installation on this machine: API server, sample workloads, engine with nginx, two controller
// instances, admin listener. Each part is the real one and speaks to the others as in a cluster, over sockets.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { devClaims, devEngineSettings, type DevSettings, leaseNamespace } from './dev-settings.js';
import { readSampleObjects } from './sample-cluster.js';
import { type ApiServer, startApiServer } from '../../dev-cluster/api-server.js';
import { type Workloads, startWorkloads } from '../../dev-cluster/workloads/workloads.js';
import type { Engine } from '../../engine/agent.js';
import { engineSettings } from '../../engine/settings.js';
import { type PartLog, startInstallation } from '../installation/start-installation.js';

export type DevLog = PartLog;

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
    api.store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: leaseNamespace } });
    for (const object of objects) api.store.create(object);
    const workloads: Workloads = startWorkloads({ apiUrl: api.url, token: api.token, caPem: api.caPem, onProblem: (message) => log('warn', 'workloads', message) });
    ends.push(() => workloads.close());
    const { adminPort, engine, notReady, stop: stopInstallation } = await startInstallation({
      installation: { name: 'dev', namespace: leaseNamespace }, kubeconfig: { kind: 'path', path: kubeconfig },
      engine: engineSettings(devEngineSettings(settings)), admin: { address: '127.0.0.1', port: settings.adminPort },
      // One instance for each claim, as if each class had a controller of its own.
      instances: devClaims().map((claim) => ({ part: claim.class, claims: [claim], identity: `dev-${claim.class}-${process.pid}` })),
    }, log);
    ends.push(stopInstallation);
    return { kubeconfig, adminPort, api, engine, notReady, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function writeKubeconfig({ workDirectory }: DevSettings, api: ApiServer): string {
  mkdirSync(workDirectory, { recursive: true, mode: 0o700 });
  const file = path.join(workDirectory, 'kubeconfig');
  writeFileSync(file, api.kubeconfig(), { mode: 0o600 });
  return file;
}

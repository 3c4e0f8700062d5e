// Starts and ends a whole installation on this machine: API server, sample workloads, engine with nginx, two controller
// instances, admin listener. Each part is the real one and speaks to the others as in a cluster, over sockets.

import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { devClaims, devEngineSettings, type DevSettings, leaseNamespace } from './dev-settings.js';
import { controllerAccess, controllerUser } from './controller-access.js';
import { readSampleObjects } from './sample-cluster.js';
import { claimName } from '../../core/claim.js';
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
  /** What the controllers were not allowed to do, as the shipped roles have it: nothing, or they are wrong. */
  refused(): readonly string[];
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
  let restore = (): void => undefined;
  try {
    const objects = samples === undefined ? [] : readSampleObjects(samples);
    const refused = new Set<string>();
    const api = await startApiServer({
      port: settings.apiPort, allowLoopbackEndpoints: true, rbac: true,
      onRequest: ({ user, verb, resource, code }) => { if (code === 403 && user === controllerUser) refused.add(`${verb} ${resource}`); },
    });
    ends.push(() => api.close());
    const kubeconfig = path.join(settings.workDirectory, 'kubeconfig');
    const former = existsSync(kubeconfig) && statSync(kubeconfig).isFile() ? readFileSync(kubeconfig, 'utf8') : undefined;
    writeKubeconfig(kubeconfig, api.kubeconfig());
    // Another dev may run in this folder, and the engine notices only later.
    restore = () => { if (former !== undefined) writeKubeconfig(kubeconfig, former); };
    const account = path.join(settings.workDirectory, 'controller-kubeconfig');
    writeKubeconfig(account, api.kubeconfig({ user: controllerUser, token: api.addUser(controllerUser) }));
    api.store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: leaseNamespace } });
    for (const object of controllerAccess(devClaims().map(claimName))) api.store.create(object);
    for (const object of objects) api.store.create(object);
    const workloads: Workloads = startWorkloads({ apiUrl: api.url, token: api.token, caPem: api.caPem, onProblem: (message) => log('warn', 'workloads', message) });
    ends.push(() => workloads.close());
    const { adminPort, engine, notReady, stop: stopInstallation } = await startInstallation({
      installation: { name: 'dev', namespace: leaseNamespace }, kubeconfig: { kind: 'path', path: account },
      engine: engineSettings(devEngineSettings(settings)), admin: { address: '127.0.0.1', port: settings.adminPort },
      // One instance for each claim, as if each class had a controller of its own.
      instances: devClaims(settings).map((claim) => ({ part: claim.class, claims: [claim], identity: `dev-${claim.class}-${process.pid}` })),
    }, log);
    ends.push(stopInstallation);
    return { kubeconfig, adminPort, api, engine, notReady, refused: () => [...refused], stop };
  } catch (error) {
    restore();
    await stop();
    throw error;
  }
}

/** Writes the kubeconfig of this run; what stood there before comes back when the run does not get going (see startDev). */
function writeKubeconfig(file: string, content: string): void {
  try {
    // One level only: where nothing can be made (/proc), Node's own recursion tries for ever.
    if (!existsSync(path.dirname(file))) mkdirSync(path.dirname(file), { mode: 0o700 });
    writeFileSync(file, content, { mode: 0o600 });
  } catch (error) {
    throw new Error(`${file}: can not be written (${(error as Error).message}); choose another folder with --work-directory, inside one that exists`, { cause: error });
  }
}

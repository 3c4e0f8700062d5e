// What the benchmarks of change begin with: an API server that has many Ingresses, pods, and an installation that serves them; and
// what they end with.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ApiServer, startApiServer } from '../../src/dev-cluster/api-server.js';
import { type TcpRelay, startTcpRelay } from '../../test/fixtures/tcp-relay.js';
import { untilAllServed } from './ask.js';
import { CLASS, type Named, hostOf, idOf, ingress, sharedObjects } from './cluster.js';
import { type Installation, type InstallationOptions, startInstallation } from './installation.js';
import { type Pods, startPods } from './pods.js';
import { elsewhere, monotonicMs } from './processor-time.js';

export interface Running {
  api: ApiServer;
  folder: string;
  pods: Pods;
  installation: Installation;
  /** What controllers reach the API server through. */
  relay: TcpRelay;
  /** When its processes were begun (monotonicMs). */
  begunMs: number;
}

export interface RunningOptions extends Partial<Omit<InstallationOptions, 'api' | 'folder'>> {
  /** Ingresses h0, h1, … of the first class, all on the Service `web`, which has all pods. */
  ingresses: number;
  pods?: number;
  /** Objects that are there from the start, beside the usual ones or in place of those with their names. */
  more?: (pods: readonly number[]) => Named[];
  /** Begins before all is served. */
  early?: boolean;
  /** Called when the processes are about to be begun. */
  onBegin?: () => void;
}

/** Hosts of the Ingresses h0, h1, …: all, or a hundred of them over the whole range. */
export const hostsUpTo = (ingresses: number, most = ingresses): string[] => {
  const step = Math.max(1, Math.floor(ingresses / most));
  return Array.from({ length: Math.ceil(ingresses / step) }, (_, at) => hostOf(`h${at * step}`));
};

/** Starts all, does the work when a hundred hosts over the whole range are served, and ends all. */
export async function withInstallation<Result>({ ingresses, pods: podCount = 1, more = () => [], early = false, onBegin = () => undefined, classes = [CLASS], ...options }: RunningOptions, work: (running: Running) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ia-bench-'));
  const pods = await startPods(podCount, folder, elsewhere);
  const api = await startApiServer({ allowLoopbackEndpoints: true, watchWindow: 50_000 });
  const relay = await startTcpRelay(api.port);
  try {
    for (const object of sharedObjects(pods.ports, classes)) api.store.create(object as never);
    for (const object of more(pods.ports)) {
      if (api.store.get(idOf(object)) === undefined) api.store.create(object as never);
      else api.store.update(object as never);
    }
    for (let at = 0; at < ingresses; at++) api.store.create(ingress(`h${at}`, 'web', classes[0]) as never);
    onBegin();
    const begunMs = monotonicMs();
    const installation = await startInstallation({ api, apiPort: relay.port, folder, classes, ...options });
    try {
      if (!early) await untilAllServed(installation.port(classes[0]!), hostsUpTo(ingresses, 100));
      return await work({ api, folder, pods, installation, relay, begunMs });
    } catch (error) {
      throw new Error([String(error), ...[installation.engine, ...Object.values(installation.controllers)].map(({ output }) => output().slice(-2000))].join('\n'));
    } finally {
      await installation.stop();
    }
  } finally {
    await relay.stop();
    await api.close();
    pods.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

// What the tests of the list-watch share: a faulty server, a fake clock and a list-watch of Ingresses between them.
import { afterEach, beforeEach } from 'mocha';
import type { ApiConnection } from '../../../src/kubernetes/api-connection.js';
import type { KubeApi } from '../../../src/kubernetes/kube-api.js';
import { createKubeApi } from '../../../src/kubernetes/kube-api.js';
import type { KubeObject } from '../../../src/kubernetes/kube-object.js';
import type { Change, ListWatch, ListWatchOptions, WatchFault } from '../../../src/kubernetes/list-watch.js';
import { startListWatch } from '../../../src/kubernetes/list-watch.js';
import { ingresses, leases } from '../../../src/kubernetes/resources.js';
import { Agent } from 'undici';
import { FakeClock, until } from '../../fixtures/fake-clock.js';
import { FaultApiServer } from '../../fixtures/fault-api-server.js';

export interface Rig {
  server: FaultApiServer;
  clock: FakeClock;
  changes: string[];
  faults: WatchFault[];
  watch: ListWatch;
  api: KubeApi;
  begin(options?: Partial<ListWatchOptions>): Promise<ListWatch>;
}

export function anIngress(name: string, extra: object = {}): KubeObject {
  return { metadata: { name, namespace: 'shop' }, spec: {}, ...extra };
}

/** A connection to a server without credentials. */
export function plainConnection(baseUrl: string, overrides: Partial<ApiConnection> = {}): ApiConnection {
  const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  return {
    baseUrl, namespace: undefined, access: async () => ({ dispatcher, headers: {} }),
    changed: () => false, distrust: () => undefined, close: () => dispatcher.destroy(), ...overrides,
  };
}

/** A fresh rig for each test of the suite it is called in. */
export function useRig(): Rig {
  const rig = {} as Rig;
  let connection: ApiConnection;
  beforeEach(async () => {
    rig.server = new FaultApiServer([ingresses, leases]);
    connection = plainConnection(await rig.server.start());
    rig.clock = new FakeClock();
    rig.changes = [];
    rig.faults = [];
    rig.api = createKubeApi({ connection, clock: rig.clock, random: () => 0.5 });
    rig.begin = async (options = {}) => {
      rig.watch = startListWatch({
        api: rig.api, resource: ingresses, streamLists: false,
        clock: rig.clock, random: () => 0.5, onFault: (fault) => rig.faults.push(fault),
        onChange: (change) => rig.changes.push(describeChange(change)), ...options,
      });
      return rig.watch;
    };
  });
  afterEach(async () => {
    await rig.watch?.stop();
    await connection.close();
    await rig.server.stop();
  });
  return rig;
}

/** Lists, watches, and has the watch open at the server. */
export async function inSync(rig: Rig, options?: Partial<ListWatchOptions>): Promise<void> {
  await rig.begin(options);
  await rig.watch.synced;
  await until(() => rig.server.openWatches().length === 1);
  rig.changes.length = 0;
}

export function fill(rig: Rig, count: number): void {
  for (let index = 0; index < count; index += 1) rig.server.put(ingresses, anIngress(`i${index}`));
}

export function describeChange({ type, key, previous }: Change): string {
  return `${type === 'set' && previous ? 'change' : type} ${key}`;
}

/** One line of a watch. */
export function watchLine(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}

/** The line that tells of an Ingress of the namespace shop. */
export function watchEvent(type: string, name: string, version: number, uid = `uid-of-${name}`, extra: object = {}): string {
  return watchLine(type, { kind: 'Ingress', metadata: { name, namespace: 'shop', uid, resourceVersion: String(version) }, ...extra });
}

/** The line that tells how far the watch is. */
export function bookmark(version: number): string {
  return watchLine('BOOKMARK', { kind: 'Ingress', metadata: { resourceVersion: String(version) } });
}

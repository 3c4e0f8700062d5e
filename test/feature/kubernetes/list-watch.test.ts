// Streamed and paged lists side by side over the real dev cluster: the same changes, seen through both, make the same store.
import { expect } from 'chai';
import { Agent } from 'undici';
import type { ApiServer } from '../../../src/dev-cluster/api-server.js';
import { startApiServer } from '../../../src/dev-cluster/api-server.js';
import type { KubeApi } from '../../../src/kubernetes/kube-api.js';
import { createKubeApi } from '../../../src/kubernetes/kube-api.js';
import type { KubeObject } from '../../../src/kubernetes/kube-object.js';
import type { ListWatch } from '../../../src/kubernetes/list-watch.js';
import { startListWatch } from '../../../src/kubernetes/list-watch.js';
import { configMaps } from '../../../src/kubernetes/resources.js';
import { eventually } from '../../fixtures/eventually.js';
import { seeded } from '../../fixtures/fake-clock.js';
import { configMap } from '../dev-cluster/api-session.js';

interface Viewer {
  watch: ListWatch;
  /** What its changes add up to. */
  told: Map<string, KubeObject>;
  /** Ends the connection of its watch from outside. */
  cut(): void;
}

describe('list-watch over the dev cluster', function overTheDevCluster() {
  this.timeout(20_000);
  let server: ApiServer;
  let dispatcher: Agent;
  let viewers: Viewer[];

  beforeEach(async () => {
    server = await startApiServer({ watchWindow: 50 });
    dispatcher = new Agent({ connect: { ca: server.caPem }, headersTimeout: 0, bodyTimeout: 0 });
    viewers = [];
  });
  afterEach(async () => {
    await Promise.all(viewers.map(({ watch }) => watch.stop()));
    await server.close();
    await dispatcher.destroy();
  });

  const view = (streamLists: boolean): Viewer => {
    const api: KubeApi = createKubeApi({
      connection: {
        baseUrl: server.url, namespace: undefined, access: async () => ({ dispatcher, headers: { authorization: `Bearer ${server.token}` } }),
        changed: () => false, distrust: () => undefined, close: async () => undefined,
      },
    });
    let cut = new AbortController();
    const told = new Map<string, KubeObject>();
    const watch = startListWatch({
      resource: configMaps, streamLists, random: () => 0,
      api: {
        ...api,
        watch: (query, options) => {
          cut = new AbortController();
          return api.watch(query, { ...options, signal: AbortSignal.any([cut.signal, options!.signal!]) });
        },
      },
      onChange: ({ type, key, object }) => { if (type === 'set') told.set(key, object); else told.delete(key); },
    });
    const viewer: Viewer = { watch, told, cut: () => cut.abort() };
    viewers.push(viewer);
    return viewer;
  };

  const random = seeded(20);
  const change = (): void => {
    const name = `m${Math.floor(random() * 60)}`;
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', name, namespace: 'default' };
    const data = { value: String(random()) };
    const exists = server.store.list(ref).some(({ metadata }) => metadata.name === name);
    if (!exists) return void server.store.create(configMap(name, data));
    if (random() < 0.6) return void server.store.update(configMap(name, data, { namespace: 'default' }));
    server.store.delete(ref);
    if (random() < 0.5) server.store.create(configMap(name, data));
  };
  const changeManyTimes = (times: number): void => { for (let count = 0; count < times; count += 1) change(); };
  const sorted = (objects: Iterable<KubeObject>): KubeObject[] => [...objects].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const identities = (objects: Iterable<{ metadata: object }>): string[] => [...objects].map(({ metadata }) => {
    const { name, uid, resourceVersion } = metadata as Record<string, string>;
    return `${name} ${uid} ${resourceVersion}`;
  }).sort();
  const agree = async (): Promise<void> => {
    const truth = identities(server.store.list({ apiVersion: 'v1', kind: 'ConfigMap' }));
    await eventually(() => {
      for (const { watch } of viewers) expect(identities(watch.list())).to.deep.equal(truth);
    });
    for (const { watch, told } of viewers) {
      expect(sorted(watch.list())).to.deep.equal(sorted(viewers[0]!.watch.list()));
      expect(sorted(told.values())).to.deep.equal(sorted(watch.list()));
    }
  };

  it('gives the same store through a streamed and through a paged list, also after 410', async () => {
    changeManyTimes(100);
    const [streamed, paged] = [view(true), view(false)];
    await Promise.all(viewers.map(({ watch }) => watch.synced));
    await agree();
    changeManyTimes(40);
    await agree();
    // Both lose their watch and, meanwhile, more happens than the server remembers.
    for (const { cut } of viewers) cut();
    changeManyTimes(200);
    await agree();
    for (const { watch } of viewers) expect(watch.counters.relists.gone).to.equal(1);
    changeManyTimes(40);
    view(true);
    view(false);
    await agree();
    expect([streamed!.watch.counters.streamedLists, paged!.watch.counters.streamedLists]).to.deep.equal([2, 0]);
    for (const { watch } of viewers) expect([watch.counters.driftRepairs, watch.counters.listFailures]).to.deep.equal([0, 0]);
  });

  it('loses nothing that happens while the list is streamed', async () => {
    for (let index = 0; index < 2000; index += 1) server.store.create(configMap(`big${index}`, { pad: 'x'.repeat(2000) }));
    view(true);
    view(false);
    for (let round = 0; round < 40; round += 1) {
      changeManyTimes(1);
      await new Promise((resolve) => { setImmediate(resolve); });
    }
    await agree();
    expect(viewers[0]!.watch.counters.streamedLists).to.equal(1);
  });
});

// Several kinds at once: nobody decides before all are known (G14), and the order of what comes does not matter (G15).
import { expect } from 'chai';
import fc from 'fast-check';
import type { ApiConnection } from '../../../src/kubernetes/api-connection.js';
import { createKubeApi } from '../../../src/kubernetes/kube-api.js';
import type { KubeObject } from '../../../src/kubernetes/kube-object.js';
import { ObjectStore } from '../../../src/kubernetes/object-store.js';
import { ingresses, secrets, services } from '../../../src/kubernetes/resources.js';
import type { WatchSet } from '../../../src/kubernetes/start-watches.js';
import { ingressWatches, startWatches } from '../../../src/kubernetes/start-watches.js';
import { FakeClock, advanceUntil, settle, until } from '../../fixtures/fake-clock.js';
import { FaultApiServer } from '../../fixtures/fault-api-server.js';
import { anIngress, plainConnection } from './list-watch-rig.js';

describe('start watches', () => {
  let server: FaultApiServer;
  let connection: ApiConnection;
  let clock: FakeClock;
  let set: WatchSet<'ingresses' | 'services' | 'tlsSecrets'>;
  let changes: string[];
  const watches = { ingresses: { resource: ingresses }, services: { resource: services }, tlsSecrets: ingressWatches.tlsSecrets };

  beforeEach(async () => {
    server = new FaultApiServer([ingresses, services, secrets]);
    connection = plainConnection(await server.start());
    clock = new FakeClock();
    changes = [];
  });
  afterEach(async () => {
    await set.stop();
    await connection.close();
    await server.stop();
  });
  const begin = (): void => {
    set = startWatches({ api: createKubeApi({ connection, clock }), watches, clock, random: () => 0.5, onChange: (name, { key }) => changes.push(`${name} ${key}`) });
  };

  it('G14: is in sync when the last kind has listed, not before, and says who is missing', async () => {
    server.put(ingresses, anIngress('a'));
    server.fault({ verb: 'list', plural: 'secrets' }, { kind: 'respond', status: 403 }, 3);
    let synced = false;
    begin();
    void set.synced.then(() => { synced = true; });
    await until(() => set.watches.ingresses.isSynced && set.watches.services.isSynced);
    await settle();
    expect([synced, set.isSynced]).to.deep.equal([false, false]);
    expect(set.waitingFor()).to.deep.equal(['tlsSecrets']);
    await advanceUntil(clock, () => synced, 300);
    expect(set.isSynced).to.equal(true);
    expect(changes).to.deep.equal(['ingresses shop/a']);
    expect(server.log.find(({ plural }) => plural === 'secrets')!.query.get('fieldSelector')).to.equal('type=kubernetes.io/tls');
  });

  it('G14: a cluster with nothing in it is in sync as well', async () => {
    begin();
    await set.synced;
    expect(changes).to.deep.equal([]);
  });

  it('a stop before that rejects instead of leaving anybody waiting', async () => {
    server.fault({ verb: 'list' }, { kind: 'hang' });
    begin();
    await until(() => server.count('list') === 3);
    const end = set.synced.catch((error: Error) => error.message);
    await set.stop();
    expect(await end).to.match(/stopped/);
  });

  it('G15: any order and repetition of events ends in the same state', () => {
    const version = (object: KubeObject): number => Number(object.metadata.resourceVersion);
    // Each object's own history: created, changed, perhaps deleted, perhaps recreated under its name.
    const histories = [0, 1, 2].flatMap((name) => {
      const event = (type: 'ADDED' | 'MODIFIED' | 'DELETED', uid: string, at: number): [typeof type, KubeObject] =>
        [type, { metadata: { name: `o${name}`, namespace: 'shop', uid: `${name}${uid}`, resourceVersion: String(at * 10 + name + 90) } }];
      const first = [event('ADDED', 'a', 1), event('MODIFIED', 'a', 2)];
      return name === 0 ? first : [...first, event('DELETED', 'a', 3), ...(name === 1 ? [event('ADDED', 'b', 4)] : [])];
    });
    const stateOf = (events: typeof histories): string => {
      const store = new ObjectStore();
      for (const [type, object] of events) store.apply(type, structuredClone(object));
      return JSON.stringify(store.list().sort((a, b) => a.metadata.name.localeCompare(b.metadata.name)));
    };
    const truth = stateOf([...histories].sort(([, a], [, b]) => version(a) - version(b)));
    fc.assert(fc.property(fc.shuffledSubarray(histories, { minLength: histories.length }), fc.subarray(histories), (order, again) => {
      expect(stateOf([...order, ...again])).to.equal(truth);
    }), { numRuns: 1000 });
  });
});

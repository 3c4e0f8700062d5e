// Settings of a class and its deletion, from the API server to the class table.
import { expect } from 'chai';
import { claimOf } from '../../../src/core/claim.js';
import { eventually } from '../../fixtures/eventually.js';
import { type ControllerRig, eventsIn, ingressOf, ownClass, shownBy, startControllerRig, webService } from './controller-rig.js';

const configMap = (data: Record<string, string>, name = 'settings'): { apiVersion: string; kind: string; metadata: { name: string; namespace: string }; data: Record<string, string> } =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'edge' }, data });
const parameters = { kind: 'ConfigMap', name: 'settings', scope: 'Cluster' };
const classId = (name: string): { apiVersion: string; kind: string; name: string } => ({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', name });

describe('feature: settings and deletion of a class', function () {
  this.timeout(30_000);
  let rig: ControllerRig;

  beforeEach(async () => {
    rig = await startControllerRig();
    rig.server.store.create(webService);
  });
  afterEach(() => rig.close());

  it('reads the settings before it serves anything, follows them, and touches no other class', async () => {
    const { store } = rig.server;
    for (const object of [ownClass('red', { parameters }), ownClass('blue'), configMap({ 'allowed-namespaces': 'blog' }), configMap({}, 'unrelated'), ingressOf('red', 'a'), ingressOf('blue', 'b')]) store.create(object);
    const one = await rig.start('holder', [claimOf('red'), claimOf('blue')]);
    await eventually(() => expect([...one.tables.get('blue')?.keys() ?? []]).to.include('host/b.example.com'));
    await eventually(() => expect(one.tables.has('red')).to.equal(true));
    expect(one.updates.filter((update) => update.class === 'red').every(({ set }) => set.length === 0), 'no update ever let it in').to.equal(true);
    const blue = one.updates.filter((update) => update.class === 'blue').length;
    store.update(configMap({ 'allowed-namespaces': 'blog,default' }));
    await eventually(() => expect([...one.tables.get('red')!.keys()]).to.include('host/a.example.com'));
    store.update(configMap({ 'max-hosts-per-namespace': '1' }));
    store.create(ingressOf('red', 'zz'));
    await eventually(() => expect(eventsIn(rig.server).map(({ about, reason }) => `${about} ${reason}`)).to.include('Ingress zz OverBudget'));
    expect([...one.tables.get('red')!.keys()]).to.not.include('host/zz.example.com');
    expect(one.updates.filter((update) => update.class === 'blue')).to.have.length(blue);
    expect(one.controller.arbiter.snapshot.configMaps.size, 'only what is named is kept').to.equal(1);
    const reads = rig.log.filter(({ user, resource }) => user === 'holder' && resource === 'configmaps');
    expect(reads.every(({ namespace, name }) => namespace === 'edge' && name === 'settings'), 'and read').to.equal(true);
  });

  it('closes a class whose settings are not there, and opens it when they come', async () => {
    const { store } = rig.server;
    for (const object of [ownClass('red', { parameters }), ingressOf('red', 'a')]) store.create(object);
    const one = await rig.start('holder', [claimOf('red')]);
    const route = (): unknown => (one.tables.get('red')?.get('host/a.example.com') as { routes: { backend: string }[] } | undefined)?.routes[0]?.backend;
    await eventually(() => expect(route()).to.equal(''));
    store.create(configMap({}));
    await eventually(() => expect(route()).to.equal('service/default/web/80'));
    // Another ConfigMap, and back to none: the watch of the first one ends, and nothing counts as deleted.
    store.create(configMap({ 'allowed-namespaces': 'blog' }, 'other'));
    store.update(ownClass('red', { parameters: { ...parameters, name: 'other' } }));
    await eventually(() => expect(route()).to.equal(undefined));
    store.update(ownClass('red'));
    await eventually(() => expect(route()).to.equal('service/default/web/80'));
    expect(one.controller.arbiter.findings().map(({ kind }) => kind)).to.deep.equal([]);
  });

  it('keeps serving a class that was deleted, says until when, and lets go after the grace', async () => {
    const { store } = rig.server;
    for (const object of [ownClass('red'), ingressOf('red', 'a')]) store.create(object);
    const one = await rig.start('holder', [claimOf('red', { addresses: [{ ip: '203.0.113.1' }], deletedGraceMs: 1500 })]);
    await eventually(() => expect(shownBy(rig.server, 'a')).to.deep.equal([{ ip: '203.0.113.1' }]));
    const updates = one.updates.length;
    store.delete(classId('red'));
    const deleted = performance.now();
    const told = await eventually(() => {
      const found = one.controller.arbiter.findings().find(({ kind }) => kind === 'class-deleted');
      expect(found).to.not.equal(undefined);
      return found!;
    });
    expect(told.message).to.match(/served until \d{4}-\d\d-\d\dT/);
    expect(one.updates, 'nothing was taken from the engine').to.have.length(updates);
    await eventually(() => expect(one.tables.get('red')!.size).to.equal(0));
    expect(performance.now() - deleted).to.be.at.least(1400);
    await eventually(() => expect(shownBy(rig.server, 'a')).to.deep.equal([]));
  });

  it('notices nothing when a class is created again within the grace', async () => {
    const { store } = rig.server;
    for (const object of [ownClass('red'), ingressOf('red', 'a')]) store.create(object);
    const one = await rig.start('holder', [claimOf('red', { addresses: [{ ip: '203.0.113.1' }] })]);
    await eventually(() => expect(shownBy(rig.server, 'a')).to.deep.equal([{ ip: '203.0.113.1' }]));
    const [updates, writes] = [one.updates.length, rig.writesOf('holder').length];
    store.delete(classId('red'));
    await eventually(() => expect(one.controller.arbiter.memory.kept.size).to.equal(1));
    store.create(ownClass('red'));
    await eventually(() => expect(one.controller.arbiter.memory.kept.size).to.equal(0));
    expect(one.controller.arbiter.settle(Date.now()).wakeAt).to.equal(undefined);
    expect([one.updates.length, rig.writesOf('holder').length]).to.deep.equal([updates, writes]);
  });
});

// Statuses and Events as the API server sees them: whose are written, when, and by whom not.
import { expect } from 'chai';
import { Agent, request } from 'undici';
import { claimOf } from '../../../src/core/claim.js';
import { eventually } from '../../fixtures/eventually.js';
import { type ControllerRig, eventsIn, foreignClass, ingressOf, ownClass, shownBy, startControllerRig, webService } from './controller-rig.js';

const FOREIGN = 500;

/** Somebody else writes the status of an Ingress, over HTTPS and under a name of its own. */
async function writeAs(rig: ControllerRig, userAgent: string, name: string, ip: string): Promise<void> {
  const dispatcher = new Agent({ connect: { ca: rig.server.caPem } });
  try {
    const answer = await request(`${rig.server.url}/apis/networking.k8s.io/v1/namespaces/default/ingresses/${name}/status`, {
      method: 'PATCH', dispatcher, body: JSON.stringify({ status: { loadBalancer: { ingress: [{ ip }] } } }),
      headers: { authorization: `Bearer ${rig.server.token}`, 'content-type': 'application/merge-patch+json', 'user-agent': userAgent },
    });
    expect(answer.statusCode).to.equal(200);
    await answer.body.dump();
  } finally {
    await dispatcher.close();
  }
}

const balancer = (ip: string): { status: { loadBalancer: { ingress: { ip: string }[] } } } => ({ status: { loadBalancer: { ingress: [{ ip }] } } });
const proxy = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'proxy', namespace: 'edge' }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } };

describe('feature: statuses and Events of a controller', function () {
  this.timeout(60_000);
  let rig: ControllerRig;

  beforeEach(async () => {
    rig = await startControllerRig();
    const { store } = rig.server;
    for (const object of [ownClass('red'), ownClass('blue'), foreignClass('haproxy'), webService]) store.create(object);
    for (let n = 0; n < FOREIGN; n++) store.create(ingressOf('haproxy', `foreign-${n}`, { host: 'same.example.com', service: 'gone' }));
  });
  afterEach(async () => {
    const ours = (name: string): boolean => !name.startsWith('foreign-');
    const writes = rig.log.filter(({ user, verb }) => user !== 'kubernetes-admin' && !['get', 'list', 'watch'].includes(verb));
    expect(writes.filter(({ resource, name }) => resource.startsWith('ingresses') && !ours(name ?? '')), 'writes to foreign Ingresses').to.deep.equal([]);
    expect(eventsIn(rig.server).filter(({ about }) => about.startsWith('Ingress foreign-')), 'Events at foreign Ingresses').to.deep.equal([]);
    expect([...new Set(writes.map(({ resource, verb }) => `${verb} ${resource}`))].every((one) => /(leases|ingresses|ingresses\/status|events)$/.test(one))).to.equal(true);
    await rig.close();
  });

  const claims = [claimOf('red', { publish: 'edge/proxy' }), claimOf('blue', { addresses: [{ hostname: 'blue.example.com' }] })];

  it('publishes the address of a class\'s Service, follows it, and never blanks what is shown', async () => {
    const { store } = rig.server;
    store.create(proxy);
    for (const name of ['a', 'b']) store.create(ingressOf('red', name));
    store.create(ingressOf('blue', 'c'));
    const one = await rig.start('holder', claims);
    await eventually(() => expect(shownBy(rig.server, 'c')).to.deep.equal([{ hostname: 'blue.example.com' }]));
    expect(shownBy(rig.server, 'a'), 'nothing is known yet').to.deep.equal([]);
    store.updateStatus({ ...proxy, ...balancer('203.0.113.1') });
    await eventually(() => { for (const name of ['a', 'b']) expect(shownBy(rig.server, name)).to.deep.equal([{ ip: '203.0.113.1' }]); });
    store.updateStatus({ ...proxy, ...balancer('203.0.113.2') });
    await eventually(() => { for (const name of ['a', 'b']) expect(shownBy(rig.server, name)).to.deep.equal([{ ip: '203.0.113.2' }]); });
    expect(rig.writesOf('holder').filter(({ resource }) => resource === 'ingresses/status').map(({ name }) => name).sort()).to.deep.equal(['a', 'a', 'b', 'b', 'c']);
    store.delete({ apiVersion: 'v1', kind: 'Service', namespace: 'edge', name: 'proxy' });
    await eventually(() => expect(one.controller.arbiter.findings().map(({ kind }) => kind)).to.include('publish-service-missing'));
    await one.stop();
    expect(['a', 'b', 'c'].map((name) => shownBy(rig.server, name))).to.deep.equal([[{ ip: '203.0.113.2' }], [{ ip: '203.0.113.2' }], [{ hostname: 'blue.example.com' }]]);
  });

  it('clears what it has written when an Ingress leaves, and not what somebody else has written', async () => {
    const { store } = rig.server;
    for (const name of ['mine', 'theirs']) store.create(ingressOf('blue', name));
    await rig.start('holder', claims);
    await eventually(() => { for (const name of ['mine', 'theirs']) expect(shownBy(rig.server, name)).to.deep.equal([{ hostname: 'blue.example.com' }]); });
    const { status } = store.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: 'default', name: 'theirs' }) as { status?: object };
    store.update({ ...ingressOf('haproxy', 'mine'), status });
    await eventually(() => expect(shownBy(rig.server, 'mine')).to.deep.equal([]));
    await writeAs(rig, 'haproxy/3.0', 'theirs', '198.51.100.1');
    store.update({ ...ingressOf('haproxy', 'theirs'), ...balancer('198.51.100.1') });
    store.create(ingressOf('blue', 'later'));
    await eventually(() => expect(shownBy(rig.server, 'later')).to.deep.equal([{ hostname: 'blue.example.com' }]));
    expect(shownBy(rig.server, 'theirs')).to.deep.equal([{ ip: '198.51.100.1' }]);
  });

  it('does not fight a foreign writer: it names it, waits, and writes once', async () => {
    const { store } = rig.server;
    store.create(ingressOf('blue', 'contested'));
    const one = await rig.start('holder', claims);
    const ownWrites = (): number[] => rig.writesOf('holder').filter(({ name, resource }) => name === 'contested' && resource === 'ingresses/status').map(({ at }) => at);
    await eventually(() => expect(ownWrites()).to.have.length(1));
    await writeAs(rig, 'traefik/v3.7', 'contested', '198.51.100.1');
    const first = performance.now();
    const event = await eventually(() => {
      const found = eventsIn(rig.server).find(({ reason }) => reason === 'ForeignStatusWriter');
      expect(found).to.not.equal(undefined);
      return found!;
    });
    expect([event.about, event.type]).to.deep.equal(['Ingress contested', 'Warning']);
    expect(event.message).to.match(/^"traefik" overwrites the address of class "blue" in its status \(once\)/);
    expect(await one.metric('ingress_arbiter_foreign_status_writes_total{ingress_class="blue"}')).to.equal(1);
    // It answers whatever is changed in the meantime with nothing.
    store.create(ingressOf('blue', 'other'));
    await eventually(() => expect(shownBy(rig.server, 'other')).to.deep.equal([{ hostname: 'blue.example.com' }]));
    expect(ownWrites()).to.have.length(1);
    await eventually(() => expect(ownWrites()).to.have.length(2), 20_000);
    expect(ownWrites()[1]! - first).to.be.at.least(9900);
    await writeAs(rig, 'traefik/v3.7', 'contested', '198.51.100.1');
    await eventually(async () => expect(await one.metric('ingress_arbiter_foreign_status_writes_total{ingress_class="blue"}')).to.equal(2));
    const paused = one.controller.arbiter.memory.foreignWrites.get('default/contested')!;
    expect([paused.by, paused.count]).to.deep.equal(['traefik', 2]);
    expect(shownBy(rig.server, 'contested')).to.deep.equal([{ ip: '198.51.100.1' }]);
  });

  it('tells the loser of a path who has it, and tells that an Ingress was taken', async () => {
    const { store } = rig.server;
    store.create(ingressOf('blue', 'winner', { host: 'shop.example.com' }));
    const one = await rig.start('holder', claims);
    await eventually(() => expect(shownBy(rig.server, 'winner')).to.have.length(1));
    store.create(ingressOf('blue', 'zz-loser', { host: 'shop.example.com' }));
    const seen = await eventually(() => {
      const events = eventsIn(rig.server);
      expect(events.map(({ reason }) => reason)).to.include.members(['RouteTaken', 'ClassTaken']);
      return events;
    });
    expect(seen.find(({ reason }) => reason === 'RouteTaken')).to.deep.include({ about: 'Ingress zz-loser', type: 'Warning' });
    expect(seen.find(({ reason }) => reason === 'RouteTaken')!.message).to.contain('belongs to Ingress default/winner');
    expect(seen.filter(({ reason }) => reason === 'ClassTaken')).to.deep.equal([{
      about: 'Ingress zz-loser', type: 'Normal', reason: 'ClassTaken', message: 'is served by class "blue" (rule field)',
    }]);
    // The same finding again: nothing new is written, by this instance or by the next one.
    const before = rig.writesOf('holder').length;
    await one.stop();
    const next = await rig.start('next', claims);
    await eventually(() => expect(next.tables.get('blue')?.has('host/shop.example.com')).to.equal(true), 20_000);
    store.create(ingressOf('blue', 'third', { service: 'gone' }));
    await eventually(() => expect(eventsIn(rig.server).map(({ about, reason }) => `${about} ${reason}`)).to.include('Ingress third ServiceMissing'));
    expect(rig.writesOf('holder')).to.have.length(before);
    expect(rig.writesOf('next').filter(({ resource, written }) => resource === 'ingresses/status' && written?.metadata.name !== 'third')).to.deep.equal([]);
    expect(eventsIn(rig.server).filter(({ about }) => about === 'Ingress zz-loser')).to.have.length(2);
  });

  it('between two controllers of ours, the one that loses an Ingress never blanks what the other one has written', async () => {
    const { store } = rig.server;
    const names = Array.from({ length: 15 }, (_, n) => `moving-${n}`);
    for (const name of names) store.create(ingressOf('red', name));
    const red = await rig.start('red-holder', [claimOf('red', { addresses: [{ ip: '203.0.113.1' }] })]);
    const blue = await rig.start('blue-holder', [claimOf('blue', { addresses: [{ ip: '203.0.113.2' }] })]);
    await eventually(() => { for (const name of names) expect(shownBy(rig.server, name)).to.deep.equal([{ ip: '203.0.113.1' }]); }, 20_000);
    for (const name of names) store.update({ ...store.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: 'default', name })!, spec: ingressOf('blue', name)['spec'] });
    await eventually(() => { for (const name of names) expect(shownBy(rig.server, name)).to.deep.equal([{ ip: '203.0.113.2' }]); }, 20_000);
    await eventually(() => { for (const { controller } of [red, blue]) expect(controller.arbiter.statusWrites.size).to.equal(0); });
    for (const name of names) expect(shownBy(rig.server, name)).to.deep.equal([{ ip: '203.0.113.2' }]);
    const blanked = names.filter((name) => {
      const writes = rig.log.filter((one) => one.name === name && one.resource === 'ingresses/status' && one.code === 200).map(({ user }) => user);
      return writes.lastIndexOf('red-holder') > writes.lastIndexOf('blue-holder');
    });
    expect(blanked).to.deep.equal([]);
  });

  it('a standby writes nothing', async () => {
    const { store } = rig.server;
    await rig.start('holder', claims);
    const standby = await rig.start('standby', claims);
    for (const name of ['a', 'b']) store.create(ingressOf('blue', name, { service: 'gone' }));
    await eventually(() => expect(eventsIn(rig.server).filter(({ reason }) => reason === 'ServiceMissing')).to.have.length(2));
    await eventually(() => { for (const name of ['a', 'b']) expect(shownBy(rig.server, name)).to.have.length(1); });
    await eventually(() => expect(standby.controller.arbiter.statusWrites.size).to.equal(0));
    expect(rig.writesOf('standby')).to.deep.equal([]);
  });
});

// Several controllers on one dev cluster: one holder, standbys that wait, and installations that claim the same.

import { expect } from 'chai';
import { claimOf } from '../../../src/core/claim.js';
import type { AccessRequest } from '../../../src/dev-cluster/api-server.js';
import { eventually } from '../../fixtures/eventually.js';
import { checkedSink } from '../../fixtures/checked-sink.js';
import { type Member, type Rig, classNamed, ingressFor, startRig } from './instances.js';

const FOREIGN = 500;
const addresses = [{ hostname: 'blue.test' }];
const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace: 'arbiter', name: 'blue' };

describe('feature: claims of several controllers', function () {
  this.timeout(60_000);
  let rig: Rig;
  let forbid: (request: AccessRequest) => boolean;

  beforeEach(async () => {
    forbid = () => false;
    rig = await startRig({ authorize: (request) => !forbid(request) });
    rig.api.store.create(classNamed('blue'));
    rig.api.store.create(classNamed('foreign', 'example.com/other'));
    for (let at = 0; at < FOREIGN; at += 1) rig.api.store.create(ingressFor('foreign', `foreign-${at}`, [`h-${at}.test`], 'foreign'));
  });

  afterEach(async () => {
    const written = rig.records.filter((one) => ['create', 'update', 'patch', 'delete'].includes(one.verb) && one.namespace === 'foreign');
    await rig.stop();
    expect(written).to.deep.equal([]);
  });

  const holds = (member: Member): Promise<void> => eventually(() => { expect(member.controller.isStandby(), member.log.join('\n')).to.equal(false); }, 10_000);
  const conflicts = (member: Member): string[] => member.controller.claims().flatMap((one) => one.conflicts.map(({ kind, rival }) => `${kind} ${rival.installation.namespace}/${rival.installation.name}`));
  const spec = (): { holderIdentity: string; leaseTransitions: number } => rig.api.store.get(lease)!['spec'] as never;

  it('three processes of one installation: one holder, two standbys that everybody sees, and no conflict', async () => {
    const members: Member[] = [];
    for (const user of ['a', 'b', 'c']) members.push(await rig.start(user, { claims: [claimOf('blue', { addresses })] }));
    await holds(members[0]!);
    await eventually(() => {
      for (const member of members) {
        expect(member.controller.claims()[0]).to.deep.include({ class: 'blue', lease: 'arbiter/blue', holder: 'a-identity', standbys: ['b-identity', 'c-identity'], conflicts: [] });
      }
    }, 15_000);
    expect(members.filter((member) => !member.controller.isStandby())).to.have.length(1);
    expect(members[1]!.sink.updates).to.have.length(0);
    expect(await members[0]!.metric('ingress_arbiter_class_conflicts', { ingress_class: 'blue', kind: 'class' })).to.equal(0);
  });

  it('a standby has the class within a second of the hand-back, publishes the whole table under the next epoch, and writes', async () => {
    rig.api.store.create(ingressFor('blue', 'one', ['one.test']));
    const sink = checkedSink();
    const first = await rig.start('a', { claims: [claimOf('blue', { addresses })], sink });
    await holds(first);
    await eventually(() => expect(sink.tables.get('blue')?.entries.has('host/one.test')).to.equal(true));
    const second = await rig.start('b', { claims: [claimOf('blue', { addresses })], sink });
    await eventually(() => expect(second.controller.claims()[0]?.standbys).to.deep.equal(['b-identity']));
    const from = performance.now();
    rig.api.store.create(ingressFor('blue', 'two', ['two.test']));
    await first.stop();
    await holds(second);
    expect(performance.now() - from).to.be.lessThan(1000);
    await eventually(() => expect(rig.writesBy('b').some((one) => one.resource === 'ingresses/status')).to.equal(true));
    await eventually(() => expect(sink.tables.get('blue')).to.deep.include({ epoch: 2 }));
    expect(sink.updates.filter(({ update }) => update.epoch === 2)[0]!.update.full).to.equal(true);
    expect([...sink.tables.get('blue')!.entries.keys()]).to.include.members(['host/one.test', 'host/two.test']);
    expect(sink.updates.filter(({ refusal }) => refusal !== undefined)).to.deep.equal([]);
    expect(rig.writesBy('a').at(-1)!.resource).to.equal('leases');
  });

  for (const [what, other] of [['another namespace of Leases', { namespace: 'elsewhere' }], ['another name in the same namespace', { installation: 'second' }]] as const) {
    it(`two installations with the same class, ${what}: named on both sides, counted, and gone when one ends`, async () => {
      const here = await rig.start('a', { claims: [claimOf('blue', { addresses })] });
      await holds(here);
      const there = await rig.start('b', { claims: [claimOf('blue', { addresses })], ...other });
      await eventually(() => {
        expect(conflicts(here)).to.deep.equal([`class ${'namespace' in other ? 'elsewhere/default' : 'arbiter/second'}`]);
        expect(conflicts(there)).to.deep.equal(['class arbiter/default']);
      }, 20_000);
      await eventually(() => {
        expect(here.log.join('\n')).to.match(/IA201 Class blue: is also claimed by installation .*b-identity/);
        expect(there.log.join('\n')).to.match(/IA201 Class blue: is also claimed by installation .*a-identity/);
      });
      for (const member of [here, there]) expect(await member.metric('ingress_arbiter_class_conflicts', { ingress_class: 'blue', kind: 'class' })).to.equal(1);
      await there.stop();
      await eventually(() => expect(conflicts(here)).to.deep.equal([]), 10_000);
      expect(await here.metric('ingress_arbiter_class_conflicts', { ingress_class: 'blue', kind: 'class' })).to.equal(0);
    });
  }

  it('other classes with the same annotation value and the same accepted controller are named on both sides', async () => {
    const settings = { annotationValues: ['nginx'], acceptedControllers: ['k8s.io/ingress-nginx'] };
    const here = await rig.start('a', { claims: [claimOf('blue', settings)] });
    const there = await rig.start('b', { claims: [claimOf('red', settings)], namespace: 'elsewhere' });
    await eventually(() => {
      expect(conflicts(here)).to.deep.equal(['annotation-value elsewhere/default', 'controller elsewhere/default']);
      expect(conflicts(there)).to.deep.equal(['annotation-value arbiter/default', 'controller arbiter/default']);
    }, 20_000);
    for (const kind of ['annotation-value', 'controller']) expect(await there.metric('ingress_arbiter_class_conflicts', { ingress_class: 'red', kind })).to.equal(1);
  });

  it('a process that may not see the Leases of all namespaces says so once and watches its own', async () => {
    forbid = ({ resource, namespace, verb }) => resource === 'leases' && namespace === undefined && ['list', 'watch'].includes(verb);
    const first = await rig.start('a', { claims: [claimOf('blue', { addresses })] });
    await holds(first);
    const second = await rig.start('b', { claims: [claimOf('blue', { addresses })] });
    await eventually(() => expect(second.controller.claims()[0]?.standbys).to.deep.equal(['b-identity']), 10_000);
    for (const { log } of [first, second]) expect(log.filter((line) => line.includes('may not watch the Leases of all namespaces'))).to.have.length(1);
    const from = performance.now();
    await first.stop();
    await holds(second);
    expect(performance.now() - from).to.be.lessThan(1000);
  });

  it('a standby that may not patch Leases waits all the same', async () => {
    forbid = ({ resource, verb }) => resource === 'leases' && verb === 'patch';
    const first = await rig.start('a', { claims: [claimOf('blue')] });
    await holds(first);
    const second = await rig.start('b', { claims: [claimOf('blue')] });
    await eventually(() => expect(second.log.filter((line) => line.includes('standbys are not shown'))).to.have.length(1), 10_000);
    await first.stop();
    await holds(second);
  });

  it('an engine that says to have seen an epoch far beyond all others is not believed', async () => {
    const sink = checkedSink();
    let asked = 0;
    sink.apply = async () => {
      asked += 1;
      return { applied: false, reason: 'stale-epoch: over', newerEpoch: 2_147_483_647 };
    };
    const member = await rig.start('a', { claims: [claimOf('blue')], sink });
    await eventually(() => expect(asked).to.be.greaterThan(2), 10_000);
    expect(member.controller.isStandby()).to.equal(false);
    expect(spec().leaseTransitions).to.equal(1);
  });

  it('a Lease that was deleted and made anew by a process without memory goes on above the epoch that the engine has seen', async () => {
    rig.api.store.create(ingressFor('blue', 'one', ['one.test']));
    const sink = checkedSink();
    const epochs: number[] = [];
    for (const user of ['a', 'b', 'c']) {
      const member = await rig.start(user, { claims: [claimOf('blue')], sink });
      await eventually(() => expect(sink.tables.get('blue')?.epoch).to.equal(epochs.length + 1), 10_000);
      epochs.push(spec().leaseTransitions);
      await member.stop();
    }
    expect(epochs).to.deep.equal([1, 2, 3]);
    rig.api.store.delete(lease);
    rig.api.store.create(ingressFor('blue', 'two', ['two.test']));
    const fresh = await rig.start('d', { claims: [claimOf('blue')], sink });
    await eventually(() => expect(sink.tables.get('blue')?.entries.has('host/two.test'), fresh.log.join('\n')).to.equal(true), 10_000);
    expect(sink.updates.filter(({ refusal }) => refusal?.startsWith('stale-epoch')).map(({ update }) => update.epoch)).to.deep.equal([1]);
    expect(sink.tables.get('blue')!.epoch).to.equal(4);
    expect(spec()).to.deep.include({ holderIdentity: 'd-identity', leaseTransitions: 4 });
  });
});

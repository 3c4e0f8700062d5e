// A controller before several engines: what one refuses, how far each is, and what becomes of them when the claim is lost.
import { expect } from 'chai';
import { claimOf } from '../../../src/core/claim.js';
import { parseShard, type Shard } from '../../../src/core/shard.js';
import { checkedSink } from '../../fixtures/checked-sink.js';
import { eventually } from '../../fixtures/eventually.js';
import { type Member, type Rig, classNamed, ingressFor, startRig } from './instances.js';

const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace: 'arbiter', name: 'blue' };

describe('feature: engines of a controller', function () {
  this.timeout(60_000);
  let rig: Rig;

  beforeEach(async () => {
    rig = await startRig();
    rig.api.store.create(classNamed('blue'));
    for (let at = 0; at < 5; at++) rig.api.store.create(ingressFor('blue', `web-${at}`, [`h-${at}.test`]));
  });
  afterEach(() => rig.stop());

  const start = async (): Promise<Member> => {
    const member = await rig.start('a', { claims: [claimOf('blue')] });
    await eventually(() => expect(member.sink.tables.get('blue')?.entries.size).to.be.at.least(5), 10_000);
    return member;
  };
  const eventsAbout = (): string[] => rig.api.store.list({ apiVersion: 'v1', kind: 'Event' })
    .filter((event) => event['reason'] === 'RefusedByEngine').map((event) => `${(event['involvedObject'] as { name: string }).name}: ${event['message'] as string}`);

  it('tells each Ingress what an engine refuses, for every engine, and shows each engine by itself', async () => {
    const member = await start();
    const strict = checkedSink({ routesPerHost: 1 });
    const detach = member.controller.sources.get('blue')!.attach('strict', strict, 0);
    const two = ingressFor('blue', 'two', ['two.test']);
    const paths = (two as unknown as { spec: { rules: { http: { paths: object[] } }[] } }).spec.rules[0]!.http.paths;
    paths.push({ ...paths[0], path: '/more' });
    rig.api.store.create(two);
    const engine = (name: string): Record<string, string> => ({ ingress_class: 'blue', shard: '', engine: name });
    await eventually(async () => {
      expect(await member.metric('ingress_arbiter_quarantined_entries', engine('strict'))).to.equal(1);
      expect(await member.metric('ingress_arbiter_quarantined_entries', engine('here'))).to.equal(0);
      for (const name of ['here', 'strict']) {
        expect(await member.metric('ingress_arbiter_engine_connected', engine(name))).to.equal(1);
        expect(await member.metric('ingress_arbiter_engine_lag_seconds', engine(name))).to.equal(0);
        expect(await member.metric('ingress_arbiter_engine_changes_behind', engine(name))).to.equal(0);
        expect(await member.metric('ingress_arbiter_engine_taken_epoch', engine(name))).to.equal(1);
      }
      expect(await member.metric('ingress_arbiter_engine_refusals_total', { ...engine('strict'), reason: 'entry' })).to.equal(1);
      expect(await member.metric('ingress_arbiter_findings', { ingress_class: 'blue', code: 'IA170' })).to.equal(1);
      expect(eventsAbout()).to.have.length(1);
    }, 10_000);
    expect(eventsAbout()[0]).to.match(/^two: what it asks for on host "two.test" is refused by engine strict: .*has more than 1 routes.*503/);
    expect([...strict.tables.get('blue')!.entries.keys()].sort()).to.deep.equal([...member.sink.tables.get('blue')!.entries.keys()].sort());
    expect(strict.tables.get('blue')!.entries.get('host/two.test')).to.equal('{"routes":[{"match":"prefix","path":"/","namespace":"","ingress":"","service":"","backend":""}]}');
    detach();
    await eventually(async () => {
      expect(await member.metric('ingress_arbiter_engine_connected', engine('strict'))).to.equal(0);
      expect(await member.metric('ingress_arbiter_findings', { ingress_class: 'blue', code: 'IA170' })).to.equal(undefined);
    });
  });

  it('measures a change until the last engine has it', async () => {
    const member = await start();
    const slow = checkedSink();
    const { apply } = slow;
    let open: () => void = () => undefined;
    let gate: Promise<void> = Promise.resolve();
    slow.apply = async (update) => {
      await gate;
      return apply(update);
    };
    member.controller.sources.get('blue')!.attach('slow', slow, 0);
    await eventually(() => expect(slow.tables.get('blue')?.entries.size).to.be.at.least(5));
    const served = (): Promise<number | undefined> => member.metric('ingress_arbiter_change_to_served_seconds_count', { ingress_class: 'blue' });
    const before = await served();
    gate = new Promise((resolve) => { open = resolve; });
    rig.api.store.create(ingressFor('blue', 'late', ['late.test']));
    await eventually(() => expect(member.sink.tables.get('blue')!.entries.has('host/late.test')).to.equal(true));
    await eventually(async () => expect(await member.metric('ingress_arbiter_engine_lag_seconds', { engine: 'slow' })).to.be.greaterThan(0.2));
    expect(await member.metric('ingress_arbiter_engine_lag_seconds', { engine: 'here' })).to.equal(0);
    expect(await member.metric('ingress_arbiter_engine_changes_behind', { engine: 'slow' })).to.be.greaterThan(0);
    expect(await served()).to.equal(before);
    open();
    await eventually(async () => expect(await served()).to.be.greaterThan(before ?? 0));
    expect(await member.metric('ingress_arbiter_change_to_served_seconds_sum', { ingress_class: 'blue' })).to.be.greaterThan(0.2);
  });

  it('sends engines elsewhere away when the claim is lost, and keeps those of this process', async () => {
    const member = await start();
    const remote = { ...checkedSink(), closed: 0, close() { this.closed += 1; } };
    member.controller.sources.get('blue')!.attach('edge', remote, 0);
    await eventually(() => expect(remote.tables.get('blue')?.entries.size).to.be.at.least(5));
    const taken = rig.api.store.get(lease)!;
    const now = new Date().toISOString().replace('Z', '000Z');
    rig.api.store.update({ ...taken, spec: { ...(taken['spec'] as object), holderIdentity: 'thief', leaseTransitions: 9, acquireTime: now, renewTime: now } });
    await eventually(() => expect(member.controller.isStandby()).to.equal(true), 20_000);
    await eventually(() => expect(remote.closed).to.equal(1));
    expect(member.controller.sources.get('blue')!.holder()).to.equal('thief');
    expect(await member.metric('ingress_arbiter_engine_connected', { engine: 'here' }), 'a standby shows no engines').to.equal(undefined);
  });

  it('tells shares of a class apart in one process and in several', async () => {
    const share = (text: string) => claimOf('blue', { shard: parseShard(text) as Shard });
    const members = [await rig.start('m1', { claims: [share('1/2')] }), await rig.start('m2', { claims: [share('2/2')] })];
    for (const [at, member] of members.entries()) {
      await eventually(async () => expect(await member.metric('ingress_arbiter_engine_connected', { ingress_class: 'blue', shard: String(at + 1), engine: 'here' })).to.equal(1), 10_000);
    }
  });
});

// The heartbeat self-test (guard G17): a real elector renews a real Lease, and the watch of Leases has to bring the renewals
// back. The server takes renewals all the while; what is told over the watch is what the tests change.
import { expect } from 'chai';
import type { HeldClaim } from '../../../src/controller/hold-claim.js';
import { startLeaseHeartbeat } from '../../../src/controller/lease-heartbeat.js';
import { type ClaimWatch, watchClaims } from '../../../src/controller/watch-claims.js';
import { claimOf } from '../../../src/core/claim.js';
import { claimMarks, termsOf } from '../../../src/core/claim-record.js';
import type { ApiConnection } from '../../../src/kubernetes/api-connection.js';
import { createKubeApi } from '../../../src/kubernetes/kube-api.js';
import { type LeaseElector, startLeaseElector } from '../../../src/kubernetes/lease.js';
import { leases } from '../../../src/kubernetes/resources.js';
import { FakeClock, advanceUntil, until } from '../../fixtures/fake-clock.js';
import { FaultApiServer } from '../../fixtures/fault-api-server.js';
import { plainConnection } from '../kubernetes/list-watch-rig.js';

describe('controller: lease heartbeat', () => {
  let server: FaultApiServer;
  let connection: ApiConnection;
  let clock: FakeClock;
  let elector: LeaseElector;
  let watch: ClaimWatch;
  let log: string[];

  const installation = { name: 'default', namespace: 'arbiter' };
  const blue = claimOf('blue');
  const renewals = (): number => server.count('update', 'leases');
  const open = (): number => server.openWatches('leases').length;
  /** Lets time pass as it does: in steps, each with what the network brings. */
  const pass = async (ms: number): Promise<void> => {
    const end = clock.now() + ms;
    await advanceUntil(clock, () => clock.now() >= end, 250);
  };

  beforeEach(async () => {
    server = new FaultApiServer([leases]);
    connection = plainConnection(await server.start());
    clock = new FakeClock();
    log = [];
    const api = createKubeApi({ connection, clock, random: () => 0.5 });
    elector = startLeaseElector({
      api, namespace: 'arbiter', name: 'blue', identity: 'me', clock, random: () => 0.5, marks: claimMarks(installation, termsOf(blue)),
      onAcquired: () => undefined, onLost: () => undefined,
    });
    watch = watchClaims({
      api, installation, identity: 'me', held: [{ claim: blue, elector } as HeldClaim], clock, log: (_, message) => log.push(message), onChange: () => undefined,
    });
    await until(() => open() === 1 && elector.isHolder());
  });
  afterEach(async () => {
    await Promise.all([watch.stop(), elector.release()]);
    await connection.close();
    await server.stop();
  });

  it('G17: a watch that brings the renewals is left alone', async () => {
    await pass(60_000);
    expect(renewals()).to.be.greaterThan(20);
    expect([watch.heartbeat.misses, watch.heartbeat.lagMs, server.watches.length, log]).to.deep.equal([0, 0, 1, []]);
  });

  it('G17: a watch that is silent while renewals are taken is opened anew 6 s after the first that it does not bring, says so, and sees again', async () => {
    await pass(4000);
    server.openWatches('leases')[0]!.mute();
    const taken = renewals();
    await advanceUntil(clock, () => renewals() > taken, 250);
    const from = clock.now();
    await advanceUntil(clock, () => watch.heartbeat.misses > 0, 250);
    expect(clock.now() - from).to.be.within(4750, 6000);
    await advanceUntil(clock, () => server.watches.length === 2 && open() === 1, 250);
    expect(renewals()).to.be.greaterThan(taken + 1);
    expect(log).to.deep.equal(['watch of Leases: Lease arbiter/blue was renewed and the watch has not brought it within 5 s; it is opened anew']);
    await pass(30_000);
    expect([watch.heartbeat.misses, watch.heartbeat.lagMs, server.watches.length, server.count('list', 'leases')]).to.deep.equal([1, 0, 2, 1]);
    expect(elector.isHolder(), 'the claim is held all the while').to.equal(true);
  });

  it('G17: a watch that stays silent is opened ever more slowly, and its lag is told', async () => {
    server.openWatches('leases')[0]!.mute();
    server.fault({ verb: 'watch' }, { kind: 'hang' });
    await pass(120_000);
    expect(renewals()).to.be.greaterThan(50);
    expect(watch.heartbeat.misses).to.be.within(3, 6);
    expect(watch.heartbeat.lagMs).to.be.greaterThan(100_000);
  });

  it('G17: a process that stood still while a renewal was on its way has missed nothing', async () => {
    let seen = '10';
    const missed: string[] = [];
    const heartbeat = startLeaseHeartbeat({ clock, written: () => [['a/red', '11']], seen: () => seen, onMiss: (lease) => missed.push(lease) });
    await clock.advance(1000);
    clock.freeze(40_000);
    await clock.advance(600);
    expect([missed, heartbeat.lagMs < 3000]).to.deep.equal([[], true]);
    seen = '11';
    await clock.advance(600);
    expect([missed, heartbeat.lagMs]).to.deep.equal([[], 0]);
    await heartbeat.stop();
  });

  it('G17: who holds nothing waits for nothing', async () => {
    await elector.release();
    server.openWatches('leases')[0]!.mute();
    await pass(60_000);
    expect([watch.heartbeat.misses, watch.heartbeat.lagMs]).to.deep.equal([0, 0]);
  });

  it('G17: of several Leases the one that is not seen is named, and the others hide nothing', async () => {
    const versions = new Map([['a/red', '10'], ['a/blue', '20']]);
    const missed: string[] = [];
    const heartbeat = startLeaseHeartbeat({
      clock, written: () => versions, seen: (lease) => (lease === 'a/red' ? '10' : '19'), onMiss: (lease) => missed.push(lease),
    });
    await clock.advance(4500);
    expect(missed).to.deep.equal([]);
    await clock.advance(1500);
    expect([missed, heartbeat.lagMs]).to.deep.equal([['a/blue'], 5500]);
    versions.delete('a/blue');
    await clock.advance(1000);
    expect(heartbeat.lagMs).to.equal(0);
    await heartbeat.stop();
  });
});

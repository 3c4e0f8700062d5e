// Who holds a claim, and above all who no longer does: the scenarios S14–S20 with clocks that only move when told.
import { expect } from 'chai';
import type { LeaseElector, LeaseElectorOptions } from '../../../src/kubernetes/lease.js';
import { startLeaseElector } from '../../../src/kubernetes/lease.js';
import { FakeClock, seeded, settle } from '../../fixtures/fake-clock.js';
import type { Link } from './memory-lease-api.js';
import { MemoryLease } from './memory-lease-api.js';

interface Candidate {
  elector: LeaseElector;
  log: string[];
}

describe('lease elector', () => {
  let clock: FakeClock;
  let lease: MemoryLease;
  let started: LeaseElector[];

  beforeEach(() => {
    clock = new FakeClock();
    lease = new MemoryLease(clock);
    started = [];
  });

  const candidate = (identity: string, link: Link = {}, extra: Partial<LeaseElectorOptions> = {}): Candidate => {
    const log: string[] = [];
    const elector = startLeaseElector({
      api: lease.api(link), namespace: 'arbiter', name: 'blue', identity, clock, random: () => 0.5,
      wallClock: () => new Date(1_700_000_000_000 + clock.now()),
      onAcquired: (epoch) => log.push(`acquired ${epoch}`), onLost: (reason) => log.push(`lost ${reason}`), ...extra,
    });
    started.push(elector);
    return { elector, log };
  };

  afterEach(async () => {
    const ends = started.map((elector) => elector.release());
    await clock.advance(30_000);
    await Promise.all(ends);
  });

  it('G18: takes a free claim under epoch 1 and writes six-digit times', async () => {
    const { elector, log } = candidate('a');
    await clock.advance(0);
    expect(log).to.deep.equal(['acquired 1']);
    expect(elector.isHolder()).to.equal(true);
    expect(elector.holder).to.equal('a');
    expect(lease.spec()).to.deep.include({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 1 });
    for (const time of ['renewTime', 'acquireTime']) {
      expect(lease.spec()[time]).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000Z$/);
    }
  });

  it('renews every 2 s under the same epoch, with one write and no read', async () => {
    let reads = 0;
    const { elector, log } = candidate('a', { fail: (verb) => { if (verb === 'get') reads += 1; return undefined; } });
    await clock.advance(60_000);
    expect(log).to.deep.equal(['acquired 1']);
    expect(lease.writes.length).to.be.within(30, 32);
    expect(reads).to.equal(1);
    expect(elector.epoch).to.equal(1);
    expect(lease.writes[0]!.spec['acquireTime']).to.equal(lease.writes.at(-1)!.spec['acquireTime']);
  });

  it('hands the claim back: the standby has it at its next look, under the next epoch', async () => {
    const a = candidate('a');
    await clock.advance(10_000);
    const b = candidate('b');
    await clock.advance(1000);
    expect(b.elector.holder).to.equal('a');
    const done = a.elector.release();
    expect(a.elector.isHolder()).to.equal(false);
    expect(a.log.at(-1)).to.equal('lost released');
    await clock.advance(0);
    await done;
    expect(lease.spec()['holderIdentity']).to.equal('');
    b.elector.poke();
    await clock.advance(0);
    expect(b.log).to.deep.equal(['acquired 2']);
    expect(b.elector.isHolder()).to.equal(true);
  });

  it('takes over when the claim of a silent holder ends, not at some turn after it', async () => {
    const a = candidate('a', { fail: () => (clock.now() > 21_500 ? 'error' : undefined) });
    await clock.advance(10_000);
    const b = candidate('b', {}, { random: () => 0.999 });
    for (let second = 0; second < 30 && b.log.length === 0; second += 0.1) {
      const before = lease.writes.length;
      await clock.advance(100);
      // As the watch of the Lease does.
      if (lease.writes.length > before && lease.spec()['holderIdentity'] === 'a') b.elector.poke();
    }
    const [last, first] = [lease.writes.filter(({ spec }) => spec['holderIdentity'] === 'a').at(-1)!, lease.writes.find(({ spec }) => spec['holderIdentity'] === 'b')!];
    expect(first.at - last.at).to.be.within(15_000, 15_200);
    expect(a.log.at(-1)).to.equal('lost renew-deadline');
  });

  it('writes its marks into the Lease, beside what others keep there', async () => {
    lease.put({}, { labels: { theirs: '1' }, annotations: { theirs: '2', mine: 'old' } });
    candidate('a', {}, { marks: { labels: { mine: '3' }, annotations: { mine: '4' } } });
    await clock.advance(5000);
    expect(lease.lease!.metadata).to.deep.include({ labels: { theirs: '1', mine: '3' }, annotations: { theirs: '2', mine: '4' } });
  });

  it('hands back also what an acquisition under way has just got', async () => {
    const { elector, log } = candidate('a', { delay: () => 500 });
    await clock.advance(1200);
    const done = elector.release();
    await clock.advance(5000);
    await done;
    expect(log).to.deep.equal([]);
    expect(lease.spec()['holderIdentity']).to.equal('');
  });

  it('S14: the API fails: stops at the renew deadline, before the lease can end; a standby follows at lease + retry', async () => {
    let down = false;
    const link: Link = { fail: (verb) => (down && verb === 'replace' ? 'error' : undefined) };
    const a = candidate('a', link);
    const b = candidate('b');
    await clock.advance(20_500);
    const last = lease.writes.at(-1)!.at;
    down = true;
    while (a.elector.isHolder()) await clock.advance(100);
    expect(clock.now() - last).to.be.within(9900, 10_100);
    expect(a.log).to.deep.equal(['acquired 1', 'lost renew-deadline']);
    await clock.advance(17_500 - (clock.now() - last) + 1000);
    expect(b.log).to.deep.equal(['acquired 2']);
    expect(lease.writes.find(({ spec }) => spec['holderIdentity'] === 'b')!.at - last).to.be.within(14_900, 18_000);
    down = false;
    await clock.advance(10_000);
    expect(a.elector.holder).to.equal('b');
    expect(a.elector.isHolder()).to.equal(false);
  });

  it('S14: a hanging API does not keep the claim either, and leaves time for a second try', async () => {
    let hang = false;
    const a = candidate('a', { fail: () => (hang ? 'hang' : undefined) });
    await clock.advance(4500);
    hang = true;
    await clock.advance(9000);
    hang = false;
    await clock.advance(500);
    expect(a.log).to.deep.equal(['acquired 1', 'lost renew-deadline']);
    await clock.advance(10_000);
    expect(a.log.at(-1)).to.equal('acquired 2');
  });

  it('S15: frozen for 40 s: not the holder at the first question after it, before any timer ran', async () => {
    const a = candidate('a');
    await clock.advance(5000);
    expect(a.elector.isHolder()).to.equal(true);
    clock.freeze(40_000);
    expect(a.elector.isHolder()).to.equal(false);
    expect(a.elector.remainingMs()).to.equal(0);
    await clock.advance(0);
    expect(a.log.slice(0, 2)).to.deep.equal(['acquired 1', 'lost renew-deadline']);
  });

  it('S15: an answer that arrives after the freeze does not make a holder', async () => {
    let slow = 0;
    const a = candidate('a', { delay: () => slow });
    await clock.advance(3000);
    slow = 2000;
    await clock.advance(1500);
    clock.freeze(40_000);
    await clock.advance(0);
    expect(a.elector.isHolder()).to.equal(false);
    expect(a.log[1]).to.equal('lost renew-deadline');
  });

  it('S16: cut off from the API: the old holder is out before the new one begins', async () => {
    let cut = false;
    const a = candidate('a', { fail: () => (cut ? 'hang' : undefined) });
    const b = candidate('b');
    await clock.advance(6000);
    cut = true;
    for (let step = 0; step < 300; step += 1) {
      await clock.advance(100);
      expect(a.elector.isHolder() && b.elector.isHolder()).to.equal(false);
    }
    expect(b.elector.epoch).to.equal(2);
  });

  it('S17: wall clocks that jump, stand still or disagree change nothing', async () => {
    const random = seeded(7);
    const a = candidate('a', {}, { wallClock: () => new Date(1_700_000_000_000 + (random() - 0.5) * 7_200_000) });
    await clock.advance(0);
    const b = candidate('b', {}, { wallClock: () => new Date(4_000_000_000_000) });
    await clock.advance(120_000);
    expect([a.log, b.log]).to.deep.equal([['acquired 1'], []]);
    const done = a.elector.release();
    await clock.advance(3000);
    await done;
    const frozen = candidate('c', {}, { wallClock: () => new Date(0) });
    const doneB = b.elector.release();
    await clock.advance(0);
    await doneB;
    await clock.advance(3000);
    expect(frozen.elector.isHolder()).to.equal(true);
    const d = candidate('d');
    await clock.advance(120_000);
    expect(d.log).to.deep.equal([]);
  });

  it('S18: a standby whose clock runs 1.4 times as fast never overlaps the holder', async () => {
    const fast = new FakeClock(1.4);
    let cut = false;
    const a = candidate('a', { fail: () => (cut ? 'hang' : undefined) });
    const b = candidate('b', {}, { clock: fast });
    let both = 0;
    for (let step = 0; step < 400; step += 1) {
      if (step === 60) cut = true;
      await clock.advance(100);
      await fast.advance(100);
      if (a.elector.isHolder() && b.elector.isHolder()) both += 1;
    }
    expect(both).to.equal(0);
    expect(b.elector.isHolder()).to.equal(true);
    const done = b.elector.release();
    await clock.advance(0); await fast.advance(0); await clock.advance(0);
    await done;
  });

  it('S18: known limit: at twice the rate both hold for a while, and only the epoch tells them apart', async () => {
    const fast = new FakeClock(2);
    let cut = false;
    const a = candidate('a', { fail: () => (cut ? 'hang' : undefined) });
    const b = candidate('b', {}, { clock: fast });
    const pairs = new Set<string>();
    for (let step = 0; step < 400; step += 1) {
      if (step === 60) cut = true;
      await clock.advance(100);
      await fast.advance(100);
      if (a.elector.isHolder() && b.elector.isHolder()) pairs.add(`${a.elector.epoch} ${b.elector.epoch}`);
    }
    expect([...pairs]).to.deep.equal(['1 2']);
    const done = b.elector.release();
    await clock.advance(0); await fast.advance(0); await clock.advance(0);
    await done;
  });

  it('S19: conflicts by others who touch the Lease do not cost the claim', async () => {
    const a = candidate('a');
    await clock.advance(100);
    for (let round = 0; round < 20; round += 1) {
      lease.put(lease.spec(), { annotations: { round: String(round) } });
      await clock.advance(2000);
      expect(a.elector.isHolder()).to.equal(true);
    }
    expect(a.log).to.deep.equal(['acquired 1']);
  });

  it('an unanswered renewal that did happen is recognised as its own', async () => {
    let lose = false;
    const a = candidate('a', { fail: (verb) => (lose && verb === 'replace' ? 'lose-answer' : undefined) });
    await clock.advance(2100);
    lose = true;
    await clock.advance(2100);
    lose = false;
    await clock.advance(20_000);
    expect(a.log).to.deep.equal(['acquired 1']);
  });

  it('a foreign holder in the Lease ends the claim at the next renewal', async () => {
    const a = candidate('a');
    await clock.advance(100);
    lease.put({ ...lease.spec(), holderIdentity: 'x', leaseTransitions: 9 });
    await clock.advance(2000);
    expect(a.log).to.deep.equal(['acquired 1', 'lost superseded']);
    await clock.advance(20_000);
    expect(a.log.at(-1)).to.equal('acquired 10');
  });

  it('an equal identity of an earlier life is waited for like any other', async () => {
    lease.put({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 4, renewTime: '2026-01-01T00:00:00.000000Z' });
    const a = candidate('a');
    await clock.advance(14_000);
    expect(a.log).to.deep.equal([]);
    await clock.advance(4000);
    expect(a.log).to.deep.equal(['acquired 5']);
  });

  it('a Lease that was deleted is created again under the same epoch; an epoch seen downstream is never gone below', async () => {
    const a = candidate('a');
    await clock.advance(100);
    lease.lease = undefined;
    await clock.advance(2000);
    expect(a.log).to.deep.equal(['acquired 1']);
    expect(lease.spec()['leaseTransitions']).to.equal(1);
    a.elector.raiseEpoch(57);
    await clock.advance(0);
    expect(a.log).to.deep.equal(['acquired 1', 'lost epoch-raised', 'acquired 58']);
  });

  const hostile: [string, unknown, boolean][] = [
    ['an empty holder', { holderIdentity: '', leaseDurationSeconds: 999 }, true],
    ['no spec', undefined, true],
    ['a spec that is text', 'x', true],
    ['null everywhere', { holderIdentity: null, leaseDurationSeconds: null, leaseTransitions: null, renewTime: null }, true],
    ['a holder that is a number', { holderIdentity: 7 }, true],
    ['a holder of 1 MB', { holderIdentity: 'x'.repeat(1 << 20), leaseDurationSeconds: 15 }, false],
    ['a negative duration', { holderIdentity: 'x', leaseDurationSeconds: -5 }, false],
    ['a renewal in the year 9999', { holderIdentity: 'x', leaseDurationSeconds: 15, renewTime: '9999-12-31T23:59:59.999999Z' }, false],
    ['a renewal that is no time', { holderIdentity: 'x', leaseDurationSeconds: 15, renewTime: { a: 1 } }, false],
    ['negative transitions', { holderIdentity: 'x', leaseTransitions: -4 }, false],
    ['transitions that are not whole', { holderIdentity: 'x', leaseTransitions: 1e300 }, false],
  ];
  for (const [what, spec, atOnce] of hostile) {
    it(`row 64: ${what}: decided by what is seen here, not by what it says`, async () => {
      lease.put(spec);
      const { log, elector } = candidate('a');
      await clock.advance(100);
      expect(log.length === 1).to.equal(atOnce);
      expect((elector.holder ?? '').length).to.be.at.most(253);
      await clock.advance(18_000);
      expect(log).to.deep.equal(['acquired 1']);
    });
  }

  it('row 64: a claim for ten years is one for a minute', async () => {
    lease.put({ holderIdentity: 'x', leaseDurationSeconds: 315_360_000 });
    const { log } = candidate('a');
    await clock.advance(58_000);
    expect(log).to.deep.equal([]);
    await clock.advance(6000);
    expect(log).to.deep.equal(['acquired 1']);
  });

  it('row 64: transitions at their maximum are a fault that says what to do', async () => {
    lease.put({ holderIdentity: '', leaseTransitions: 2_147_483_647 });
    const faults: string[] = [];
    candidate('a', {}, { onFault: (error) => faults.push(error.message) });
    await clock.advance(100);
    expect(faults[0]).to.match(/Lease arbiter\/blue: leaseTransitions .* delete the Lease/);
  });

  it('S20: two candidates at once, 1,000 trials with random delays, failures and lost answers: one holder each', async function () {
    this.timeout(120_000);
    const total = { both: 0, none: 0, changes: 0 };
    for (let trial = 0; trial < 1000; trial += 1) {
      const random = seeded(trial);
      const time = new FakeClock();
      const shared = new MemoryLease(time);
      const epochs: number[] = [];
      const electors = ['a', 'b'].map((identity) => startLeaseElector({
        api: shared.api({ delay: () => random() * 400, fail: () => (random() < 0.1 ? 'error' : random() < 0.05 ? 'lose-answer' : undefined) }),
        namespace: 'arbiter', name: 'blue', identity, clock: time, random, wallClock: () => new Date(time.now()),
        onAcquired: (epoch) => epochs.push(epoch), onLost: () => undefined,
      }));
      let heldAtEnd = 0;
      for (let step = 0; step < 60 || (heldAtEnd === 0 && step < 300); step += 1) {
        const left = 100 + random() * 100;
        await time.advance(Math.min(time.nextIn ?? left, left));
        heldAtEnd = electors.filter((elector) => elector.isHolder()).length;
        if (heldAtEnd > 1) total.both += 1;
      }
      if (heldAtEnd !== 1) total.none += 1;
      total.changes += epochs.length;
      expect(epochs, `epochs of trial ${trial}`).to.deep.equal([...new Set(epochs)].sort((x, y) => x - y));
      const ends = electors.map((elector) => elector.release());
      await time.advance(20_000);
      await Promise.all(ends);
    }
    expect(total.both).to.equal(0);
    expect(total.none).to.equal(0);
    expect(total.changes).to.be.at.least(1000);
  });

  it('S15, S16 at random: freezes and cuts, 200 trials: never two holders, epochs only grow', async function () {
    this.timeout(120_000);
    for (let trial = 0; trial < 200; trial += 1) {
      const random = seeded(10_000 + trial);
      const time = new FakeClock();
      const shared = new MemoryLease(time);
      const epochs: number[] = [];
      const cut = [false, false];
      const electors = ['a', 'b'].map((identity, index) => startLeaseElector({
        api: shared.api({ delay: () => random() * 200, fail: () => (cut[index] ? (random() < 0.5 ? 'hang' : 'lose-answer') : undefined) }),
        namespace: 'arbiter', name: 'blue', identity, clock: time, random, wallClock: () => new Date(time.now()),
        onAcquired: (epoch) => epochs.push(epoch), onLost: () => undefined,
      }));
      for (let step = 0; step < 120; step += 1) {
        if (random() < 0.05) cut[Math.floor(random() * 2)] = random() < 0.5;
        await time.advance(random() * 1000);
        expect(electors.filter((elector) => elector.isHolder()).length).to.be.at.most(1);
      }
      expect(epochs).to.deep.equal([...new Set(epochs)].sort((x, y) => x - y));
      cut.fill(false);
      const ends = electors.map((elector) => elector.release());
      await time.advance(30_000);
      await Promise.all(ends);
      await settle();
    }
  });
});

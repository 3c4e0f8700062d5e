// Who no longer holds a claim: the scenarios S14–S20 with clocks that only move when told.
import { expect } from 'chai';
import { startLeaseElector } from '../../../src/kubernetes/lease.js';
import { FakeClock, seeded, settle } from '../../fixtures/fake-clock.js';
import { useLeaseRig } from './lease-rig.js';
import type { Link } from './memory-lease-api.js';
import { MemoryLease } from './memory-lease-api.js';

describe('lease elector: faults', () => {
  const rig = useLeaseRig();

  it('S14: the API fails: stops at the renew deadline, before the lease can end; a standby follows at lease + retry', async () => {
    let down = false;
    const link: Link = { fail: (verb) => (down && verb === 'replace' ? 'error' : undefined) };
    const a = rig.candidate('a', link);
    const b = rig.candidate('b');
    await rig.clock.advance(20_500);
    const last = rig.lease.writes.at(-1)!.at;
    down = true;
    while (a.elector.isHolder()) await rig.clock.advance(100);
    expect(rig.clock.now() - last).to.be.within(9900, 10_100);
    expect(a.log).to.deep.equal(['acquired 1', 'lost renew-deadline']);
    await rig.clock.advance(17_500 - (rig.clock.now() - last) + 1000);
    expect(b.log).to.deep.equal(['acquired 2']);
    expect(rig.lease.writes.find(({ spec }) => spec['holderIdentity'] === 'b')!.at - last).to.be.within(14_900, 18_000);
    down = false;
    await rig.clock.advance(10_000);
    expect(a.elector.holder).to.equal('b');
    expect(a.elector.isHolder()).to.equal(false);
  });

  it('S14: a hanging API does not keep the claim either, and leaves time for a second try', async () => {
    let hang = false;
    const a = rig.candidate('a', { fail: () => (hang ? 'hang' : undefined) });
    await rig.clock.advance(4500);
    hang = true;
    await rig.clock.advance(9000);
    hang = false;
    await rig.clock.advance(500);
    expect(a.log).to.deep.equal(['acquired 1', 'lost renew-deadline']);
    await rig.clock.advance(10_000);
    expect(a.log.at(-1)).to.equal('acquired 2');
  });

  it('S15: frozen for 40 s: not the holder at the first question after it, before any timer ran', async () => {
    const a = rig.candidate('a');
    await rig.clock.advance(5000);
    expect(a.elector.isHolder()).to.equal(true);
    rig.clock.freeze(40_000);
    expect(a.elector.isHolder()).to.equal(false);
    expect(a.elector.remainingMs()).to.equal(0);
    await rig.clock.advance(0);
    expect(a.log.slice(0, 2)).to.deep.equal(['acquired 1', 'lost renew-deadline']);
  });

  it('S15: an answer that arrives after the freeze does not make a holder', async () => {
    let slow = 0;
    const a = rig.candidate('a', { delay: () => slow });
    await rig.clock.advance(3000);
    slow = 2000;
    await rig.clock.advance(1500);
    rig.clock.freeze(40_000);
    await rig.clock.advance(0);
    expect(a.elector.isHolder()).to.equal(false);
    expect(a.log[1]).to.equal('lost renew-deadline');
  });

  it('S16: cut off from the API: the old holder is out before the new one begins', async () => {
    let cut = false;
    const a = rig.candidate('a', { fail: () => (cut ? 'hang' : undefined) });
    const b = rig.candidate('b');
    await rig.clock.advance(6000);
    cut = true;
    for (let step = 0; step < 300; step += 1) {
      await rig.clock.advance(100);
      expect(a.elector.isHolder() && b.elector.isHolder()).to.equal(false);
    }
    expect(b.elector.epoch).to.equal(2);
  });

  it('S17: wall clocks that jump, stand still or disagree change nothing', async () => {
    const random = seeded(7);
    const a = rig.candidate('a', {}, { wallClock: () => new Date(1_700_000_000_000 + (random() - 0.5) * 7_200_000) });
    await rig.clock.advance(0);
    const b = rig.candidate('b', {}, { wallClock: () => new Date(4_000_000_000_000) });
    await rig.clock.advance(120_000);
    expect([a.log, b.log]).to.deep.equal([['acquired 1'], []]);
    const done = a.elector.release();
    await rig.clock.advance(3000);
    await done;
    const frozen = rig.candidate('c', {}, { wallClock: () => new Date(0) });
    const doneB = b.elector.release();
    await rig.clock.advance(0);
    await doneB;
    await rig.clock.advance(3000);
    expect(frozen.elector.isHolder()).to.equal(true);
    const d = rig.candidate('d');
    await rig.clock.advance(120_000);
    expect(d.log).to.deep.equal([]);
  });

  it('S18: a standby whose clock runs 1.4 times as fast never overlaps the holder', async () => {
    const fast = new FakeClock(1.4);
    let cut = false;
    const a = rig.candidate('a', { fail: () => (cut ? 'hang' : undefined) });
    const b = rig.candidate('b', {}, { clock: fast });
    let both = 0;
    for (let step = 0; step < 400; step += 1) {
      if (step === 60) cut = true;
      await rig.clock.advance(100);
      await fast.advance(100);
      if (a.elector.isHolder() && b.elector.isHolder()) both += 1;
    }
    expect(both).to.equal(0);
    expect(b.elector.isHolder()).to.equal(true);
    const done = b.elector.release();
    await rig.clock.advance(0); await fast.advance(0); await rig.clock.advance(0);
    await done;
  });

  it('S18: known limit: at twice the rate both hold for a while, and only the epoch tells them apart', async () => {
    const fast = new FakeClock(2);
    let cut = false;
    const a = rig.candidate('a', { fail: () => (cut ? 'hang' : undefined) });
    const b = rig.candidate('b', {}, { clock: fast });
    const pairs = new Set<string>();
    for (let step = 0; step < 400; step += 1) {
      if (step === 60) cut = true;
      await rig.clock.advance(100);
      await fast.advance(100);
      if (a.elector.isHolder() && b.elector.isHolder()) pairs.add(`${a.elector.epoch} ${b.elector.epoch}`);
    }
    expect([...pairs]).to.deep.equal(['1 2']);
    const done = b.elector.release();
    await rig.clock.advance(0); await fast.advance(0); await rig.clock.advance(0);
    await done;
  });

  it('S19: conflicts by others who touch the Lease do not cost the claim', async () => {
    const a = rig.candidate('a');
    await rig.clock.advance(100);
    for (let round = 0; round < 20; round += 1) {
      rig.lease.put(rig.lease.spec(), { annotations: { round: String(round) } });
      await rig.clock.advance(2000);
      expect(a.elector.isHolder()).to.equal(true);
    }
    expect(a.log).to.deep.equal(['acquired 1']);
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

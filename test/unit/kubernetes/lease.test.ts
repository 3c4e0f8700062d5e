// Who holds a claim when nothing goes wrong, and what stands in the Lease then.
import { expect } from 'chai';
import { useLeaseRig } from './lease-rig.js';

describe('lease elector', () => {
  const rig = useLeaseRig();

  it('G18: takes a free claim under epoch 1 and writes six-digit times', async () => {
    const { elector, log } = rig.candidate('a');
    await rig.clock.advance(0);
    expect(log).to.deep.equal(['acquired 1']);
    expect(elector.isHolder()).to.equal(true);
    expect(elector.holder).to.equal('a');
    expect(rig.lease.spec()).to.deep.include({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 1 });
    for (const time of ['renewTime', 'acquireTime']) {
      expect(rig.lease.spec()[time]).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000Z$/);
    }
  });

  it('renews every 2 s under the same epoch, with one write and no read', async () => {
    let reads = 0;
    const { elector, log } = rig.candidate('a', { fail: (verb) => { if (verb === 'get') reads += 1; return undefined; } });
    await rig.clock.advance(60_000);
    expect(log).to.deep.equal(['acquired 1']);
    expect(rig.lease.writes.length).to.be.within(30, 32);
    expect(reads).to.equal(1);
    expect(elector.epoch).to.equal(1);
    expect(rig.lease.writes[0]!.spec['acquireTime']).to.equal(rig.lease.writes.at(-1)!.spec['acquireTime']);
  });

  it('hands the claim back: the standby has it at its next look, under the next epoch', async () => {
    const a = rig.candidate('a');
    await rig.clock.advance(10_000);
    const b = rig.candidate('b');
    await rig.clock.advance(1000);
    expect(b.elector.holder).to.equal('a');
    const done = a.elector.release();
    expect(a.elector.isHolder()).to.equal(false);
    expect(a.log.at(-1)).to.equal('lost released');
    await rig.clock.advance(0);
    await done;
    expect(rig.lease.spec()['holderIdentity']).to.equal('');
    b.elector.poke();
    await rig.clock.advance(0);
    expect(b.log).to.deep.equal(['acquired 2']);
    expect(b.elector.isHolder()).to.equal(true);
  });

  it('takes over when the claim of a silent holder ends, not at some turn after it', async () => {
    const a = rig.candidate('a', { fail: () => (rig.clock.now() > 21_500 ? 'error' : undefined) });
    await rig.clock.advance(10_000);
    const b = rig.candidate('b', {}, { random: () => 0.999 });
    for (let second = 0; second < 30 && b.log.length === 0; second += 0.1) {
      const before = rig.lease.writes.length;
      await rig.clock.advance(100);
      // As the watch of the Lease does.
      if (rig.lease.writes.length > before && rig.lease.spec()['holderIdentity'] === 'a') b.elector.poke();
    }
    const [last, first] = [rig.lease.writes.filter(({ spec }) => spec['holderIdentity'] === 'a').at(-1)!, rig.lease.writes.find(({ spec }) => spec['holderIdentity'] === 'b')!];
    expect(first.at - last.at).to.be.within(15_000, 15_200);
    expect(a.log.at(-1)).to.equal('lost renew-deadline');
  });

  it('writes its marks into the Lease, beside what others keep there', async () => {
    rig.lease.put({}, { labels: { theirs: '1' }, annotations: { theirs: '2', mine: 'old' } });
    rig.candidate('a', {}, { marks: { labels: { mine: '3' }, annotations: { mine: '4' } } });
    await rig.clock.advance(5000);
    expect(rig.lease.lease!.metadata).to.deep.include({ labels: { theirs: '1', mine: '3' }, annotations: { theirs: '2', mine: '4' } });
  });

  it('hands back also what an acquisition under way has just got', async () => {
    const { elector, log } = rig.candidate('a', { delay: () => 500 });
    await rig.clock.advance(1200);
    const done = elector.release();
    await rig.clock.advance(5000);
    await done;
    expect(log).to.deep.equal([]);
    expect(rig.lease.spec()['holderIdentity']).to.equal('');
  });

  it('an unanswered renewal that did happen is recognised as its own', async () => {
    let lose = false;
    const a = rig.candidate('a', { fail: (verb) => (lose && verb === 'replace' ? 'lose-answer' : undefined) });
    await rig.clock.advance(2100);
    lose = true;
    await rig.clock.advance(2100);
    lose = false;
    await rig.clock.advance(20_000);
    expect(a.log).to.deep.equal(['acquired 1']);
  });

  it('a foreign holder in the Lease ends the claim at the next renewal', async () => {
    const a = rig.candidate('a');
    await rig.clock.advance(100);
    rig.lease.put({ ...rig.lease.spec(), holderIdentity: 'x', leaseTransitions: 9 });
    await rig.clock.advance(2000);
    expect(a.log).to.deep.equal(['acquired 1', 'lost superseded']);
    await rig.clock.advance(20_000);
    expect(a.log.at(-1)).to.equal('acquired 10');
  });

  it('an equal identity of an earlier life is waited for like any other', async () => {
    rig.lease.put({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 4, renewTime: '2026-01-01T00:00:00.000000Z' });
    const a = rig.candidate('a');
    await rig.clock.advance(14_000);
    expect(a.log).to.deep.equal([]);
    await rig.clock.advance(4000);
    expect(a.log).to.deep.equal(['acquired 5']);
  });

  it('a Lease that was deleted is created again under the same epoch; an epoch seen downstream is never gone below', async () => {
    const a = rig.candidate('a');
    await rig.clock.advance(100);
    rig.lease.lease = undefined;
    await rig.clock.advance(2000);
    expect(a.log).to.deep.equal(['acquired 1']);
    expect(rig.lease.spec()['leaseTransitions']).to.equal(1);
    a.elector.raiseEpoch(57);
    await rig.clock.advance(0);
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
      rig.lease.put(spec);
      const { log, elector } = rig.candidate('a');
      await rig.clock.advance(100);
      expect(log.length === 1).to.equal(atOnce);
      expect((elector.holder ?? '').length).to.be.at.most(253);
      await rig.clock.advance(18_000);
      expect(log).to.deep.equal(['acquired 1']);
    });
  }

  it('row 64: a claim for ten years is one for a minute', async () => {
    rig.lease.put({ holderIdentity: 'x', leaseDurationSeconds: 315_360_000 });
    const { log } = rig.candidate('a');
    await rig.clock.advance(58_000);
    expect(log).to.deep.equal([]);
    await rig.clock.advance(6000);
    expect(log).to.deep.equal(['acquired 1']);
  });

  it('row 64: transitions at their maximum are a fault that says what to do', async () => {
    rig.lease.put({ holderIdentity: '', leaseTransitions: 2_147_483_647 });
    const faults: string[] = [];
    rig.candidate('a', {}, { onFault: (error) => faults.push(error.message) });
    await rig.clock.advance(100);
    expect(faults[0]).to.match(/Lease arbiter\/blue: leaseTransitions .* delete the Lease/);
  });
});

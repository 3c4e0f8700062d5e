// What the consistency check finds that the watch has missed, and when it comes early, against a real connection.
import { expect } from 'chai';
import { ingresses } from '../../../src/kubernetes/resources.js';
import { advanceUntil, breathe, until } from '../../fixtures/fake-clock.js';
import { anIngress, bookmark, fill, inSync, useRig, watchEvent } from './list-watch-rig.js';

describe('list-watch: the consistency check', () => {
  const rig = useRig();
  const send = (text: string): void => rig.server.openWatches()[0]!.send(text);

  it('the consistency check counts what the watch has missed and repairs it', async () => {
    fill(rig, 3);
    await inSync(rig);
    rig.server.put(ingresses, anIngress('i0', { spec: { missed: true } }), true);
    rig.server.remove(ingresses, 'shop/i1', true);
    rig.server.put(ingresses, anIngress('i9'), true);
    for (let minute = 0; minute < 12; minute += 1) {
      send(bookmark(rig.server.version + minute));
      await until(() => rig.watch.resourceVersion === String(rig.server.version + minute));
      await rig.clock.advance(60_000);
    }
    rig.server.version += 12;
    await advanceUntil(rig.clock, () => rig.watch.counters.relists.drift === 1 && rig.watch.state === 'watch', 200);
    expect(rig.watch.counters.driftRepairs).to.equal(3);
    expect([...rig.changes].sort()).to.deep.equal(['change shop/i0', 'delete shop/i1', 'set shop/i9']);
  });

  it('the consistency check finds nothing when there is nothing, also with changes under way', async () => {
    fill(rig, 3);
    await inSync(rig);
    for (let minute = 0; minute < 14; minute += 1) {
      rig.server.put(ingresses, anIngress(`n${minute}`));
      if (minute % 2 === 1) rig.server.remove(ingresses, `shop/n${minute - 1}`);
      await until(() => rig.watch.resourceVersion === String(rig.server.version));
      await rig.clock.advance(60_000);
      await breathe();
    }
    await until(() => rig.watch.counters.consistencyChecks === 1);
    expect(rig.watch.counters.driftRepairs).to.equal(0);
    expect(rig.watch.counters.relists.drift).to.equal(0);
  });

  it('an event out of order brings the check forward', async () => {
    await inSync(rig);
    rig.server.put(ingresses, anIngress('missed'), true);
    send(watchEvent('ADDED', 'b', 300) + watchEvent('ADDED', 'a', 299));
    await until(() => rig.watch.size === 2);
    rig.server.version = 400;
    await advanceUntil(rig.clock, () => rig.watch.get('shop/missed') !== undefined, 500);
    expect(rig.watch.counters.driftRepairs).to.be.greaterThan(0);
  });
});

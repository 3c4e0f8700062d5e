// The comparison of a fresh list with what the watch built, while the watch goes on: only what was missed counts.
import { expect } from 'chai';
import { countDrift } from '../../../src/kubernetes/consistency-check.js';
import type { KubeObject } from '../../../src/kubernetes/kube-object.js';
import { ObjectStore } from '../../../src/kubernetes/object-store.js';
import { ingresses } from '../../../src/kubernetes/resources.js';
import { FakeClock } from '../../fixtures/fake-clock.js';

describe('consistency check', () => {
  const object = (name: string, version: number, uid = name): KubeObject =>
    ({ metadata: { name, namespace: 'shop', uid, resourceVersion: String(version) } });

  /** The drift between a store and a list at version 10, with what the watch does while the list is under way. */
  const drift = async (known: KubeObject[], listed: KubeObject[], meanwhile: (store: ObjectStore) => void = () => undefined): Promise<number> => {
    const store = new ObjectStore();
    for (const one of known) store.apply('ADDED', one);
    const clock = new FakeClock();
    const counting = countDrift({
      store, clock, selection: { resource: ingresses }, signal: new AbortController().signal, reached: () => '9',
      api: {
        listPage: async () => {
          meanwhile(store);
          return { kind: 'IngressList', apiVersion: 'networking.k8s.io/v1', metadata: { resourceVersion: '10' }, items: listed };
        },
      },
    });
    await clock.advance(5000);
    return counting;
  };

  it('is none when both agree, and one for each object that is missing, outdated, left over or another', async () => {
    const same = [object('a', 1), object('b', 2)];
    expect(await drift(same, same)).to.equal(0);
    expect(await drift([], [object('a', 1)])).to.equal(1);
    expect(await drift([object('a', 1)], [object('a', 5)])).to.equal(1);
    expect(await drift([object('a', 1)], [])).to.equal(1);
    expect(await drift([object('a', 1)], [object('a', 5, 'recreated')])).to.equal(1);
  });

  it('does not count what the watch knows already and the list does not yet', async () => {
    const list = [object('a', 1)];
    expect(await drift(list, list, (store) => store.apply('MODIFIED', object('a', 11)))).to.equal(0);
    expect(await drift(list, list, (store) => store.apply('ADDED', object('b', 11)))).to.equal(0);
    expect(await drift(list, list, (store) => store.apply('DELETED', object('a', 11)))).to.equal(0);
    expect(await drift(list, list, (store) => {
      store.apply('DELETED', object('a', 11));
      store.apply('ADDED', object('a', 12, 'recreated'));
    })).to.equal(0);
  });
});

import { expect } from 'chai';
import fc from 'fast-check';
import { ObjectStore } from '../../../src/dev-cluster/object-store.js';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import { resourceTypes } from '../../../src/dev-cluster/resources.js';

const type = resourceTypes.find((each) => each.kind === 'ConfigMap')!;
const object = (name: string, value = ''): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { value } });
const contents = (store: ObjectStore, revision?: number): string[] | undefined => {
  const list = revision === undefined ? store.list(type) : store.listAt(type, revision);
  return list?.keys.map((key) => `${key}=${(list.at(key)!['data'] as { value: string }).value}`);
};

describe('dev-cluster: object store', () => {
  it('shows every earlier state that its window reaches, exactly', () => {
    const step = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), value: fc.string(), remove: fc.boolean() });
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 20 }), (steps, size) => {
      const store = new ObjectStore(size);
      const states = new Map<number, string[]>([[store.revision, []]]);
      let changes = 0;
      for (const { name, value, remove } of steps) {
        const live = store.get(type, 'default', name);
        if (remove && live === undefined) continue;
        if (remove) store.remove(type, live!);
        else store.put(type, object(name, value));
        changes += 1;
        states.set(store.revision, contents(store)!);
      }
      const reachable = [...states].slice(Math.max(0, changes - size));
      for (const [revision, state] of reachable) expect(contents(store, revision)).to.deep.equal(state);
      for (const [revision] of [...states].slice(0, Math.max(0, changes - size))) expect(contents(store, revision)).to.equal(undefined);
    }));
  });

  it('counts revisions over all kinds and tells listeners in order', () => {
    const store = new ObjectStore(10);
    const seen: string[] = [];
    const stop = store.listen(type, (change) => seen.push(`${change.type} ${change.revision}`));
    store.put(type, object('a'));
    store.put(resourceTypes.find((each) => each.kind === 'Ingress')!, object('a'));
    store.put(type, object('a', 'x'));
    store.remove(type, store.get(type, 'default', 'a')!);
    stop();
    store.put(type, object('b'));
    expect(seen).to.deep.equal(['ADDED 2', 'MODIFIED 4', 'DELETED 5']);
  });
});

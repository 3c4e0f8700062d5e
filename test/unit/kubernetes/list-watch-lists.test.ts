// Lists that may not be believed, and lists that must be (guards G1–G4, G8, and the time travel of S8).
import { expect } from 'chai';
import { ingresses } from '../../../src/kubernetes/resources.js';
import { advanceUntil, breathe, until } from '../../fixtures/fake-clock.js';
import { status } from '../../fixtures/fault-api-server.js';
import type { FaultAction } from '../../fixtures/fault-api-server.js';
import { anIngress, fill, inSync, useRig } from './list-watch-rig.js';

const list = { verb: 'list' } as const;

describe('list-watch: lists', () => {
  const rig = useRig();

  /** The history is gone and the watch breaks: a relist follows. */
  const forceRelist = async (): Promise<void> => {
    rig.server.compact(ingresses);
    rig.server.openWatches()[0]!.send(`${JSON.stringify({ type: 'ERROR', object: status(410, 'Expired', 'too old') })}\n`);
    await until(() => rig.watch.state === 'backoff');
  };

  const untrusted: [string, FaultAction][] = [
    ['an object without items', { kind: 'respond', status: 200, body: {} }],
    ['a page of HTML', { kind: 'respond', status: 200, body: '<html>login</html>' }],
    ['a list of another kind', { kind: 'mutate', change: (body) => ({ ...body, kind: 'ServiceList', items: [] }) }],
    ['a list of another group', { kind: 'mutate', change: (body) => ({ ...body, apiVersion: 'v1', items: [] }) }],
    ['a list without a version', { kind: 'mutate', change: (body) => ({ ...body, items: [], metadata: {} }) }],
    ['items that are null', { kind: 'mutate', change: (body) => ({ ...body, items: null }) }],
    ['items without identity', { kind: 'mutate', change: (body) => ({ ...body, items: [{ metadata: { name: 'x' } }] }) }],
    ['half a body, then a reset', { kind: 'truncate' }],
    ['half a body, then an end', { kind: 'truncate', end: 'close' }],
    ['a server error', { kind: 'respond', status: 500 }],
    ['a redirect', { kind: 'respond', status: 302, headers: { location: 'http://127.0.0.1:1/' } }],
    ['a refused credential', { kind: 'respond', status: 401 }],
    ['a reset', { kind: 'reset' }],
  ];
  for (const [what, action] of untrusted) {
    it(`G1: ${what} changes nothing, and the next good list ends it`, async () => {
      fill(rig, 20);
      await inSync(rig);
      const rule = rig.server.fault(list, action, what === 'a refused credential' ? 6 : 2);
      await forceRelist();
      rig.server.put(ingresses, anIngress('new'));
      await advanceUntil(rig.clock, () => rig.watch.get('shop/new') !== undefined, 400);
      expect(rule.times).to.equal(0);
      expect(rig.changes).to.deep.equal(['set shop/new']);
      expect(rig.watch.counters.listFailures).to.be.greaterThan(1);
    });
  }

  it('G1: a first list is not believed blindly either', async () => {
    fill(rig, 3);
    rig.server.fault(list, { kind: 'mutate', change: (body) => ({ ...body, items: [], metadata: {} }) }, 1);
    rig.server.fault(list, { kind: 'mutate', change: (body) => ({ ...body, items: [], metadata: { resourceVersion: '' } }) }, 1);
    await rig.begin();
    await advanceUntil(rig.clock, () => rig.watch.isSynced, 200);
    expect(rig.watch.size).to.equal(3);
    expect(rig.watch.counters.listFailures).to.equal(2);
  });

  it('G2: reads page by page and keeps what it reads in one piece', async () => {
    fill(rig, 1201);
    await inSync(rig);
    expect(rig.watch.size).to.equal(1201);
    expect(rig.server.count('list')).to.equal(3);
    expect(rig.server.log[0]!.query.get('limit')).to.equal('500');
    expect(rig.server.log[1]!.query.has('resourceVersion')).to.equal(false);
  });

  it('G2: discards all pages when a later one fails or its token has expired', async () => {
    fill(rig, 1201);
    await inSync(rig);
    rig.server.fault({ ...list, where: (entry) => entry.query.has('continue') }, { kind: 'respond', status: 500 }, 1);
    rig.server.fault({ ...list, where: (entry) => entry.query.has('continue') }, { kind: 'respond', status: 410 }, 1);
    await forceRelist();
    await advanceUntil(rig.clock, () => rig.watch.state === 'watch', 400);
    expect(rig.changes).to.deep.equal([]);
    expect(rig.watch.counters.listFailures).to.equal(2);
    expect(rig.watch.size).to.equal(1201);
  });

  it('G3: replaces by UID: what was recreated under its name is a delete and then an add', async () => {
    fill(rig, 3);
    await inSync(rig);
    rig.server.remove(ingresses, 'shop/i1', true);
    rig.server.put(ingresses, anIngress('i1'), true);
    rig.server.put(ingresses, anIngress('i2', { spec: { changed: true } }), true);
    rig.server.remove(ingresses, 'shop/i0', true);
    rig.server.put(ingresses, anIngress('i3'), true);
    await forceRelist();
    await advanceUntil(rig.clock, () => rig.changes.length >= 5, 400);
    expect(rig.changes).to.deep.equal(['delete shop/i0', 'delete shop/i1', 'set shop/i1', 'change shop/i2', 'set shop/i3']
      .sort((a, b) => rig.changes.indexOf(a) - rig.changes.indexOf(b)));
    expect(rig.changes.indexOf('delete shop/i1')).to.be.lessThan(rig.changes.indexOf('set shop/i1'));
  });

  it('asks for the known version first, and for the newest only when that is gone', async () => {
    fill(rig, 1);
    await inSync(rig);
    rig.server.fault({ ...list, where: (entry) => entry.query.has('resourceVersion') }, { kind: 'respond', status: 410, body: status(410, 'Expired', 'old') }, 1);
    const before = rig.server.log.length;
    await forceRelist();
    await advanceUntil(rig.clock, () => rig.watch.state === 'watch', 400);
    const lists = rig.server.log.slice(before).filter(({ verb }) => verb === 'list');
    expect(lists.map(({ query }) => query.get('resourceVersionMatch'))).to.deep.equal(['NotOlderThan', null]);
  });

  it('G4: holds a list that would delete most, and drops it when the majority read disagrees', async () => {
    fill(rig, 20);
    await inSync(rig);
    rig.server.fault(list, { kind: 'mutate', change: (body) => ({ ...body, items: [] }) }, 1);
    await forceRelist();
    const before = rig.server.count('list');
    await advanceUntil(rig.clock, () => rig.server.count('list') === before + 1, 100);
    await until(() => rig.watch.counters.massDeleteBrakes === 1);
    await rig.clock.advance(1900);
    expect(rig.server.count('list')).to.equal(before + 1);
    await advanceUntil(rig.clock, () => rig.watch.state === 'watch', 100);
    expect(rig.server.log.at(-2)!.query.has('resourceVersion')).to.equal(false);
    expect(rig.changes).to.deep.equal([]);
  });

  it('G4: believes an empty list that the majority read confirms, within 5 s', async () => {
    fill(rig, 20);
    await inSync(rig);
    for (let index = 0; index < 20; index += 1) rig.server.remove(ingresses, `shop/i${index}`, true);
    await forceRelist();
    const start = rig.clock.now();
    await advanceUntil(rig.clock, () => rig.watch.size === 0, 100);
    expect(rig.clock.now() - start).to.be.lessThan(5000);
    expect(rig.changes).to.have.length(20);
  });

  it('G8: waits as long as the server asks, with jitter, and at most 60 s', async () => {
    fill(rig, 1);
    await inSync(rig);
    rig.server.fault(list, { kind: 'respond', status: 429, headers: { 'retry-after': '7' } }, 1);
    rig.server.fault(list, { kind: 'respond', status: 503, headers: { 'retry-after': '9999' } }, 1);
    await forceRelist();
    const before = rig.server.count('list');
    await advanceUntil(rig.clock, () => rig.watch.counters.listFailures === 1, 100);
    await rig.clock.advance(7000);
    expect(rig.server.count('list')).to.equal(before + 1);
    await rig.clock.advance(700);
    await until(() => rig.watch.counters.listFailures === 2);
    await rig.clock.advance(60_000);
    expect(rig.server.count('list')).to.equal(before + 2);
    await rig.clock.advance(6000);
    await until(() => rig.server.count('list') === before + 3);
  });

  it('S8: does not travel back in time with a stale replica', async () => {
    fill(rig, 20);
    await inSync(rig);
    const old = { ...rig.server.read(ingresses, 'shop/i0')! };
    rig.server.put(ingresses, anIngress('i0', { spec: { newer: true } }));
    rig.server.remove(ingresses, 'shop/i1');
    await until(() => rig.changes.length === 2);
    const travel: FaultAction = { kind: 'mutate', change: (body) => ({ ...body, items: [old], metadata: { resourceVersion: '101' } }) };
    rig.server.fault(list, travel, 3);
    await forceRelist();
    await advanceUntil(rig.clock, () => rig.watch.state === 'watch', 200);
    expect(rig.watch.counters.staleLists).to.equal(3);
    expect(rig.changes).to.deep.equal(['change shop/i0', 'delete shop/i1']);
    expect(rig.watch.get('shop/i0')!['spec']).to.deep.equal({ newer: true });
  });

  it('S8: accepts a history that really was set back, after several majority reads say so', async () => {
    fill(rig, 5);
    await inSync(rig);
    rig.server.restore(50);
    const restored = rig.server.put(ingresses, anIngress('i0', { spec: { restored: true } }));
    rig.server.fault({ verb: 'watch' }, { kind: 'respond', status: 410 }, 1);
    rig.server.openWatches()[0]!.close();
    await advanceUntil(rig.clock, () => rig.watch.get('shop/i0')!.metadata.resourceVersion === restored.metadata.resourceVersion, 200);
    expect(rig.watch.counters.staleLists).to.be.greaterThan(4);
    expect(rig.watch.resourceVersion).to.equal('51');
    rig.server.put(ingresses, anIngress('i0', { spec: { after: true } }));
    await advanceUntil(rig.clock, () => rig.watch.get('shop/i0')!.metadata.resourceVersion === '52', 200);
  });

  it('G13: never has two lists under way, also when a check and a relist meet', async () => {
    fill(rig, 1);
    let open = 0;
    let most = 0;
    const listPage: typeof rig.api.listPage = async (...call) => {
      most = Math.max(most, open += 1);
      try {
        return await rig.api.listPage(...call);
      } finally {
        open -= 1;
      }
    };
    await inSync(rig, { api: { ...rig.api, listPage } });
    const hang = rig.server.fault(list, { kind: 'hang' }, 1);
    for (let minute = 0; hang.times === 1 && minute < 40; minute += 1) {
      const version = String(rig.server.version += 1);
      rig.server.openWatches()[0]!.send(`${JSON.stringify({ type: 'BOOKMARK', object: { kind: 'Ingress', metadata: { resourceVersion: version } } })}\n`);
      await until(() => rig.watch.resourceVersion === version);
      await rig.clock.advance(20_000);
      await breathe();
    }
    expect(open).to.equal(1);
    await forceRelist();
    await advanceUntil(rig.clock, () => rig.watch.counters.relists.gone === 1 && rig.watch.state === 'watch', 200);
    expect([open, most]).to.deep.equal([0, 1]);
  });

  it('keeps neither managedFields nor the last applied configuration', async () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', keep: 'me' };
    rig.server.put(ingresses, { metadata: { name: 'a', namespace: 'shop', annotations, managedFields: [{ manager: 'x' }] } });
    await inSync(rig);
    rig.server.put(ingresses, { metadata: { name: 'b', namespace: 'shop', annotations, managedFields: [{ manager: 'x' }] }, unknownField: 1 });
    await until(() => rig.watch.size === 2);
    for (const object of rig.watch.list()) {
      expect(object.metadata.annotations).to.deep.equal({ keep: 'me' });
      expect(object.metadata).to.not.have.property('managedFields');
      expect(object.kind).to.equal('Ingress');
    }
    expect(rig.watch.get('shop/b')).to.have.property('unknownField', 1);
  });
});

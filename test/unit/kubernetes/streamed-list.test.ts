// Lists that come as the beginning of their watch: whole or not at all, believed no more than a paged one, and given up
// for pages where a server does not have them.
import { expect } from 'chai';
import { ingresses } from '../../../src/kubernetes/resources.js';
import { SILENCE_MS, WHOLE_MS } from '../../../src/kubernetes/streamed-list.js';
import { advanceUntil, breathe, until } from '../../fixtures/fake-clock.js';
import { status } from '../../fixtures/fault-api-server.js';
import { anIngress, fill, inSync, useRig } from './list-watch-rig.js';

const streaming = { streamLists: true };

describe('list-watch: streamed lists', () => {
  const rig = useRig();
  beforeEach(() => { rig.server.initialEvents = 'send'; });

  const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
  const forceRelist = async (): Promise<void> => {
    rig.server.compact(ingresses);
    rig.server.openWatches()[0]!.send(line('ERROR', status(410, 'Expired', 'too old')));
    await until(() => rig.watch.state === 'backoff');
  };
  const withoutBookmark = (lines: string[]): string[] => lines.slice(0, -1);
  const all = (lines: string[]): string[] => lines;
  const queries = (): URLSearchParams[] => rig.server.log.filter(({ verb }) => verb === 'watch').map(({ query }) => query);
  const nextStream = async (): Promise<void> => {
    const seen = rig.server.watches.length;
    await advanceUntil(rig.clock, () => rig.server.watches.length > seen && rig.server.openWatches().length === 1, 200);
  };
  /** Relists against a stream of these objects and of nothing else, told of as if all of it were true. */
  const pretend = (names: string[]): void => {
    rig.server.onInitial = (lines) => lines.filter((text, index) => index === lines.length - 1 || names.some((name) => text.includes(`"name":"${name}"`)));
  };

  it('one request brings the list and goes on as the watch', async () => {
    fill(rig, 3);
    await inSync(rig, streaming);
    expect([rig.watch.size, rig.watch.isSynced, rig.watch.resourceVersion]).to.deep.equal([3, true, String(rig.server.version)]);
    await until(() => rig.watch.state === 'watch');
    rig.server.put(ingresses, anIngress('i1', { spec: { changed: true } }));
    rig.server.remove(ingresses, 'shop/i0');
    await until(() => rig.changes.length === 2);
    expect(rig.changes).to.deep.equal(['change shop/i1', 'delete shop/i0']);
    expect([rig.server.log.length, rig.watch.counters.streamedLists, rig.watch.counters.relists.initial]).to.deep.equal([1, 1, 1]);
    const [query] = queries();
    expect(Object.fromEntries(query!)).to.deep.equal({
      watch: 'true', allowWatchBookmarks: 'true', sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan', timeoutSeconds: '360',
    });
  });

  it('an empty cluster is whole as well', async () => {
    await inSync(rig, streaming);
    expect([rig.watch.size, rig.watch.isSynced]).to.deep.equal([0, true]);
  });

  it('changes nothing before the bookmark, and everything with it', async () => {
    fill(rig, 3);
    await inSync(rig, streaming);
    rig.server.remove(ingresses, 'shop/i0', true);
    rig.server.put(ingresses, anIngress('i9'), true);
    let bookmark = '';
    rig.server.onInitial = (lines) => { bookmark = lines.at(-1)!; return withoutBookmark(lines); };
    await forceRelist();
    await nextStream();
    // An ordinary bookmark ends nothing.
    rig.server.openWatches()[0]!.send(line('BOOKMARK', { kind: 'Ingress', metadata: { resourceVersion: String(rig.server.version) } }));
    await breathe();
    expect([rig.changes.length, rig.watch.size, rig.watch.state]).to.deep.equal([0, 3, 'list']);
    expect(queries().at(-1)!.get('resourceVersion')).to.equal('103');
    rig.server.openWatches()[0]!.send(bookmark);
    await until(() => rig.watch.state === 'watch');
    expect([...rig.changes].sort()).to.deep.equal(['delete shop/i0', 'set shop/i9']);
    expect([rig.watch.counters.streamedLists, rig.watch.counters.relists.gone, rig.server.count('list')]).to.deep.equal([2, 1, 0]);
  });

  it('takes in what changes while it is sent', async () => {
    const object = (name: string, version: number, uid = name): object => ({ kind: 'Ingress', metadata: { name, namespace: 'shop', uid, resourceVersion: String(version) } });
    rig.server.version = 200;
    rig.server.onInitial = (lines) => [
      line('ADDED', object('a', 5)), line('ADDED', object('b', 6)), line('MODIFIED', object('a', 12)), line('ADDED', object('a', 5)),
      line('DELETED', object('b', 13)), line('ADDED', object('c', 7)), line('ADDED', object('c', 14, 'successor')), lines.at(-1)!,
    ];
    await inSync(rig, streaming);
    expect(rig.watch.list().map(({ metadata }) => [metadata.name, metadata.uid, metadata.resourceVersion])).to.deep.equal([['a', 'a', '12'], ['c', 'successor', '14']]);
  });

  const endings: [string, () => void][] = [
    ['a reset', () => rig.server.openWatches()[0]!.reset()],
    ['an end', () => rig.server.openWatches()[0]!.close()],
    ['an end inside a line', () => { rig.server.openWatches()[0]!.send('{"type":"BOOKM'); rig.server.openWatches()[0]!.close(); }],
    ['a line that is no event', () => rig.server.openWatches()[0]!.send('garbage\n')],
    ['an object of another kind', () => rig.server.openWatches()[0]!.send(line('ADDED', { kind: 'Service', metadata: { name: 'x', uid: 'x', resourceVersion: '1' } }))],
    ['an ERROR', () => rig.server.openWatches()[0]!.send(line('ERROR', status(500, 'InternalError', 'etcd is away')))],
    ['an ERROR of 410', () => rig.server.openWatches()[0]!.send(line('ERROR', status(410, 'Expired', 'too old')))],
  ];
  for (const [what, ending] of endings) {
    it(`${what} before the bookmark changes nothing, and it is tried again`, async () => {
      fill(rig, 20);
      await inSync(rig, streaming);
      rig.server.onInitial = (lines) => lines.slice(0, 2);
      await forceRelist();
      await nextStream();
      ending();
      await until(() => rig.watch.counters.listFailures === 1);
      expect([rig.changes.length, rig.watch.size, rig.watch.state]).to.deep.equal([0, 20, 'backoff']);
      rig.server.onInitial = all;
      rig.server.put(ingresses, anIngress('new'));
      await advanceUntil(rig.clock, () => rig.watch.state === 'watch', 200);
      expect(rig.changes).to.deep.equal(['set shop/new']);
      expect([rig.watch.counters.streamedLists, rig.server.count('list')]).to.deep.equal([2, 0]);
      expect(queries().at(-1)!.get('resourceVersion')).to.equal(what === 'an ERROR of 410' ? null : '120');
    });
  }

  it('goes over to pages when three in a row never became whole', async () => {
    fill(rig, 3);
    rig.server.onInitial = withoutBookmark;
    await rig.begin(streaming);
    for (let round = 0; round < 3; round += 1) {
      await advanceUntil(rig.clock, () => rig.server.openWatches().length === 1, 200);
      rig.server.openWatches()[0]!.close();
      await until(() => rig.server.openWatches().length === 0);
    }
    await advanceUntil(rig.clock, () => rig.watch.isSynced, 200);
    expect([rig.watch.size, rig.server.count('list'), rig.watch.counters.listFailures, rig.watch.counters.streamedLists]).to.deep.equal([3, 1, 2, 0]);
  });

  for (const code of [400, 422]) {
    it(`a server that answers ${code} is asked for pages at once and never for a stream again`, async () => {
      fill(rig, 3);
      rig.server.fault({ verb: 'watch', where: ({ query }) => query.has('sendInitialEvents') }, { kind: 'respond', status: code });
      await inSync(rig, streaming);
      await forceRelist();
      await advanceUntil(rig.clock, () => rig.watch.state === 'watch', 200);
      expect(queries().map((query) => query.has('sendInitialEvents'))).to.deep.equal([true, false, false]);
      expect([rig.server.count('list'), rig.watch.counters.listFailures, rig.watch.counters.streamedLists]).to.deep.equal([2, 0, 0]);
      expect([rig.watch.counters.relists.initial, rig.watch.counters.relists.gone]).to.deep.equal([1, 1]);
    });
  }

  it('who may not watch gets the list in pages, and a stream as soon as it may', async () => {
    fill(rig, 3);
    const rule = rig.server.fault({ verb: 'watch' }, { kind: 'respond', status: 403 });
    await rig.begin(streaming);
    await rig.watch.synced;
    await until(() => rig.watch.state === 'backoff');
    expect([rig.watch.size, rig.server.count('list'), rig.watch.counters.listFailures]).to.deep.equal([3, 1, 0]);
    rule.times = 0;
    await advanceUntil(rig.clock, () => rig.server.openWatches().length === 1, 200);
    await forceRelist();
    await advanceUntil(rig.clock, () => rig.watch.counters.streamedLists === 1, 200);
  });

  it('a refusal for the moment is not one for ever', async () => {
    rig.server.fault({ verb: 'watch' }, { kind: 'respond', status: 503 }, 5);
    rig.server.fault({ verb: 'watch' }, { kind: 'hang' }, 2);
    await rig.begin(streaming);
    await advanceUntil(rig.clock, () => rig.watch.isSynced, 400);
    expect([rig.watch.counters.streamedLists, rig.server.count('list'), rig.watch.counters.listFailures]).to.deep.equal([1, 0, 7]);
  });

  it('a server that overlooks the parameter and opens a quiet watch is asked for pages', async () => {
    fill(rig, 3);
    rig.server.initialEvents = 'ignore';
    await rig.begin(streaming);
    await until(() => rig.server.openWatches().length === 1);
    await breathe();
    await rig.clock.advance(SILENCE_MS - 1000);
    expect([rig.server.count('list'), rig.watch.isSynced]).to.deep.equal([0, false]);
    await advanceUntil(rig.clock, () => rig.watch.isSynced, 500);
    expect([rig.watch.size, rig.server.count('list'), rig.watch.counters.listFailures]).to.deep.equal([3, 1, 0]);
    await until(() => rig.server.openWatches().length === 1);
    await forceRelist();
    await advanceUntil(rig.clock, () => rig.watch.state === 'watch', 200);
    expect(queries().map((query) => query.has('sendInitialEvents'))).to.deep.equal([true, false, false]);
  });

  it('and so is one whose watch is busy', async () => {
    rig.server.initialEvents = 'ignore';
    await rig.begin(streaming);
    await until(() => rig.server.openWatches().length === 1);
    const start = rig.clock.now();
    for (let round = 0; !rig.watch.isSynced && round < 50; round += 1) {
      rig.server.put(ingresses, anIngress(`i${round}`));
      await breathe();
      await rig.clock.advance(5000);
    }
    expect(rig.clock.now() - start).to.be.within(WHOLE_MS, WHOLE_MS + 10_000);
    expect([rig.server.count('list'), rig.watch.counters.listFailures]).to.deep.equal([1, 0]);
  });

  it('G3: what was recreated under its name is a delete and then an add', async () => {
    fill(rig, 3);
    await inSync(rig, streaming);
    rig.server.remove(ingresses, 'shop/i1', true);
    rig.server.put(ingresses, anIngress('i1'), true);
    await forceRelist();
    await advanceUntil(rig.clock, () => rig.watch.counters.streamedLists === 2, 200);
    expect(rig.changes).to.deep.equal(['delete shop/i1', 'set shop/i1']);
  });

  it('G4: holds a stream that would delete most, and drops it when the majority read disagrees', async () => {
    fill(rig, 20);
    await inSync(rig, streaming);
    pretend(['i3']);
    await forceRelist();
    await advanceUntil(rig.clock, () => rig.watch.counters.massDeleteBrakes === 1, 100);
    await rig.clock.advance(1900);
    await breathe();
    expect([rig.watch.size, rig.server.count('list')]).to.deep.equal([20, 0]);
    await advanceUntil(rig.clock, () => rig.watch.state === 'watch', 100);
    expect([rig.changes.length, rig.watch.size, rig.server.count('list')]).to.deep.equal([0, 20, 1]);
    expect(rig.server.log.find(({ verb }) => verb === 'list')!.query.has('resourceVersion')).to.equal(false);
  });

  it('G4: believes an empty one that the majority read confirms, and goes on from the newer version', async () => {
    fill(rig, 20);
    await inSync(rig, streaming);
    for (let index = 0; index < 20; index += 1) rig.server.remove(ingresses, `shop/i${index}`, true);
    await forceRelist();
    await advanceUntil(rig.clock, () => rig.watch.counters.massDeleteBrakes === 1, 100);
    // Created and gone again between the two lists: the stream has both events, and the second list knows better.
    rig.server.put(ingresses, anIngress('ghost'));
    rig.server.remove(ingresses, 'shop/ghost');
    const opened = rig.server.watches.length;
    await advanceUntil(rig.clock, () => rig.server.watches.length > opened && rig.server.openWatches().length === 1, 100);
    expect([rig.watch.size, rig.changes.length]).to.deep.equal([0, 20]);
    expect(queries().at(-1)!.get('resourceVersion')).to.equal(String(rig.server.version));
    expect(queries().at(-1)!.has('sendInitialEvents')).to.equal(false);
    rig.server.put(ingresses, anIngress('after'));
    await until(() => rig.watch.size === 1);
    expect(rig.changes.at(-1)).to.equal('set shop/after');
  });

  it('S8: does not travel back in time with a stale replica', async () => {
    fill(rig, 20);
    await inSync(rig, streaming);
    rig.server.put(ingresses, anIngress('i0', { spec: { newer: true } }));
    await until(() => rig.changes.length === 1);
    rig.server.onInitial = () => [line('BOOKMARK', { kind: 'Ingress', metadata: { resourceVersion: '101', annotations: { 'k8s.io/initial-events-end': 'true' } } })];
    await forceRelist();
    await advanceUntil(rig.clock, () => rig.watch.counters.staleLists === 1, 200);
    rig.server.onInitial = all;
    await advanceUntil(rig.clock, () => rig.watch.state === 'watch', 200);
    expect([rig.changes.length, rig.watch.size, rig.watch.counters.streamedLists]).to.deep.equal([1, 20, 2]);
    expect(queries().at(-1)!.has('resourceVersion')).to.equal(false);
  });

  it('what breaks after the bookmark is a broken watch, which resumes without a list', async () => {
    fill(rig, 2);
    await inSync(rig, streaming);
    rig.server.put(ingresses, anIngress('i5'));
    await until(() => rig.watch.size === 3);
    rig.server.openWatches()[0]!.reset();
    await until(() => rig.watch.state === 'backoff');
    await nextStream();
    expect([rig.watch.counters.watchFailures, rig.watch.counters.listFailures, rig.watch.counters.relists.initial]).to.deep.equal([1, 0, 1]);
    expect([queries().at(-1)!.get('resourceVersion'), queries().at(-1)!.has('sendInitialEvents')]).to.deep.equal(['103', false]);
  });

  it('G12: stop is final before the bookmark and while the brake holds', async () => {
    fill(rig, 20);
    rig.server.onInitial = withoutBookmark;
    await rig.begin(streaming);
    await until(() => rig.server.openWatches().length === 1);
    await breathe();
    await rig.watch.stop();
    expect([rig.watch.size, rig.watch.state, rig.clock.pending]).to.deep.equal([0, 'stopped', 0]);
    rig.server.onInitial = all;
    await inSync(rig, streaming);
    pretend([]);
    await forceRelist();
    await advanceUntil(rig.clock, () => rig.watch.counters.massDeleteBrakes === 1, 100);
    await rig.watch.stop();
    await until(() => rig.server.openWatches().length === 0);
    expect([rig.watch.size, rig.changes.length, rig.server.count('list'), rig.clock.pending]).to.deep.equal([20, 0, 0, 0]);
  });
});

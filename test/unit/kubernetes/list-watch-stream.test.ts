// What comes over a watch and what ends it (guards G5–G13), against a real connection to a faulty server.
import { expect } from 'chai';
import { OperationalError } from '../../../src/kubernetes/operational-error.js';
import { advanceUntil, settle, until } from '../../fixtures/fake-clock.js';
import { status } from '../../fixtures/fault-api-server.js';
import { bookmark, fill, inSync, useRig, watchEvent, watchLine } from './list-watch-rig.js';

describe('list-watch: the stream', () => {
  const rig = useRig();
  const send = (text: string): void => rig.server.openWatches()[0]!.send(text);
  /** The version that the newest watch started from. */
  const resumedFrom = (): string | null => rig.server.watches.at(-1)!.query.get('resourceVersion');
  const nextWatch = async (): Promise<void> => {
    const seen = rig.server.watches.length;
    await advanceUntil(rig.clock, () => rig.server.watches.length > seen && rig.server.openWatches().length === 1, 200);
  };

  it('asks for bookmarks and for a random end between 240 and 480 s', async () => {
    await inSync(rig);
    const { query } = rig.server.watches[0]!;
    expect(query.get('allowWatchBookmarks')).to.equal('true');
    expect(Number(query.get('timeoutSeconds'))).to.equal(360);
  });

  const garbage: [string, string][] = [
    ['a line that is not JSON', '{"type":"MODIFIED","object":{"kin\n'],
    ['JSON that is no event', '[1,2]\n'],
    ['an event of an unknown type', watchLine('EXPLODED', {})],
    ['an object of another kind', watchLine('ADDED', { kind: 'Service', metadata: { name: 'a', namespace: 'shop', uid: 'u', resourceVersion: '300' } })],
    ['an object without UID', watchLine('ADDED', { kind: 'Ingress', metadata: { name: 'a', resourceVersion: '300' } })],
    ['a version that is no number', watchLine('BOOKMARK', { kind: 'Ingress', metadata: { resourceVersion: 'abc' } })],
    ['an object without metadata', watchLine('MODIFIED', { kind: 'Ingress' })],
  ];
  for (const [what, text] of garbage) {
    it(`G5: ${what} ends the watch, which resumes from the last good version`, async () => {
      await inSync(rig);
      send(watchEvent('ADDED', 'good', 200));
      await until(() => rig.watch.size === 1);
      send(text + watchEvent('ADDED', 'after', 201));
      await until(() => rig.watch.counters.droppedLines === 1);
      expect(rig.watch.get('shop/after')).to.equal(undefined);
      await nextWatch();
      expect(resumedFrom()).to.equal('200');
      expect(rig.server.count('list')).to.equal(1);
    });
  }

  it('G5: lists again when the stream breaks three times at one version', async () => {
    await inSync(rig);
    for (let round = 0; round < 2; round += 1) {
      send('garbage\n');
      await nextWatch();
    }
    send('garbage\n');
    await advanceUntil(rig.clock, () => rig.watch.counters.relists.stream === 1, 200);
    await until(() => rig.watch.state === 'watch');
  });

  it('G6: ends the watch at a line above 3 MiB without holding it, and takes one just below', async () => {
    await inSync(rig);
    send(watchEvent('ADDED', 'big', 200, 'u', { pad: 'x'.repeat(3 * 1024 * 1024 - 500) }));
    await until(() => rig.watch.size === 1);
    send(watchEvent('ADDED', 'bigger', 201, 'v', { pad: 'x'.repeat(5 * 1024 * 1024) }));
    await until(() => rig.watch.counters.droppedLines === 1);
    await nextWatch();
    expect(resumedFrom()).to.equal('200');
  });

  it('G6: drops the line that the end of a stream cut, however whole it looks', async () => {
    await inSync(rig);
    send(watchEvent('ADDED', 'cut', 200).trimEnd());
    await settle();
    rig.server.openWatches()[0]!.close();
    await until(() => rig.watch.counters.droppedLines === 1);
    expect(rig.watch.size).to.equal(0);
  });

  it('puts lines together that arrive in pieces, also inside a character', async () => {
    await inSync(rig);
    const bytes = Buffer.from(watchEvent('ADDED', 'a', 200, 'u', { spec: { text: 'grün' } }));
    for (const byte of bytes) {
      send(Buffer.from([byte]) as unknown as string);
      if (byte > 127) await new Promise((resolve) => { setTimeout(resolve, 3); });
    }
    await until(() => rig.watch.size === 1);
    expect(rig.watch.get('shop/a')!['spec']).to.deep.equal({ text: 'grün' });
  });

  it('G7: an ERROR of 410 leads to a list', async () => {
    fill(rig, 2);
    await inSync(rig);
    send(watchLine('ERROR', status(410, 'Expired', 'too old resource version')));
    await advanceUntil(rig.clock, () => rig.watch.counters.relists.gone === 1 && rig.watch.state === 'watch', 200);
    expect(rig.changes).to.deep.equal([]);
  });

  it('G7: any other ERROR closes the watch, backs off and resumes without a list', async () => {
    await inSync(rig);
    send(watchLine('ERROR', status(500, 'InternalError', 'etcd is away')));
    await until(() => rig.watch.state === 'backoff');
    await nextWatch();
    expect(rig.server.count('list')).to.equal(1);
  });

  it('S7: 410 on every open for 20 times costs at most one list per step of the back-off', async () => {
    await inSync(rig);
    rig.server.fault({ verb: 'watch' }, { kind: 'respond', status: 410 }, 20);
    const start = rig.clock.now();
    rig.server.openWatches()[0]!.reset();
    await advanceUntil(rig.clock, () => rig.server.openWatches().length === 1, 400);
    expect(rig.watch.counters.relists.gone).to.be.at.most(20);
    // 0.4, 0.8, … 15 s: half of each step, with this randomness.
    expect(rig.clock.now() - start).to.be.greaterThan(200_000);
  });

  it('G8: a watch that is told to wait waits', async () => {
    await inSync(rig);
    rig.server.fault({ verb: 'watch' }, { kind: 'respond', status: 429, headers: { 'retry-after': '7' } }, 1);
    rig.server.openWatches()[0]!.reset();
    await advanceUntil(rig.clock, () => rig.watch.counters.watchFailures === 2, 100);
    const asked = rig.server.count('watch');
    await rig.clock.advance(7000);
    expect(rig.server.count('watch')).to.equal(asked);
    await rig.clock.advance(1000);
    await until(() => rig.server.count('watch') === asked + 1);
  });

  it('G9: an object never goes back, twice nor after its end', async () => {
    await inSync(rig);
    send(watchEvent('ADDED', 'a', 200, 'u', { spec: 1 }) + watchEvent('MODIFIED', 'a', 150, 'u', { spec: 0 }));
    send(watchEvent('MODIFIED', 'a', 200, 'u', { spec: 1 }));
    send(watchEvent('DELETED', 'a', 210, 'u') + watchEvent('MODIFIED', 'a', 205, 'u', { spec: 2 }));
    send(watchEvent('ADDED', 'a', 211, 'v') + watchEvent('DELETED', 'a', 210, 'u') + watchEvent('MODIFIED', 'a', 209, 'u'));
    send(watchEvent('ADDED', 'b', 9, 'b') + bookmark(300));
    await until(() => rig.watch.resourceVersion === '300');
    expect(rig.changes).to.deep.equal(['set shop/a', 'delete shop/a', 'set shop/a', 'set shop/b']);
    expect(rig.watch.get('shop/a')!.metadata.uid).to.equal('v');
    expect(rig.watch.counters.staleEvents).to.equal(5);
  });

  it('G9: compares versions as numbers, also beyond 2^53', async () => {
    await inSync(rig);
    send(watchEvent('ADDED', 'a', 999, 'u'));
    for (const resourceVersion of ['9007199254740992', '9007199254740993', '9007199254740992']) {
      send(watchLine('MODIFIED', { kind: 'Ingress', metadata: { name: 'a', namespace: 'shop', uid: 'u', resourceVersion } }));
    }
    send(watchEvent('ADDED', 'end', 1000));
    await until(() => rig.watch.size === 2);
    expect(rig.watch.get('shop/a')!.metadata.resourceVersion).to.equal('9007199254740993');
  });

  it('G3: a successor under the same name is a delete and an add, also when the delete got lost', async () => {
    await inSync(rig);
    send(watchEvent('ADDED', 'a', 200, 'u') + watchEvent('ADDED', 'a', 210, 'v'));
    await until(() => rig.changes.length === 3);
    expect(rig.changes).to.deep.equal(['set shop/a', 'delete shop/a', 'set shop/a']);
  });

  it('G10: a handler that throws or rejects is reported and changes nothing else', async () => {
    let calls = 0;
    await inSync(rig, {
      onChange: ((change: { key: string }) => {
        calls += 1;
        if (change.key === 'shop/a') throw new Error('sync');
        return Promise.reject(new Error('async'));
      }) as never,
    });
    send(watchEvent('ADDED', 'a', 200) + watchEvent('ADDED', 'b', 201));
    await until(() => rig.faults.length === 2);
    expect(calls).to.equal(2);
    expect(rig.faults.map(({ kind }) => kind)).to.deep.equal(['listener', 'listener']);
    expect(rig.watch.state).to.equal('watch');
  });

  it('S9: 90 s without an event or a bookmark end the watch; a bookmark feeds it', async () => {
    await inSync(rig);
    await rig.clock.advance(80_000);
    send(bookmark(500));
    await until(() => rig.watch.resourceVersion === '500');
    await rig.clock.advance(80_000);
    expect(rig.watch.state).to.equal('watch');
    rig.server.openWatches()[0]!.mute();
    await rig.clock.advance(10_000);
    await until(() => rig.watch.state === 'backoff');
    await nextWatch();
    expect(resumedFrom()).to.equal('500');
    expect(rig.server.count('list')).to.equal(1);
  });

  it('a watch that is closed at once, for ever, is opened ever more slowly', async () => {
    await inSync(rig);
    const start = rig.clock.now();
    const opened = rig.server.watches.length;
    for (let round = 0; round < 10; round += 1) {
      rig.server.openWatches()[0]!.close();
      await nextWatch();
    }
    expect(rig.server.watches.length - opened).to.equal(10);
    expect(rig.clock.now() - start).to.be.greaterThan(70_000);
  });

  it('a watch that ended after its time is opened again at once', async () => {
    await inSync(rig);
    for (let minute = 1; minute < 4; minute += 1) {
      send(bookmark(500 + minute));
      await until(() => rig.watch.resourceVersion === String(500 + minute));
      await rig.clock.advance(60_000);
    }
    rig.server.openWatches()[0]!.close();
    await until(() => rig.server.watches.length === 2);
    expect(resumedFrom()).to.equal('503');
  });

  it('G12: stop is final while a list, a watch or a wait is under way', async () => {
    rig.server.fault({ verb: 'list' }, { kind: 'hang' }, 1);
    await rig.begin();
    await until(() => rig.server.count('list') === 1);
    const refused = rig.watch.synced.then(() => 'synced', (error: Error) => error.message);
    await rig.watch.stop();
    expect(await refused).to.match(/stopped/);
    await inSync(rig);
    const watches = rig.server.count('watch');
    send(watchEvent('ADDED', 'late', 700));
    await rig.watch.stop();
    const delivered = rig.changes.length;
    await until(() => rig.server.openWatches().length === 0);
    await rig.clock.advance(3_600_000);
    expect(rig.changes.length).to.equal(delivered);
    expect([rig.server.count('watch'), rig.server.count('list'), rig.watch.state]).to.deep.equal([watches, 2, 'stopped']);
    expect(rig.clock.pending).to.equal(0);
  });

  it('G11: what an ended watch still delivers is dropped', async () => {
    await inSync(rig);
    const stopping = rig.watch.stop();
    send(watchEvent('ADDED', 'ghost', 800));
    await stopping;
    await settle();
    expect(rig.changes).to.deep.equal([]);
  });

  it('G11: an API that ignores being given up cannot change anything after a stop', async () => {
    let answer!: (page: Record<string, unknown>) => void;
    let opened = 0;
    await rig.begin({
      api: {
        listPage: () => new Promise((resolve) => { answer = resolve; }),
        watch: async () => { opened += 1; return (async function* () { yield Buffer.from(watchEvent('ADDED', 'x', 900)); })(); },
        credentialsChanged: () => false,
      },
    });
    await settle();
    const stopping = rig.watch.stop();
    answer({
      kind: 'IngressList', apiVersion: 'networking.k8s.io/v1', metadata: { resourceVersion: '5' },
      items: [{ metadata: { name: 'late', namespace: 'shop', uid: 'u', resourceVersion: '5' } }],
    });
    await stopping;
    expect([rig.watch.size, rig.changes.length, opened, rig.watch.isSynced]).to.deep.equal([0, 0, 0, false]);
  });

  it('G11: a stream that goes on after it was given up changes nothing, neither after a stop nor beside the next watch', async () => {
    let say: (text: string) => void = () => undefined;
    let opened = 0;
    const page = { kind: 'IngressList', apiVersion: 'networking.k8s.io/v1', metadata: { resourceVersion: '5' }, items: [] };
    const begin = (): Promise<unknown> => rig.begin({
      api: {
        listPage: async () => page, credentialsChanged: () => false,
        watch: async () => (async function* () {
          opened += 1;
          yield Buffer.from(await new Promise<string>((resolve) => { say = resolve; }));
        })(),
      },
    });
    await begin();
    await until(() => opened === 1);
    const stopping = rig.watch.stop();
    say(watchEvent('ADDED', 'ghost', 900));
    await stopping;
    expect([rig.watch.size, rig.changes]).to.deep.equal([0, []]);
    await begin();
    await until(() => opened === 2);
    rig.watch.reopen(new OperationalError('timeout', 'blind'));
    say(watchEvent('ADDED', 'ghost', 900));
    await advanceUntil(rig.clock, () => opened === 3, 200);
    expect([rig.watch.size, rig.watch.resourceVersion, rig.changes]).to.deep.equal([0, '5', []]);
    say(watchEvent('ADDED', 'real', 901));
    await until(() => rig.watch.size === 1);
    await advanceUntil(rig.clock, () => opened === 4, 200);
    const ending = rig.watch.stop();
    say('');
    await ending;
  });
});

// Watches over HTTPS: where they start, what they show, bookmarks, the window and 410, slow readers, the end.
import { connect } from 'node:tls';
import { expect } from 'chai';
import type { ApiSession, OpenWatch, WatchEvent } from './api-session.js';
import { configMap, ingress, INGRESSES, startApiSession } from './api-session.js';
import type { ApiServerOptions } from '../../../src/dev-cluster/api-server.js';

const MAPS = '/api/v1/namespaces/default/configmaps';

const brief = ({ type, object }: WatchEvent): string => `${type} ${object.metadata.name}`;

describe('dev-cluster: watches', function watches() {
  this.timeout(10_000);
  let api: ApiSession;
  const open: OpenWatch[] = [];
  const start = async (options: ApiServerOptions = {}): Promise<void> => { api = await startApiSession(options); };
  const watch = async (query: string, path = MAPS): Promise<OpenWatch> => {
    const opened = await api.watch(`${path}?watch=true&${query}`);
    open.push(opened);
    return opened;
  };
  const take = async (from: OpenWatch, count: number): Promise<string[]> => {
    const taken: string[] = [];
    while (taken.length < count) taken.push(brief(await from.next()));
    return taken;
  };
  const create = (name: string, labels: Record<string, string> = {}): string =>
    api.server.store.create(configMap(name, {}, { labels })).metadata.resourceVersion!;
  const relabel = (name: string, labels: Record<string, string>, more: Record<string, string> = {}): void =>
    void api.server.store.update(configMap(name, more, { labels, namespace: 'default' }));
  const remove = (name: string): boolean => api.server.store.delete({ apiVersion: 'v1', kind: 'ConfigMap', name });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.stop()));
    await api.close();
  });

  describe('start', () => {
    beforeEach(() => start());

    it('with what exists when resourceVersion is empty or 0', async () => {
      create('a');
      for (const query of ['', 'resourceVersion=0']) {
        const opened = await watch(query);
        expect(await take(opened, 1)).to.deep.equal(['ADDED a']);
      }
      create('b');
      expect(await take(open[0]!, 1)).to.deep.equal(['ADDED b']);
    });

    it('after the given resourceVersion', async () => {
      const first = create('a');
      create('b');
      remove('a');
      const opened = await watch(`resourceVersion=${first}`);
      expect(await take(opened, 2)).to.deep.equal(['ADDED b', 'DELETED a']);
    });

    it('with sendInitialEvents: what exists, then a bookmark that says so', async () => {
      create('a');
      const opened = await watch('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=');
      expect(await take(opened, 1)).to.deep.equal(['ADDED a']);
      const { type, object } = await opened.next();
      expect(type).to.equal('BOOKMARK');
      expect(object.metadata.annotations).to.deep.equal({ 'k8s.io/initial-events-end': 'true' });
      expect(object.metadata.resourceVersion).to.equal(api.server.store.resourceVersion);
      expect((await api.ask('GET', `${MAPS}?watch=true&sendInitialEvents=true`)).code).to.equal(400);
    });

    it('not with a resourceVersion that is no number, or that is still to come', async () => {
      expect((await api.ask('GET', `${MAPS}?watch=true&resourceVersion=x`)).code).to.equal(400);
      const early = await api.ask('GET', `${MAPS}?watch=true&resourceVersion=999999`);
      expect([early.code, early.body.details.causes[0].reason]).to.deep.equal([504, 'ResourceVersionTooLarge']);
    });
  });

  it('shows every change in order, with the resourceVersion of the deletion', async () => {
    await start();
    const opened = await watch('');
    const created = create('a');
    relabel('a', { x: '1' });
    remove('a');
    const events = [await opened.next(), await opened.next(), await opened.next()];
    expect(events.map(brief)).to.deep.equal(['ADDED a', 'MODIFIED a', 'DELETED a']);
    const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(versions[0]).to.equal(Number(created));
    expect(versions).to.deep.equal([...versions].sort((left, right) => left - right));
    expect(versions[2]).to.equal(Number(api.server.store.resourceVersion));
  });

  it('answers 410 inside the stream when the window no longer reaches back', async () => {
    await start({ watchWindow: 3 });
    const [first, second] = [create('a'), create('b')];
    for (const name of ['c', 'd', 'e']) create(name);
    const events = await (await watch(`resourceVersion=${first}`)).rest();
    expect(events).to.have.length(1);
    expect(events[0]).to.deep.include({ type: 'ERROR' });
    expect(events[0]!.object).to.deep.include({ kind: 'Status', code: 410, reason: 'Expired' });
    expect(await take(await watch(`resourceVersion=${second}`), 3)).to.deep.equal(['ADDED c', 'ADDED d', 'ADDED e']);
    api.server.store.compact();
    expect((await (await watch(`resourceVersion=${second}`)).rest())[0]!.object.code).to.equal(410);
  });

  it('keeps the windows of the kinds apart', async () => {
    await start({ watchWindow: 2 });
    const before = create('a');
    for (const name of ['a', 'b', 'c']) api.server.store.create(ingress(name));
    create('b');
    expect(await take(await watch(`resourceVersion=${before}`), 1)).to.deep.equal(['ADDED b']);
  });

  it('sends bookmarks when they are allowed, and one before the end', async () => {
    await start({ bookmarkIntervalMs: 50 });
    const version = create('a');
    const opened = await watch(`resourceVersion=${version}&allowWatchBookmarks=true`);
    api.server.store.create(ingress('elsewhere'));
    const { type, object } = await opened.next();
    expect(type).to.equal('BOOKMARK');
    expect(object).to.deep.include({ kind: 'ConfigMap', apiVersion: 'v1' });
    expect(Number(object.metadata.resourceVersion)).to.be.greaterThan(Number(version));
    await api.close();
    await start();
    const short = await watch('timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=0');
    expect((await short.rest()).map(({ type: each }) => each)).to.deep.equal(['BOOKMARK']);
    const silent = await watch('timeoutSeconds=1&resourceVersion=0');
    expect(await silent.rest()).to.deep.equal([]);
  });

  describe('selects', () => {
    beforeEach(() => start());

    it('by label: objects that begin or cease to match come and go', async () => {
      const opened = await watch('labelSelector=app%3Dweb&resourceVersion=0');
      create('a');
      relabel('a', { app: 'web' });
      relabel('a', { app: 'web' }, { changed: '1' });
      relabel('a', { app: 'other' });
      remove('a');
      create('b', { app: 'web' });
      remove('b');
      const events = [];
      while (events.length < 5) events.push(await opened.next());
      expect(events.map(brief)).to.deep.equal(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b', 'DELETED b']);
      expect(events[2]!.object.metadata.labels, 'as it was inside the selection').to.deep.equal({ app: 'web' });
      expect(Number(events[2]!.object.metadata.resourceVersion)).to.be.greaterThan(Number(events[1]!.object.metadata.resourceVersion));
    });

    it('by name, and by namespace', async () => {
      const named = await watch('fieldSelector=metadata.name%3Db');
      const spaced = await watch('', '/api/v1/namespaces/kube-system/configmaps');
      create('a');
      create('b');
      api.server.store.create(configMap('c', {}, { namespace: 'kube-system' }));
      expect(await take(named, 1)).to.deep.equal(['ADDED b']);
      expect(await take(spaced, 1)).to.deep.equal(['ADDED c']);
    });

    it('Secrets by type', async () => {
      const secret = (name: string, type: string): void => void api.server.store.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, type });
      const opened = await watch('fieldSelector=type%3Dexample.com/x', '/api/v1/secrets');
      secret('a', 'Opaque');
      secret('b', 'example.com/x');
      expect(await take(opened, 1)).to.deep.equal(['ADDED b']);
      expect((await api.ask('GET', `${MAPS}?watch=true&fieldSelector=data.x%3Dy`)).code).to.equal(400);
    });
  });

  it('sends Tables when asked, columns in the first event only', async () => {
    await start();
    api.server.store.create(ingress('a'));
    api.server.store.create(ingress('b'));
    const opened = await api.watch(`${INGRESSES}?watch=true`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' });
    open.push(opened);
    const tables = [await opened.next(), await opened.next()].map(({ object }) => object as unknown as { kind: string; columnDefinitions: unknown; rows: { cells: string[] }[] });
    expect(tables.map(({ kind, rows }) => [kind, rows[0]!.cells[0]])).to.deep.equal([['Table', 'a'], ['Table', 'b']]);
    expect(tables[0]!.columnDefinitions).to.be.an('array');
    expect(tables[1]!.columnDefinitions).to.equal(null);
  });

  it('cuts off a reader that does not read, and serves the others on', async () => {
    await start({ watchBufferBytes: 200_000 });
    const socket = connect({ host: '127.0.0.1', port: api.server.port, ca: api.server.caPem, servername: 'localhost' });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    const closed = new Promise<void>((resolve) => { socket.once('close', () => resolve()); });
    socket.on('error', () => undefined);
    socket.write(`GET ${MAPS}?watch=true HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.server.token}\r\n\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.pause();
    const healthy = await watch('');
    const big = 'x'.repeat(500_000);
    for (let round = 0; round < 40; round += 1) {
      api.server.store.create(configMap(`big-${round}`, { big }));
      expect(brief(await healthy.next())).to.equal(`ADDED big-${round}`);
    }
    socket.resume();
    await closed;
  });

  it('ends every watch when the server closes', async () => {
    await start();
    const opened = await watch('');
    create('a');
    await opened.next();
    await api.server.close();
    expect(await opened.rest()).to.deep.equal([]);
    expect(opened.broke()).to.equal(false);
  });
});

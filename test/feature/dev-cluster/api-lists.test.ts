// Lists over HTTPS: order, selectors, pages that show one state while others write.
import { expect } from 'chai';
import type { Answer, ApiSession } from './api-session.js';
import { configMap, startApiSession } from './api-session.js';

const MAPS = '/api/v1/namespaces/default/configmaps';

const names = ({ body }: Answer): string[] => body.items.map((each: { metadata: { name: string } }) => each.metadata.name);

describe('dev-cluster: lists', () => {
  let api: ApiSession;
  beforeEach(async () => { api = await startApiSession({ watchWindow: 20 }); });
  afterEach(() => api.close());

  const create = (name: string, more: Record<string, unknown> = {}): void => void api.server.store.create(configMap(name, {}, more));
  const list = (query = '', path = MAPS): Promise<Answer> => api.ask('GET', `${path}?${query}`);

  it('sort by namespace and name, across namespaces or in one', async () => {
    create('b');
    create('a');
    create('c', { namespace: 'kube-system' });
    expect(names(await list())).to.deep.equal(['a', 'b']);
    const all = await list('', '/api/v1/configmaps');
    expect(names(all)).to.deep.equal(['a', 'b', 'c']);
    expect(all.body).to.deep.include({ kind: 'ConfigMapList', apiVersion: 'v1' });
  });

  it('select by labels', async () => {
    create('a', { labels: { app: 'web', tier: 'front' } });
    create('b', { labels: { app: 'db' } });
    create('c');
    const by = async (selector: string): Promise<string[]> => names(await list(`labelSelector=${encodeURIComponent(selector)}`));
    expect(await by('app=web')).to.deep.equal(['a']);
    expect(await by('app!=web')).to.deep.equal(['b', 'c']);
    expect(await by('app in (web, db),tier')).to.deep.equal(['a']);
    expect(await by('!app')).to.deep.equal(['c']);
    expect(await by('app notin (db)')).to.deep.equal(['a', 'c']);
    expect((await list('labelSelector=a%20b')).code).to.equal(400);
  });

  it('come in pages that all show the state of the first, however others write', async () => {
    for (const name of ['a', 'c', 'e', 'g', 'i']) create(name);
    const first = await list('limit=2');
    expect(names(first)).to.deep.equal(['a', 'c']);
    expect(first.body.metadata.remainingItemCount).to.equal(3);
    create('d');
    api.server.store.delete({ apiVersion: 'v1', kind: 'ConfigMap', name: 'e' });
    api.server.store.update(configMap('g', { changed: 'yes' }, { namespace: 'default' }));
    create('z');
    const second = await list(`limit=2&continue=${first.body.metadata.continue}`);
    expect(names(second)).to.deep.equal(['e', 'g']);
    expect(second.body.items[1].data).to.deep.equal({});
    expect(second.body.metadata).to.deep.include({ resourceVersion: first.body.metadata.resourceVersion, remainingItemCount: 1 });
    const third = await list(`limit=2&continue=${second.body.metadata.continue}`);
    expect(names(third)).to.deep.equal(['i']);
    expect(third.body.metadata).not.to.have.any.keys('continue', 'remainingItemCount');
    expect(names(await list())).to.deep.equal(['a', 'c', 'd', 'g', 'i', 'z']);
  });

  it('answer 410 to a continue token that is too old, and 400 to one that is none', async () => {
    for (const name of ['a', 'b', 'c']) create(name);
    const first = await list('limit=1');
    for (let round = 0; round < 30; round += 1) create(`late-${round}`);
    const late = await list(`limit=1&continue=${first.body.metadata.continue}`);
    expect([late.code, late.body.reason]).to.deep.equal([410, 'Expired']);
    expect((await list('limit=1&continue=nonsense')).code).to.equal(400);
  });

  it('are as they were at an exact resourceVersion', async () => {
    create('a');
    const version = api.server.store.resourceVersion;
    create('b');
    expect(names(await list(`resourceVersion=${version}&resourceVersionMatch=Exact`))).to.deep.equal(['a']);
    expect(names(await list(`resourceVersion=${version}`))).to.deep.equal(['a', 'b']);
    expect((await list('resourceVersion=99999')).code).to.equal(504);
    api.server.store.compact();
    expect((await list(`resourceVersion=${version}&resourceVersionMatch=Exact`)).code).to.equal(410);
  });

  it('are metadata only, or a Table, when asked', async () => {
    create('a');
    const metadata = await api.ask('GET', MAPS, { headers: { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' } });
    expect(metadata.body.kind).to.equal('PartialObjectMetadataList');
    expect(metadata.body.items[0]).to.have.all.keys('kind', 'apiVersion', 'metadata');
    const table = await api.ask('GET', MAPS, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' } });
    expect(table.body.kind).to.equal('Table');
    expect(table.body.rows[0].cells[0]).to.equal('a');
  });
});

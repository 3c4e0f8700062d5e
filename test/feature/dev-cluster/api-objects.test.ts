// Writing objects over HTTPS: versions, generation, status, dry run, finalizers, namespaces, patches.
import { expect } from 'chai';
import type { ApiSession } from './api-session.js';
import { configMap, ingress, INGRESSES, startApiSession } from './api-session.js';

const MAPS = '/api/v1/namespaces/default/configmaps';
const MERGE = 'application/merge-patch+json';

describe('dev-cluster: writes', () => {
  let api: ApiSession;
  beforeEach(async () => { api = await startApiSession(); });
  afterEach(() => api.close());

  const create = async (object: object, path = INGRESSES): Promise<{ metadata: Record<string, string> }> => {
    const answer = await api.ask('POST', path, { body: object });
    expect(answer.code, JSON.stringify(answer.body)).to.equal(201);
    return answer.body;
  };

  it('creates with what the server alone sets', async () => {
    const created = await create({ ...ingress('a'), metadata: { name: 'a', uid: 'mine', generation: 7, creationTimestamp: '2001-01-01T00:00:00Z' } });
    expect(created.metadata).to.include({ name: 'a', namespace: 'default', generation: 1 });
    expect(created.metadata['uid']).to.match(/^[0-9a-f-]{36}$/);
    expect(created.metadata['creationTimestamp']).to.match(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/).and.not.contain('2001');
    expect(created.metadata['resourceVersion']).to.match(/^\d+$/);
    expect((await api.ask('GET', `${INGRESSES}/a`)).body).to.deep.equal(created);
  });

  it('gives one growing resourceVersion to everything', async () => {
    const first = Number((await create(ingress('a'))).metadata['resourceVersion']);
    const second = Number((await create(configMap('a'), MAPS)).metadata['resourceVersion']);
    expect(second).to.be.greaterThan(first);
    expect((await api.ask('GET', INGRESSES)).body.metadata.resourceVersion).to.equal(String(second));
  });

  it('answers 409 AlreadyExists and 404 NotFound with details', async () => {
    await create(ingress('a'));
    const again = await api.ask('POST', INGRESSES, { body: ingress('a') });
    expect(again.body).to.deep.include({ code: 409, reason: 'AlreadyExists', message: 'ingresses.networking.k8s.io "a" already exists' });
    const missing = await api.ask('GET', `${INGRESSES}/b`);
    expect(missing.code).to.equal(404);
    expect(missing.body).to.deep.include({
      kind: 'Status', status: 'Failure', reason: 'NotFound', message: 'ingresses.networking.k8s.io "b" not found',
      details: { name: 'b', group: 'networking.k8s.io', kind: 'ingresses' },
    });
  });

  it('makes names from generateName', async () => {
    const [first, second] = [await create(configMap('', {}, { generateName: 'web-' }), MAPS), await create(configMap('', {}, { generateName: 'web-' }), MAPS)];
    expect(first.metadata['name']).to.match(/^web-[a-z0-9]{5}$/).and.not.equal(second.metadata['name']);
  });

  describe('conflicts', () => {
    it('refuses a stale resourceVersion in a PUT and in a PATCH', async () => {
      const first = await create(configMap('a', { x: '1' }), MAPS);
      const fresh = await api.ask('PUT', `${MAPS}/a`, { body: { ...first, data: { x: '2' } } });
      expect(fresh.code).to.equal(200);
      const stale = await api.ask('PUT', `${MAPS}/a`, { body: { ...first, data: { x: '3' } } });
      expect(stale.code).to.equal(409);
      expect(stale.body.message).to.equal('Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again');
      const patch = { metadata: { resourceVersion: first.metadata['resourceVersion'] }, data: { x: '4' } };
      expect((await api.ask('PATCH', `${MAPS}/a`, { body: patch, type: MERGE })).code).to.equal(409);
      expect((await api.ask('GET', `${MAPS}/a`)).body.data).to.deep.equal({ x: '2' });
    });

    it('refuses a PUT with the UID of another object', async () => {
      await create(configMap('a'), MAPS);
      const answer = await api.ask('PUT', `${MAPS}/a`, { body: configMap('a', {}, { uid: 'other' }) });
      expect(answer.code).to.equal(409);
      expect(answer.body.message).to.contain('Precondition failed: UID in precondition: other');
    });

    it('takes a PUT without resourceVersion, except for Leases', async () => {
      await create(configMap('a'), MAPS);
      expect((await api.ask('PUT', `${MAPS}/a`, { body: configMap('a', { x: '1' }) })).code).to.equal(200);
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' }, spec: { holderIdentity: 'a' } };
      const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
      await create(lease, leases);
      const answer = await api.ask('PUT', `${leases}/l`, { body: { ...lease, spec: { holderIdentity: 'b' } } });
      expect(answer.body.message).to.contain('metadata.resourceVersion: Invalid value: 0x0: must be specified for an update');
    });
  });

  it('leaves resourceVersion alone when nothing changes', async () => {
    const created = await create(ingress('a', {}, { labels: { x: 'y' } }));
    const versions = await Promise.all([
      api.ask('PUT', `${INGRESSES}/a`, { body: created }),
      api.ask('PATCH', `${INGRESSES}/a`, { body: { metadata: { labels: { x: 'y' } } }, type: MERGE }),
      api.ask('PUT', `${INGRESSES}/a/status`, { body: created }),
    ]);
    for (const { code, body } of versions) expect([code, body.metadata.resourceVersion]).to.deep.equal([200, created.metadata['resourceVersion']]);
  });

  it('raises generation for spec changes only', async () => {
    await create(ingress('a'));
    const generation = async (body: object, path = ''): Promise<number> =>
      (await api.ask('PATCH', `${INGRESSES}/a${path}`, { body, type: MERGE })).body.metadata.generation;
    expect(await generation({ metadata: { annotations: { a: 'b' } } })).to.equal(1);
    expect(await generation({ status: { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } } }, '/status')).to.equal(1);
    expect(await generation({ spec: { ingressClassName: 'x' } })).to.equal(2);
    expect(await generation({ metadata: { generation: 9 } })).to.equal(2);
  });

  it('keeps status and the rest apart', async () => {
    const status = { loadBalancer: { ingress: [{ hostname: 'lb.example.com' }] } };
    await create({ ...ingress('a'), status });
    expect((await api.ask('GET', `${INGRESSES}/a`)).body.status).to.deep.equal({ loadBalancer: {} });
    const written = await api.ask('PATCH', `${INGRESSES}/a/status`, { body: { spec: { ingressClassName: 'x' }, metadata: { labels: { a: 'b' } }, status }, type: MERGE });
    expect(written.body.status).to.deep.equal(status);
    expect(written.body.spec).not.to.have.property('ingressClassName');
    const main = await api.ask('PATCH', `${INGRESSES}/a`, { body: { spec: { ingressClassName: 'x' }, status: { loadBalancer: null } }, type: MERGE });
    expect(main.body.spec.ingressClassName).to.equal('x');
    expect(main.body.status).to.deep.equal(status);
    const wrong = await api.ask('PATCH', `${INGRESSES}/a/status`, { body: { status: { loadBalancer: { ingress: [{ ip: 'x', hostname: '10.0.0.1' }] } } }, type: MERGE });
    expect(wrong.body.details.causes.map((cause: { field: string }) => cause.field))
      .to.deep.equal(['status.loadBalancer.ingress[0].ip', 'status.loadBalancer.ingress[0].hostname']);
    expect((await api.ask('GET', '/api/v1/namespaces/default/configmaps/a/status')).code).to.equal(404);
  });

  it('checks and answers a dry run, and stores nothing', async () => {
    const made = await api.ask('POST', `${INGRESSES}?dryRun=All`, { body: ingress('a') });
    expect([made.code, made.body.metadata.generation]).to.deep.equal([201, 1]);
    expect((await api.ask('GET', `${INGRESSES}/a`)).code).to.equal(404);
    expect((await api.ask('POST', `${INGRESSES}?dryRun=All`, { body: ingress('a', { rules: [] }) })).code).to.equal(422);
    const created = await create(ingress('a'));
    const before = api.server.store.resourceVersion;
    const changed = await api.ask('PATCH', `${INGRESSES}/a?dryRun=All`, { body: { spec: { ingressClassName: 'x' } }, type: MERGE });
    expect(changed.body.spec.ingressClassName).to.equal('x');
    expect((await api.ask('DELETE', `${INGRESSES}/a?dryRun=All`)).code).to.equal(200);
    expect((await api.ask('DELETE', '/api/v1/namespaces/default/configmaps?dryRun=All')).code).to.equal(200);
    expect((await api.ask('GET', `${INGRESSES}/a`)).body).to.deep.equal(created);
    expect(api.server.store.resourceVersion).to.equal(before);
    expect((await api.ask('POST', `${INGRESSES}?dryRun=Some`, { body: ingress('b') })).code).to.equal(400);
  });

  describe('patches', () => {
    it('JSON patch, also a failing test and a path that is not there', async () => {
      await create(configMap('a', { x: '1' }), MAPS);
      const patch = (operations: object[]): ReturnType<ApiSession['ask']> => api.ask('PATCH', `${MAPS}/a`, { body: operations, type: 'application/json-patch+json' });
      expect((await patch([{ op: 'test', path: '/data/x', value: '1' }, { op: 'replace', path: '/data/x', value: '2' }])).body.data).to.deep.equal({ x: '2' });
      expect((await patch([{ op: 'test', path: '/data/x', value: '1' }])).code).to.equal(422);
      expect((await patch([{ op: 'remove', path: '/data/y' }])).code).to.equal(422);
      expect((await patch([{ op: 'add', path: '/__proto__/polluted', value: '1' }])).code).to.equal(422);
      expect(({} as { polluted?: string }).polluted).to.equal(undefined);
      expect((await api.ask('GET', `${MAPS}/a`)).body.data).to.deep.equal({ x: '2' });
    });

    it('merge patch keeps a key named __proto__ as data', async () => {
      await create(configMap('a', { x: '1' }), MAPS);
      const { body } = await api.ask('PATCH', `${MAPS}/a`, { body: '{"data":{"__proto__":"v","x":null}}', type: MERGE });
      expect(Object.entries(body.data)).to.deep.equal([['__proto__', 'v']]);
    });

    it('strategic merge patch and server-side apply', async () => {
      await create({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { ports: [{ name: 'a', port: 80 }] } }, '/api/v1/namespaces/default/services');
      const merged = await api.ask('PATCH', '/api/v1/namespaces/default/services/s', {
        body: { spec: { ports: [{ name: 'b', port: 81 }] } }, type: 'application/strategic-merge-patch+json',
      });
      expect(merged.body.spec.ports.map((port: { port: number }) => port.port)).to.have.members([80, 81]);
      const apply = (path: string, body: string): ReturnType<ApiSession['ask']> => api.ask('PATCH', path, { body, type: 'application/apply-patch+yaml' });
      const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {x: "1"}\n';
      expect((await apply(`${MAPS}/c?fieldManager=one`, text)).code).to.equal(201);
      expect((await apply(`${MAPS}/c?fieldManager=one`, text)).code).to.equal(200);
      const conflict = await apply(`${MAPS}/c?fieldManager=two`, text.replace('"1"', '"2"'));
      expect([conflict.code, conflict.body.reason]).to.deep.equal([409, 'Conflict']);
      expect((await apply(`${MAPS}/c?fieldManager=two&force=true`, text.replace('"1"', '"2"'))).body.data).to.deep.equal({ x: '2' });
      expect((await apply(`${MAPS}/c`, text)).code).to.equal(400);
    });

    it('refuses other content types with 415', async () => {
      await create(configMap('a'), MAPS);
      const answer = await api.ask('PATCH', `${MAPS}/a`, { body: {} });
      expect([answer.code, answer.body.reason]).to.deep.equal([415, 'UnsupportedMediaType']);
      expect(answer.body.message).to.contain('application/json-patch+json');
    });
  });

  describe('deletes', () => {
    it('answers a Status with details, and honours preconditions', async () => {
      const { metadata } = await create(configMap('a'), MAPS);
      const refused = await api.ask('DELETE', `${MAPS}/a`, { body: { preconditions: { uid: 'other' } } });
      expect(refused.code).to.equal(409);
      expect((await api.ask('DELETE', `${MAPS}/a`, { body: { preconditions: { resourceVersion: '1' } } })).code).to.equal(409);
      const done = await api.ask('DELETE', `${MAPS}/a`, { body: { preconditions: { uid: metadata['uid'] } } });
      expect(done.body).to.deep.include({ kind: 'Status', status: 'Success', details: { name: 'a', kind: 'configmaps', uid: metadata['uid'] } });
      expect((await api.ask('DELETE', `${MAPS}/a`)).code).to.equal(404);
    });

    it('waits for finalizers', async () => {
      await create(ingress('a', {}, { finalizers: ['example.com/hold'] }));
      const marked = await api.ask('DELETE', `${INGRESSES}/a`);
      expect(marked.body.metadata).to.include.keys('deletionTimestamp').and.to.deep.include({ finalizers: ['example.com/hold'] });
      const added = await api.ask('PATCH', `${INGRESSES}/a`, { body: { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } }, type: MERGE });
      expect(added.body.message).to.contain('no new finalizers can be added if the object is being deleted');
      expect((await api.ask('GET', `${INGRESSES}/a`)).code).to.equal(200);
      await api.ask('PATCH', `${INGRESSES}/a`, { body: { metadata: { finalizers: null } }, type: MERGE });
      expect((await api.ask('GET', `${INGRESSES}/a`)).code).to.equal(404);
    });

    it('a collection, by selector', async () => {
      await create(configMap('a', {}, { labels: { app: 'x' } }), MAPS);
      await create(configMap('b'), MAPS);
      const answer = await api.ask('DELETE', `${MAPS}?labelSelector=app%3Dx`);
      expect(answer.body.items.map((each: { metadata: { name: string } }) => each.metadata.name)).to.deep.equal(['a']);
      expect((await api.ask('GET', MAPS)).body.items).to.have.length(1);
    });
  });

  describe('namespaces', () => {
    const SHOP = '/api/v1/namespaces/shop';

    it('have to exist', async () => {
      const answer = await api.ask('POST', `${SHOP}/configmaps`, { body: configMap('a') });
      expect([answer.code, answer.body.message]).to.deep.equal([404, 'namespaces "shop" not found']);
      expect((await api.ask('POST', `${MAPS}`, { body: configMap('a', {}, { namespace: 'shop' }) })).code).to.equal(400);
    });

    it('take their contents with them, and the default ones stay', async () => {
      await create({ metadata: { name: 'shop' } }, '/api/v1/namespaces');
      await create(configMap('a'), `${SHOP}/configmaps`);
      await create(ingress('a'), '/apis/networking.k8s.io/v1/namespaces/shop/ingresses');
      expect((await api.ask('DELETE', SHOP)).code).to.equal(200);
      expect((await api.ask('GET', SHOP)).code).to.equal(404);
      expect((await api.ask('GET', '/apis/networking.k8s.io/v1/ingresses')).body.items).to.deep.equal([]);
      expect((await api.ask('DELETE', '/api/v1/namespaces/default')).code).to.equal(403);
    });

    it('stay Terminating while a finalizer holds something in them', async () => {
      await create({ metadata: { name: 'shop' } }, '/api/v1/namespaces');
      await create(configMap('a', {}, { finalizers: ['example.com/hold'] }), `${SHOP}/configmaps`);
      await api.ask('DELETE', SHOP);
      expect((await api.ask('GET', SHOP)).body.status.phase).to.equal('Terminating');
      const late = await api.ask('POST', `${SHOP}/configmaps`, { body: configMap('b') });
      expect([late.code, late.body.details.causes[0].reason]).to.deep.equal([403, 'NamespaceTerminating']);
      await api.ask('PATCH', `${SHOP}/configmaps/a`, { body: { metadata: { finalizers: [] } }, type: MERGE });
      expect((await api.ask('GET', SHOP)).code).to.equal(404);
    });
  });

  it('shows the same Event in both groups', async () => {
    const event = {
      metadata: { name: 'e' }, involvedObject: { kind: 'Ingress', namespace: 'default', name: 'a' }, reason: 'Sync', message: 'synced', type: 'Normal', count: 1,
    };
    await create(event, '/api/v1/namespaces/default/events');
    const other = await api.ask('GET', '/apis/events.k8s.io/v1/namespaces/default/events/e');
    expect(other.body).to.deep.include({ apiVersion: 'events.k8s.io/v1', note: 'synced', deprecatedCount: 1 });
    expect(other.body.regarding).to.deep.include({ name: 'a' });
    const newer = {
      metadata: { name: 'f' }, eventTime: '2026-01-01T00:00:00.000000Z', regarding: { kind: 'Ingress', namespace: 'default', name: 'b' }, reason: 'Sync', action: 'Sync', note: 'n',
      type: 'Normal', reportingController: 'example.com/c', reportingInstance: 'c-1',
    };
    await create(newer, '/apis/events.k8s.io/v1/namespaces/default/events');
    const selected = await api.ask('GET', '/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Db,involvedObject.kind%3DIngress');
    expect(selected.body.items.map((each: { message: string }) => each.message)).to.deep.equal(['n']);
  });

  it('takes YAML and answers it', async () => {
    const body = 'metadata:\n  name: y\ndata:\n  a: b\n';
    const answer = await api.ask('POST', MAPS, { body, type: 'application/yaml', headers: { accept: 'application/yaml' } });
    expect([answer.code, answer.body]).to.satisfy(([code, text]: [number, string]) => code === 201 && text.includes('kind: ConfigMap'));
    expect((await api.ask('POST', MAPS, { body: 'a: [', type: 'application/yaml' })).code).to.equal(400);
    expect((await api.ask('POST', MAPS, { body: 'a: b\n---\nc: d', type: 'application/yaml' })).code).to.equal(400);
  });

  it('refuses, names or drops unknown fields', async () => {
    const body = { ...ingress('a'), surprise: 1, spec: { ...ingress('a').spec as object, ruels: [] } };
    const strict = await api.ask('POST', `${INGRESSES}?fieldValidation=Strict`, { body });
    expect([strict.code, strict.body.message]).to.deep.equal([400,
      'Ingress in version "v1" cannot be handled as a Ingress: strict decoding error: unknown field "spec.ruels", unknown field "surprise"']);
    const warned = await api.ask('POST', INGRESSES, { body });
    expect(warned.headers['warning']).to.deep.equal(['299 - "unknown field \\"spec.ruels\\""', '299 - "unknown field \\"surprise\\""']);
    expect(warned.body).not.to.have.property('surprise');
    expect(warned.body.spec).not.to.have.property('ruels');
    expect((await api.ask('POST', `${INGRESSES}?fieldValidation=Ignore`, { body: { ...body, metadata: { name: 'b' } } })).headers).not.to.have.property('warning');
  });
});

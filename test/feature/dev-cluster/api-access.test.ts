// Who may ask, what is written down of it, and what the server does with requests that make no sense.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { expect } from 'chai';
import type { RequestRecord } from '../../../src/dev-cluster/api-server.js';
import { startApiServer } from '../../../src/dev-cluster/api-server.js';
import { writeKubeconfig } from '../../../src/dev-cluster/kubeconfig.js';
import type { ApiSession } from './api-session.js';
import { configMap, ingress, INGRESSES, startApiSession } from './api-session.js';

const MAPS = '/api/v1/namespaces/default/configmaps';

describe('dev-cluster: access', function access() {
  this.timeout(10_000);
  let api: ApiSession;
  afterEach(() => api.close());

  it('needs a known token, except for version and health', async () => {
    api = await startApiSession();
    for (const token of ['', 'wrong']) {
      const answer = await api.ask('GET', MAPS, { token });
      expect([answer.code, answer.body.reason]).to.deep.equal([401, 'Unauthorized']);
    }
    for (const open of ['/healthz', '/livez', '/readyz']) expect((await api.ask('GET', open, { token: '' })).body).to.equal('ok');
    expect((await api.ask('GET', '/version', { token: '' })).body.gitVersion).to.match(/^v1\.33/);
    expect((await api.ask('GET', '/api', { token: '' })).code).to.equal(401);
  });

  it('asks the hook and answers 403', async () => {
    const asked: object[] = [];
    api = await startApiSession({ authorize: (request) => { asked.push(request); return request.user === 'kubernetes-admin' || request.verb !== 'update'; } });
    const token = api.server.addUser('system:serviceaccount:default:me');
    await api.ask('POST', INGRESSES, { body: ingress('a'), token });
    const answer = await api.ask('PUT', `${INGRESSES}/a/status`, { body: ingress('a'), token });
    expect([answer.code, answer.body.reason]).to.deep.equal([403, 'Forbidden']);
    expect(answer.body.message).to.equal('ingresses.networking.k8s.io "a" is forbidden: User "system:serviceaccount:default:me" cannot update resource "ingresses/status" in API group "networking.k8s.io" in the namespace "default"');
    expect(asked.at(-1)).to.deep.equal({
      verb: 'update', group: 'networking.k8s.io', resource: 'ingresses/status', namespace: 'default', name: 'a', user: 'system:serviceaccount:default:me',
    });
    const review = { spec: { resourceAttributes: { verb: 'update', group: 'networking.k8s.io', resource: 'ingresses', namespace: 'default' } } };
    const path403 = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    expect((await api.ask('POST', path403, { body: review, token })).body.status).to.deep.equal({ allowed: false });
    expect((await api.ask('POST', path403, { body: review })).body.status).to.deep.equal({ allowed: true });
  });

  it('asks for create as well where a PUT or an apply would create', async () => {
    api = await startApiSession({ authorize: ({ verb }) => verb !== 'create' });
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' }, spec: {} };
    expect((await api.ask('PUT', '/apis/coordination.k8s.io/v1/namespaces/default/leases/l', { body: lease })).body.message).to.contain('cannot create resource "leases"');
    expect((await api.ask('PATCH', `${MAPS}/a?fieldManager=me`, { body: configMap('a'), type: 'application/apply-patch+yaml' })).code).to.equal(403);
    api.server.store.create(configMap('a'));
    expect((await api.ask('PATCH', `${MAPS}/a?fieldManager=me`, { body: configMap('a'), type: 'application/apply-patch+yaml' })).code).to.equal(200);
  });

  it('tells the log of every request, in order, with what was written', async () => {
    const log: RequestRecord[] = [];
    api = await startApiSession({ onRequest: (record) => log.push(record) });
    await api.ask('POST', MAPS, { body: configMap('a'), headers: { 'user-agent': 'me/1.0' } });
    await api.ask('GET', `${MAPS}/b`);
    await api.ask('GET', `${MAPS}?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Da&resourceVersion=2`);
    await api.ask('DELETE', MAPS);
    expect(log.map(({ verb, name, code }) => `${verb} ${name} ${code}`)).to.deep.equal(['create undefined 201', 'get b 404', 'watch a 200', 'deletecollection undefined 200']);
    expect(log[0]).to.deep.include({ resource: 'configmaps', namespace: 'default', userAgent: 'me/1.0', user: 'kubernetes-admin' });
    expect(log[0]!.written?.metadata.name).to.equal('a');
    expect(log.map(({ at }) => at)).to.deep.equal(log.map(({ at }) => at).sort((left, right) => left - right));
  });

  it('refuses what is too large, of an unknown type, not JSON, or has no such path or method', async () => {
    api = await startApiSession();
    const large = await api.ask('POST', MAPS, { body: configMap('a', { x: 'x'.repeat(3 * 1024 * 1024) }) });
    expect([large.code, large.body.reason]).to.deep.equal([413, 'RequestEntityTooLarge']);
    expect((await api.ask('POST', MAPS, { body: 'x', type: 'text/plain' })).code).to.equal(415);
    expect((await api.ask('POST', MAPS, { body: '{"a":', type: 'application/json' })).body).to.deep.include({ code: 400, reason: 'BadRequest' });
    expect((await api.ask('POST', MAPS, { body: [] })).code).to.equal(400);
    expect((await api.ask('POST', MAPS, { body: { ...configMap('a'), kind: 'Secret' } })).code).to.equal(400);
    expect((await api.ask('PUT', `${MAPS}/b`, { body: configMap('a') })).body.message).to.equal('the name of the object (a) does not match the name on the URL (b)');
    expect((await api.ask('GET', '/api/v1/pods')).body.reason).to.equal('NotFound');
    expect((await api.ask('GET', '/nonsense')).body).to.deep.include({ kind: 'Status', code: 404 });
    expect((await api.ask('GET', '/api/v1/namespaces/%E0%A4%A/configmaps')).body).to.deep.include({ kind: 'Status' });
    expect((await api.ask('POST', `${MAPS}/a`, { body: configMap('a') })).body).to.deep.include({ code: 405, reason: 'MethodNotAllowed' });
    expect((await api.ask('DELETE', '/api/v1/namespaces')).code).to.equal(405);
    expect((await api.ask('GET', MAPS)).body.items).to.deep.equal([]);
  });

  it('survives a body that is nested very deep', async () => {
    api = await startApiSession();
    const depth = 200_000;
    const answer = await api.ask('POST', MAPS, { body: `{"metadata":{"name":"a"},"data":{"x":${'['.repeat(depth)}${']'.repeat(depth)}}}` });
    expect(answer.code).to.be.within(400, 500);
    expect((await api.ask('GET', MAPS)).code).to.equal(200);
  });

  it('gives a kubeconfig that Kubernetes clients can use, for its owner only', async () => {
    api = await startApiSession();
    const folder = mkdtempSync(path.join(tmpdir(), 'kubeconfig-'));
    const file = path.join(folder, 'kubeconfig');
    writeKubeconfig(file, api.server.kubeconfig());
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    const config = new KubeConfig();
    config.loadFromString(readFileSync(file, 'utf8'));
    rmSync(folder, { recursive: true });
    const core = config.makeApiClient(CoreV1Api);
    await core.createNamespacedConfigMap({ namespace: 'default', body: { metadata: { name: 'c' }, data: { a: 'b' } } });
    expect((await core.listNamespacedConfigMap({ namespace: 'default' })).items.map((each) => each.metadata?.name)).to.deep.equal(['c']);
  });

  it('names a port that is in use', async () => {
    api = await startApiSession();
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as AddressInfo;
    const error = await startApiServer({ port }).then(() => undefined, (thrown: Error) => thrown);
    blocker.close();
    expect(error?.message).to.equal(`dev cluster: port ${port} of 127.0.0.1 is in use by another program; stop it or choose another port`);
  });
});

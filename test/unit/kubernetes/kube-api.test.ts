// The calls of the API: paths, deadlines, what errors become, and how long a read waits when it is told to.
import { expect } from 'chai';
import type { ApiConnection } from '../../../src/kubernetes/api-connection.js';
import type { KubeApi } from '../../../src/kubernetes/kube-api.js';
import { createKubeApi } from '../../../src/kubernetes/kube-api.js';
import { OperationalError } from '../../../src/kubernetes/operational-error.js';
import { listPath, objectPath } from '../../../src/kubernetes/resource-path.js';
import { ingressClasses, ingresses, leases, secrets } from '../../../src/kubernetes/resources.js';
import { FakeClock, breathe, settle, until } from '../../fixtures/fake-clock.js';
import type { FaultAction } from '../../fixtures/fault-api-server.js';
import { FaultApiServer, status } from '../../fixtures/fault-api-server.js';
import { anIngress, plainConnection } from './list-watch-rig.js';

describe('kube api', () => {
  let server: FaultApiServer;
  let connection: ApiConnection;
  let clock: FakeClock;
  let api: KubeApi;
  const ref = { resource: ingresses, namespace: 'shop', name: 'a' };

  beforeEach(async () => {
    server = new FaultApiServer([ingresses, leases]);
    connection = plainConnection(await server.start());
    clock = new FakeClock();
    api = createKubeApi({ connection, clock, random: () => 0.5 });
  });
  afterEach(async () => {
    await connection.close();
    await server.stop();
  });

  const failure = (promise: Promise<unknown>): Promise<OperationalError> =>
    promise.then(() => { throw new Error('should have failed'); }, (error: OperationalError) => error);

  it('creates, reads, replaces, patches and deletes raw objects', async () => {
    const created = await api.create(ingresses, anIngress('a', { unknownField: { kept: true } }));
    expect(created['unknownField']).to.deep.equal({ kept: true });
    await api.replace(ingresses, { ...created, spec: { x: 1 } });
    await api.patch(ref, { metadata: { labels: { a: 'b' } } });
    await api.patchStatus(ref, { status: { p: 1 } });
    await api.replaceStatus(ingresses, { ...(await api.get(ref)), status: { r: 1 } });
    const now = await api.get(ref);
    expect(now).to.deep.include({ spec: { x: 1 }, status: { r: 1 } });
    expect(now.metadata.labels).to.deep.equal({ a: 'b' });
    await api.delete(ref);
    expect((await failure(api.get(ref))).code).to.equal('not-found');
  });

  const codes: [number, string][] = [
    [400, 'invalid'], [401, 'unauthorized'], [403, 'forbidden'], [404, 'not-found'], [409, 'conflict'], [410, 'gone'], [422, 'invalid'],
    [429, 'too-many-requests'], [500, 'server-error'], [503, 'server-error'], [418, 'bad-answer'], [302, 'bad-answer'],
  ];
  for (const [code, expected] of codes) {
    it(`HTTP ${code} is ${expected}, with what the Status says`, async () => {
      server.fault({}, { kind: 'respond', status: code, body: status(code, 'Because', 'the words of the server') });
      const failing = failure(api.create(ingresses, anIngress('a')));
      // A 401 is tried again after 1 and 5 s.
      for (let second = 0; code === 401 && second < 8; second += 1) {
        await breathe();
        await clock.advance(1000);
      }
      const error = await failing;
      expect(error).to.be.instanceOf(OperationalError);
      expect(error.code).to.equal(expected);
      expect(error.message).to.match(/^POST \/apis\/networking.k8s.io\/v1\/namespaces\/shop\/ingresses: the words of the server/);
      expect(error).to.deep.include({ status: code, reason: 'Because' });
    });
  }

  const answers: [string, FaultAction, string][] = [
    ['text that is no JSON', { kind: 'respond', status: 200, body: '<html>' }, 'bad-answer'],
    ['JSON that is no object', { kind: 'respond', status: 200, body: '[]' }, 'bad-answer'],
    ['nothing', { kind: 'respond', status: 200, body: '' }, 'bad-answer'],
    ['a reset', { kind: 'reset' }, 'unreachable'],
    ['half an answer', { kind: 'truncate' }, 'unreachable'],
  ];
  for (const [what, action, code] of answers) {
    it(`${what} is ${code}`, async () => {
      server.fault({}, action);
      expect((await failure(api.listPage({ resource: ingresses }))).code).to.equal(code);
    });
  }

  it('nobody there is unreachable, with the cause kept', async () => {
    const nobody = plainConnection('http://127.0.0.1:1');
    const error = await failure(createKubeApi({ connection: nobody, clock }).get(ref));
    expect(error.code).to.equal('unreachable');
    expect((error.cause as { code: string }).code).to.equal('ECONNREFUSED');
    await nobody.close();
  });

  it('gives up after 10 s, a list after 30 s, and earlier when told', async () => {
    server.fault({}, { kind: 'hang' });
    const ends: string[] = [];
    const start = clock.now();
    const track = (name: string, promise: Promise<unknown>): void => {
      void failure(promise).then((error) => ends.push(`${name} ${error.code} ${clock.now() - start}`));
    };
    track('get', api.get(ref));
    track('list', api.listPage({ resource: ingresses }));
    track('short', api.replace(ingresses, anIngress('a'), { timeoutMs: 700 }));
    await until(() => server.log.length === 3);
    for (let step = 0; step < 300; step += 1) await clock.advance(100);
    await settle();
    expect(ends).to.deep.equal(['short timeout 700', 'get timeout 10000', 'list timeout 30000']);
    expect(clock.pending).to.equal(0);
  });

  it('a caller who gives up is told so', async () => {
    server.fault({}, { kind: 'hang' });
    const ending = new AbortController();
    const failing = failure(api.get(ref, { signal: ending.signal }));
    await until(() => server.log.length === 1);
    ending.abort();
    expect((await failing).code).to.equal('aborted');
  });

  it('a write whose permission ends before it is on its way is never sent', async () => {
    server.put(ingresses, anIngress('a'));
    let permitted = true;
    const writing = api.patchStatus(ref, { status: { p: 1 } }, { permit: () => permitted });
    permitted = false;
    const error = await failure(writing);
    expect([error.code, error.message]).to.deep.equal(['aborted', 'PATCH /apis/networking.k8s.io/v1/namespaces/shop/ingresses/a/status: not sent, for the right to write has ended']);
    permitted = true;
    await api.patchStatus(ref, { status: { p: 2 } }, { permit: () => permitted });
    expect(server.log.map(({ verb }) => verb)).to.deep.equal(['patch-status']);
    expect(server.read(ingresses, 'shop/a')!['status']).to.deep.equal({ p: 2 });
  });

  it('a read waits as the server asks, a write does not repeat itself', async () => {
    server.put(ingresses, anIngress('a'));
    server.fault({}, { kind: 'respond', status: 429, headers: { 'retry-after': '3' } }, 1);
    const reading = api.get(ref);
    await until(() => server.log[0]?.status === 429);
    await breathe();
    await clock.advance(3000);
    expect(server.log).to.have.length(1);
    await clock.advance(400);
    expect((await reading).metadata.name).to.equal('a');
    server.fault({}, { kind: 'respond', status: 503, headers: { 'retry-after': '9999' } });
    const error = await failure(api.replace(ingresses, anIngress('a')));
    expect(error.retryAfterMs).to.equal(60_000);
    expect(server.log).to.have.length(3);
  });

  it('encodes what comes from objects, and refuses names that climb', () => {
    expect(objectPath({ resource: leases, namespace: 'a', name: 'x/../../secrets' })).to.equal('/apis/coordination.k8s.io/v1/namespaces/a/leases/x%2F..%2F..%2Fsecrets');
    for (const name of ['', '.', '..']) expect(() => objectPath({ resource: leases, namespace: 'a', name })).to.throw(OperationalError);
    expect(objectPath({ resource: ingressClasses, name: 'blue' })).to.equal('/apis/networking.k8s.io/v1/ingressclasses/blue');
    expect(listPath({ resource: secrets, namespace: 'a', fieldSelector: 'type=kubernetes.io/tls' })).to.equal('/api/v1/namespaces/a/secrets?fieldSelector=type%3Dkubernetes.io%2Ftls');
  });
});

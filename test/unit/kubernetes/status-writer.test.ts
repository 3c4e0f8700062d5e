// Writing the status: only what differs, only by whoever may, at a bounded pace, past conflicts and failures.
import { expect } from 'chai';
import { createKubeApi } from '../../../src/kubernetes/kube-api.js';
import type { KubeObject } from '../../../src/kubernetes/kube-object.js';
import { ingresses } from '../../../src/kubernetes/resources.js';
import type { StatusOutcome, StatusWriter, StatusWriterOptions } from '../../../src/kubernetes/status-writer.js';
import { startStatusWriter } from '../../../src/kubernetes/status-writer.js';
import type { ApiConnection } from '../../../src/kubernetes/api-connection.js';
import { FakeClock, advanceUntil, breathe, until } from '../../fixtures/fake-clock.js';
import { FaultApiServer } from '../../fixtures/fault-api-server.js';
import { anIngress, plainConnection } from './list-watch-rig.js';

describe('status writer', () => {
  let server: FaultApiServer;
  let connection: ApiConnection;
  let clock: FakeClock;
  let writer: StatusWriter;
  let outcomes: StatusOutcome[];
  const address = [{ ip: '192.0.2.1' }];
  const results = (): string[] => outcomes.map(({ key, result }) => `${key} ${result}`);
  const shown = (name: string): unknown => (server.read(ingresses, `shop/${name}`)!['status'] as { loadBalancer?: { ingress?: unknown } } | undefined)?.loadBalancer?.ingress;

  beforeEach(async () => {
    server = new FaultApiServer([ingresses]);
    connection = plainConnection(await server.start());
    clock = new FakeClock();
    outcomes = [];
  });
  afterEach(async () => {
    await writer.stop();
    await connection.close();
    await server.stop();
  });

  const begin = (options: Partial<StatusWriterOptions> = {}): void => {
    writer = startStatusWriter({
      api: createKubeApi({ connection, clock, random: () => 0.5 }), clock, random: () => 0.5,
      mayWrite: () => true, onResult: (outcome) => outcomes.push(outcome), ...options,
    });
  };
  const put = (name: string, extra: object = {}): KubeObject => server.put(ingresses, anIngress(name, extra));

  it('writes what differs and nothing else of the object, under its version and UID', async () => {
    begin();
    const ingress = put('a', { metadata: { name: 'a', namespace: 'shop', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } } });
    const cached = { ...ingress, metadata: { ...ingress.metadata, annotations: {} } };
    writer.want(cached, address);
    await until(() => outcomes.length === 1);
    expect(results()).to.deep.equal(['shop/a written']);
    expect(shown('a')).to.deep.equal(address);
    expect(server.read(ingresses, 'shop/a')!.metadata.annotations).to.have.property('kubectl.kubernetes.io/last-applied-configuration');
    const { verb, body, headers } = server.log[0]!;
    expect(verb).to.equal('patch-status');
    expect(headers['content-type']).to.equal('application/merge-patch+json');
    expect(body!['metadata']).to.deep.equal({ uid: ingress.metadata.uid, resourceVersion: ingress.metadata.resourceVersion });
  });

  it('writes nothing when the addresses are there already, in any order', async () => {
    begin();
    writer.want(put('a', { status: { loadBalancer: { ingress: [{ ip: '192.0.2.2' }, { ip: '192.0.2.1' }] } } }), [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }]);
    writer.want(put('b'), []);
    await until(() => outcomes.length === 2);
    expect(results().sort()).to.deep.equal(['shop/a unchanged', 'shop/b unchanged']);
    expect(server.log).to.have.length(0);
  });

  it('clears an address when told to', async () => {
    begin();
    writer.want(put('a', { status: { loadBalancer: { ingress: address } } }), []);
    await until(() => outcomes.length === 1);
    expect(shown('a')).to.equal(undefined);
  });

  it('does not clear what somebody else has written meanwhile', async () => {
    begin();
    const known = put('a', { status: { loadBalancer: { ingress: address } } });
    server.put(ingresses, { ...known, status: { loadBalancer: { ingress: [{ ip: '198.51.100.1' }] } } });
    writer.want(known, [], address);
    await until(() => outcomes.length === 1);
    expect(results()).to.deep.equal(['shop/a unchanged']);
    expect(shown('a')).to.deep.equal([{ ip: '198.51.100.1' }]);
    writer.want(put('b', { status: { loadBalancer: { ingress: address } } }), [], address);
    await until(() => outcomes.length === 2);
    expect(shown('b')).to.equal(undefined);
  });

  it('fences: asks immediately before each write, also after waiting and after a conflict', async () => {
    let holder = true;
    begin({ mayWrite: () => holder, burst: 1, perSecond: 1 });
    writer.want(put('a'), address);
    await until(() => outcomes.length === 1);
    writer.want(put('b'), address);
    holder = false;
    await clock.advance(1100);
    await until(() => outcomes.length === 2);
    expect(results()[1]).to.equal('shop/b not-holder');
    holder = true;
    const stale = put('c');
    put('c', { spec: { newer: true } });
    server.fault({ verb: 'get' }, { kind: 'mutate', change: (body) => { holder = false; return body; } }, 1);
    await clock.advance(1100);
    writer.want(stale, address);
    await until(() => server.count('get') === 1);
    await clock.advance(1100);
    await until(() => outcomes.length === 3);
    expect(results()[2]).to.equal('shop/c not-holder');
    expect(server.count('patch-status')).to.equal(2);
  });

  it('a request does not outlive the right to write', async () => {
    begin({ remainingMs: () => 1500 });
    server.fault({ verb: 'patch-status' }, { kind: 'hang' });
    writer.want(put('a'), address);
    await until(() => server.count('patch-status') === 1);
    await clock.advance(1500);
    await until(() => outcomes.length === 1);
    expect(outcomes[0]!.error!.code).to.equal('timeout');
  });

  it('S19: a conflict reads again once; a storm of three converges with four writes within 5 s', async () => {
    begin();
    const stale = put('a');
    put('a', { spec: { newer: true } });
    writer.want(stale, address);
    await until(() => outcomes.length === 1);
    expect(results()).to.deep.equal(['shop/a written']);
    expect([server.count('patch-status'), server.count('get')]).to.deep.equal([2, 1]);
    server.log.length = 0;
    outcomes.length = 0;
    server.fault({ verb: 'patch-status' }, { kind: 'respond', status: 409 }, 3);
    const start = clock.now();
    writer.want(put('b'), address);
    await advanceUntil(clock, () => writer.pending === 0, 100);
    expect(results()).to.deep.equal(['shop/b conflict', 'shop/b conflict', 'shop/b written']);
    expect(server.count('patch-status')).to.equal(4);
    expect(clock.now() - start).to.be.lessThan(5000);
  });

  it('does not write on a copy that belongs to another class by now, until it is asked anew', async () => {
    begin({ isSame: (decided, now) => decided.metadata.annotations?.['class'] === now.metadata.annotations?.['class'] });
    const known = put('a', { metadata: { name: 'a', namespace: 'shop', annotations: { class: 'one' } } });
    const now = server.put(ingresses, { ...known, metadata: { ...known.metadata, annotations: { class: 'two' } }, status: { loadBalancer: { ingress: [{ ip: '198.51.100.1' }] } } });
    writer.want(known, address);
    await until(() => results().includes('shop/a conflict'));
    await clock.advance(10_000);
    await breathe();
    expect(shown('a'), 'the other class has written it').to.deep.equal([{ ip: '198.51.100.1' }]);
    expect(results()).to.not.include('shop/a written');
    writer.want(now, address);
    await advanceUntil(clock, () => results().includes('shop/a written'), 1000);
    expect(shown('a')).to.deep.equal(address);
  });

  it('backs off per object when writing fails, also when the wish is repeated', async () => {
    begin();
    server.fault({ verb: 'patch-status', where: (entry) => entry.name === 'a' }, { kind: 'respond', status: 500 });
    const ingress = put('a');
    writer.want(ingress, address);
    for (let second = 0; second < 60; second += 1) {
      await clock.advance(1000);
      await breathe();
      writer.want(ingress, address);
    }
    expect(server.count('patch-status')).to.be.within(5, 8);
    writer.want(put('b'), address);
    await until(() => results().includes('shop/b written'));
  });

  it('writes 20 at once and then 5 a second', async () => {
    begin();
    for (let index = 0; index < 40; index += 1) writer.want(put(`i${index}`), address);
    await until(() => outcomes.length === 20);
    await clock.advance(1000);
    await until(() => outcomes.length === 25);
    await advanceUntil(clock, () => outcomes.length === 40, 100);
    expect(outcomes.every(({ result }) => result === 'written')).to.equal(true);
  });

  it('the last wish wins, also when it comes while the object is being written', async () => {
    begin();
    server.fault({ verb: 'patch-status' }, { kind: 'delay', ms: 20 }, 1);
    const ingress = put('a');
    writer.want(ingress, [{ ip: '192.0.2.1' }]);
    await until(() => server.count('patch-status') === 1);
    writer.want(ingress, [{ ip: '192.0.2.2' }]);
    writer.want(ingress, [{ ip: '192.0.2.3' }]);
    await until(() => writer.pending === 0);
    expect(shown('a')).to.deep.equal([{ ip: '192.0.2.3' }]);
  });

  it('says gone for an object that was deleted or replaced', async () => {
    begin();
    const a = put('a');
    const b = put('b');
    server.remove(ingresses, 'shop/a');
    server.remove(ingresses, 'shop/b');
    put('b');
    writer.want(a, address);
    writer.want(b, address);
    await until(() => outcomes.length === 2);
    expect(results().sort()).to.deep.equal(['shop/a gone', 'shop/b gone']);
    expect(shown('b')).to.equal(undefined);
  });

  it('stop is final and blanks nothing', async () => {
    begin({ burst: 1 });
    writer.want(put('a'), address);
    await until(() => outcomes.length === 1);
    writer.want(put('b'), address);
    await writer.stop();
    writer.want(put('c'), address);
    await clock.advance(60_000);
    expect(server.count('patch-status')).to.equal(1);
    expect(shown('a')).to.deep.equal(address);
    expect(clock.pending).to.equal(0);
  });
});

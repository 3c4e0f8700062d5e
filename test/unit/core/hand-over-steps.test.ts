// Many hand-overs at once: a decision looks at those that something has happened to, or whose time has come, and at no others.
import { expect } from 'chai';
import { type Arbiter, createArbiter } from '../../../src/core/arbiter.js';
import { claimOf } from '../../../src/core/claim.js';
import { toldAfterMs } from '../../../src/core/hand-over/blockers.js';
import { carryOut } from '../../fixtures/play-history.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

const red = claimOf('red', { addresses: [{ ip: '192.0.2.1' }] });
const blue = claimOf('blue', { addresses: [{ ip: '192.0.2.2' }] });

const ingress = (name: string, of: string, { host = `${name}.test`, created = '2026-01-02T00:00:00Z' } = {}): never => ({
  metadata: { namespace: 'shop', name, uid: name, creationTimestamp: created, annotations: { 'kubernetes.io/ingress.class': of } },
  spec: { rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] },
}) as never;

describe('core: many hand-overs', () => {
  let arbiter: Arbiter;

  beforeEach(() => {
    arbiter = createArbiter([red, blue], inspectStub);
    arbiter.take('services', 'shop/web', { metadata: { namespace: 'shop', name: 'web' }, spec: { ports: [{ port: 80 }] } });
    for (let n = 0; n < 50; n++) arbiter.take('ingresses', `shop/w${n}`, ingress(`w${n}`, 'red'));
    arbiter.settle(0);
    for (let n = 0; n < 50; n++) arbiter.take('ingresses', `shop/w${n}`, ingress(`w${n}`, 'blue'));
    arbiter.settle(1);
    carryOut(arbiter, 'records');
    arbiter.settle(2);
    expect([arbiter.handOvers.size, arbiter.recordWrites.size]).to.deep.equal([50, 0]);
  });

  it('looks at one that engines have told something about, and at no other', () => {
    arbiter.takeServed('blue', 'shop/w7', { since: 3 });
    expect([...arbiter.settle(3).handOvers]).to.deep.equal(['shop/w7']);
    expect([...arbiter.recordWrites.values()].map(({ ingress: key, step }) => `${key} ${step}`)).to.deep.equal(['shop/w7 serve']);
    expect([...arbiter.settle(4).handOvers, ...arbiter.settle(5).statuses]).to.deep.equal([]);
  });

  it('looks at what another Ingress takes from one, and gives back', () => {
    arbiter.takeServed('blue', 'shop/w7', { since: 3 });
    arbiter.settle(3);
    expect([...arbiter.recordWrites.keys()]).to.deep.equal(['shop/w7']);
    arbiter.take('ingresses', 'shop/older', ingress('older', 'blue', { host: 'w7.test', created: '2026-01-01T00:00:00Z' }));
    expect([...arbiter.settle(4).handOvers]).to.deep.equal(['shop/w7']);
    expect([...arbiter.recordWrites.keys()], 'it does not serve what it asks for').to.deep.equal([]);
    arbiter.take('ingresses', 'shop/older', undefined);
    arbiter.settle(5);
    expect([...arbiter.recordWrites.keys()]).to.deep.equal(['shop/w7']);
  });

  it('looks at all of a class whose settings are other ones', () => {
    const name = { metadata: { name: 'blue' }, spec: { controller: 'ingress-arbiter.io/controller', parameters: { kind: 'ConfigMap', name: 'missing', scope: 'Namespace', namespace: 'edge' } } };
    arbiter.takeServed('blue', 'shop/w7', { since: 3 });
    arbiter.settle(3);
    arbiter.take('ingressClasses', 'blue', name);
    expect(arbiter.settle(4).handOvers.size).to.equal(50);
    expect([...arbiter.recordWrites.keys()], 'closed').to.deep.equal([]);
  });

  it('sees that a class which a record names takes its namespace again, though the Ingress is of another class', () => {
    const settings = (data: object): never => ({ metadata: { namespace: 'edge', name: 'settings' }, data }) as never;
    const own = createArbiter([red], inspectStub);
    const named = ingress('one', 'green') as { metadata: { annotations: Record<string, string> } };
    named.metadata.annotations['ingress-arbiter.io/hand-over'] = JSON.stringify({ from: [], to: 'red' });
    own.take('ingressClasses', 'red', { metadata: { name: 'red' }, spec: { controller: 'ingress-arbiter.io/controller', parameters: { kind: 'ConfigMap', name: 'settings', scope: 'Namespace', namespace: 'edge' } } } as never);
    own.take('configMaps', 'edge/settings', settings({ 'allowed-namespaces': 'blog' }));
    own.take('ingresses', 'shop/one', named as never);
    own.settle(0);
    expect(own.findings().map(({ kind }) => kind)).to.include('hand-over-not-allowed');
    own.take('configMaps', 'edge/settings', settings({}));
    own.settle(1);
    expect(own.findings().map(({ kind }) => kind)).to.not.include('hand-over-not-allowed');
  });

  it('asks to be woken for the first of them, and tells then of each that waits', () => {
    arbiter.takeServed('blue', 'shop/w7', { waiting: 'it does' });
    const { wakeAt } = arbiter.settle(3);
    expect(wakeAt).to.equal(1 + toldAfterMs);
    expect(arbiter.findings().map(({ object }) => object)).to.deep.equal([]);
    expect(arbiter.settle(wakeAt!).handOvers.size).to.equal(50);
    expect(arbiter.findings().map(({ object, kind }) => `${object} ${kind}`)).to.deep.equal(['Ingress shop/w7 hand-over-waits']);
  });
});

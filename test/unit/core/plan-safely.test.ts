// A bug of ours, met while one Ingress is planned: it must be a finding of that Ingress, told whole in the log, and nothing
// that anybody else could notice. The bug is planted: an inspection or a read that throws.
import { expect } from 'chai';
import fc from 'fast-check';
import { type Arbiter, type ArbiterChanges, createArbiter } from '../../../src/core/arbiter.js';
import { type Claim, claimOf, ownController } from '../../../src/core/claim.js';
import { createClassState } from '../../../src/core/class-state.js';
import { compareFindings } from '../../../src/core/finding.js';
import type { InspectCertificate } from '../../../src/core/inspect-certificate.js';
import type { Ingress } from '../../../src/core/kubernetes-objects.js';
import type { IngressPlan, Want } from '../../../src/core/plan-ingress.js';
import { buildEntrySafely } from '../../../src/core/plan-safely.js';
import { type Manifest, snapshotOf } from '../../fixtures/manifests.js';
import { claims, cluster } from '../../fixtures/random-cluster.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

const bomb = 'names: planted.test, bomb';
const inspectWithBug: InspectCertificate = (chain, key) => {
  if (chain === bomb) throw new TypeError('planted');
  return inspectStub(chain, key);
};
const secretOf = (chain: string): never => ({
  metadata: { namespace: 'shop', name: 'planted' }, type: 'kubernetes.io/tls',
  data: { 'tls.crt': Buffer.from(chain).toString('base64'), 'tls.key': Buffer.from('key').toString('base64') },
}) as never;
const pathTo = (service: string, path = '/'): object => ({ path, pathType: 'Prefix', backend: { service: { name: service, port: { number: 80 } } } });
const ingressOf = (name: string, host: string, paths: object[], more: object = {}): Ingress => ({
  metadata: { namespace: 'shop', name, annotations: { 'kubernetes.io/ingress.class': 'red' } }, spec: { rules: [{ host, http: { paths } }], ...more },
}) as never;
const planted = ingressOf('planted', 'planted.test', [pathTo('web')], { tls: [{ hosts: ['planted.test'], secretName: 'planted' }] });

const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
const play = (by: readonly Claim[], objects: readonly Manifest[], more: (arbiter: Arbiter) => void = () => undefined): { arbiter: Arbiter; changes: ArbiterChanges } => {
  const arbiter = createArbiter(by, inspectWithBug);
  for (const [kind, map] of Object.entries(snapshotOf(objects))) for (const [key, object] of map as Map<string, unknown>) arbiter.take(kind as never, key, object as never);
  more(arbiter);
  return { arbiter, changes: arbiter.settle(0) };
};
const codes = (arbiter: Arbiter, object = 'Ingress shop/planted'): string[] => arbiter.findings().filter((one) => one.object === object).map(({ code }) => code);
const routesOf = (arbiter: Arbiter, host: string): string[] =>
  ((arbiter.tables.get('red')!.get(`host/${host}`) as { routes: { path: string; ingress: string }[] } | undefined)?.routes ?? []).map(({ ingress, path }) => `${ingress} ${path}`).sort();

describe('core: plan-safely', function () {
  this.timeout(60_000);

  it('leaves all others, in every cluster, exactly what they have without the Ingress that can not be planned', () => {
    let met = 0;
    fc.assert(fc.property(claims, cluster, (by, objects) => {
      fc.pre(!objects.some(({ kind, metadata }) => kind === 'Secret' && metadata.name === 'planted'));
      const without = play(by, objects).arbiter;
      const { arbiter, changes } = play(by, objects, (one) => {
        one.take('secrets', 'shop/planted', secretOf(bomb));
        one.take('ingresses', 'shop/planted', planted);
      });
      for (const { class: name } of by) expect(sorted(arbiter.tables.get(name)!)).to.deep.equal(sorted(without.tables.get(name)!));
      const others = arbiter.findings().filter(({ object }) => object !== 'Ingress shop/planted');
      expect(others.sort(compareFindings)).to.deep.equal(without.findings().sort(compareFindings));
      const owned = arbiter.plans.get('shop/planted')!.ownership.owner !== undefined;
      if (owned) met += 1;
      expect(codes(arbiter).includes('IA161')).to.equal(owned);
      expect(changes.failures.map(({ object, error }) => `${object}: ${String(error)}`)).to.deep.equal(owned ? ['Ingress shop/planted: TypeError: planted'] : []);
    }), { numRuns: 300 });
    expect(met).to.be.greaterThan(20);
  });

  it('keeps what was served before, tells of the bug, serves the neighbour\'s change, and tries again when the Secret changes', () => {
    const { arbiter } = play([claimOf('red')], [], (one) => {
      one.take('secrets', 'shop/planted', secretOf('names: planted.test'));
      one.take('ingresses', 'shop/planted', planted);
    });
    const before = sorted(arbiter.tables.get('red')!);
    expect([codes(arbiter), before.length > 2]).to.deep.equal([['IA131'], true]);
    arbiter.take('secrets', 'shop/planted', secretOf(bomb));
    arbiter.take('ingresses', 'shop/other', ingressOf('other', 'other.test', [pathTo('web')]));
    const { failures } = arbiter.settle(0);
    expect(failures).to.have.length(1);
    expect([codes(arbiter), routesOf(arbiter, 'other.test')]).to.deep.equal([['IA161'], ['other /']]);
    expect(sorted(arbiter.tables.get('red')!).filter(([key]) => key !== 'host/other.test')).to.deep.equal(before);
    expect(arbiter.findings().find(({ code }) => code === 'IA161')!.message).to.match(/a bug of ingress-arbiter/).and.match(/stays as it was/).and.match(/Report/);
    expect(arbiter.settle(0).failures, 'and not again and again').to.deep.equal([]);
    arbiter.take('secrets', 'shop/planted', secretOf('names: planted.test, later.test'));
    expect(arbiter.settle(0).failures).to.deep.equal([]);
    expect([codes(arbiter), arbiter.tables.get('red')!.has('certificate/for-planted.test-later.test')]).to.deep.equal([['IA131'], true]);
  });

  it('leaves one that goes to another class where it is, as it was, while it can not be planned, and hands nothing over', () => {
    const { arbiter } = play([claimOf('red', { addresses: [{ ip: '192.0.2.1' }] }), claimOf('blue', { addresses: [{ ip: '192.0.2.2' }] })], [], (one) => {
      one.take('secrets', 'shop/planted', secretOf('names: planted.test'));
      one.take('ingresses', 'shop/planted', planted);
    });
    const before = sorted(arbiter.tables.get('red')!);
    arbiter.take('secrets', 'shop/planted', secretOf(bomb));
    const moved = { ...planted, metadata: { ...planted.metadata, annotations: { 'kubernetes.io/ingress.class': 'blue' } } };
    arbiter.take('ingresses', 'shop/planted', moved);
    arbiter.settle(0);
    expect([arbiter.plans.get('shop/planted')!.ownership.owner, arbiter.tables.get('blue')!.size, codes(arbiter)]).to.deep.equal(['blue', 0, ['IA161']]);
    expect(sorted(arbiter.tables.get('red')!)).to.deep.equal(before);
    const record = arbiter.recordWrites.get('shop/planted')!.text!;
    arbiter.take('ingresses', 'shop/planted', { ...moved, metadata: { ...moved.metadata, annotations: { ...moved.metadata.annotations, 'ingress-arbiter.io/hand-over': record } } });
    arbiter.settle(0);
    arbiter.takeServed('blue', 'shop/planted', { since: 0 });
    arbiter.settle(1);
    expect([arbiter.handOvers.get('shop/planted')!.phase, arbiter.recordWrites.size], 'nothing is served, whatever engines say of no entries').to.deep.equal(['starting', 0]);
    expect(sorted(arbiter.tables.get('red')!), 'the record protects nothing').to.deep.equal(before);
    arbiter.take('secrets', 'shop/planted', secretOf('names: planted.test'));
    arbiter.settle(2);
    expect([arbiter.recordWrites.get('shop/planted')!.step, sorted(arbiter.tables.get('blue')!)]).to.deep.equal(['serve', before]);
  });

  it('closes what it can not plan once an annotation has changed, and opens it again when that is taken back or planned', () => {
    const { arbiter } = play([claimOf('red')], [], (one) => {
      one.take('secrets', 'shop/planted', secretOf('names: planted.test'));
      one.take('ingresses', 'shop/planted', planted);
      one.take('ingresses', 'shop/all', ingressOf('all', 'planted.test', [pathTo('web', '/all')]));
    });
    const table = (): [string, unknown][] => sorted(arbiter.tables.get('red')!);
    const before = table();
    const annotate = (more: object): void => {
      const annotations = { ...planted.metadata.annotations, ...more };
      arbiter.take('ingresses', 'shop/planted', { ...planted, metadata: { ...planted.metadata, annotations } } as Ingress);
      arbiter.settle(0);
    };
    arbiter.take('secrets', 'shop/planted', secretOf(bomb));
    annotate({ 'nginx.ingress.kubernetes.io/whitelist-source-range': '192.0.2.0/24' });
    const { routes } = arbiter.tables.get('red')!.get('host/planted.test') as { routes: { ingress: string; backend: string; policy?: number }[] };
    expect(routes.map(({ ingress, backend }) => [ingress, backend]).sort()).to.deep.equal([['all', 'service/shop/web/80'], ['planted', '']]);
    expect(arbiter.findings().find(({ code }) => code === 'IA161')!.message).to.match(/answer 503/);
    annotate({ 'nginx.ingress.kubernetes.io/whitelist-source-range': '192.0.2.0/25' });
    expect(codes(arbiter)).to.deep.equal(['IA161']);
    expect(routesOf(arbiter, 'planted.test')).to.deep.equal(['all /all', 'planted /']);
    annotate({ 'kubectl.kubernetes.io/last-applied-configuration': '{}' });
    expect([table(), codes(arbiter)], 'taken back').to.deep.equal([before, ['IA161']]);
    annotate({ 'nginx.ingress.kubernetes.io/whitelist-source-range': '192.0.2.0/24' });
    arbiter.take('secrets', 'shop/planted', secretOf('names: planted.test'));
    arbiter.settle(0);
    const open = arbiter.tables.get('red')!.get('host/planted.test') as { routes: { backend: string }[]; policies: object[] };
    expect([open.routes.map(({ backend }) => backend), open.policies.length > 0]).to.deep.equal([['service/shop/web/80', 'service/shop/web/80'], true]);
  });

  it('keeps nothing of an older object of the same name', () => {
    const { arbiter } = play([claimOf('red')], [], (one) => {
      one.take('secrets', 'shop/planted', secretOf('names: planted.test'));
      one.take('ingresses', 'shop/planted', planted);
    });
    arbiter.take('secrets', 'shop/planted', secretOf(bomb));
    arbiter.take('ingresses', 'shop/planted', { ...planted, metadata: { ...planted.metadata, uid: 'another' } });
    arbiter.settle(0);
    expect([codes(arbiter), arbiter.tables.get('red')!.size]).to.deep.equal([['IA161'], 0]);
  });

  it('a class that serves beside the owner and alone can not plan it is closed there, told of, and the owner goes on', () => {
    const record = { 'ingress-arbiter.io/hand-over': '{"from":["red"],"to":"blue"}' };
    const shadowed = (more: object): Ingress => {
      const one = ingressOf('planted', 'planted.test', [pathTo('web')]);
      return { ...one, metadata: { ...one.metadata, annotations: { ...one.metadata.annotations, ...record, ...more } } } as Ingress;
    };
    const { arbiter } = play([claimOf('red'), claimOf('blue', { annotationPrefixes: ['blue.test'] })], [], (one) => one.take('ingresses', 'shop/planted', shadowed({})));
    const backend = (name: string): unknown => (arbiter.tables.get(name)!.get('host/planted.test') as { routes: { backend: string }[] }).routes[0]!.backend;
    expect([backend('red'), backend('blue')]).to.deep.equal(['service/shop/web/80', 'service/shop/web/80']);
    // A value that is no text: no API server gives one, and reading it throws under that prefix only.
    arbiter.take('ingresses', 'shop/planted', shadowed({ 'blue.test/whitelist-source-range': 5 }));
    expect(arbiter.settle(0).failures.map(({ object }) => object)).to.deep.equal(['Ingress shop/planted']);
    expect([backend('red'), backend('blue'), codes(arbiter).filter((code) => code === 'IA161')]).to.deep.equal(['service/shop/web/80', '', ['IA161']]);
    arbiter.takeServed('blue', 'shop/planted', { since: 0 });
    arbiter.take('ingresses', 'shop/planted', shadowed({}));
    expect([arbiter.settle(1).failures, backend('blue'), codes(arbiter).includes('IA161')]).to.deep.equal([[], 'service/shop/web/80', false]);
  });

  it('a hand-over that can not be looked at ends nothing, and its step is told of once', () => {
    const { arbiter } = play([claimOf('red', { addresses: [{ ip: '192.0.2.1' }] }), claimOf('blue', { addresses: [{ ip: '192.0.2.2' }] })], [], (one) => {
      one.take('ingresses', 'shop/planted', ingressOf('planted', 'planted.test', [pathTo('web')]));
    });
    const bad = ingressOf('planted', 'planted.test', [pathTo('web', '/new')]);
    Object.defineProperty(bad, 'status', { enumerable: true, get: () => { throw new RangeError('planted'); } });
    arbiter.take('ingresses', 'shop/planted', bad);
    arbiter.take('ingresses', 'shop/other', ingressOf('other', 'other.test', [pathTo('web')]));
    expect(arbiter.settle(0).failures.length).to.be.greaterThan(0);
    expect([routesOf(arbiter, 'planted.test'), routesOf(arbiter, 'other.test')]).to.deep.equal([['planted /new'], ['other /']]);
    const moving = ingressOf('planted', 'planted.test', [pathTo('web', '/new')]);
    moving.metadata.annotations!['kubernetes.io/ingress.class'] = 'blue';
    Object.defineProperty(moving.metadata, 'resourceVersion', { enumerable: true, get: () => { throw new RangeError('planted'); } });
    arbiter.take('ingresses', 'shop/planted', moving);
    expect(new Set(arbiter.settle(0).failures.map(({ object }) => object))).to.deep.equal(new Set(['Ingress shop/planted']));
    expect([arbiter.settle(1).failures, arbiter.recordWrites.size, routesOf(arbiter, 'planted.test')]).to.deep.equal([[], 0, ['planted /new']]);
  });

  it('closes in an entry what it can not be built with, alone or beside others', () => {
    const { arbiter } = play([claimOf('red')], [], (one) => {
      one.take('ingresses', 'shop/elder', ingressOf('elder', 'a.test', [pathTo('web')]));
      one.take('ingresses', 'shop/planted', ingressOf('planted', 'a.test', [pathTo('web', '/planted')]));
    });
    const [elder, plan] = ['elder', 'planted'].map((name) => arbiter.plans.get(`shop/${name}`)!) as [IngressPlan, IngressPlan];
    const want = plan.wants.get('host/a.test') as Extract<Want, { of: 'host' }>;
    const withBug = (of: 'policy' | 'path'): IngressPlan => {
      const paths = want.paths.map((path) => Object.defineProperty({ ...path }, of, { enumerable: true, get: () => { throw new TypeError('planted'); } }));
      return { ...plan, wants: new Map([...plan.wants, ['host/a.test', { of: 'host', paths }]]) };
    };
    const { built, findings, failures } = buildEntrySafely('host/a.test', [elder, withBug('policy')], { slicesOf: () => [], allowLoopback: false });
    const { routes } = built!.value as { routes: { ingress: string; backend: string }[] };
    expect(routes.map(({ ingress, backend }) => [ingress, backend]).sort()).to.deep.equal([['elder', 'service/shop/web/80'], ['planted', '']]);
    expect([findings.map(({ object, message }) => [object, /answer 503/.test(message)]), failures.map(({ object }) => object)])
      .to.deep.equal([[['Ingress shop/planted', true]], ['Ingress shop/planted']]);
    const one = createClassState(claimOf('red'));
    const settle = (): Set<string> => one.settle(() => [], () => undefined);
    one.setPlan('shop/planted', plan);
    settle();
    // As setPlanSafely does it, since such wishes can't be compared.
    one.setPlan('shop/planted', undefined);
    one.setPlan('shop/planted', withBug('path'));
    settle();
    expect(one.table.get('host/a.test')).to.deep.equal({ routes: [{ match: 'prefix', path: '/planted', namespace: 'shop', ingress: 'planted', service: '', backend: '' }] });
    expect(one.findings().map(({ code, message }) => [code, /answer 503/.test(message)])).to.deep.equal([['IA161', true]]);
  });

  it('wherever the read is that throws, from taking to building, the neighbours on the same host have what they have', () => {
    const stages = new Set<number>();
    for (let good = 0; good < 60; good += 1) {
      let reads = 0;
      const path = pathTo('web', '/planted');
      Object.defineProperty(path, 'path', { enumerable: true, get: () => { if ((reads += 1) > good) throw new RangeError('planted'); return '/planted'; } });
      const { arbiter, changes } = play([claimOf('red')], [], (one) => {
        one.take('ingresses', 'shop/elder', ingressOf('elder', 'a.test', [pathTo('web', '/elder')]));
        one.take('ingresses', 'shop/planted', ingressOf('planted', 'a.test', [path]));
        one.take('ingresses', 'shop/younger', ingressOf('younger', 'a.test', [pathTo('web', '/younger')]));
      });
      const routes = routesOf(arbiter, 'a.test');
      expect(routes.filter((route) => !route.startsWith('planted')), `after ${good} good reads`).to.deep.equal(['elder /elder', 'younger /younger']);
      expect(routes.includes('planted /planted'), `after ${good} good reads`).to.equal(!codes(arbiter).includes('IA161'));
      expect(changes.failures.length > 0, `after ${good} good reads`).to.equal(codes(arbiter).includes('IA161'));
      if (changes.failures.length > 0) stages.add(good);
      // A second look: the same object once more, and a change of a neighbour.
      arbiter.take('ingresses', 'shop/planted', ingressOf('planted', 'a.test', [path]));
      arbiter.take('ingresses', 'shop/younger', ingressOf('younger', 'a.test', [pathTo('web', '/changed')]));
      arbiter.settle(0);
      expect(routesOf(arbiter, 'a.test').filter((route) => !route.startsWith('planted'))).to.deep.equal(['elder /elder', 'younger /changed']);
      arbiter.take('ingresses', 'shop/planted', ingressOf('planted', 'a.test', [pathTo('web', '/mended')]));
      arbiter.settle(0);
      expect([codes(arbiter).includes('IA161'), routesOf(arbiter, 'a.test')]).to.deep.equal([false, ['elder /elder', 'planted /mended', 'younger /changed']]);
    }
    expect(stages.size, 'several places to throw at').to.be.greaterThan(3);
  });

  it('an IngressClass that can not be read leaves its class as it was', () => {
    const parameters = { kind: 'ConfigMap', name: 'settings', scope: 'Namespace', namespace: 'edge' };
    const { arbiter } = play([claimOf('red')], [], (one) => {
      one.take('ingresses', 'shop/other', ingressOf('other', 'other.test', [pathTo('web')]));
      one.take('configMaps', 'edge/settings', { metadata: { namespace: 'edge', name: 'settings' }, data: { 'allowed-namespaces': 'shop' } });
      one.take('ingressClasses', 'red', { metadata: { name: 'red' }, spec: { controller: ownController, parameters } });
    });
    const before = sorted(arbiter.tables.get('red')!);
    const spec = { controller: ownController, get parameters(): never { throw new TypeError('planted'); } };
    arbiter.take('ingressClasses', 'red', { metadata: { name: 'red' }, spec });
    const { failures } = arbiter.settle(0);
    expect(failures.map(({ object }) => object)).to.deep.equal(['IngressClass red']);
    expect([codes(arbiter, 'IngressClass red'), arbiter.parameters()]).to.deep.equal([['IA161'], ['edge/settings']]);
    expect(sorted(arbiter.tables.get('red')!)).to.deep.equal(before);
    arbiter.take('ingressClasses', 'red', { metadata: { name: 'red' }, spec: { controller: ownController, parameters } });
    expect(arbiter.settle(0).failures).to.deep.equal([]);
    expect(arbiter.findings().filter(({ code }) => code === 'IA161')).to.deep.equal([]);
  });
});

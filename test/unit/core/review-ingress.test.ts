import { expect } from 'chai';
import { createArbiter } from '../../../src/core/arbiter.js';
import { claimOf } from '../../../src/core/claim.js';
import type { Ingress } from '../../../src/core/kubernetes-objects.js';
import { MOST_WARNINGS, type Review } from '../../../src/core/review-ingress.js';

const ofClass = (name: string, parameters?: string): never => ({
  metadata: { name }, spec: { controller: 'ingress-arbiter.io/controller', ...(parameters === undefined ? {} : { parameters: { kind: 'ConfigMap', name: parameters, scope: 'Namespace', namespace: 'edge' } }) },
}) as never;

function ingress(name: string, { className = 'blue', host = 'a.test', path = '/', created, annotations = {} }: { className?: string; host?: string; path?: string; created?: string; annotations?: Record<string, string> } = {}): Ingress {
  return {
    metadata: { name, namespace: 'shop', annotations, ...(created === undefined ? {} : { creationTimestamp: created }) },
    spec: { ingressClassName: className, rules: [{ host, http: { paths: [{ path, pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] },
  } as Ingress;
}

describe('core: review of an Ingress before it is stored', () => {
  const arbiterWith = (stored: readonly Ingress[], { strict = false } = {}) => {
    const arbiter = createArbiter([claimOf('blue'), claimOf('green')], () => { throw new Error('no certificate here'); });
    arbiter.take('ingressClasses', 'blue', ofClass('blue', strict ? 'blue' : undefined));
    arbiter.take('ingressClasses', 'green', ofClass('green'));
    arbiter.take('ingressClasses', 'other', { metadata: { name: 'other' }, spec: { controller: 'example.com/other' } } as never);
    if (strict) arbiter.take('configMaps', 'edge/blue', { metadata: { name: 'blue', namespace: 'edge' }, data: { 'strict-admission': 'true' } } as never);
    arbiter.take('services', 'shop/web', { metadata: { name: 'web', namespace: 'shop' }, spec: { ports: [{ port: 80 }] } } as never);
    for (const one of stored) arbiter.take('ingresses', `shop/${one.metadata.name}`, one);
    arbiter.settle(0);
    return arbiter;
  };
  const old = ingress('old', { created: '2026-01-01T00:00:00Z' });
  const about = (review: Review, code: string): string[] => review.warnings.filter((text) => text.startsWith(code));

  it('says who would own it, and nothing when all is well', () => {
    expect(arbiterWith([]).review({ ingress: ingress('new'), before: undefined })).to.deep.equal({ allowed: true, warnings: [], owner: 'blue', rule: 'field' });
  });

  it('says nothing about Ingresses of other controllers, whatever is in them', () => {
    const review = arbiterWith([], { strict: true }).review({ ingress: ingress('new', { className: 'other', path: '/a\nb' }), before: undefined });
    expect(review).to.deep.equal({ allowed: true, warnings: [], owner: undefined, rule: 'foreign-controller' });
  });

  it('warns of a path that another one has, by name, and only on the same host', () => {
    const arbiter = arbiterWith([old]);
    expect(arbiter.review({ ingress: ingress('new'), before: undefined }).warnings).to.deep.equal(['IA124: path "/" of host "a.test" belongs to Ingress shop/old, which is older; choose another path or remove one of the two']);
    for (const other of [ingress('new', { host: 'b.test' }), ingress('new', { path: '/b' }), ingress('new', { className: 'green' })]) expect(arbiter.review({ ingress: other, before: undefined }).warnings).to.deep.equal([]);
  });

  it('warns when an older one takes a path from another', () => {
    const older = ingress('older', { host: 'b.test', created: '2025-01-01T00:00:00Z' });
    const review = arbiterWith([old, older]).review({ ingress: { ...ingress('older', { created: '2025-01-01T00:00:00Z' }) }, before: older });
    expect(review.warnings).to.have.length(1).and.satisfy(([text]: string[]) => text!.startsWith('IA124: Ingress shop/old: '));
  });

  it('warns of a move between classes, and of one out of them', () => {
    const arbiter = arbiterWith([old]);
    const moved = arbiter.review({ ingress: ingress('old', { className: 'green' }), before: old });
    expect([moved.owner, moved.warnings.length]).to.deep.equal(['green', 1]);
    expect(moved.warnings[0]).to.match(/^it moves from class blue to class green \(rule field\)/);
    expect(arbiter.review({ ingress: ingress('old', { className: 'other' }), before: old }).warnings[0]).to.match(/^class blue will not serve it any more \(rule foreign-controller\)/);
  });

  it('warns of annotations that are refused, worst first, and of no more than a few', () => {
    const annotations = Object.fromEntries([['nginx.ingress.kubernetes.io/configuration-snippet', 'deny all;'], ...Array.from({ length: 30 }, (_, at) => [`nginx.ingress.kubernetes.io/unheard-of-${at}`, 'x'])]) as Record<string, string>;
    const { allowed, warnings } = arbiterWith([]).review({ ingress: ingress('new', { annotations }), before: undefined });
    expect([allowed, warnings.length]).to.deep.equal([true, MOST_WARNINGS]);
    expect(warnings[0]).to.match(/^IA15[0-3]: /);
  });

  it('says nothing of a ConfigMap that is looked for once the Ingress is stored, and strict does not wait for it for ever', () => {
    for (const strict of [false, true]) {
      const annotations = { 'nginx.ingress.kubernetes.io/auth-url': 'http://web.shop.svc/', 'nginx.ingress.kubernetes.io/auth-proxy-set-headers': 'later' };
      const review = arbiterWith([], { strict }).review({ ingress: ingress('new', { annotations }), before: undefined });
      expect([review.allowed, about(review, 'IA146')]).to.deep.equal([true, []]);
    }
  });

  it('strict: refuses what its own words keep from being served', () => {
    const arbiter = arbiterWith([old], { strict: true });
    for (const wrong of [ingress('new'), ingress('new', { path: '/a\nb' }), ingress('new', { host: 'a_b.test' })]) {
      const review = arbiter.review({ ingress: wrong, before: undefined });
      expect([review.allowed, review.warnings.length], JSON.stringify(wrong.spec)).to.deep.equal([false, 1]);
    }
    expect(arbiter.review({ ingress: ingress('new', { path: '/fine' }), before: undefined }).allowed).to.equal(true);
  });

  it('strict: does not refuse what may come later, such as its Service', () => {
    const late = ingress('new', { path: '/late' });
    late.spec!.rules![0]!.http!.paths![0]!.backend!.service!.name = 'not-yet';
    const review = arbiterWith([], { strict: true }).review({ ingress: late, before: undefined });
    expect([review.allowed, about(review, 'IA131').length]).to.deep.equal([true, 1]);
  });

  it('strict: does not refuse what waits for the Secret or the Service that is to protect it', () => {
    const arbiter = arbiterWith([], { strict: true });
    const waiting: [code: string, annotations: Record<string, string>][] = [
      ['IA140', { 'auth-tls-secret': 'later' }], ['IA140', { 'auth-tls-secret': 'shop/later' }], ['IA140', { 'proxy-ssl-secret': 'later', 'backend-protocol': 'HTTPS' }],
      ['IA140', { 'auth-type': 'basic', 'auth-secret': 'later' }], ['IA131', { 'auth-url': 'http://later.shop.svc/' }], ['IA132', { 'auth-url': 'http://web.shop.svc:81/' }],
    ];
    for (const [code, annotations] of waiting) {
      const review = arbiter.review({ ingress: ingress('new', { annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value])) }), before: undefined });
      expect([review.allowed, about(review, code).length], JSON.stringify([annotations, review.warnings])).to.deep.equal([true, 1]);
    }
    const never = arbiter.review({ ingress: ingress('new', { annotations: { 'nginx.ingress.kubernetes.io/auth-tls-secret': 'other/later' } }), before: undefined });
    expect([never.allowed, about(never, 'IA153').length]).to.deep.equal([false, 1]);
  });

  it('strict: what is stored with its faults can still be written, but gets no new ones', () => {
    const faulty = ingress('faulty', { created: '2026-02-01T00:00:00Z' });
    const arbiter = arbiterWith([old, faulty], { strict: true });
    const labelled = { ...faulty, metadata: { ...faulty.metadata, labels: { touched: 'yes' } } };
    expect(arbiter.review({ ingress: labelled, before: faulty }).allowed).to.equal(true);
    const worse = ingress('faulty', { created: '2026-02-01T00:00:00Z', path: '/a\nb' });
    expect(arbiter.review({ ingress: worse, before: faulty }).allowed).to.equal(false);
  });

  it('costs what is on its hosts: the same at 200 and at 20,000 other Ingresses', function () {
    this.timeout(30_000);
    const perReview = (count: number): number => {
      const arbiter = arbiterWith(Array.from({ length: count }, (_, at) => ingress(`i-${at}`, { host: `h-${at}.test`, created: '2026-01-01T00:00:00Z' })));
      const once = (): number => {
        const from = process.cpuUsage();
        for (let at = 0; at < 300; at += 1) arbiter.review({ ingress: ingress('new', { host: `h-${at % count}.test` }), before: undefined });
        const { user, system } = process.cpuUsage(from);
        return user + system;
      };
      once();
      return Math.min(once(), once(), once());
    };
    expect(perReview(20_000) / perReview(200)).to.be.lessThan(4);
  });
});

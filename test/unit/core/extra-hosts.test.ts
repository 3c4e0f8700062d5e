// Hosts that an Ingress has no rule for: which ones annotations give it, and that whoever has a rule keeps paths, certificate and
// clients' authority.
import { expect } from 'chai';
import { createArbiter } from '../../../src/core/arbiter.js';
import { claimOf } from '../../../src/core/claim.js';
import { decide } from '../../../src/core/decide.js';
import { hostNames } from '../../../src/core/annotations/host-names.js';
import { extraHosts } from '../../../src/core/extra-hosts.js';
import type { Ingress } from '../../../src/core/kubernetes-objects.js';
import type { HostRoutes, ServerName } from '../../../src/route-table/types.js';
import { parseManifests, snapshotOf } from '../../fixtures/manifests.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

const ingress = (name: string, hosts: string[], options: { annotations?: Record<string, string>; day?: number; namespace?: string; secret?: string } = {}): string => `---\n${JSON.stringify({
  kind: 'Ingress',
  metadata: { name, namespace: options.namespace ?? 'shop', creationTimestamp: `2026-01-0${options.day ?? 1}T00:00:00Z`, annotations: Object.fromEntries(Object.entries(options.annotations ?? {}).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value])) },
  spec: { ingressClassName: 'web', rules: hosts.map((host) => ({ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } })), ...(options.secret && { tls: [{ secretName: options.secret }] }) },
})}\n`;
const around = ['shop', 'other'].map((namespace) => `---\n${JSON.stringify({ kind: 'Service', metadata: { name: 'web', namespace }, spec: { ports: [{ port: 80 }] } })}\n---\n${JSON.stringify({ kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name: 'cert', namespace }, stringData: { 'tls.crt': `names: a.test, www.a.test, ${namespace}.test, b.test`, 'tls.key': 'key' } })}\n`).join('') +
  `---\n${JSON.stringify({ kind: 'IngressClass', metadata: { name: 'web' }, spec: { controller: 'ingress-arbiter.io/controller' } })}\n`;
const decided = (...ingresses: string[]): { routes(host: string): string[]; certificate(host: string): ServerName | undefined; kinds: string[]; policies(host: string): unknown } => {
  const { tables, findings } = decide(snapshotOf(parseManifests(around + ingresses.join(''))), [claimOf('web')], inspectStub);
  const table = tables.get('web')!;
  const routes = (host: string): string[] => ((table.get(`host/${host}`) as HostRoutes | undefined)?.routes ?? []).map(({ match, path, namespace, ingress: name, backend }) => `${match} ${path} ${namespace}/${name}${backend === '' ? '' : ' serves'}`);
  return { routes, certificate: (host) => table.get(`sni/${host}`) as ServerName | undefined, kinds: findings.map(({ kind, object }) => `${kind} ${object}`), policies: (host) => (table.get(`host/${host}`) as HostRoutes | undefined)?.policies };
};

describe('core: extra-hosts', () => {
  it('reads names, and nothing that is a pattern', () => {
    expect(hostNames.read(' A.test., *.b.test,a.test,')).to.deep.equal({ value: ['a.test', '*.b.test'] });
    for (const text of ['~^www\\d+\\.a\\.test$', 'a b', '10.0.0.1', '*', 'a.*.test', 'a.test;', ',', 'a\ntest', Array.from({ length: 33 }, (_, at) => `h${at}.test`).join(',')]) expect(hostNames.read(text), text).to.have.property('problem');
  });

  it('reads patterns that stand for a few names, and no others', () => {
    const few: [string, string[]][] = [
      ['~^www\\.a\\.test$', ['www.a.test']], ['~^(www|shop)\\.a\\.test$', ['www.a.test', 'shop.a.test']], ['~^(?:www\\.)?A.test$', ['www.a.test', 'a.test']], ['~^w[1-3x]?\\.a\\.test$', ['w1.a.test', 'w2.a.test', 'w3.a.test', 'wx.a.test', 'w.a.test']],
      ['~^a(b(c|d)|)\\-e\\.test$', ['abc-e.test', 'abd-e.test', 'a-e.test']], ['~^[^.]+\\.a\\.test$', ['*.a.test']], ['~^(.+)\\.(a|b)\\.test$', ['*.a.test', '*.b.test']], ['~^(?:[a-z0-9-]+)\\.a\\.test$', ['*.a.test']], ['~^h\\d\\.test$', Array.from({ length: 10 }, (_, at) => `h${at}.test`)],
    ];
    for (const [text, names] of few) expect(hostNames.read(text), text).to.deep.equal({ value: names });
    expect(hostNames.read('x.test, ~^(y|x)\\.test$')).to.deep.equal({ value: ['x.test', 'y.test'] });
    const none = ['~', '~^$', '~a.test', '~^a.test', '~a.test$', '~^a+\\.test$', '~^a{2}\\.test$', '~^(?!a)b\\.test$', '~^[^a]\\.test$', '~^[a-z0-9]\\.test$', '~^(a|b\\.test$', '~^a)\\.test$', '~^a\\.test$|^b\\.test$', '~^\\w\\.test$', '~^.+$', '~^a\\..+\\.test$', '~^a?$', '~^(a|)(b|)(c|)(d|)(e|)(f|)x\\.test$', '~^-a\\.test$', '~^[^.]+\\.a\\.test|b\\.test$', '~^a\\.1\\$', `~^${'('.repeat(300)}a$`, '~^10\\.0\\.0\\.1$', '~^[z-a]\\.test$', '~*^a\\.test$', '~^a\\.test$;', '~^a\n\\.test$'];
    for (const text of none) expect(hostNames.read(text), text.slice(0, 40)).to.have.property('problem');
  });

  it('counterparts with and without www., never of wildcards, of hosts that are there already, or of names that would be none', () => {
    const of = (hosts: string[], aliases: string[] = []): string[] => extraHosts({ metadata: { name: 'x' }, spec: { rules: hosts.map((host) => ({ host })) } }, { 'from-to-www-redirect': true, 'server-alias': aliases }).counterparts.map(({ from, to }) => `${from}>${to}`);
    expect(of(['a.test', 'www.b.test', '*.c.test', ''])).to.deep.equal(['www.a.test>a.test', 'b.test>www.b.test']);
    expect(of(['a.test', 'www.a.test'])).to.deep.equal([]);
    expect(of(['a.test'], ['www.a.test'])).to.deep.equal([]);
    expect(of([`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(60)}`])).to.deep.equal([]);
  });

  it('an alias has the paths, policies and certificate of its Ingress', () => {
    const { routes, certificate, kinds } = decided(ingress('one', ['a.test'], { annotations: { 'server-alias': 'b.test,*.c.test' }, secret: 'cert' }));
    expect([routes('b.test'), routes('*.c.test'), kinds]).to.deep.equal([['prefix / shop/one serves'], ['prefix / shop/one serves'], []]);
    expect([certificate('b.test')?.namespace, certificate('*.c.test')]).to.deep.equal(['shop', undefined]);
  });

  it('a rule has its host, however young it is: paths, certificate, authority', () => {
    const old = ingress('old', ['x.test'], { namespace: 'other', annotations: { 'server-alias': 'a.test,b.test' }, secret: 'cert', day: 1 });
    const plain = decided(old, ingress('late', ['a.test'], { day: 3 }));
    expect([plain.routes('a.test'), plain.routes('b.test'), plain.kinds]).to.deep.equal([['prefix / shop/late serves'], ['prefix / other/old serves'], ['alias-taken Ingress other/old']]);
    expect(plain.certificate('a.test')?.namespace, 'is shown to nobody: the host has routes of another namespace only').to.equal('other');
    const withTls = decided(old, ingress('late', ['a.test'], { day: 3, secret: 'cert' }));
    expect([withTls.certificate('a.test')?.certificate, withTls.certificate('a.test')?.namespace]).to.deep.equal(['for-a.test-www.a.test-shop.test-b.test', undefined]);
  });

  it('an alias that has lost its host asks its clients for no certificate, and does again when the rule has gone', () => {
    const arbiter = createArbiter([claimOf('web')], inspectStub);
    const [old, late] = [ingress('old', ['x.test'], { annotations: { 'server-alias': 'a.test', 'auth-tls-secret': 'ca' }, day: 1 }), ingress('late', ['a.test'], { day: 3 })].map((text) => parseManifests(text)[0] as Ingress);
    arbiter.take('ingressClasses', 'web', { metadata: { name: 'web' }, spec: { controller: 'ingress-arbiter.io/controller' } });
    arbiter.take('services', 'shop/web', { metadata: { name: 'web', namespace: 'shop' }, spec: { ports: [{ port: 80 }] } } as never);
    arbiter.take('passwordSecrets', 'shop/ca', { metadata: { name: 'ca', namespace: 'shop' }, type: 'Opaque', data: { 'ca.crt': Buffer.from('names: ca').toString('base64') } } as never);
    const asked = (): string[] => {
      arbiter.settle(0);
      return [...arbiter.tables.get('web')!.keys()].filter((key) => key.startsWith('clients/')).sort();
    };
    arbiter.take('ingresses', 'shop/old', old);
    expect(asked()).to.deep.equal(['clients/a.test', 'clients/x.test']);
    arbiter.take('ingresses', 'shop/late', late);
    expect(asked()).to.deep.equal(['clients/x.test']);
    arbiter.take('ingresses', 'shop/late', undefined);
    expect(asked()).to.deep.equal(['clients/a.test', 'clients/x.test']);
  });

  it('from-to-www-redirect gives way to whoever serves the counterpart', () => {
    const redirecting = ingress('one', ['a.test'], { annotations: { 'from-to-www-redirect': 'true' }, secret: 'cert' });
    const alone = decided(redirecting);
    expect([alone.routes('www.a.test'), alone.policies('www.a.test')]).to.deep.equal([['prefix / shop/one'], [{ redirect: { code: 308, location: '$scheme://a.test$request_uri', stripSlash: true } }]]);
    expect(alone.certificate('www.a.test')?.namespace).to.equal('shop');
    const beside = decided(redirecting, ingress('two', ['www.a.test'], { day: 5 }));
    expect([beside.routes('www.a.test'), beside.kinds]).to.deep.equal([['prefix / shop/two serves'], ['alias-taken Ingress shop/one']]);
  });

  it('a closed Ingress is closed under its aliases too, and redirects nobody', () => {
    const { routes } = decided(ingress('one', ['a.test'], { annotations: { 'server-alias': 'b.test', 'from-to-www-redirect': 'true', 'whitelist-source-range': 'x' } }));
    expect([routes('a.test'), routes('b.test'), routes('www.a.test')]).to.deep.equal([['prefix / shop/one'], ['prefix / shop/one'], []]);
  });

  it('budgets of hosts and paths count aliases', () => {
    const settings = `---\n${JSON.stringify({ kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'shop' }, data: { 'max-hosts-per-namespace': '2' } })}\n`;
    const objects = snapshotOf(parseManifests(around.replace('"ingress-arbiter.io/controller"', '"ingress-arbiter.io/controller","parameters":{"kind":"ConfigMap","name":"settings","scope":"Namespace","namespace":"shop"}') + settings +
      ingress('one', ['a.test'], { annotations: { 'server-alias': 'b.test,c.test,d.test' } })));
    const { tables, findings } = decide(objects, [claimOf('web')], inspectStub);
    expect([[...tables.get('web')!.keys()].filter((key) => key.startsWith('host/')), findings.map(({ kind }) => kind)]).to.deep.equal([['host/a.test', 'host/b.test'], ['over-budget']]);
  });
});

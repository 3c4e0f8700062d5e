// ssl-passthrough where the Ingresses of a host meet: who gets its connections, whom nobody gets past, and that it follows every
// change, in whatever order.

import { expect } from 'chai';
import { renderRequest } from '../../../src/cli/explain/render-request.js';
import { createArbiter } from '../../../src/core/arbiter.js';
import { type Claim, claimOf } from '../../../src/core/claim.js';
import { decide } from '../../../src/core/decide.js';
import { explainRequest } from '../../../src/core/explain/explain-request.js';
import { decideFacts } from '../../../src/core/explain/facts.js';
import { readRequestUrl } from '../../../src/core/explain/request-url.js';
import type { Ingress } from '../../../src/core/kubernetes-objects.js';
import { createEndpointCheck } from '../../../src/engine/check-endpoint.js';
import { checkEntry } from '../../../src/engine/check-entry.js';
import type { HostRoutes, PassedHost } from '../../../src/route-table/types.js';
import { parseManifests, snapshotOf } from '../../fixtures/manifests.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

interface Options { annotations?: Record<string, string>; day?: number; namespace?: string; paths?: string[]; host?: string; pathType?: string }

const PASS = { 'ssl-passthrough': 'true' };
const ingress = (name: string, { annotations = {}, day = 1, namespace = 'shop', paths = ['/'], host = 'a.test', pathType = 'Prefix' }: Options = {}): string => `---\n${JSON.stringify({
  kind: 'Ingress',
  metadata: { name, namespace, creationTimestamp: `2026-01-0${day}T00:00:00Z`, annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value])) },
  spec: { ingressClassName: 'web', rules: [{ ...(host !== '' && { host }), http: { paths: paths.map((path) => ({ path, pathType, backend: { service: { name: 'web', port: { number: 443 } } } })) } }] },
})}\n`;
const around = ['shop', 'other'].map((namespace) => `---\n${JSON.stringify({ kind: 'Service', metadata: { name: 'web', namespace }, spec: { ports: [{ port: 443 }] } })}\n`).join('') +
  `---\n${JSON.stringify({ kind: 'IngressClass', metadata: { name: 'web' }, spec: { controller: 'ingress-arbiter.io/controller' } })}\n`;
const passing = claimOf('web', { sslPassthrough: true });
const decided = (ingresses: string[], claim: Claim = passing): { table: ReadonlyMap<string, unknown>; passed: PassedHost | undefined; told: string[]; text: string } => {
  const { tables, findings } = decide(snapshotOf(parseManifests(around + ingresses.join(''))), [claim], inspectStub);
  const table = tables.get('web')!;
  return { table, passed: table.get('passthrough/a.test') as PassedHost | undefined, told: findings.map(({ code, object }) => `${code} ${object}`), text: findings.map(({ message }) => message).join('\n') };
};
const toShop = { namespace: 'shop', ingress: 'web', backend: 'service/shop/web/443' };
const policyOf = (table: ReadonlyMap<string, unknown>): unknown => (table.get('host/a.test') as HostRoutes).policies?.[0];

describe('core: ssl-passthrough', () => {
  it('gives the connections of the host to who has its path "/", whatever the type of the path', () => {
    for (const pathType of ['Prefix', 'Exact', 'ImplementationSpecific']) expect(decided([ingress('web', { annotations: PASS, pathType })])).to.deep.include({ passed: toShop, told: [] });
    expect(decided([ingress('web', { annotations: { ...PASS, 'use-regex': 'true' }, pathType: 'ImplementationSpecific' })]).passed).to.deep.equal(toShop);
    const { table } = decided([ingress('web', { annotations: PASS })]);
    expect(checkEntry('passthrough/a.test', table.get('passthrough/a.test'), { checkEndpoint: createEndpointCheck(false), passesThrough: true, routesPerHost: 10, endpointsPerService: 10 })).to.have.property('json');
    expect([...table.keys()]).to.include('service/shop/web/443');
  });

  it('without a listener that does it, TLS ends at the engine and begins anew, and the Ingress is told', () => {
    const { table, passed, told, text } = decided([ingress('web', { annotations: PASS })], claimOf('web'));
    expect([passed, told]).to.deep.equal([undefined, ['IA151 Ingress shop/web']]);
    expect(text).to.match(/ssl-passthrough is not carried out: listeners of its class.*ask the operator for sslPassthrough/);
    expect(policyOf(table)).to.deep.equal({ protocol: 'https' });
  });

  it('does not pass connections to a name outside of the cluster, also where the class allows it', () => {
    const specs: Record<string, object> = {
      Service: { type: 'ExternalName', externalName: 'api.partner.test' },
      IngressClass: { controller: 'ingress-arbiter.io/controller', parameters: { kind: 'ConfigMap', name: 'settings', scope: 'Namespace', namespace: 'shop' } },
    };
    const settings = `---\n${JSON.stringify({ kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'shop' }, data: { 'external-names': 'api.partner.test' } })}\n`;
    const objects = parseManifests(around + settings + ingress('web', { annotations: PASS })).map((one) => (one.kind in specs ? { ...one, spec: specs[one.kind] } : one));
    const { tables, findings } = decide(snapshotOf(objects), [passing], inspectStub);
    expect(tables.get('web')!.get('passthrough/a.test')).to.equal(undefined);
    expect(findings.map(({ code, message }) => `${code} ${message}`).join()).to.match(/^IA128 .*leads to a name outside of the cluster/);
    expect(tables.get('web')!.get('service/shop/web/443')).to.deep.equal({ endpoints: [{ address: 'api.partner.test', port: 443, resolve: true }] });
  });

  it('plain HTTP is redirected, or goes to the backend over TLS, whatever backend-protocol says', () => {
    expect(policyOf(decided([ingress('web', { annotations: PASS })]).table)).to.deep.equal({ https: 'redirect', protocol: 'https' });
    for (const [protocol, expected] of [['HTTP', 'https'], ['AUTO_HTTP', 'https'], ['FCGI', 'https'], ['GRPC', 'grpcs'], ['GRPCS', 'grpcs']]) {
      expect(policyOf(decided([ingress('web', { annotations: { ...PASS, 'backend-protocol': protocol!, 'ssl-redirect': 'false' } })]).table), protocol).to.deep.equal({ protocol: expected });
    }
  });

  it('two who claim it: the older one has the path and so the connections', () => {
    const two = [ingress('web', { annotations: PASS }), ingress('late', { annotations: PASS, day: 2, namespace: 'other' })];
    for (const all of [two, [...two].reverse()]) expect(decided(all)).to.deep.include({ passed: toShop, told: ['IA124 Ingress other/late'] });
    expect(decided([ingress('web'), ingress('late', { annotations: PASS, day: 2 })])).to.deep.include({ passed: undefined, told: ['IA124 Ingress shop/late', 'IA128 Ingress shop/late'] });
  });

  it('other paths of the host get nothing over TLS, and who has them is told', () => {
    const { passed, told, text } = decided([ingress('web', { annotations: PASS, paths: ['/', '/b', '/c', '/d', '/e'] }), ingress('api', { paths: ['/api'], day: 2, namespace: 'other' })]);
    expect([passed, told]).to.deep.equal([toShop, ['IA129 Ingress other/api', 'IA129 Ingress shop/web']]);
    expect(text).to.match(/"\/api": all connections of host "a\.test" go to Service shop\/web/).and.to.match(/ and 1 more: /);
  });

  it('nobody gets past an older Ingress of another namespace', () => {
    expect(decided([ingress('web', { annotations: PASS, day: 2 }), ingress('old', { paths: ['/old'], namespace: 'other' })])).to.deep.include({ passed: undefined, told: ['IA128 Ingress shop/web'] });
    expect(decided([ingress('web', { annotations: PASS, day: 2 }), ingress('old', { paths: ['/old'] })]).passed, 'of the same one').to.deep.equal(toShop);
  });

  for (const [what, annotations] of Object.entries<Record<string, string>>({
    'addresses that are let in': { 'whitelist-source-range': '10.0.0.0/8' }, 'addresses that are not': { 'denylist-source-range': '10.0.0.0/8' }, 'a list that can not be read': { 'whitelist-source-range': 'x' }, 'another server': { 'auth-url': 'http://web.shop.svc.cluster.local/' },
    'passwords that are not there': { 'auth-type': 'basic', 'auth-secret': 'none' }, 'certificates of clients': { 'auth-tls-secret': 'none' },
  })) {
    it(`nobody gets past ${what}, on any path of the namespace`, () => {
      expect(decided([ingress('web', { annotations: { ...PASS, ...annotations } })]).passed).to.equal(undefined);
      const guarded = decided([ingress('web', { annotations: PASS }), ingress('guard', { annotations, paths: ['/admin'], day: 2 })]);
      expect(guarded.passed).to.equal(undefined);
      expect(guarded.told).to.include('IA128 Ingress shop/web');
      expect(decided([ingress('web', { annotations: PASS }), ingress('guard', { annotations, paths: ['/admin'], day: 2, namespace: 'other' })]).passed, 'a younger one of another namespace takes nothing away').to.deep.equal(toShop);
    });
  }

  it('a rule without a host, a host without "/" and a canary get nothing', () => {
    expect(decided([ingress('web', { annotations: PASS, host: '' })]).told).to.deep.equal(['IA128 Ingress shop/web']);
    expect(decided([ingress('web', { annotations: PASS, paths: ['/only'] })])).to.deep.include({ passed: undefined, told: ['IA128 Ingress shop/web'] });
    expect(decided([ingress('web'), ingress('canary', { annotations: { ...PASS, canary: 'true', 'canary-weight': '10' }, day: 2 })])).to.deep.include({ passed: undefined, told: [] });
  });

  it('explain tells of it for https, whatever the path, and of the routes for http', () => {
    const ingresses = [ingress('web', { annotations: PASS }), ingress('wild', { annotations: PASS, host: '*.b.test' }), ingress('own', { host: 'own.b.test' })];
    const snapshot = snapshotOf(parseManifests(around + ingresses.join('')));
    const facts = decideFacts({ snapshot, claims: [passing], inspect: inspectStub, now: 0, leases: undefined, fromFiles: true, secretsKnown: false });
    const explain = (url: string): string => {
      const request = readRequestUrl(url);
      if (typeof request === 'string') return request;
      return renderRequest(explainRequest(facts, request, ['web']), '').join('\n');
    };
    expect(explain('https://a.test/any?x')).to.match(/^web -> Ingress shop\/web, a\.test \/ .*-> .*shop\/web/).and.to.match(/1\. its connection goes there with its TLS \(ssl-passthrough\)/).and.not.to.match(/ertificate:/);
    expect(explain('https://x.b.test/')).to.match(/^web -> Ingress shop\/wild, \*\.b\.test/);
    for (const url of ['http://a.test/', 'https://own.b.test/']) expect(explain(url), url).not.to.match(/ssl-passthrough/);
  });

  it('follows what comes and goes, step by step as all at once', () => {
    const guard = (annotations: Record<string, string>): string => ingress('guard', { annotations, paths: ['/admin', '/'], day: 2 });
    const steps: string[][] = [
      [ingress('web', { annotations: PASS })], [ingress('web', { annotations: PASS }), guard({ 'whitelist-source-range': '10.0.0.0/8' })], [ingress('web', { annotations: PASS }), guard({})],
      [ingress('web'), guard({})], [guard(PASS)], [ingress('web', { paths: ['/x'] }), guard(PASS)], [],
    ];
    const arbiter = createArbiter([passing], inspectStub);
    arbiter.take('ingressClasses', 'web', { metadata: { name: 'web' }, spec: { controller: 'ingress-arbiter.io/controller' } });
    for (const namespace of ['shop', 'other']) arbiter.take('services', `${namespace}/web`, { metadata: { name: 'web', namespace }, spec: { ports: [{ port: 443 }] } } as never);
    const seen = steps.map((objects) => {
      const now = new Map(parseManifests(objects.join('')).map((object) => [object.metadata.name, object as unknown as Ingress]));
      for (const name of ['web', 'guard']) arbiter.take('ingresses', `shop/${name}`, now.get(name));
      arbiter.settle(0);
      const whole = decided(objects);
      expect(new Map(arbiter.tables.get('web')), objects.join('')).to.deep.equal(new Map(whole.table));
      return whole.passed?.ingress ?? '-';
    });
    expect(seen).to.deep.equal(['web', '-', 'web', '-', 'guard', 'guard', '-']);
  });
});

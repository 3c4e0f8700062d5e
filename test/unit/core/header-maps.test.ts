// Headers out of ConfigMaps that annotations name: which ones are read, what becomes of them, and that a class has the last word
// on their names and on whom a question may go to.
import { expect } from 'chai';
import { claimOf } from '../../../src/core/claim.js';
import { createArbiter } from '../../../src/core/arbiter.js';
import { decide } from '../../../src/core/decide.js';
import { cacheDuration, isCacheKey } from '../../../src/core/annotations/auth-cache.js';
import type { ConfigMap, Ingress, Service } from '../../../src/core/kubernetes-objects.js';
import { createNamedConfigMaps, mostConfigMaps, mostConfigMapsOfNamespace } from '../../../src/core/named-config-maps.js';
import { ownKey } from '../../../src/core/own-object.js';
import { emptySnapshot } from '../../../src/core/snapshot.js';
import type { HostRoutes, Policy } from '../../../src/route-table/types.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

const ingress = (annotations: Record<string, string>, { name = 'web', namespace = 'shop', day = 1 } = {}): Ingress => ({
  metadata: { name, namespace, creationTimestamp: `2026-01-${String(day).padStart(2, '0')}T00:00:00Z`, annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key.includes('/') ? key : `nginx.ingress.kubernetes.io/${key}`, value])) },
  spec: { ingressClassName: 'web', rules: [{ host: `${name}.test`, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] },
});
const service = (name: string, namespace: string): [string, Service] => [`${namespace}/${name}`, { metadata: { name, namespace }, spec: { ports: [{ port: 80 }] } }];

interface Outcome {
  policy: Policy | undefined;
  closed: boolean;
  findings: string[];
}

function outcome(annotations: Record<string, string>, data: Record<string, string> | undefined, settings: Record<string, string> = {}): Outcome {
  const configMap = (name: string, namespace: string, content: Record<string, string>): [string, ConfigMap] => [`${namespace}/${name}`, { metadata: { name, namespace }, data: content }];
  const { tables, findings } = decide({
    ...emptySnapshot(),
    services: new Map([service('web', 'shop'), service('asked', 'shop'), service('asked', 'tools')]),
    ingressClasses: new Map([['web', { metadata: { name: 'web' }, spec: { controller: 'ingress-arbiter.io/controller', parameters: { kind: 'ConfigMap', name: 'settings', scope: 'Namespace', namespace: 'edge' } } }]]),
    configMaps: new Map([configMap('settings', 'edge', settings), ...(data === undefined ? [] : [configMap('headers', 'shop', data)])]),
    ingresses: new Map([['shop/web', ingress(annotations)]]),
  }, [claimOf('web')], inspectStub);
  const { routes, policies } = tables.get('web')!.get('host/web.test') as HostRoutes;
  return { policy: policies?.[routes[0]!.policy ?? -1], closed: routes[0]!.backend === '', findings: findings.map(({ kind }) => kind) };
}

const custom = { 'custom-headers': 'headers' };
const allowed = { 'global-allowed-response-headers': 'X-Team, X-Frame-Options' };

describe('core: headers of ConfigMaps', () => {
  it('custom-headers sets what the class allows, before the annotation\'s own', () => {
    expect(outcome(custom, { 'X-Team': ' shop ', 'x-frame-options': 'DENY' }, allowed)).to.deep.equal({ policy: { answer: { headers: [{ name: 'X-Team', value: 'shop' }, { name: 'x-frame-options', value: 'DENY' }] } }, closed: false, findings: [] });
    const both = outcome({ ...custom, 'ingress-arbiter.io/response-headers': 'X-Team: web' }, { 'X-Team': 'shop' }, allowed);
    expect(both.policy?.answer?.headers).to.deep.equal([{ name: 'X-Team', value: 'shop' }, { name: 'X-Team', value: 'web' }]);
    expect(outcome({ 'custom-headers': 'shop/headers' }, {}, allowed)).to.deep.equal({ policy: undefined, closed: false, findings: [] });
  });

  for (const [title, annotations, data, settings, ...kinds] of [
    ['no ConfigMap', custom, undefined, allowed, 'config-map-missing'], ['another namespace', { 'custom-headers': 'edge/settings' }, {}, allowed, 'config-map-invalid'], ['a name that is none', { 'custom-headers': '../x' }, {}, allowed, 'invalid-annotation'], ['empty', { 'custom-headers': '' }, {}, allowed, 'invalid-annotation'],
    ['a name that the class does not allow', custom, { 'X-Other': 'x' }, allowed, 'config-map-invalid'], ['a class that allows none', custom, { 'X-Team': 'x' }, {}, 'config-map-invalid'],
    ['a name that may never be set, though allowed', custom, { 'Set-Cookie': 'a=b' }, { 'global-allowed-response-headers': 'Set-Cookie' }, 'config-map-invalid'],
    ['two lines', custom, { 'X-Team': 'a\r\nX-Evil: b' }, allowed, 'config-map-invalid'], ['a variable of nginx', custom, { 'X-Team': '$http_cookie' }, allowed, 'config-map-invalid'],
    ['too many', custom, Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`X-${at}`, 'x'])), { 'global-allowed-response-headers': Array.from({ length: 33 }, (_, at) => `X-${at}`).join(',') }, 'config-map-invalid'],
    ['question: no ConfigMap', { 'auth-url': 'http://asked.shop.svc/', 'auth-proxy-set-headers': 'headers' }, undefined, {}, 'config-map-missing'], ['question: what the engine says itself', { 'auth-url': 'http://asked.shop.svc/', 'auth-proxy-set-headers': 'headers' }, { 'X-Original-URL': 'x' }, {}, 'config-map-invalid'],
    ['auth-url: a namespace that the class does not allow', { 'auth-url': 'http://asked.tools.svc/' }, {}, { 'auth-url-namespaces': 'same,login' }, 'protection-not-supported'], ['auth-url: a bad setting allows none', { 'auth-url': 'http://asked.shop.svc/' }, {}, { 'auth-url-namespaces': 'a,,b' }, 'setting-invalid', 'protection-not-supported'],
  ] as const) {
    it(`closes the routes: ${title}`, () => {
      const { closed, findings } = outcome(annotations as Record<string, string>, data as Record<string, string> | undefined, settings as Record<string, string>);
      expect([closed, findings]).to.deep.equal([true, kinds]);
    });
  }

  it('auth-url-namespaces: named ones, the own one, and the class\'s own question anywhere', () => {
    for (const [annotations, settings] of [
      [{ 'auth-url': 'http://asked.tools.svc/' }, { 'auth-url-namespaces': 'tools' }], [{ 'auth-url': 'http://asked.shop.svc/' }, { 'auth-url-namespaces': 'same' }],
      [{}, { 'auth-url-namespaces': 'same', 'global-auth-url': 'http://asked.tools.svc/' }], [{ 'auth-url': 'http://$host/check' }, { 'auth-url-namespaces': 'login' }],
    ] as [Record<string, string>, Record<string, string>][]) {
      const { closed, policy } = outcome(annotations, undefined, settings);
      expect([closed, policy?.external !== undefined], JSON.stringify(settings)).to.deep.equal([false, true]);
    }
  });

  it('auth-cache-key and -duration', () => {
    const { policy } = outcome({ 'auth-url': 'http://asked.shop.svc/', 'auth-cache-key': '$cookie_session$request_uri', 'auth-cache-duration': '200 202 1m, 401 30s' }, undefined);
    expect(policy?.external?.cache).to.deep.equal({ key: '$cookie_session$request_uri', times: [{ statuses: [200, 202], seconds: 60 }, { statuses: [401], seconds: 30 }] });
    for (const key of ['$cookie_a', 'x', '$http_authorization$remote_user', '$ARG_x']) expect(isCacheKey(key), key).to.equal(true);
    for (const key of ['', '$', '$upstream_addr', '$cookie_', '${cookie_a}', '"', 'a\\b', 'a\nb', 'x'.repeat(513), '$ia_verdict', '$ssl_client_raw_cert']) expect(isCacheKey(key), key).to.equal(false);
    expect(cacheDuration.read('5m')).to.deep.equal({ value: [{ statuses: [200, 301, 302], seconds: 300 }] });
    expect(cacheDuration.read('200 400d')).to.deep.equal({ value: [{ statuses: [200], seconds: 86_400 }] });
    // As for nginx, a number alone is seconds.
    expect([cacheDuration.read('200'), cacheDuration.read('404 5')]).to.deep.equal([{ value: [{ statuses: [200, 301, 302], seconds: 200 }] }, { value: [{ statuses: [404], seconds: 5 }] }]);
    for (const text of ['', 'any 5m', '99 5m', '200 5m,', '200 -1m', '200 5y']) expect(cacheDuration.read(text), text).to.have.property('problem');
  });
});

describe('core: named-config-maps', () => {
  it('reads names of the own namespace only', () => {
    expect([ownKey('a', 'n'), ownKey(' n/a ', 'n'), ownKey('m/a', 'n'), ownKey('n/a/b', 'n'), ownKey('', 'n'), ownKey('A', 'n'), ownKey('a', '')]).to.deep.equal(['n/a', 'n/a', undefined, undefined, undefined, undefined, undefined]);
  });

  it('has a bound in all and for a namespace, and the oldest come first', () => {
    const named = createNamedConfigMaps([{ annotationPrefixes: ['own.example'] }, {}]);
    named.set('late', ingress({ 'custom-headers': 'late' }, { name: 'late', day: 9 }));
    for (let at = 0; at < mostConfigMapsOfNamespace; at++) named.set(`old${at}`, ingress({ [at % 2 === 0 ? 'own.example/custom-headers' : 'auth-proxy-set-headers']: `old${at}` }, { name: `old${at}` }));
    expect(named.keys()).to.have.length(mostConfigMapsOfNamespace).and.not.include('shop/late');
    named.set('old0', undefined);
    expect(named.keys()).to.include('shop/late').and.not.include('shop/old0');
    for (let at = 0; at < 300; at++) named.set(`other${at}`, ingress({ 'custom-headers': 'x' }, { name: 'x', namespace: `n${at}`, day: 2 }));
    expect(named.keys()).to.have.length(mostConfigMaps).and.include('shop/old1').and.not.include('shop/late');
  });

  it('an Ingress is planned anew when its ConfigMap comes, changes and goes', () => {
    const arbiter = createArbiter([claimOf('web')], inspectStub);
    const isOpen = (): boolean => (arbiter.tables.get('web')!.get('host/web.test') as HostRoutes).routes[0]!.backend !== '';
    arbiter.take('ingressClasses', 'web', { metadata: { name: 'web' }, spec: { controller: 'ingress-arbiter.io/controller' } });
    arbiter.take('services', ...service('web', 'shop'));
    arbiter.take('services', ...service('asked', 'shop'));
    arbiter.take('ingresses', 'shop/web', ingress({ 'auth-url': 'http://asked.shop.svc/', 'auth-proxy-set-headers': 'headers' }));
    expect(arbiter.namedConfigMaps()).to.deep.equal(['shop/headers']);
    arbiter.settle(0);
    expect(isOpen()).to.equal(false);
    arbiter.take('configMaps', 'shop/headers', { metadata: { name: 'headers', namespace: 'shop' }, data: { 'X-A': 'b' } });
    arbiter.settle(1);
    expect(isOpen()).to.equal(true);
    arbiter.take('configMaps', 'shop/headers', undefined);
    arbiter.settle(2);
    expect(isOpen(), 'it has no grace: what it said is not known any more').to.equal(false);
  });
});

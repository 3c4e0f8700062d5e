// Explanations as data: an Ingress, a request, and all classes, each over a small cluster in which something is wrong.
import { expect } from 'chai';
import { canaryWords, policyWords } from '../../../../src/cli/explain/policy-words.js';
import { claimOf } from '../../../../src/core/claim.js';
import { describeClasses } from '../../../../src/core/explain/describe-classes.js';
import { explainIngress, type IngressExplanation } from '../../../../src/core/explain/explain-ingress.js';
import { type TakenRequest, explainRequest } from '../../../../src/core/explain/explain-request.js';
import { type Decided, type Facts, decideFacts } from '../../../../src/core/explain/facts.js';
import { describePolicy } from '../../../../src/core/explain/policy-view.js';
import { type AskedRequest, readRequestUrl } from '../../../../src/core/explain/request-url.js';
import { parseManifests, snapshotOf } from '../../../fixtures/manifests.js';
import { inspectStub } from '../../../fixtures/stub-certificates.js';

const cluster = `
kind: IngressClass
metadata: {name: nginx-external}
spec: {controller: ingress-arbiter.io/controller}
---
kind: IngressClass
metadata: {name: nginx-internal}
spec: {controller: ingress-arbiter.io/controller}
---
kind: IngressClass
metadata: {name: alb, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}
spec: {controller: ingress.k8s.aws/alb}
---
kind: Ingress
metadata: {namespace: shop, name: web, creationTimestamp: "2026-01-01T00:00:00Z", annotations: {kubernetes.io/ingress.class: nginx}}
spec:
  ingressClassName: nginx-internal
  tls: [{hosts: [a.test], secretName: cert}]
  rules:
  - host: a.test
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}, {path: /api, pathType: Prefix, backend: {service: {name: gone, port: {number: 80}}}}]}
---
kind: Ingress
metadata: {namespace: shop, name: late, creationTimestamp: "2026-02-01T00:00:00Z"}
spec:
  ingressClassName: nginx-external
  rules:
  - host: a.test
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}, {path: "/x\\n", pathType: Exact, backend: {service: {name: web, port: {number: 80}}}}]}
---
kind: Ingress
metadata: {namespace: shop, name: typo}
spec: {ingressClassName: ngnix-external, rules: [{host: b.test}]}
---
kind: Ingress
metadata: {namespace: shop, name: old, annotations: {nginx.ingress.kubernetes.io/rewrite-target: /$2}}
spec:
  ingressClassName: nginx-internal
  rules:
  - host: "*.i.test"
    http: {paths: [{path: "/svc(/|$)(.*)", pathType: ImplementationSpecific, backend: {service: {name: web, port: {number: 80}}}}]}
---
kind: Ingress
metadata: {namespace: shop, name: other, annotations: {kubernetes.io/ingress.class: alb}}
spec: {rules: [{host: c.test}]}
---
kind: Service
metadata: {namespace: shop, name: web}
spec: {ports: [{name: http, port: 80}]}
---
kind: EndpointSlice
metadata: {namespace: shop, name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints: [{addresses: [10.0.0.1]}, {addresses: [10.0.0.2]}, {addresses: [10.0.0.3], conditions: {ready: false}}]
ports: [{name: http, port: 8080}]
---
kind: Secret
metadata: {namespace: shop, name: cert}
type: kubernetes.io/tls
stringData: {tls.crt: "names: a.test", tls.key: key}
`;

const now = Date.parse('2026-06-01T00:00:00Z');
function decided(more: Partial<Facts> = {}): Decided {
  return decideFacts({
    snapshot: snapshotOf(parseManifests(cluster)), claims: [claimOf('nginx-internal'), claimOf('nginx-external', { annotationValues: ['nginx'] })],
    inspect: (chain, key) => ({ ...inspectStub(chain, key), endsAt: now + 10.5 * 86_400_000 }), now, leases: undefined, fromFiles: false, secretsKnown: true, ...more,
  });
}
const ask = (url: string, listener = ['nginx-external'], facts = decided()) => explainRequest(facts, readRequestUrl(url) as AskedRequest, listener);

describe('explainIngress', () => {
  const of = (key: string, facts = decided()) => explainIngress(facts, key) as IngressExplanation;

  it('tells how the class was asked for, what was overruled, who has it, and where each route goes', () => {
    const web = of('shop/web');
    expect(web).to.deep.include({ owner: 'nginx-external', rule: 'annotation', reference: { by: 'annotation', value: 'nginx', overruled: 'nginx-internal' }, holder: { state: 'unknown', because: 'forbidden' } });
    expect(web.routes.map(({ path, state, endpoints }) => [path, state, endpoints])).to.deep.equal([
      ['/', 'served', { service: 'shop/web', port: '80', state: 'known', inUse: 2, idle: 1 }],
      ['/api', 'served', { service: 'shop/gone', port: '80', state: 'unresolved', inUse: 0, idle: 0 }]]);
    expect(web.findings.map(({ code }) => code)).to.deep.equal(['IA104', 'IA131']);
  });

  it('names the winner of a lost route, and keeps apart what is refused', () => {
    expect(of('shop/late').routes.map(({ path, state, takenBy }) => [path, state, takenBy])).to.deep.equal([['/', 'taken', 'shop/web'], ['/x\n', 'refused', undefined]]);
    expect(of('shop/late').findings.map(({ code }) => code)).to.deep.equal(['IA121', 'IA124']);
  });

  it('suggests the class that was meant, and the Ingress', () => {
    expect(of('shop/typo')).to.deep.include({ rule: 'unknown-class', suggestion: 'nginx-external', routes: [] }).and.not.have.property('owner');
    expect(explainIngress(decided(), 'shop/wed')).to.deep.equal({ missing: 'shop/wed', suggestion: 'shop/web' });
    expect(explainIngress(decided(), 'elsewhere/typo')).to.deep.equal({ missing: 'elsewhere/typo', suggestion: 'shop/typo' });
    expect(explainIngress(decided(), 'x/y')).to.deep.equal({ missing: 'x/y' });
  });

  it('does not know from files what only a cluster has', () => {
    const { routes, findings } = of('shop/web', decided({ fromFiles: true, secretsKnown: false }));
    expect(routes.map(({ endpoints }) => endpoints!.state)).to.deep.equal(['known', 'unknown']);
    expect(findings.map(({ code }) => code)).to.deep.equal(['IA104']);
  });

  it('knows the holder from the Leases, and a silent one by its age', () => {
    const lease = { holder: 'edge-a', epoch: 3, ageMs: 2000, durationMs: 15_000 };
    const holder = (ageMs: number | undefined, name = 'edge-a') => of('shop/web', decided({ leases: new Map([['nginx-external', { ...lease, ageMs, holder: name }]]) })).holder;
    expect(holder(2000)).to.deep.equal({ state: 'held', by: 'edge-a', epoch: 3 });
    expect(holder(undefined)).to.deep.include({ state: 'held' });
    expect(holder(15_001)).to.deep.include({ state: 'silent', silentMs: 15_001 });
    expect(holder(0, '')).to.deep.equal({ state: 'nobody' });
    expect(of('shop/web', decided({ leases: new Map() })).holder).to.deep.equal({ state: 'nobody' });
  });
});

describe('explainRequest', () => {
  it('follows a request to its Service, and shows the certificate', () => {
    const { taken, steps, certificate, status, neighbours } = ask('https://a.test/x');
    expect(taken).to.deep.include({ class: 'nginx-external', hostMatch: 'exact', ingress: 'shop/web', path: '/', sentPath: '/x' });
    expect(taken!.endpoints).to.include({ inUse: 2, idle: 1 });
    expect(steps.map(({ found, why }) => [found, why])).to.deep.equal([['route', 'only']]);
    expect(certificate!.served).to.deep.include({ secret: 'shop/cert', ingress: 'shop/web', foundAs: 'a.test', daysLeft: 10 });
    expect([status, neighbours]).to.deep.equal([undefined, { otherClasses: [], unserved: [] }]);
  });

  it('rewrites as the proxy does', () => {
    expect(ask('http://x.i.test/svc/a/b', ['nginx-internal']).taken).to.deep.include({ hostMatch: 'wildcard', host: '*.i.test', match: 'regex', rewrite: '/$2', sentPath: '/a/b' });
  });

  it('answers by itself: 503 without endpoints, 404 without a route, 400 without a normal form', () => {
    expect(ask('http://a.test/api/v1').status).to.equal(503);
    expect(ask('http://nobody.test/').status).to.equal(404);
    expect(ask('http://a.test/../x').status).to.equal(400);
    expect(ask('http://a.test/api', ['nginx-external'], decided({ fromFiles: true })).status).to.equal(undefined);
  });

  it('tells what the route asks for beside its backend: whom it asks first, and no password', () => {
    const guarded = (annotations: Record<string, string>, name = 'guarded', path = '/'): string => `---
kind: Ingress
metadata: {namespace: shop, name: ${name}, annotations: ${JSON.stringify(Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value])))}}
spec: {ingressClassName: nginx-external, rules: [{host: g.test, http: {paths: [{path: ${path}, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
`;
    const of = (manifests: string): TakenRequest => {
      const facts = decided({ snapshot: snapshotOf(parseManifests(cluster + manifests)) });
      return explainRequest(facts, readRequestUrl('http://g.test/') as AskedRequest, ['nginx-external']).taken!;
    };
    const own = guarded({ 'auth-url': 'https://$host/oauth2/auth', 'whitelist-source-range': '10.0.0.0/8' }) + guarded({}, 'proxy', '/oauth2');
    const { policy } = of(own);
    expect(policy).to.deep.include({ allow: ['0a000000/8'], asked: 'Ingress shop/proxy, Service shop/web/80' });
    const withPassword = describePolicy({ basic: { realm: 'Office', users: ['alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g='] } }, { decided: decided(), class: 'nginx-external', host: 'g.test', listener: [] });
    expect([withPassword, policyWords(withPassword)]).to.deep.equal([{ basic: { realm: 'Office', users: 1 } }, ['asks for a password (Office), 1 user']]);
    expect(policyWords(policy!).join('; ')).to.match(/let in by address: 1 network.*asks https:\/\/\$host\/oauth2\/auth \(GET\) first: Ingress shop\/proxy/);
    expect(policyWords(of(guarded({ 'auth-url': 'http://elsewhere.test/' })).policy!).join()).to.match(/nobody answers for it here, so requests are answered with 503/);
    expect(policyWords(of(guarded({ 'auth-url': 'http://g.test/' })).policy!).join(), 'itself').to.match(/nobody answers/);
    const taken = of(guarded({}) + guarded({ canary: 'true', 'canary-weight': '20' }, 'next'));
    expect(canaryWords(taken.canary!)).to.match(/^canary next takes some: 20 of 100 -> /);
    expect(taken.policy).to.equal(undefined);
  });

  it('searches the classes of the listener only, in their order, and names the others', () => {
    const { steps, neighbours, taken } = ask('http://x.i.test/svc', ['nginx-external']);
    expect(taken).to.equal(undefined);
    expect(steps.map(({ hostMatch }) => hostMatch)).to.deep.equal(['exact', 'wildcard', 'any-host', 'default-backend']);
    expect(neighbours.otherClasses).to.deep.equal(['nginx-internal']);
    expect(ask('http://x.i.test/svc', ['nginx-external', 'nginx-internal']).taken!.class).to.equal('nginx-internal');
  });

  it('points to a host of almost the same name, and to an Ingress that nobody serves', () => {
    expect(ask('http://aa.test/').neighbours.similarHost).to.equal('a.test');
    expect(ask('http://b.test/').neighbours.unserved).to.deep.equal([{ ingress: 'shop/typo', rule: 'unknown-class' }]);
  });
});

describe('describeClasses', () => {
  it('counts Ingresses by the way they name a class, and tells whose it is', () => {
    const { classes, unserved } = describeClasses(decided());
    expect(classes.map((row) => [row.class, row.state, row.ingresses, row.isDefault])).to.deep.equal([
      ['alb', 'foreign', { field: 0, annotation: 1, default: 0 }, true],
      ['nginx-external', 'ok', { field: 1, annotation: 1, default: 0 }, false],
      ['nginx-internal', 'ok', { field: 1, annotation: 0, default: 0 }, false]]);
    expect(unserved.map(({ ingress, rule, suggestion }) => [ingress, rule, suggestion])).to.deep.equal([['shop/typo', 'unknown-class', 'nginx-external']]);
  });

  it('tells conflicts and what nobody claims', () => {
    const state = (...claims: Facts['claims']) => Object.fromEntries(describeClasses(decided({ claims })).classes.map((row) => [row.class, [row.state, row.conflicts.length]]));
    expect(state(claimOf('alb'), claimOf('nginx-external'))).to.deep.equal({ alb: ['conflict', 1], 'nginx-external': ['ok', 0], 'nginx-internal': ['unclaimed', 0] });
    expect(state(claimOf('nginx-external', { annotationValues: ['x'] }), claimOf('nginx-internal', { annotationValues: ['x'] }))).to.deep.include({ 'nginx-external': ['conflict', 1], 'nginx-internal': ['conflict', 1] });
    expect(describeClasses(decided({ leases: new Map() })).classes.map((row) => row.state)).to.deep.equal(['foreign', 'unclaimed', 'unclaimed']);
  });

  it('counts Ingresses without a class for the claim that takes them', () => {
    const snapshot = snapshotOf(parseManifests('kind: Ingress\nmetadata: {name: bare}\nspec: {}'));
    const { classes } = describeClasses(decided({ snapshot, claims: [claimOf('red', { claimClassless: true })] }));
    expect(classes.map((row) => row.ingresses)).to.deep.equal([{ field: 0, annotation: 0, default: 1 }]);
  });
});

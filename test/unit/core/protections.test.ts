// Must: what keeps requests out is carried out, or the route answers 503. For any mix of the annotations that do, with any values.

import { expect } from 'chai';
import fc from 'fast-check';
import { createArbiter } from '../../../src/core/arbiter.js';
import { claimOf } from '../../../src/core/claim.js';
import type { Ingress } from '../../../src/core/kubernetes-objects.js';
import type { HostRoutes, Policy } from '../../../src/route-table/types.js';
import { createEndpointCheck } from '../../../src/engine/check-endpoint.js';
import { checkEntry } from '../../../src/engine/check-entry.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

const encode = (text: string): string => Buffer.from(text).toString('base64');
const hash = '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=';

/** Annotations that keep requests out, some values that can be carried out, and the field of the policy that does it. */
const protecting: Record<string, { sound: string[]; field: keyof Policy }> = {
  'whitelist-source-range': { sound: ['10.0.0.0/8', '::1'], field: 'allow' },
  'denylist-source-range': { sound: ['10.0.0.0/8'], field: 'deny' },
  'auth-type': { sound: ['basic'], field: 'basic' },
  'auth-secret': { sound: ['people', 'shop/people'], field: 'basic' },
  'auth-url': { sound: ['http://web.shop.svc/', 'https://$host/oauth2/auth'], field: 'external' },
  'auth-tls-secret': { sound: ['ca', 'shop/ca'], field: 'clients' },
  'auth-tls-match-cn': { sound: ['CN=alice'], field: 'clients' },
  'proxy-ssl-verify': { sound: ['on'], field: 'tls' },
};
const beside = { 'backend-protocol': 'HTTPS', 'proxy-ssl-secret': 'ca', 'proxy-ssl-name': 'a.test', 'proxy-ssl-verify-depth': '2', 'auth-method': 'POST', 'auth-response-headers': 'X-User', 'auth-tls-verify-client': 'optional', 'auth-tls-verify-depth': '2', 'auth-secret-type': 'auth-map', satisfy: 'any', 'enable-global-auth': 'true' };
const names = [...Object.keys(protecting), ...Object.keys(beside)];

const hostile = fc.oneof(fc.constantFrom('', ' ', 'on', 'off', 'none', 'basic', 'digest', 'x', '../x', 'other/x', 'people', 'ca', 'nowhere', '0.0.0.0/0 ; deny', '10.0.0.0/33', 'http://127.0.0.1/', 'http://nobody.shop.svc/', 'CN=(a+)+$', '\r\nX: y', '__proto__'), fc.string({ maxLength: 20 }));
const valueOf = (name: string): fc.Arbitrary<string> => fc.oneof(fc.constantFrom(...(protecting[name]?.sound ?? [beside[name as keyof typeof beside]])), hostile);
const written = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 6 }).chain((chosen) => fc.tuple(...chosen.map((name) => fc.tuple(fc.constant(name), valueOf(name)))));

/** The one route of an Ingress with these annotations, and its policy. */
function served(annotations: readonly (readonly [string, string])[]): { closed: boolean; policy: Policy } {
  const arbiter = createArbiter([claimOf('nginx-external')], inspectStub);
  const meta = (name: string): { name: string; namespace: string } => ({ name, namespace: 'shop' });
  arbiter.take('ingressClasses', 'nginx-external', { metadata: { name: 'nginx-external' }, spec: { controller: 'ingress-arbiter.io/controller' } });
  arbiter.take('services', 'shop/web', { metadata: meta('web'), spec: { ports: [{ port: 80 }] } });
  arbiter.take('passwordSecrets', 'shop/people', { metadata: meta('people'), type: 'Opaque', data: { auth: encode(`a:${hash}`), b: encode(hash) } });
  arbiter.take('passwordSecrets', 'shop/ca', { metadata: meta('ca'), type: 'Opaque', data: { 'ca.crt': encode('names: authority') } });
  const ingress: Ingress = {
    metadata: { ...meta('web'), annotations: Object.fromEntries(annotations.map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value])) },
    spec: { ingressClassName: 'nginx-external', rules: [{ host: 'a.test', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] },
  };
  arbiter.take('ingresses', 'shop/web', ingress);
  arbiter.settle(0);
  const table = arbiter.tables.get('nginx-external')!;
  const { routes, policies = [] } = table.get('host/a.test') as HostRoutes;
  // What the core makes, the engine takes: a refusal would hold up the whole class.
  const rules = { checkEndpoint: createEndpointCheck(false), routesPerHost: 1000, endpointsPerService: 10_000 };
  expect(checkEntry('host/a.test', { routes, ...(policies.length > 0 && { policies }) }, rules)).to.have.property('json');
  expect(routes).to.have.length(1);
  return { closed: routes[0]!.backend === '', policy: routes[0]!.policy === undefined ? {} : policies[routes[0]!.policy]! };
}

describe('core: protections', function () {
  this.timeout(60_000);

  it('every one is carried out, or the route answers 503', () => {
    let open = 0;
    fc.assert(fc.property(written, (annotations) => {
      const { closed, policy } = served(annotations);
      if (closed) return;
      open += 1;
      const isOff = annotations.some(([name, value]) => name === 'auth-tls-verify-client' && value === 'off');
      const isUnjudged = annotations.some(([name, value]) => name === 'proxy-ssl-verify' && value === 'off');
      for (const [name] of annotations) {
        const row = protecting[name];
        if (row !== undefined && !(isOff && row.field === 'clients') && !(isUnjudged && row.field === 'tls')) expect(policy, name).to.have.property(row.field);
      }
    }), { numRuns: 3000 });
    // The generator does make some that are carried out.
    expect(open).to.be.greaterThan(50);
  });

  it('all together, carried out', () => {
    const { closed, policy } = served([...Object.entries(protecting).map(([name, { sound }]) => [name, sound[0]!] as const), ...Object.entries(beside).filter(([name]) => /^(?:backend|proxy)-/.test(name))]);
    expect(closed).to.equal(false);
    expect(policy).to.include.all.keys('allow', 'deny', 'basic', 'external', 'clients', 'tls');
  });

  it('a backend that is to be verified is, by authorities and a name, or the route answers 503', () => {
    const others = ['backend-protocol', 'proxy-ssl-secret', 'proxy-ssl-name', 'proxy-ssl-verify-depth'];
    let open = 0;
    fc.assert(fc.property(fc.tuple(...others.map((name) => fc.oneof({ weight: 3, arbitrary: fc.constant([[name, beside[name as keyof typeof beside]] as const]) }, { weight: 1, arbitrary: fc.oneof(fc.constant([]), hostile.map((value) => [[name, value] as const])) }))), (parts) => {
      const { closed, policy } = served([['proxy-ssl-verify', 'on'], ...parts.flat()]);
      if (closed) return;
      open += 1;
      expect(policy.protocol).to.be.oneOf(['https', 'grpcs']);
      expect(policy.tls?.verify).to.include.all.keys('trusted', 'depth', 'name');
    }), { numRuns: 1000 });
    expect(open).to.be.greaterThan(50);
  });
});

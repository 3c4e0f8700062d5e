import { expect } from 'chai';
import type { IngressBackend, Service } from '../../../src/core/kubernetes-objects.js';
import { externalEndpoint } from '../../../src/core/external-name.js';
import { resolveBackend } from '../../../src/core/resolve-backend.js';

const service = (name: string, spec: Service['spec']): [string, Service] => [`shop/${name}`, { metadata: { name, namespace: 'shop' }, ...(spec && { spec }) }];
const services = new Map([
  service('web', { ports: [{ name: 'http', port: 80 }, { name: 'https', port: 443 }] }),
  service('single', { ports: [{ port: 8080 }] }),
  service('dns', { ports: [{ name: 'udp', port: 53, protocol: 'UDP' }, { name: 'tcp', port: 53, protocol: 'TCP' }] }),
  service('away', { type: 'ExternalName', ports: [{ port: 80 }] }),
  service('partner', { type: 'ExternalName', externalName: 'API.Partner.Test.', ports: [{ name: 'https', port: 443, targetPort: 8443 }, { name: 'named', port: 80, targetPort: 'http' }] }),
  ...['evil.test', 'partner.test', 'api.partner.test.evil.test', '127.0.0.1', '127.1', '2130706433', 'localhost', '[::1]', 'a..partner.test', 'a_b.partner.test', '*.partner.test', '.', ''].map((externalName) => service(`to ${externalName}`, { type: 'ExternalName', externalName, ports: [{ port: 80 }] })),
  service('bare', undefined),
  service('odd', { ports: [{ port: 0 }, { port: 70_000 }] }),
]);
const to = (name: string, port?: { name?: string; number?: number }): IngressBackend => ({ service: { name, ...(port && { port }) } });

const settings = { externalNames: ['*.partner.test'] };
const source = { object: 'Ingress shop/web', namespace: 'shop', services, settings };

type Row = [name: string, backend: IngressBackend | undefined, expected: { service: string; key: string; port?: number; finding?: string }];
const rows: Row[] = [
  ['by number', to('web', { number: 80 }), { service: 'web', key: 'service/shop/web/80', port: 80 }],
  ['by name', to('web', { name: 'https' }), { service: 'web', key: 'service/shop/web/443', port: 443 }],
  ['of several with one number, the TCP one', to('dns', { number: 53 }), { service: 'dns', key: 'service/shop/dns/53', port: 53 }],
  ['a UDP port by name', to('dns', { name: 'udp' }), { service: 'dns', key: 'service/shop/dns/udp', finding: 'service-port-missing' }],
  ['no such number', to('web', { number: 81 }), { service: 'web', key: 'service/shop/web/81', finding: 'service-port-missing' }],
  ['no such name', to('web', { name: 'metrics' }), { service: 'web', key: 'service/shop/web/metrics', finding: 'service-port-missing' }],
  ['no port asked for', to('web'), { service: '', key: '', finding: 'service-port-missing' }],
  ['port 0', to('web', { number: 0 }), { service: '', key: '', finding: 'service-port-missing' }],
  ['port 65536', to('web', { number: 65_536 }), { service: '', key: '', finding: 'service-port-missing' }],
  ['port -1', to('web', { number: -1 }), { service: '', key: '', finding: 'service-port-missing' }],
  ['a port that no Service can have', to('odd', { number: 0 }), { service: '', key: '', finding: 'service-port-missing' }],
  ['no such Service', to('gone', { number: 80 }), { service: 'gone', key: 'service/shop/gone/80', finding: 'service-missing' }],
  ['a Service with that name elsewhere', to('blog/web', { number: 80 }), { service: '', key: '', finding: 'service-missing' }],
  ['a name with control bytes', to('a\n+host/x\t{}', { number: 80 }), { service: '', key: '', finding: 'service-missing' }],
  ['a port name with control bytes', to('gone', { name: 'a\n-host/x' }), { service: '', key: '', finding: 'service-missing' }],
  ['ExternalName', to('away', { number: 80 }), { service: 'away', key: 'service/shop/away/80', finding: 'external-name' }],
  ['a Service without spec', to('bare', { number: 80 }), { service: 'bare', key: 'service/shop/bare/80', finding: 'service-port-missing' }],
  ['a name that every object inherits', to('constructor', { number: 80 }), { service: 'constructor', key: 'service/shop/constructor/80', finding: 'service-missing' }],
  ['a resource', { resource: { kind: 'Bucket', name: 'b' } }, { service: '', key: '', finding: 'resource-backend' }],
  ['nothing', undefined, { service: '', key: '', finding: 'resource-backend' }],
];

describe('core: resolve-backend', () => {
  for (const [name, backend, expected] of rows) {
    it(name, () => {
      const { service: found, key, port, findings } = resolveBackend(backend, source);
      expect({ service: found, key, port: port?.port, findings: findings.map(({ kind }) => kind) }).to.deep.equal({
        service: expected.service, key: expected.key, port: expected.port, findings: expected.finding === undefined ? [] : [expected.finding],
      });
      for (const { message } of findings) expect(message).to.not.match(/[\u0000-\u001f]/);
    });
  }

  it('gives a Service of type ExternalName that the class allows its name, at listed ports and by number at others', () => {
    const at = (port: { name?: string; number?: number }): unknown => {
      const { key, port: found, externalName, findings } = resolveBackend(to('partner', port), source);
      return found === undefined ? findings.map(({ kind }) => kind) : [key, externalEndpoint(externalName!, found)];
    };
    const endpoint = (port: number): object => ({ address: 'api.partner.test', port, resolve: true });
    expect(at({ name: 'https' })).to.deep.equal(['service/shop/partner/443', endpoint(8443)]);
    expect(at({ number: 443 })).to.deep.equal(['service/shop/partner/443', endpoint(8443)]);
    expect(at({ number: 80 })).to.deep.equal(['service/shop/partner/80', endpoint(80)]);
    expect(at({ number: 8080 })).to.deep.equal(['service/shop/partner/8080', endpoint(8080)]);
    for (const port of [{ name: 'other' }, { number: 0 }, { number: 65_536 }]) expect(at(port)).to.deep.equal(['service-port-missing']);
  });

  it('gives no Service a name that the class does not allow, or that is none', () => {
    for (const name of services.keys()) {
      if (!name.startsWith('shop/to ')) continue;
      const { port, externalName, findings: [why] } = resolveBackend(to(name.slice('shop/'.length), { number: 80 }), source);
      expect([port, externalName, why?.kind], name).to.deep.equal([undefined, undefined, 'external-name']);
    }
    for (const settings of [undefined, {}, { externalNames: [] }, { externalNames: ['partner.test'] }]) {
      const { port, findings: [why] } = resolveBackend(to('partner', { number: 443 }), { ...source, settings });
      expect([port, why?.message]).to.deep.equal([undefined, 'backend Service shop/partner is of type ExternalName, and the class\'s external-names does not allow "api.partner.test"; have it allowed there, or use a Service with endpoints; requests are answered with 503']);
    }
  });

  it('gives all that lead to one port of a Service the same, and of no other', () => {
    const ports = [{ port: 80 }];
    const shared = new Map([service('one', { ports }), service('two', { ports })]);
    const [one, two, again] = ['one', 'two', 'one'].map((name) => resolveBackend(to(name, { number: 80 }), { ...source, services: shared }));
    expect([one!.key, two!.key, again!.key]).to.deep.equal(['service/shop/one/80', 'service/shop/two/80', 'service/shop/one/80']);
    expect(resolveBackend(to('one', { number: 80 }), { ...source, object: 'Ingress shop/y', services: shared })).to.equal(again);
  });
});

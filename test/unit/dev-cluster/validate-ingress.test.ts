import { expect } from 'chai';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import { validateIngress } from '../../../src/dev-cluster/validate-ingress.js';

const backend = { service: { name: 'web', port: { number: 80 } } };

const complaints = (spec: Record<string, unknown>, live?: KubeObject): string[] => {
  const object: KubeObject = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'a' }, spec };
  return validateIngress(object, { live }).map(({ field, body }) => `${field}: ${body}`);
};
const ofPath = (path: unknown, pathType: unknown = 'Prefix'): string[] =>
  complaints({ rules: [{ http: { paths: [{ path, pathType, backend }] } }] }).map((text) => text.replace('spec.rules[0].http.paths[0].', ''));
const ofHost = (host: string): string[] => complaints({ rules: [{ host }] }).map((text) => text.replace(/: a lowercase.*|: a wildcard.*/, ''));
const ofBackend = (given: unknown): string[] => complaints({ defaultBackend: given }).map((text) => text.replace('spec.defaultBackend', '…'));

describe('dev-cluster: Ingress validation', () => {
  describe('paths', () => {
    const accepted: [string | undefined, string][] = [
      ['/', 'Prefix'], ['/a', 'Exact'], ['/x" { alias /etc/; } #', 'Prefix'], ['/a\nb', 'Prefix'], ['/;{}\'"$request_uri', 'Exact'], ['/a%5cb', 'Prefix'],
      ['', 'ImplementationSpecific'], [undefined, 'ImplementationSpecific'], ['/a//b/../%2f', 'ImplementationSpecific'], ['/...', 'Prefix'],
    ];
    for (const [path, type] of accepted) it(`takes ${JSON.stringify(path)} as ${type}`, () => expect(ofPath(path, type)).to.deep.equal([]));

    const refused: [string, string, string][] = [
      ['foo', 'Prefix', 'path: Invalid value: "foo": must be an absolute path'],
      ['', 'Exact', 'path: Invalid value: "": must be an absolute path'],
      ['foo', 'ImplementationSpecific', 'path: Invalid value: "foo": must be an absolute path'],
      ['/a//b', 'Prefix', 'path: Invalid value: "/a//b": must not contain \'//\''],
      ['/a/./b', 'Exact', 'path: Invalid value: "/a/./b": must not contain \'/./\''],
      ['/a/../b', 'Exact', 'path: Invalid value: "/a/../b": must not contain \'/../\''],
      ['/a%2fb', 'Prefix', 'path: Invalid value: "/a%2fb": must not contain \'%2f\''],
      ['/a%2Fb', 'Prefix', 'path: Invalid value: "/a%2Fb": must not contain \'%2F\''],
      ['/a/..', 'Prefix', 'path: Invalid value: "/a/..": cannot end with \'/..\''],
      ['/a/.', 'Prefix', 'path: Invalid value: "/a/.": cannot end with \'/.\''],
      ['/', 'Regex', 'pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"'],
    ];
    for (const [path, type, text] of refused) it(`refuses ${JSON.stringify(path)} as ${type}`, () => expect(ofPath(path, type)).to.deep.equal([text]));

    it('wants a pathType and at least one path', () => {
      expect(ofPath('/', null)).to.deep.equal(['pathType: Required value: pathType must be specified']);
      expect(complaints({ rules: [{ http: { paths: [] } }] })).to.deep.equal(['spec.rules[0].http.paths: Required value']);
    });
  });

  describe('hosts', () => {
    for (const host of ['a.example.com', '*.example.com', 'localhost', '']) it(`takes "${host}"`, () => expect(ofHost(host)).to.deep.equal([]));
    for (const host of ['A.example.com', '*', '*.*.example.com', 'a.*.com', 'a_b.example.com', '-a.com', 'a.com.', 'a.com:80', 'a.com\n', 'a'.repeat(254)]) {
      it(`refuses ${JSON.stringify(host.slice(0, 20))}`, () => expect(ofHost(host)).not.to.deep.equal([]));
    }
    it('refuses IP addresses', () => {
      expect(ofHost('10.0.0.1')).to.deep.equal(['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address']);
      expect(ofHost('::1')).to.include('spec.rules[0].host: Invalid value: "::1": must be a DNS name, not an IP address');
    });
    it('checks hosts of tls and the name of the Secret', () => {
      const fields = complaints({ defaultBackend: backend, tls: [{ hosts: ['ok.example.com', 'NO'], secretName: '../x' }] }).map((text) => text.split(':')[0]);
      expect(fields).to.deep.equal(['spec.tls[0].hosts[1]', 'spec.tls[0].secretName']);
    });
  });

  it('wants rules or a default backend', () => {
    expect(complaints({})).to.deep.equal(['spec: Invalid value: []: either `defaultBackend` or `rules` must be specified']);
    expect(complaints({ defaultBackend: backend })).to.deep.equal([]);
  });

  it('wants a backend with one target and one port', () => {
    const resource = { kind: 'Bucket', name: 'b' };
    expect(ofBackend({})).to.deep.equal(['…: Invalid value: "": resource or service backend is required']);
    expect(ofBackend({ ...backend, resource })).to.deep.equal(['…: Invalid value: "": cannot set both resource and service backends']);
    expect(ofBackend({ resource })).to.deep.equal([]);
    expect(ofBackend({ resource: { name: 'a/b' } })).to.deep.equal(['….resource.kind: Required value', '….resource.name: Invalid value: "a/b": may not contain \'/\'']);
    expect(ofBackend({ service: { name: 'web', port: { name: 'http', number: 80 } } })).to.deep.equal(['…: Invalid value: "": cannot set both port name & port number']);
    expect(ofBackend({ service: { name: 'web' } })).to.deep.equal(['…: Required value: port name or number is required']);
    expect(ofBackend({ service: { port: { number: 70000 } } })).to.deep.equal([
      '….service.name: Required value', '….service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive']);
    expect(ofBackend({ service: { name: '1web', port: { name: 'UPPER' } } })).to.have.length(3);
  });
});

// The rules of the other kinds, one line each: what is given and which complaints it gets.
import { expect } from 'chai';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import { resourceTypes } from '../../../src/dev-cluster/resources.js';
import { validateKind } from '../../../src/dev-cluster/validate-kind.js';
import { validateMetadata } from '../../../src/dev-cluster/validate-metadata.js';

const complaints = (kind: string, rest: Record<string, unknown>, more: { live?: KubeObject; namespace?: string } = {}): string[] => {
  const type = resourceTypes.find((each) => each.kind === kind)!;
  const object = { apiVersion: 'v1', kind, metadata: { name: 'a', namespace: more.namespace ?? 'default' }, ...rest } as KubeObject;
  return validateKind(type, object, { allowLoopbackEndpoints: false, live: more.live }).map(({ field, body }) => `${field}: ${body}`);
};

describe('dev-cluster: validation of kinds', () => {
  it('IngressClass: controller and parameters', () => {
    const ofController = (controller: unknown): string[] => complaints('IngressClass', { spec: { controller } });
    const ofParameters = (parameters: unknown): string[] =>
      complaints('IngressClass', { spec: { controller: 'a.io/b', parameters } }).map((text) => text.replace('spec.parameters.', ''));
    for (const fine of ['k8s.io/ingress-nginx', 'example.com/a/b-c_d~e']) expect(ofController(fine), fine).to.deep.equal([]);
    for (const wrong of ['nginx', '/a', 'a.io/', 'A.io/b', 'a.io/b c', 'a.io/b\n']) expect(ofController(wrong), wrong).to.have.length(1);
    expect(ofController('')).to.deep.equal(['spec.controller: Required value']);
    expect(ofController(`a.io/${'b'.repeat(250)}`)).to.deep.equal(['spec.controller: Too long: may not be more than 250 bytes']);
    expect(ofParameters({ kind: 'K', name: 'n' })).to.deep.equal(['scope: Required value']);
    expect(ofParameters({ kind: 'K', name: 'n', scope: 'Cluster', namespace: 'x' })).to.deep.equal(["namespace: Forbidden: `parameters.scope` is set to 'Cluster'"]);
    expect(ofParameters({ kind: 'K', name: 'n', scope: 'Namespace' })).to.deep.equal(["namespace: Required value: `parameters.scope` is set to 'Namespace'"]);
    expect(ofParameters({ scope: 'Planet' })).to.deep.equal([
      'kind: Required value', 'name: Required value', 'scope: Unsupported value: "Planet": supported values: "Cluster", "Namespace"']);
  });

  it('Service: ports, types, addresses', () => {
    const spec = { type: 'ClusterIP', clusterIP: '10.96.0.9', sessionAffinity: 'None' };
    const port = { port: 80, targetPort: 80, protocol: 'TCP' };
    const ofSpec = (more: object): string[] => complaints('Service', { spec: { ...spec, ports: [port], ...more } });
    expect(ofSpec({})).to.deep.equal([]);
    expect(ofSpec({ ports: [] })).to.deep.equal(['spec.ports: Required value']);
    expect(ofSpec({ ports: [port, { ...port, port: 81 }] })).to.deep.equal(['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value']);
    expect(ofSpec({ ports: [{ ...port, name: 'x' }, { ...port, name: 'x' }] })).to.deep.equal([
      'spec.ports[1].name: Duplicate value: "x"', 'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}']);
    expect(ofSpec({ ports: [{ ...port, port: 0, targetPort: 'UPPER', protocol: 'ICMP' }] })).to.have.length(4);
    expect(ofSpec({ type: 'Magic' })).to.deep.equal(['spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"']);
    expect(ofSpec({ type: 'ExternalName' })).to.deep.equal(['spec.externalName: Required value']);
    expect(ofSpec({ clusterIP: 'nonsense' })).to.have.length(1);
  });

  it('EndpointSlice: types, addresses, ports', () => {
    const ofSlice = (more: object): string[] => complaints('EndpointSlice', { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [], ...more });
    expect(ofSlice({})).to.deep.equal([]);
    expect(ofSlice({ addressType: '' })).to.deep.equal(['addressType: Required value']);
    expect(ofSlice({ endpoints: [{ addresses: [] }] })).to.deep.equal(['endpoints[0].addresses: Required value: must contain at least 1 address']);
    expect(ofSlice({ endpoints: [{ addresses: ['::2'] }] })).to.deep.equal(['endpoints[0].addresses[0]: Invalid value: "::2": must be a valid IPv4 address']);
    expect(ofSlice({ addressType: 'FQDN', endpoints: [{ addresses: ['web'] }] })).to.have.length(1);
    expect(ofSlice({ endpoints: Array(1001).fill({ addresses: ['10.0.0.1'] }) })).to.deep.equal(['endpoints: Too many: 1001: must have at most 1000 items']);
    expect(ofSlice({ ports: [{ name: '', protocol: 'TCP' }, { name: '', protocol: 'X' }] })).to.deep.equal([
      'ports[1].name: Duplicate value: ""', 'ports[1].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"']);
  });

  it('ConfigMap and Secret: keys, sizes, immutable', () => {
    expect(complaints('ConfigMap', { data: { 'a b': '' } })).to.have.length(1);
    expect(complaints('ConfigMap', { data: { a: '' }, binaryData: { a: '' } })).to.have.length(1);
    expect(complaints('ConfigMap', { data: { a: 'x'.repeat(1024 * 1024 + 1) } })[0]).to.contain('Too long');
    expect(complaints('Secret', { type: 'kubernetes.io/tls', data: {} })).to.deep.equal(['data[tls.crt]: Required value', 'data[tls.key]: Required value']);
    const live = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: '1' }, immutable: true } as KubeObject;
    expect(complaints('ConfigMap', { data: { a: '2' }, immutable: true }, { live })).to.deep.equal(['data: Forbidden: field is immutable when `immutable` is set']);
  });

  it('Event: the namespace of what it is about, and the stricter rules with an eventTime', () => {
    expect(complaints('Event', { involvedObject: { namespace: 'default' } })).to.deep.equal([]);
    expect(complaints('Event', { involvedObject: { namespace: 'other' } })).to.deep.equal(['involvedObject.namespace: Invalid value: "other": does not match event.namespace']);
    expect(complaints('Event', { involvedObject: {} }, { namespace: 'shop' })).to.have.length(1);
    expect(complaints('Event', { involvedObject: {}, eventTime: '2026-01-01T00:00:00.000000Z' })).to.have.length(5);
  });

  it('metadata: names, labels, annotations', () => {
    const ofMetadata = (kind: string, metadata: object): string[] =>
      validateMetadata(resourceTypes.find((each) => each.kind === kind)!, { apiVersion: 'v1', kind, metadata: { name: 'a', ...metadata } })
        .map(({ field, body }) => `${field}: ${body}`);
    expect(ofMetadata('Ingress', { name: 'a.b-c' })).to.deep.equal([]);
    for (const name of ['A', 'a_b', '-a', 'a.', 'a\n', 'x'.repeat(254)]) expect(ofMetadata('Ingress', { name }), name).to.have.length(1);
    expect(ofMetadata('Service', { name: '1a' })[0]).to.contain('a DNS-1035 label');
    expect(ofMetadata('Namespace', { name: 'a.b' })).to.have.length(1);
    expect(ofMetadata('Ingress', { name: '' })).to.deep.equal(['metadata.name: Required value: name or generateName is required']);
    expect(ofMetadata('Ingress', { labels: { 'a/b/c': 'x', ok: 'not ok' } })).to.have.length(2);
    expect(ofMetadata('Ingress', { annotations: { 'Example.COM/Key': 'any\nthing' } })).to.deep.equal([]);
    expect(ofMetadata('Ingress', { annotations: { '__proto__x': '' } })).to.have.length(1);
    expect(ofMetadata('Ingress', { annotations: { a: 'x'.repeat(256 * 1024 - 1) } })).to.deep.equal([]);
    expect(ofMetadata('Ingress', { annotations: { a: 'x'.repeat(256 * 1024) } })).to.deep.equal(['metadata.annotations: Too long: may not be more than 262144 bytes']);
  });
});

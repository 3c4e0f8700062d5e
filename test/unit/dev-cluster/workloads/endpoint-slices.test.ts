import { expect } from 'chai';
import type { KubeObject } from '../../../../src/dev-cluster/resources.js';
import type { PodView } from '../../../../src/dev-cluster/workloads/endpoint-slices.js';
import { planEndpointSlices } from '../../../../src/dev-cluster/workloads/endpoint-slices.js';

const service = (spec: object): KubeObject => ({
  apiVersion: 'v1', kind: 'Service', metadata: { name: 'hostname-service', namespace: 'shop', uid: 'u' },
  spec: { selector: { app: 'web' }, ports: [{ name: 'web-port', port: 80, targetPort: 'flask-port' }], ...spec },
});
const pod = (name: string, more: Partial<PodView> = {}): PodView => ({
  name, uid: `uid-${name}`, namespace: 'shop', address: '127.16.0.1', state: 'ready', labels: { app: 'web', tier: 'front' },
  containerPorts: [{ name: 'flask-port', port: 5000 }], listeningPort: (port) => port, ...more,
});
const only = (slices: KubeObject[]): KubeObject => {
  expect(slices).to.have.length(1);
  return slices[0]!;
};

describe('dev-cluster workloads: endpoint slices', () => {
  it('resolve a named target port through the container ports', () => {
    const slice = only(planEndpointSlices(service({}), [pod('a')]));
    expect(slice['ports']).to.deep.equal([{ name: 'web-port', port: 5000, protocol: 'TCP' }]);
    expect(slice.metadata.labels).to.deep.equal({ 'kubernetes.io/service-name': 'hostname-service', 'endpointslice.kubernetes.io/managed-by': 'ingress-arbiter-dev' });
    expect(slice['endpoints']).to.deep.equal([{
      addresses: ['127.16.0.1'], conditions: { ready: true, serving: true, terminating: false }, nodeName: 'dev',
      targetRef: { kind: 'Pod', namespace: 'shop', name: 'a', uid: 'uid-a' },
    }]);
  });

  it('take a number as it is, and the Service port where there is no target port', () => {
    const ports = [{ name: 'a', port: 80, targetPort: 8080 }, { name: 'b', port: 81 }];
    expect(only(planEndpointSlices(service({ ports }), [pod('a')]))['ports']).to.deep.equal([{ name: 'a', port: 8080, protocol: 'TCP' }, { name: 'b', port: 81, protocol: 'TCP' }]);
  });

  it('show a stopping pod as terminating, and a removed or starting one not at all', () => {
    const slice = only(planEndpointSlices(service({}), [pod('a', { state: 'terminating' }), pod('b', { state: 'removed' }), pod('c', { state: 'starting' })]));
    expect(slice['endpoints']).to.have.length(1);
    expect(slice).to.have.nested.property('endpoints[0].conditions').that.deep.equals({ ready: false, serving: true, terminating: true });
  });

  it('leave out pods of other labels and namespaces, and keep an empty slice', () => {
    const slice = only(planEndpointSlices(service({}), [pod('a', { labels: { app: 'x' } }), pod('b', { namespace: 'other' })]));
    expect(slice['endpoints']).to.deep.equal([]);
  });

  it('keep their name while pods come and go, and use one slice per set of ports', () => {
    const one = only(planEndpointSlices(service({}), [pod('a')]));
    const two = only(planEndpointSlices(service({}), [pod('a'), pod('b')]));
    expect(two.metadata.name).to.equal(one.metadata.name);
    expect(planEndpointSlices(service({}), [pod('a'), pod('b', { containerPorts: [{ name: 'flask-port', port: 6000 }] })])).to.have.length(2);
  });

  it('are not made for Services without a selector or of type ExternalName', () => {
    expect(planEndpointSlices(service({ selector: undefined }), [pod('a')])).to.deep.equal([]);
    expect(planEndpointSlices(service({ type: 'ExternalName' }), [pod('a')])).to.deep.equal([]);
  });
});

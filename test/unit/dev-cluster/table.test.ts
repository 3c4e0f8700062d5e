import { expect } from 'chai';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import { resourceTypes } from '../../../src/dev-cluster/resources.js';
import { renderTable } from '../../../src/dev-cluster/table.js';

interface Table { metadata: object; columnDefinitions: { name: string; priority: number }[] | null; rows: { cells: unknown[]; object?: { kind: string } }[] }

const now = Date.parse('2026-01-01T00:05:00Z');
const created = '2026-01-01T00:00:00Z';

function render(kind: string, content: object, more: { group?: string; includeObject?: string; withColumns?: boolean; annotations?: Record<string, string> } = {}): Table {
  const type = resourceTypes.find((entry) => entry.kind === kind && (more.group === undefined || entry.group === more.group))!;
  const object: KubeObject = { apiVersion: 'v1', kind, metadata: { name: 'web', creationTimestamp: created, annotations: more.annotations }, ...content };
  return renderTable(type, [object], { listResourceVersion: '7', includeObject: more.includeObject ?? 'Metadata', withColumns: more.withColumns ?? true, now }) as Table;
}
const cells = (...args: Parameters<typeof render>): unknown[] => render(...args).rows[0]!.cells;

describe('dev-cluster: tables', () => {
  it('prints an Ingress like kubectl get', () => {
    const table = render('Ingress', {
      spec: { ingressClassName: 'nginx', rules: [{ host: 'a' }, { host: 'b' }, { host: 'c' }, { host: 'd' }], tls: [{}] },
      status: { loadBalancer: { ingress: [{ ip: '10.0.0.1' }, { hostname: 'lb.example' }] } },
    });
    expect(table.columnDefinitions!.map((column) => column.name)).to.deep.equal(['Name', 'Class', 'Hosts', 'Address', 'Ports', 'Age']);
    expect(table.rows[0]!.cells).to.deep.equal(['web', 'nginx', 'a,b,c + 1 more...', '10.0.0.1,lb.example', '80, 443', '5m']);
    expect(table.metadata).to.deep.equal({ resourceVersion: '7' });
  });

  it('takes the class of an Ingress from the annotation where the field is missing', () => {
    expect(cells('Ingress', {}, { annotations: { 'kubernetes.io/ingress.class': 'old' } })).to.deep.equal(['web', 'old', '*', '', '80', '5m']);
    expect(cells('Ingress', {})[1]).to.equal('<none>');
  });

  it('prints Services of every type', () => {
    expect(cells('Service', { spec: { type: 'ClusterIP', clusterIP: '10.96.0.1', ports: [{ port: 80, protocol: 'TCP' }, { port: 53, protocol: 'UDP' }], selector: { b: '2', a: '1' } } }))
      .to.deep.equal(['web', 'ClusterIP', '10.96.0.1', '<none>', '80/TCP,53/UDP', '5m', 'a=1,b=2']);
    expect(cells('Service', { spec: { type: 'LoadBalancer', ports: [{ port: 80, nodePort: 30080 }] } }).slice(1, 5)).to.deep.equal(['LoadBalancer', '<none>', '<pending>', '80:30080/TCP']);
    expect(cells('Service', { spec: { type: 'ExternalName', externalName: 'x.example' } }).slice(1, 5)).to.deep.equal(['ExternalName', '<none>', 'x.example', '<none>']);
  });

  it('prints the other kinds', () => {
    expect(cells('IngressClass', { spec: { controller: 'x/y', parameters: { apiGroup: 'g', kind: 'K', name: 'n' } } })).to.deep.equal(['web', 'x/y', 'K.g/n', '5m']);
    expect(cells('EndpointSlice', { addressType: 'IPv4', ports: [{ port: 5000 }], endpoints: [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.2'] }] }))
      .to.deep.equal(['web', 'IPv4', '5000', '10.0.0.1,10.0.0.2', '5m']);
    expect(cells('EndpointSlice', { addressType: 'IPv4' }).slice(2, 4)).to.deep.equal(['<unset>', '<unset>']);
    expect(cells('Secret', { type: 'Opaque', data: { a: '' } })).to.deep.equal(['web', 'Opaque', 1, '5m']);
    expect(cells('ConfigMap', { data: { a: '' }, binaryData: { b: '' } })).to.deep.equal(['web', 2, '5m']);
    expect(cells('Lease', { spec: { holderIdentity: 'me' } })).to.deep.equal(['web', 'me', '5m']);
    expect(cells('Namespace', { status: { phase: 'Active' } })).to.deep.equal(['web', 'Active', '5m']);
    expect(cells('Deployment', { spec: { replicas: 3, template: { spec: { containers: [{ name: 'c', image: 'i' }] } } }, status: { readyReplicas: 2, updatedReplicas: 3 } }))
      .to.deep.equal(['web', '2/3', 3, 0, '5m', 'c', 'i', '<none>']);
  });

  it('prints both kinds of Event', () => {
    expect(cells('Event', { type: 'Normal', reason: 'Sync', message: ' done ', lastTimestamp: created, involvedObject: { kind: 'Ingress', name: 'web' }, count: 2 }, { group: '' }))
      .to.deep.equal(['5m', 'Normal', 'Sync', 'ingress/web', '', '', 'done', '5m', 2, 'web']);
    expect(cells('Event', { type: 'Warning', reason: 'R', note: 'n', eventTime: created, regarding: { kind: 'Service', name: 's' }, reportingController: 'c' }, { group: 'events.k8s.io' }).slice(0, 7))
      .to.deep.equal(['5m', 'Warning', 'R', 'service/s', '', 'c', 'n']);
  });

  it('has a column for every cell, in every served kind', () => {
    for (const type of resourceTypes) {
      const table = render(type.kind, {}, { group: type.group });
      expect(table.rows[0]!.cells, type.kind).to.have.length(table.columnDefinitions!.length);
    }
  });

  it('carries as much of the object as asked for, and columns only when asked for', () => {
    expect(render('Secret', {}).rows[0]!.object!.kind).to.equal('PartialObjectMetadata');
    expect(render('Secret', {}, { includeObject: 'Object' }).rows[0]!.object!.kind).to.equal('Secret');
    expect(render('Secret', {}, { includeObject: 'None' }).rows[0]).to.not.have.property('object');
    expect(render('Secret', {}, { withColumns: false }).columnDefinitions).to.equal(null);
  });
});

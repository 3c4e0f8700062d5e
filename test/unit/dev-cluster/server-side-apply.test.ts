import { expect } from 'chai';
import fc from 'fast-check';
import type { KubeObject, ResourceType } from '../../../src/dev-cluster/resources.js';
import { resourceTypes } from '../../../src/dev-cluster/resources.js';
import type { ApplyConflict } from '../../../src/dev-cluster/server-side-apply.js';
import { conflictStatus, recordUpdate, serverSideApply } from '../../../src/dev-cluster/server-side-apply.js';

const typeOf = (kind: string): ResourceType => resourceTypes.find((type) => type.kind === kind)!;
const T1 = '2026-01-01T00:00:00Z';
const T2 = '2026-01-02T00:00:00Z';

const configMap = (data: Record<string, string>, metadata: object = {}): KubeObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', ...metadata }, data });
const service = (ports: object[]): KubeObject => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { ports } });

function apply(live: KubeObject | undefined, applied: KubeObject, more: { manager?: string; force?: boolean; now?: string } = {}):
{ object?: KubeObject; conflicts?: ApplyConflict[] } {
  return serverSideApply({ type: typeOf(applied.kind), live, applied, manager: 'a', force: false, now: T1, ...more });
}
const applied = (...args: Parameters<typeof apply>): KubeObject => apply(...args).object!;
const update = (live: KubeObject | undefined, updated: KubeObject, manager = 'editor', subresource = ''): KubeObject =>
  recordUpdate({ live, updated, manager, now: T2, subresource });
const fieldsOf = (object: KubeObject, manager: string): unknown =>
  (object.metadata.managedFields as { manager: string; fieldsV1: unknown }[] | undefined)?.find((entry) => entry.manager === manager)?.fieldsV1;

describe('dev-cluster: server-side apply', () => {
  it('records what was applied in the format of a real server', () => {
    expect(applied(undefined, configMap({ k: 'v' }, { labels: { app: 'x' } })).metadata.managedFields).to.deep.equal([{
      manager: 'a', operation: 'Apply', apiVersion: 'v1', time: T1, fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { 'f:k': {} }, 'f:metadata': { 'f:labels': { 'f:app': {} } } },
    }]);
  });

  it('records keyed list items with their defaulted key, atomic lists as one, sets by value', () => {
    const ports = applied(undefined, service([{ port: 80, name: 'http' }]));
    expect(fieldsOf(ports, 'a')).to.deep.equal({ 'f:spec': { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:port': {} } } } });
    const ingress: KubeObject = {
      apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'web', finalizers: ['x/y'] }, spec: { ingressClassName: 'c', rules: [{ host: 'a' }] },
    };
    expect(fieldsOf(applied(undefined, ingress), 'a')).to.deep.equal({
      'f:metadata': { 'f:finalizers': { 'v:"x/y"': {} } }, 'f:spec': { 'f:ingressClassName': {}, 'f:rules': {} },
    });
  });

  it('takes out what its manager gave up and nobody else owns', () => {
    const live = applied(undefined, configMap({ k: 'v', gone: '1', shared: '2' }));
    const both = applied(live, configMap({ shared: '2' }), { manager: 'b' });
    expect(applied(both, configMap({ k: 'v' }))['data']).to.deep.equal({ k: 'v', shared: '2' });
  });

  it('takes out a list item, but not one that another manager has a part in', () => {
    const live = applied(undefined, service([{ port: 80 }, { port: 81 }]));
    const two = applied(live, service([{ port: 81, name: 'other' }]), { manager: 'b' });
    expect(applied(two, service([{ port: 82 }]))).to.have.nested.property('spec.ports').that.deep.equals([{ port: 82 }, { port: 81, name: 'other' }]);
  });

  it('applies status through its subresource only, and records it there', () => {
    const ingress: KubeObject = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'web' }, spec: { ingressClassName: 'c' }, status: { loadBalancer: {} } };
    const live = applied(undefined, ingress);
    expect(fieldsOf(live, 'a')).to.deep.equal({ 'f:spec': { 'f:ingressClassName': {} } });
    const status = { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } };
    const outcome = serverSideApply({
      type: typeOf('Ingress'), live, applied: { ...ingress, spec: undefined, status }, manager: 'a', force: false, now: T2, subresource: 'status',
    });
    expect(outcome).to.have.nested.property('object.status').that.deep.equals(status);
    expect(outcome).to.have.nested.property('object.spec').that.deep.equals({ ingressClassName: 'c' });
    expect((outcome as { object: KubeObject }).object.metadata.managedFields).to.deep.include({
      manager: 'a', operation: 'Apply', apiVersion: 'networking.k8s.io/v1', time: T2, fieldsType: 'FieldsV1', fieldsV1: { 'f:status': { 'f:loadBalancer': { 'f:ingress': {} } } }, subresource: 'status',
    });
  });

  it('leaves no trace of an earlier configuration of the only manager', () => {
    const port = fc.record({ port: fc.integer({ min: 1, max: 5 }), name: fc.constantFrom('a', 'b'), appProtocol: fc.constant('http') }, { requiredKeys: ['port'] });
    const labels = fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.constantFrom('1', '2'), { minKeys: 1 });
    const any = fc.record({ ports: fc.uniqueArray(port, { selector: (entry) => entry.port, minLength: 1 }), labels: fc.option(labels, { nil: undefined }), selector: labels })
      .map(({ ports, selector, labels: own }): KubeObject => ({
        apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', ...(own === undefined ? {} : { labels: own }) }, spec: { ports, selector },
      }));
    fc.assert(fc.property(any, any, (first, second) => {
      const fresh = applied(undefined, second);
      const changed = applied(applied(undefined, first), second);
      expect(changed).to.deep.equal(fresh);
      expect(applied(changed, second, { now: T2 })).to.deep.equal(changed);
    }));
  });

  it('owns nothing that is null, and passes duplicates on to the validation', () => {
    expect(fieldsOf(applied(undefined, configMap({ k: 'v', n: null as unknown as string })), 'a')).to.deep.equal({ 'f:data': { 'f:k': {} } });
    const twice = service([{ port: 80, name: 'a' }, { port: 80, name: 'b' }]);
    expect(applied(undefined, twice)).to.have.nested.property('spec.ports').that.has.length(2);
  });

  it('never reaches into a prototype, whatever paths a client wrote into managedFields', () => {
    const fieldsV1 = { 'f:data': { 'f:k': {}, 'f:__proto__': { 'f:toString': {} } }, 'f:__proto__': { 'f:hasOwnProperty': {} } };
    const live = configMap({ k: 'v' }, { managedFields: [{ manager: 'a', operation: 'Apply', apiVersion: 'v1', time: T1, fieldsType: 'FieldsV1', fieldsV1 }] });
    expect(applied(live, configMap({ k: 'v' }))['data']).to.deep.equal({ k: 'v' });
    expect(Object.prototype).to.have.property('toString');
    expect(Object.hasOwn(Object.prototype, 'hasOwnProperty')).to.equal(true);
  });

  it('removes a map with its last field', () => {
    const live = applied(undefined, configMap({ k: 'v' }, { annotations: { x: '1' } }));
    expect(applied(live, configMap({ k: 'v' })).metadata).to.not.have.property('annotations');
  });

  it('names the manager and the field of a conflict, and agrees on equal values', () => {
    const live = applied(undefined, configMap({ k: 'v', same: '1' }));
    expect(apply(live, configMap({ k: 'other', same: '1' }), { manager: 'b' })).to.deep.equal({ conflicts: [{ manager: '"a"', field: '.data.k' }] });
    const edited = update(live, configMap({ k: 'edited', same: '1' }, { managedFields: live.metadata.managedFields }));
    const { conflicts } = apply(edited, configMap({ k: 'v', same: '1' }));
    expect(conflicts).to.deep.equal([{ manager: `"editor" using v1 at ${T2}`, field: '.data.k' }]);
    expect(conflictStatus(conflicts!)).to.deep.include({ code: 409, reason: 'Conflict', message: `Apply failed with 1 conflict: conflict with "editor" using v1 at ${T2}: .data.k` });
  });

  it('prints the path of a list item as a real server does', () => {
    const live = applied(undefined, service([{ port: 80, name: 'http' }]));
    expect(apply(live, service([{ port: 80, name: 'web' }]), { manager: 'b' }).conflicts![0]!.field).to.equal('.spec.ports[port=80,protocol="TCP"].name');
  });

  it('takes ownership when forced', () => {
    const live = applied(undefined, configMap({ k: 'v', mine: '1' }));
    const forced = applied(live, configMap({ k: 'other' }), { manager: 'b', force: true });
    expect(forced['data']).to.deep.equal({ k: 'other', mine: '1' });
    expect(fieldsOf(forced, 'a')).to.deep.equal({ 'f:data': { 'f:mine': {} } });
    expect(fieldsOf(forced, 'b')).to.deep.equal({ 'f:data': { 'f:k': {} } });
  });

  it('changes nothing when the same is applied again, not even the time', () => {
    const live = applied(undefined, configMap({ k: 'v' }));
    expect(applied(live, configMap({ k: 'v' }), { now: T2 })).to.deep.equal(live);
  });

  it('leaves defaults of the server alone', () => {
    const live = applied(undefined, service([{ port: 80 }]));
    const defaulted = { ...live, spec: { type: 'ClusterIP', ports: [{ port: 80, protocol: 'TCP' }] } };
    expect(applied(defaulted, service([{ port: 80, name: 'x' }]))).to.have.property('spec')
      .that.deep.equals({ type: 'ClusterIP', ports: [{ port: 80, protocol: 'TCP', name: 'x' }] });
  });

  it('counts an object without bookkeeping as owned by before-first-apply', () => {
    expect(apply(configMap({ k: 'v' }), configMap({ k: 'w' })).conflicts).to.deep.equal([{ manager: '"before-first-apply" using v1', field: '.data.k' }]);
  });
});

describe('dev-cluster: managedFields of ordinary writes', () => {
  it('gives the fields of a new object to its creator, with new maps themselves', () => {
    const created = update(undefined, configMap({ k: 'v' }, { labels: { app: 'x' }, uid: 'u', resourceVersion: '1' }));
    expect(fieldsOf(created, 'editor')).to.deep.equal({ 'f:data': { '.': {}, 'f:k': {} }, 'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } } });
  });

  it('moves a changed field to whoever changed it, and forgets a removed one', () => {
    const live = update(undefined, configMap({ k: 'v', gone: '1', kept: '2' }), 'creator');
    const edited = update(live, configMap({ k: 'new', kept: '2' }, { managedFields: live.metadata.managedFields }));
    expect(fieldsOf(edited, 'creator')).to.deep.equal({ 'f:data': { '.': {}, 'f:kept': {} } });
    expect(fieldsOf(edited, 'editor')).to.deep.equal({ 'f:data': { 'f:k': {} } });
  });

  it('keeps status writes apart by subresource', () => {
    const live = update(undefined, { ...configMap({}), kind: 'Ingress', spec: {} }, 'm');
    const written = update(live, { ...live, status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } } }, 'm', 'status');
    expect((written.metadata.managedFields as { subresource?: string }[]).map((entry) => entry.subresource)).to.deep.equal([undefined, 'status']);
  });

  it('forgets everything when a client resets the bookkeeping', () => {
    const live = update(undefined, configMap({ k: 'v' }));
    expect(update(live, configMap({ k: 'v' }, { managedFields: [{}] })).metadata).to.not.have.property('managedFields');
  });

  it('keeps the bookkeeping of an unchanged object', () => {
    const live = update(undefined, configMap({ k: 'v' }), 'creator');
    expect(update(live, { ...live }).metadata.managedFields).to.deep.equal(live.metadata.managedFields);
  });
});

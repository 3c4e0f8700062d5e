import { expect } from 'chai';
import type { KubeObject, ResourceType } from '../../../src/dev-cluster/resources.js';
import { resourceTypes } from '../../../src/dev-cluster/resources.js';
import { strategicMergePatch } from '../../../src/dev-cluster/strategic-merge-patch.js';

const typeOf = (kind: string): ResourceType => resourceTypes.find((type) => type.kind === kind)!;
const object = (kind: string, spec: object, metadata: object = {}): KubeObject =>
  ({ apiVersion: 'v1', kind, metadata: { name: 'web', ...metadata }, spec });
const specAfter = (live: KubeObject, patch: Record<string, unknown>): unknown => strategicMergePatch(typeOf(live.kind), live, patch)['spec'];

const service = object('Service', { ports: [{ port: 80, name: 'http' }, { port: 443, name: 'https' }], selector: { app: 'web' } });

describe('dev-cluster: strategic merge patch', () => {
  it('merges Service ports by port, and adds unknown ones after those they stand behind in the patch', () => {
    expect(specAfter(service, { spec: { ports: [{ port: 443, targetPort: 8443 }, { port: 9, name: 'new' }] } })).to.deep.equal({
      ports: [{ port: 80, name: 'http' }, { port: 443, name: 'https', targetPort: 8443 }, { port: 9, name: 'new' }], selector: { app: 'web' },
    });
  });

  it('deletes an item by its key, and a field by null', () => {
    expect(specAfter(service, { spec: { ports: [{ $patch: 'delete', port: 80 }], selector: null } }))
      .to.deep.equal({ ports: [{ port: 443, name: 'https' }] });
  });

  it('replaces a whole list or map on $patch: replace, and keeps no directive', () => {
    expect(specAfter(service, { spec: { ports: [{ $patch: 'replace' }, { port: 1 }], selector: { $patch: 'replace', tier: 'x' } } }))
      .to.deep.equal({ ports: [{ port: 1 }], selector: { tier: 'x' } });
    expect(specAfter(service, { spec: { selector: { $patch: 'delete' } } })).to.have.property('selector').that.deep.equals({});
  });

  it('honours $setElementOrder, and leaves items it does not name where they were', () => {
    expect(specAfter(service, { spec: { '$setElementOrder/ports': [{ port: 443 }, { port: 80 }], ports: [{ port: 443, name: 's' }] } }))
      .to.have.property('ports').that.deep.equals([{ port: 443, name: 's' }, { port: 80, name: 'http' }]);
    const three = object('Service', { ports: [{ port: 1 }, { port: 2 }, { port: 3 }] });
    expect(specAfter(three, { spec: { '$setElementOrder/ports': [{ port: 3 }], ports: [{ port: 3, name: 'c' }] } }))
      .to.have.property('ports').that.deep.equals([{ port: 1 }, { port: 2 }, { port: 3, name: 'c' }]);
  });

  it('takes values out of a set with $deleteFromPrimitiveList, and adds others', () => {
    const live = object('ConfigMap', {}, { finalizers: ['a/x', 'b/x'] });
    const patched = strategicMergePatch(typeOf('ConfigMap'), live, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a/x'], finalizers: ['c/x', 'b/x'] } });
    expect(patched.metadata.finalizers).to.deep.equal(['c/x', 'b/x']);
  });

  it('keeps what a patch both deletes and adds', () => {
    const live = object('ConfigMap', {}, { finalizers: ['a/x'] });
    const patched = strategicMergePatch(typeOf('ConfigMap'), live, { metadata: { finalizers: ['a/x'], '$deleteFromPrimitiveList/finalizers': ['a/x'] } });
    expect(patched.metadata.finalizers).to.deep.equal(['a/x']);
  });

  it('leaves no directive behind in what is new', () => {
    const env = [{ name: 'E', value: '1' }, { name: 'F', $patch: 'delete' }];
    expect(specAfter(object('Deployment', {}), { spec: { template: { spec: { containers: [{ name: 'a', env }, { $patch: 'replace' }] } } } }))
      .to.deep.equal({ template: { spec: { containers: [{ name: 'a', env: [{ name: 'E', value: '1' }] }] } } });
  });

  it('keeps only what $retainKeys names', () => {
    const live = object('Deployment', { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } });
    expect(specAfter(live, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } })).to.deep.equal({ strategy: { type: 'Recreate' } });
  });

  it('merges containers and their lists by name, at any depth', () => {
    const live = object('Deployment', { template: { spec: { containers: [{ name: 'a', image: 'x', env: [{ name: 'E', value: '1' }] }] } } });
    expect(specAfter(live, { spec: { template: { spec: { containers: [{ name: 'a', env: [{ name: 'F', value: '2' }] }] } } } })).to.deep.equal({
      template: { spec: { containers: [{ name: 'a', image: 'x', env: [{ name: 'F', value: '2' }, { name: 'E', value: '1' }] }] } },
    });
  });

  it('replaces the rules, tls and paths of an Ingress as a whole', () => {
    const live = object('Ingress', { rules: [{ host: 'a' }, { host: 'b' }], tls: [{ hosts: ['a'] }] });
    expect(specAfter(live, { spec: { rules: [{ host: 'c' }] } })).to.deep.equal({ rules: [{ host: 'c' }], tls: [{ hosts: ['a'] }] });
  });

  it('drops nulls where nothing was, and changes neither argument', () => {
    const live = object('Ingress', {});
    const patch = { metadata: { annotations: { a: '1', b: null } } };
    const before = JSON.stringify([live, patch]);
    expect(strategicMergePatch(typeOf('Ingress'), live, patch).metadata.annotations).to.deep.equal({ a: '1' });
    expect(JSON.stringify([live, patch])).to.equal(before);
  });

  it('says what is wrong with a malformed patch', () => {
    expect(() => specAfter(service, { spec: { ports: [{ name: 'x' }] } })).to.throw(/spec\.ports: map: .*does not contain declared merge key: port/);
    expect(() => specAfter(service, { spec: { ports: ['x'] } })).to.throw(/must be an object with the merge key port/);
    expect(() => specAfter(service, { spec: { $patch: 'explode' } })).to.throw(/unknown \$patch directive "explode" at spec/);
  });
});

// Validation, defaults and admission over HTTPS: what a real API server refuses, changes and lets through.
import { expect } from 'chai';
import type { Answer, ApiSession } from './api-session.js';
import { CLASSES, configMap, ingress, INGRESSES, startApiSession } from './api-session.js';

const SERVICES = '/api/v1/namespaces/default/services';
const SECRETS = '/api/v1/namespaces/default/secrets';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const MERGE = 'application/merge-patch+json';

const ingressClass = (name: string, isDefault = false): object => ({
  metadata: { name, annotations: isDefault ? { 'ingressclass.kubernetes.io/is-default-class': 'true' } : {} }, spec: { controller: 'example.com/controller' },
});
const service = (name: string, spec: object = {}): object => ({ metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
const slice = (name: string, address: string, addressType = 'IPv4'): object => ({ metadata: { name }, addressType, endpoints: [{ addresses: [address] }], ports: [{ port: 80 }] });

describe('dev-cluster: validation', () => {
  let api: ApiSession;
  beforeEach(async () => { api = await startApiSession(); });
  afterEach(() => api.close());

  const post = (path: string, body: object): Promise<Answer> => api.ask('POST', path, { body });
  const patch = (path: string, body: object): Promise<Answer> => api.ask('PATCH', path, { body, type: MERGE });

  it('answers Invalid as kubectl prints it, with one cause per field', async () => {
    const path = { path: 'foo', pathType: 'Prefix', backend: { service: { name: 'web', port: {} } } };
    const { code, body } = await post(INGRESSES, ingress('a', { rules: [{ http: { paths: [path] } }] }));
    expect(code).to.equal(422);
    expect(body.message).to.equal('Ingress.networking.k8s.io "a" is invalid: [spec.rules[0].http.paths[0].path: Invalid value: "foo": must be an absolute path, ' +
      'spec.rules[0].http.paths[0].backend: Required value: port name or number is required]');
    expect(body.details).to.deep.include({ name: 'a', group: 'networking.k8s.io', kind: 'Ingress' });
    expect(body.details.causes).to.deep.equal([
      { reason: 'FieldValueInvalid', message: 'Invalid value: "foo": must be an absolute path', field: 'spec.rules[0].http.paths[0].path' },
      { reason: 'FieldValueRequired', message: 'Required value: port name or number is required', field: 'spec.rules[0].http.paths[0].backend' },
    ]);
    const one = await post(INGRESSES, ingress('a', { rules: [] }));
    expect(one.body.message).to.equal('Ingress.networking.k8s.io "a" is invalid: spec: Invalid value: []: either `defaultBackend` or `rules` must be specified');
  });

  it('answers 400 to a value of the wrong type', async () => {
    const wrong = await post(INGRESSES, ingress('a', { rules: [{ host: 5 }] }));
    expect([wrong.code, wrong.body.message]).to.deep.equal([400,
      'Ingress in version "v1" cannot be handled as a Ingress: json: cannot unmarshal number into Go struct field Ingress.spec.rules.host of type string']);
    expect((await post(INGRESSES, ingress('a', {}, { labels: { a: true } }))).code).to.equal(400);
    expect((await post('/api/v1/namespaces/default/configmaps', configMap('a', { x: 1 } as unknown as Record<string, string>))).code).to.equal(400);
    expect((await post(SECRETS, { metadata: { name: 's' }, data: { x: 'not base64!' } })).body.message).to.contain('illegal base64 data at input byte 3');
  });

  describe('classes', () => {
    it('refuses an annotation and a field that differ on create, takes them on update', async () => {
      const annotations = { 'kubernetes.io/ingress.class': 'a' };
      const refused = await post(INGRESSES, ingress('x', { ingressClassName: 'b' }, { annotations }));
      expect(refused.body.message).to.contain('annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName` when both are specified');
      const same = await post(INGRESSES, ingress('x', { ingressClassName: 'a' }, { annotations }));
      expect([same.code, same.headers['warning']]).to.deep.equal([201,
        '299 - "annotation \\"kubernetes.io/ingress.class\\" is deprecated, please use \'spec.ingressClassName\' instead"']);
      expect((await patch(`${INGRESSES}/x`, { spec: { ingressClassName: 'b' } })).code).to.equal(200);
    });

    it('gives the default class on create only, and only where nothing is set', async () => {
      const classOf = async (body: object): Promise<string | undefined> => (await post(INGRESSES, body)).body.spec.ingressClassName;
      expect(await classOf(ingress('before'))).to.equal(undefined);
      await post(CLASSES, ingressClass('plain'));
      await post(CLASSES, ingressClass('b-default', true));
      await post(CLASSES, ingressClass('a-default', true));
      expect(await classOf(ingress('after')), 'created in the same second, so the lowest name').to.equal('a-default');
      expect(await classOf(ingress('field', { ingressClassName: 'plain' }))).to.equal('plain');
      expect(await classOf(ingress('annotation', {}, { annotations: { 'kubernetes.io/ingress.class': '' } }))).to.equal(undefined);
      expect((await patch(`${INGRESSES}/before`, { metadata: { labels: { a: 'b' } } })).body.spec.ingressClassName).to.equal(undefined);
      expect((await patch(`${INGRESSES}/after`, { spec: { ingressClassName: null } })).body.spec.ingressClassName).to.equal(undefined);
    });

    it('takes the newest default class', async function newest() {
      this.timeout(5000);
      await post(CLASSES, ingressClass('a-old', true));
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await post(CLASSES, ingressClass('z-new', true));
      expect((await post(INGRESSES, ingress('x'))).body.spec.ingressClassName).to.equal('z-new');
    });

    it('keeps the controller of an IngressClass as it is', async () => {
      await post(CLASSES, ingressClass('a'));
      const changed = await patch(`${CLASSES}/a`, { spec: { controller: 'example.com/other' } });
      expect(changed.body.message).to.equal('IngressClass.networking.k8s.io "a" is invalid: spec.controller: Invalid value: "example.com/other": field is immutable');
    });
  });

  describe('Services', () => {
    it('get defaults and their own cluster address', async () => {
      const first = (await post(SERVICES, service('a'))).body;
      const second = (await post(SERVICES, service('b'))).body;
      expect(first.spec).to.deep.include({ type: 'ClusterIP', sessionAffinity: 'None', ipFamilies: ['IPv4'], ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] });
      expect(first.spec.clusterIP).to.match(/^10\.9[6-9]\.\d+\.\d+$|^10\.1[01]\d\.\d+\.\d+$/).and.not.equal(second.spec.clusterIP);
      expect(first.spec.clusterIPs).to.deep.equal([first.spec.clusterIP]);
      const kept = await api.ask('PUT', `${SERVICES}/a`, { body: service('a', { selector: { app: 'x' } }) });
      expect(kept.body.spec.clusterIP).to.equal(first.spec.clusterIP);
      expect((await patch(`${SERVICES}/a`, { spec: { clusterIP: '10.96.200.200', clusterIPs: null } })).body.message).to.contain('may not change once set');
      expect((await post(SERVICES, service('c', { clusterIP: second.spec.clusterIP }))).body.message).to.contain('provided IP is already allocated');
      await api.ask('DELETE', `${SERVICES}/b`);
      expect((await post(SERVICES, service('c', { clusterIP: second.spec.clusterIP }))).code, 'given back').to.equal(201);
    });

    it('of other types', async () => {
      expect((await post(SERVICES, service('none', { clusterIP: 'None', ports: [] }))).body.spec.clusterIP).to.equal('None');
      const external = (await post(SERVICES, service('ext', { type: 'ExternalName', externalName: 'example.com' }))).body.spec;
      expect(external).to.include({ externalName: 'example.com' }).and.not.have.any.keys('clusterIP', 'clusterIPs');
      const balanced = (await post(SERVICES, service('lb', { type: 'LoadBalancer' }))).body.spec;
      expect(balanced.ports[0].nodePort).to.be.within(30000, 32767);
    });
  });

  it('refuses loopback and other special addresses of endpoints, unless the server allows loopback', async () => {
    const special = ['127.0.0.1', '127.8.9.1', '0.0.0.0', '169.254.169.254', '224.0.0.1'];
    for (const address of special) expect((await post(SLICES, slice('s', address))).code, address).to.equal(422);
    for (const address of ['::1', '::', 'fe80::1', 'ff02::1', '::ffff:127.0.0.1']) expect((await post(SLICES, slice('s', address, 'IPv6'))).code, address).to.equal(422);
    expect((await post(SLICES, slice('s', '127.0.0.1'))).body.message)
      .to.contain('endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)');
    expect((await post(SLICES, slice('good', '10.1.2.3'))).code).to.equal(201);
    await api.close();
    api = await startApiSession({ allowLoopbackEndpoints: true });
    expect((await post(SLICES, slice('s', '127.8.9.1'))).code).to.equal(201);
    for (const address of special.slice(2)) expect((await post(SLICES, slice('t', address))).code, address).to.equal(422);
    expect((await patch(`${SLICES}/s`, { addressType: 'IPv6' })).body.message).to.contain('addressType: Invalid value: "IPv6": field is immutable');
  });

  it('reads times of Leases with exactly six digits only', async () => {
    const lease = (renewTime: string): Promise<Answer> => post(LEASES, { metadata: { name: 'l' }, spec: { renewTime, leaseDurationSeconds: 15, leaseTransitions: 0 } });
    const short = await lease('2026-01-01T00:00:00.123Z');
    expect([short.code, short.body.reason]).to.deep.equal([400, 'BadRequest']);
    expect(short.body.message).to.equal('Lease in version "v1" cannot be handled as a Lease: parsing time "2026-01-01T00:00:00.123Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse ".123Z" as ".000000"');
    for (const time of ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.1234567Z', 'yesterday']) expect((await lease(time)).code, time).to.equal(400);
    const made = await lease('2026-01-01T00:00:00.123456Z');
    expect([made.code, made.body.spec.renewTime]).to.deep.equal([201, '2026-01-01T00:00:00.123456Z']);
    const patched = await patch(`${LEASES}/l`, { spec: { renewTime: new Date().toISOString() } });
    expect(patched.code).to.equal(400);
    expect((await patch(`${LEASES}/l`, { spec: { leaseDurationSeconds: 0 } })).body.message).to.contain('spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0');
    expect((await patch(`${LEASES}/l`, { spec: { leaseTransitions: -1 } })).code).to.equal(422);
  });

  it('keeps the type of a Secret, merges stringData, wants the pair of a TLS Secret, and honours immutable', async () => {
    const half = await post(SECRETS, { metadata: { name: 't' }, type: 'kubernetes.io/tls', data: { 'tls.crt': '' } });
    expect(half.body.message).to.equal('Secret "t" is invalid: data[tls.key]: Required value');
    const made = await post(SECRETS, { metadata: { name: 's' }, data: { a: 'AA==' }, stringData: { b: 'text' } });
    expect(made.body).to.deep.include({ type: 'Opaque', data: { a: 'AA==', b: Buffer.from('text').toString('base64') } }).and.not.have.property('stringData');
    expect((await patch(`${SECRETS}/s`, { type: 'other' })).body.message).to.contain('type: Invalid value: "other": field is immutable');
    expect((await patch(`${SECRETS}/s`, { immutable: true })).code).to.equal(200);
    expect((await patch(`${SECRETS}/s`, { data: { a: null } })).body.message).to.contain('data: Forbidden: field is immutable when `immutable` is set');
    expect((await patch(`${SECRETS}/s`, { immutable: false })).code).to.equal(422);
    expect((await patch(`${SECRETS}/s`, { metadata: { labels: { a: 'b' } } })).code).to.equal(200);
  });

  it('scales a Deployment', async () => {
    const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const made = await post(DEPLOYMENTS, { metadata: { name: 'd' }, spec: { selector: { matchLabels: { app: 'x' } }, template } });
    expect(made.body.spec.replicas).to.equal(1);
    const scaled = await patch(`${DEPLOYMENTS}/d/scale`, { spec: { replicas: 3 } });
    expect(scaled.body).to.deep.include({ kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 3 } });
    expect((await api.ask('PUT', `${DEPLOYMENTS}/d/scale`, { body: { ...scaled.body, spec: { replicas: 5 }, metadata: made.body.metadata } })).code, 'stale').to.equal(409);
    expect((await api.ask('PUT', `${DEPLOYMENTS}/d/scale`, { body: { ...scaled.body, spec: { replicas: 0 } } })).body.spec.replicas).to.equal(0);
    expect((await api.ask('GET', `${DEPLOYMENTS}/d`)).body).to.deep.include({ status: {} });
    expect((await patch(`${DEPLOYMENTS}/d/scale`, { spec: { replicas: -1 } })).code).to.equal(400);
    expect((await post(DEPLOYMENTS, { metadata: { name: 'e' }, spec: {} })).body.details.causes.map((cause: { field: string }) => cause.field))
      .to.include.members(['spec.selector', 'spec.template.spec.containers']);
  });
});

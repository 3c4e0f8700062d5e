// The table of bad inputs against the whole installation: what one user writes harms neither the others nor nginx. Rows that
// a real API server refuses are put to the core alone: whatever gets past it, the engine must take what the core makes of it.

import { expect } from 'chai';
import { decide } from '../../src/core/decide.js';
import { devClaims } from '../../src/cli/dev/dev-settings.js';
import { certificateInspector } from '../../src/controller/inspect-certificate.js';
import { createEndpointCheck } from '../../src/engine/check-endpoint.js';
import { checkEntry } from '../../src/engine/check-entry.js';
import type { ClassTable, HostRoutes } from '../../src/route-table/types.js';
import { badInputs, type BadInput, elsewhere, type Outcome } from '../fixtures/bad-inputs.js';
import { EXTERNAL, INTERNAL, type DevRig, ingress, service, startDevRig, tlsSecret } from '../fixtures/dev-rig.js';
import { type EchoBackend, startEchoBackend } from '../fixtures/echo-backend.js';
import { eventually } from '../fixtures/eventually.js';
import { httpGet } from '../fixtures/http-get.js';
import { type Manifest, snapshotOf } from '../fixtures/manifests.js';
import { rawHttp } from '../fixtures/raw-http.js';
import { selfSigned } from '../fixtures/self-signed.js';

const statuses: Record<Outcome, number[]> = { refused: [404], literal: [200], closed: [401, 403, 503], unreachable: [503] };
const rules = { checkEndpoint: createEndpointCheck(true), routesPerHost: 1000, endpointsPerService: 10_000 };
const id = (row: BadInput): string => `row-${badInputs.indexOf(row)}`;
const hostOf = (row: BadInput): string => `${id(row)}.test`;

/** What the core makes of objects beside a healthy Ingress of the same class; every entry is one that the engine takes. */
function tableOf(...objects: object[]): ClassTable {
  const healthy = [...service('healthy', [80], 'healthy'), ingress('healthy', 'healthy.test', 'healthy', { namespace: 'healthy' })];
  const classes = [EXTERNAL, INTERNAL].map((name) => ({ kind: 'IngressClass', metadata: { name }, spec: { controller: 'ingress-arbiter.io/controller' } }));
  const { tables } = decide(snapshotOf([...classes, ...healthy, ...objects] as Manifest[]), devClaims(), certificateInspector(() => Date.now()));
  const table = tables.get(EXTERNAL)!;
  for (const [key, value] of table) expect(checkEntry(key, value, rules), key.slice(0, 80)).to.have.property('json');
  expect((table.get('host/healthy.test') as HostRoutes).routes).to.have.length(1);
  expect(table.get('service/healthy/healthy/80')).to.deep.equal({ endpoints: [{ address: '127.0.0.1', port: 80 }] });
  return table;
}

describe('e2e: bad inputs', function () {
  this.timeout(60_000);
  let rig: DevRig;
  let echo: EchoBackend;
  let other: EchoBackend;
  let untouched: object;
  const refusedByApi = new Map<BadInput, string>();

  const request = async (host: string, target = '/', port = rig.external): Promise<number> =>
    (await rawHttp(port, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).statuses[0]!;
  const tls = (host: string): ReturnType<typeof httpGet> => httpGet({ port: rig.externalTls, host, https: true });

  before(async () => {
    rig = await startDevRig();
    [echo, other] = await Promise.all([startEchoBackend('echo'), startEchoBackend('other')]);
    rig.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'canary' } }, ...service('canary', [echo.port], 'canary'),
      ingress('canary', 'canary.test', 'canary', { namespace: 'canary', class: INTERNAL }), ingress('last', 'canary.test', 'canary', { namespace: 'canary' }));
    await eventually(async () => expect([await request('canary.test'), await request('canary.test', '/', rig.internal)]).to.deep.equal([200, 200]));
    untouched = rig.untouched();
    for (const row of badInputs) {
      rig.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: id(row) } }, ...service('echo', [echo.port], id(row)));
      try {
        rig.create(...row.objects(hostOf(row), id(row)));
      } catch (error) {
        refusedByApi.set(row, (error as Error).message);
      }
    }
    rig.create(ingress('end', 'end.test', 'canary', { namespace: 'canary' }));
    await eventually(async () => expect(await request('end.test')).to.equal(200), 15_000);
  });
  after(async () => {
    echo?.close();
    other?.close();
    await rig?.stop();
  });
  afterEach(async () => {
    expect(await request('canary.test', '/', rig.internal)).to.equal(200);
    expect(await request('end.test')).to.equal(200);
    expect(rig.untouched()).to.deep.equal(untouched);
  });

  for (const row of badInputs) {
    it(`${row.number}: ${row.what} is ${row.outcome}`, async () => {
      const { outcome, target, ask = hostOf(row), probes = {} } = row;
      const table = tableOf(...row.objects(hostOf(row), id(row)), ...service('echo', [80], id(row)));
      const routes = [...table].flatMap(([key, value]) => ('routes' in value && key !== 'host/healthy.test' ? value.routes : []));
      if (outcome === 'refused') expect(routes).to.deep.equal([]);
      else expect(routes).to.have.property('length').that.is.greaterThan(0);
      if (outcome === 'unreachable') expect(routes.map(({ backend }) => table.get(backend) ?? { endpoints: [] })).to.deep.equal(routes.map(() => ({ endpoints: [] })));
      // What the API server refuses is not there.
      const expected = refusedByApi.has(row) ? [404, 503] : statuses[outcome];
      expect(await request(ask, target), refusedByApi.get(row)).to.be.oneOf(expected);
      if (!refusedByApi.has(row)) for (const [probe, status] of Object.entries(probes)) expect(await request(ask, probe), probe).to.equal(status);
    });
  }

  it('has a row, or a reason for none, for every number', () => {
    const numbers = new Set([...badInputs.map(({ number }) => number), ...Object.keys(elsewhere).map(Number)]);
    expect([...numbers].sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 64 }, (_, index) => index + 1));
  });

  it('puts no line break, no control byte and no endless value into a log line', () => {
    for (const line of rig.log) expect(line).to.match(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]{1,2000}$/u);
    expect(rig.log.join('\n')).to.match(/IA121 Ingress row-/);
    expect(({} as Record<string, unknown>)['polluted']).to.equal(undefined);
  });

  it('21: upper case and a trailing dot are the same host', () => {
    const spelled = (name: string, host: string): object => ingress(name, host, 'echo');
    expect([...tableOf(spelled('a', 'A.TEST'), spelled('b', 'a.test.'), spelled('c', 'a.test')).keys()].filter((key) => /a\.test/i.test(key))).to.deep.equal(['host/a.test']);
  });

  it('33: namespace and name never run into each other', async () => {
    for (const [namespace, name, backend] of [['a', 'b-c', echo], ['a-b', 'c', other]] as const) {
      rig.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, ...service(name, [backend.port], namespace), ingress('x', `${namespace}.two.test`, name, { namespace }));
    }
    await eventually(async () => {
      expect((await httpGet({ port: rig.external, host: 'a.two.test' })).headers['x-backend']).to.equal('echo');
      expect((await httpGet({ port: rig.external, host: 'a-b.two.test' })).headers['x-backend']).to.equal('other');
    });
  });

  it('35: more than 10,000 endpoints are cut, always the same', () => {
    const slice = (index: number): object => ({
      ...service('many', [80])[1], metadata: { name: `many-${index}`, namespace: 'default', labels: { 'kubernetes.io/service-name': 'many' } },
      endpoints: [{ addresses: Array.from({ length: 1000 }, (_, at) => `10.${index}.${at >> 8}.${at & 255}`) }],
    });
    const slices = Array.from({ length: 12 }, (_, index) => slice(index));
    const [first, second] = [slices, [...slices].reverse()].map((list) => tableOf(service('many', [])[0], ingress('many', 'many.test', 'many'), ...list).get('service/default/many/80'));
    expect(first).to.have.property('endpoints').with.length(10_000);
    expect(second).to.deep.equal(first);
  });

  it('51, 52: what is no name gets past the engine under no field', () => {
    const route = { match: 'prefix', path: '/', namespace: 'n', ingress: 'i', service: 's', backend: 'service/n/s/80' };
    const bad = ['1\n}', '../../x', 'a'.repeat(300), 'a\u0000b', 'a|b', 'A', 'a"b', '', '__proto__', 'a/b'];
    for (const value of bad) {
      for (const field of ['namespace', 'ingress', ...(value === '' ? [] : ['service']), 'backend']) {
        if (field === 'backend' && value === '') continue;
        expect(checkEntry('host/a.test', { routes: [{ ...route, [field]: value }] }, rules), `${field} ${value}`).to.have.property('complaint');
      }
      for (const key of [`service/${value}/s/80`, `service/n/${value}/80`, `service/n/s/${value}`, `certificate/${value}`]) expect(checkEntry(key, { endpoints: [] }, rules)).to.have.property('complaint');
    }
    for (const extra of ['uid', '__proto__x', 'labels']) expect(checkEntry('host/a.test', { routes: [{ ...route, [extra]: '1\n}' }] }, rules)).to.have.property('complaint');
    expect(checkEntry('host/a.test|<', { routes: [] }, rules)).to.have.property('complaint');
  });

  it('23, 25, 27: a bad Secret, or one for a foreign host, changes the certificate of nobody else', async () => {
    const [good, foreign, wild] = await Promise.all([selfSigned('good.tls.test'), selfSigned('good.tls.test', 'x.tls.test'), selfSigned('*.wild.test')]);
    const bad: [string, { certificate: string; key: string }][] = [
      ['empty', { certificate: '', key: '' }], ['other-key', { certificate: good.certificate, key: foreign.key }], ['nul', { certificate: good.certificate.replace('M', '\0'), key: good.key }],
      ['chain', { certificate: `${good.certificate}\n`.repeat(200), key: good.key }], ['megabyte', { certificate: '-----BEGIN CERTIFICATE-----\n'.repeat(20_000), key: good.key }],
      ['text', { certificate: 'x'.repeat(500_000), key: 'y'.repeat(100_000) }],
    ];
    const own = (name: string, to: string, secret?: string): object => ingress(name, `${to}.test`, 'canary', { namespace: 'canary', ...(secret === undefined ? {} : { secret }) });
    rig.create(tlsSecret('good', good, 'canary'), own('good-tls', 'good.tls', 'good'), tlsSecret('wild', wild, 'canary'), own('wild-tls', '*.wild', 'wild'));
    for (const [name, pair] of bad) rig.create(tlsSecret(name, pair, 'canary'), own(`bad-${name}`, `bad-${name}`, name));
    // Another namespace names the host of good-tls in its tls section, and a host below the wildcard as its own.
    rig.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'thief' } }, ...service('echo', [echo.port], 'thief'), tlsSecret('foreign', foreign, 'thief'), {
      apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'thief', namespace: 'thief' },
      spec: { ...(ingress('thief', 'x.tls.test', 'echo') as { spec: object }).spec, tls: [{ hosts: ['good.tls.test'], secretName: 'foreign' }] },
    });
    await eventually(async () => {
      expect((await tls('good.tls.test')).commonName).to.equal('good.tls.test');
      expect((await tls('deep.wild.test')).commonName).to.equal('*.wild.test');
      expect(await request('x.tls.test')).to.equal(200);
    });
    const { fingerprint } = await tls('good.tls.test');
    for (const [name] of bad) {
      expect(await request(`bad-${name}.test`), name).to.equal(200);
      expect((await tls(`bad-${name}.test`)).commonName).to.equal('ingress-arbiter default certificate');
    }
    expect((await tls('x.tls.test')).commonName).to.equal('ingress-arbiter default certificate');
    expect((await tls('a.b.wild.test')).commonName).to.equal('ingress-arbiter default certificate');
    expect((await tls('good.tls.test')).fingerprint).to.equal(fingerprint);
    // A host below the wildcard that is another namespace's does not show the wildcard's certificate.
    rig.create(ingress('below', 'below.wild.test', 'echo', { namespace: 'thief' }), ingress('own-below', 'own.wild.test', 'canary', { namespace: 'canary' }));
    await eventually(async () => {
      expect((await tls('below.wild.test')).commonName).to.equal('ingress-arbiter default certificate');
      expect(await request('own.wild.test')).to.equal(200);
    });
    expect([(await tls('own.wild.test')).commonName, (await tls('deep.wild.test')).commonName]).to.deep.equal(['*.wild.test', '*.wild.test']);
    // A Secret that breaks keeps what it held before; the next good one is served.
    const renewed = await selfSigned('good.tls.test');
    rig.replace(tlsSecret('good', { certificate: renewed.certificate, key: foreign.key }, 'canary'));
    await eventually(() => expect(rig.log.join('\n')).to.match(/IA145 .*canary\/good-tls/));
    expect((await tls('good.tls.test')).fingerprint).to.equal(fingerprint);
    rig.replace(tlsSecret('good', renewed, 'canary'));
    await eventually(async () => {
      const now = await tls('good.tls.test');
      expect([now.commonName, now.fingerprint === fingerprint]).to.deep.equal(['good.tls.test', false]);
    });
  });

  it('63: a class that is deleted takes its own routes with it and nobody else\'s', async () => {
    const external = { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: EXTERNAL }, spec: { controller: 'ingress-arbiter.io/controller' } };
    rig.remove(external);
    await eventually(async () => expect(await request('canary.test')).to.be.oneOf([200, 404]));
    expect(await request('canary.test', '/', rig.internal)).to.equal(200);
    rig.create(external);
    await eventually(async () => expect(await request('canary.test')).to.equal(200));
  });

  it('survives an object with nulls in its lists', async () => {
    rig.create({
      apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'nulls' },
      spec: { ingressClassName: EXTERNAL, defaultBackend: { service: { name: 'x', port: { number: 80 } } }, rules: [null, { host: null, http: null }], tls: [null, { hosts: null }] },
    }, ingress('after-nulls', 'after.test', 'canary', { namespace: 'canary' }));
    await eventually(async () => expect(await request('after.test')).to.equal(200));
  });
});

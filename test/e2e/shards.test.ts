// A class in two shares on one real nginx: the listener looks for the exact host in the tables of both before it looks for
// the wildcard in either, and requests are counted under the class.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { type Installation, startInstallation } from '../../src/cli/installation/start-installation.js';
import { claimOf } from '../../src/core/claim.js';
import { memberOf } from '../../src/core/shard.js';
import { type ApiServer, startApiServer } from '../../src/dev-cluster/api-server.js';
import { engineSettings } from '../../src/engine/settings.js';
import { eventually } from '../fixtures/eventually.js';
import { shippedAccess } from '../fixtures/shipped-access.js';
import { freePorts } from '../fixtures/free-ports.js';
import { httpGet } from '../fixtures/http-get.js';

const members = ['1', '2'];
const wildcard = '*.big.test';
/** Covered by the wildcard; some are with its member, some are not. */
const exact = Array.from({ length: 12 }, (_, at) => `h${at}.big.test`);

describe('e2e: a class in shares on one engine', function () {
  this.timeout(60_000);
  const access = shippedAccess();
  let api: ApiServer;
  let backends: Server[];
  let folder: string;
  let port: number;
  let installation: Installation;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-shards-'));
    api = await startApiServer({ allowLoopbackEndpoints: true, authorize: access.authorize });
    access.admit('big', { namespace: 'arbiter', leases: members.map((member) => `big.shard-${member}`) });
    api.store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'arbiter' } });
    api.store.create({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'big' }, spec: { controller: 'ingress-arbiter.io/controller' } } as never);
    backends = ['exact', 'wildcard'].map((name) => createServer((_request, response) => response.end(name)));
    for (const [at, name] of ['exact', 'wildcard'].entries()) {
      await new Promise<void>((resolve) => { backends[at]!.listen(0, '127.0.0.1', resolve); });
      for (const object of serviceAt(name, (backends[at]!.address() as AddressInfo).port)) api.store.create(object);
    }
    for (const host of exact) api.store.create(ingress(host.split('.')[0]!, host, 'exact'));
    api.store.create(ingress('any', wildcard, 'wildcard'));
    writeFileSync(path.join(folder, 'kubeconfig'), api.kubeconfig({ user: 'big', token: api.addUser('big') }));
    const [http, https] = await freePorts(2) as [number, number];
    port = http;
    installation = await startInstallation({
      installation: { name: 'default', namespace: 'arbiter' }, kubeconfig: { kind: 'path', path: path.join(folder, 'kubeconfig') }, admin: { address: '127.0.0.1', port: 0 },
      engine: engineSettings({
        workDirectory: path.join(folder, 'nginx'), workers: 1, allowLoopbackEndpoints: true, ...(process.getuid?.() === 0 ? { workerUser: 'root' } : {}),
        listeners: [{ name: 'web', address: '127.0.0.1', httpPort: http, httpsPort: https, classes: ['big'] }], limits: { drainSeconds: 1 },
      }),
      instances: members.map((member) => ({ part: member, identity: `member-${member}`, claims: [claimOf('big', { allowLoopbackEndpoints: true, shard: { member, members } })] })),
    }, () => undefined);
    await eventually(() => expect(installation.notReady()).to.equal(undefined), 20_000);
  });

  after(async () => {
    await installation?.stop();
    await api?.close();
    await Promise.all(backends.map((backend) => new Promise((closed) => { backend.close(closed); })));
    rmSync(folder, { recursive: true, force: true });
    access.expectNoRefusal();
  });

  const ask = async (host: string): Promise<string> => (await httpGet({ port, host })).text;

  it('answers an exact host from its own rules, wherever the wildcard is', async () => {
    const apart = exact.filter((host) => memberOf(host, members) !== memberOf(wildcard, members));
    expect(apart.length, 'with another member than the wildcard').to.be.within(1, exact.length - 1);
    for (const host of exact) expect(await ask(host), host).to.equal('exact');
    for (const host of ['other.big.test', 'another.big.test']) expect(await ask(host), host).to.equal('wildcard');
  });

  it('counts the requests of both shares under the class', async () => {
    const { text } = await httpGet({ port: installation.adminPort, host: 'localhost', path: '/metrics' });
    const classes = new Set([...text.matchAll(/^ingress_arbiter_requests_total\{ingress_class="([^"]*)"/gm)].map(([, name]) => name));
    expect([...classes]).to.deep.equal(['big']);
  });
});

const ingress = (name: string, host: string, service: string): never => ({
  apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name, namespace: 'default' },
  spec: { ingressClassName: 'big', rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: 80 } } } }] } }] },
} as never);

const serviceAt = (name: string, port: number): never[] => [
  { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec: { ports: [{ name: 'http', port: 80 }] } },
  {
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: `${name}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4', endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }], ports: [{ name: 'http', port }],
  },
] as never[];

// What a class serves itself, with the real nginx: its default backend and its default certificate, on its own listener only.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { type DevSettings, defaultDevSettings, leaseNamespace } from '../../src/cli/dev/dev-settings.js';
import { type Dev, startDev } from '../../src/cli/dev/start-dev.js';
import { eventually } from '../fixtures/eventually.js';
import { freePorts } from '../fixtures/free-ports.js';
import { httpGet } from '../fixtures/http-get.js';
import { selfSigned } from '../fixtures/self-signed.js';

const controller = 'ingress-arbiter.io/controller';
const ingressClass = (name: string, parameters?: object): { apiVersion: string; kind: string; metadata: { name: string }; spec: object } =>
  ({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name }, spec: { controller, ...(parameters && { parameters }) } });

describe('e2e: a class with a default backend and a default certificate', function () {
  this.timeout(60_000);
  let dev: Dev;
  let settings: DevSettings;
  let folder: string;

  /** Common name of the certificate that a client without SNI gets. */
  const namelessHandshake = (port: number): Promise<string> => new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.end();
    });
    socket.on('error', reject);
  });

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-'));
    const [apiPort, adminPort, http, https, http2, https2] = await freePorts(6) as [number, number, number, number, number, number];
    settings = { ...defaultDevSettings(folder), apiPort, adminPort, ports: { external: { http, https }, internal: { http: http2, https: https2 } } };
    dev = await startDev(settings, undefined, () => undefined);
    await eventually(() => expect(dev.notReady()).to.equal(undefined), 20_000);
    const metadata = { name: 'fallback', namespace: leaseNamespace };
    const labels = { app: 'fallback' };
    const container = { name: 'web', image: 'sample', ports: [{ name: 'http', containerPort: 5000 }] };
    const { certificate, key } = await selfSigned('default.example.com');
    const { store } = dev.api;
    store.create({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } } });
    store.create({ apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: labels, ports: [{ name: 'web', port: 80, targetPort: 'http' }] } });
    store.create({
      apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cert', namespace: leaseNamespace }, type: 'kubernetes.io/tls',
      data: { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') },
    });
    store.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'external', namespace: leaseNamespace }, data: { 'default-backend': 'fallback', 'default-ssl-certificate': 'cert' } });
    store.create(ingressClass('nginx-internal'));
    store.create(ingressClass('nginx-external', { kind: 'ConfigMap', name: 'external', scope: 'Cluster' }));
  });

  after(async () => {
    await dev?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('answers every host from the default backend, on this class\'s listener only, and counts it under no Ingress', async () => {
    const { ports } = settings;
    const answer = await eventually(async () => {
      const got = await httpGet({ port: ports.external.http, host: 'any.example.com', path: '/x' });
      expect(got.status).to.equal(200);
      return got;
    }, 10_000);
    expect((JSON.parse(answer.text) as { pod: string }).pod).to.match(/^fallback-/);
    expect((await httpGet({ port: ports.internal.http, host: 'any.example.com', path: '/x' })).status).to.equal(404);
    const metrics = await httpGet({ port: dev.adminPort, host: 'localhost', path: '/metrics' });
    expect(metrics.text).to.match(/ingress_arbiter_requests_total\{ingress_class="nginx-external",ingress_namespace="ingress-arbiter",ingress_name="",backend_service="fallback",method="GET",code="200"\} 1/);
  });

  it('serves the default certificate to unknown names and to clients that send none, on this class\'s listener only', async () => {
    const { ports } = settings;
    await eventually(async () => expect((await httpGet({ port: ports.external.https, host: 'any.example.com', https: true })).commonName).to.equal('default.example.com'), 10_000);
    expect(await namelessHandshake(ports.external.https)).to.equal('default.example.com');
    expect(await namelessHandshake(ports.internal.https)).to.not.equal('default.example.com');
  });
});

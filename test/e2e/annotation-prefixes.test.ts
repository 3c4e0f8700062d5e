// Annotations under other prefixes than ingress-nginx's own (`annotationPrefixes`, there `--annotations-prefix`): a real `run` with
// its settings file. What it says is read under the prefixes that count, and under no other; that is told where it matters.

import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { type ApiServer, startApiServer } from '../../src/dev-cluster/api-server.js';
import { eventually } from '../fixtures/eventually.js';
import { type Kubectl, kubectlFor } from '../fixtures/kubectl.js';
import { listenHttp, serviceAt } from '../fixtures/service-at.js';
import { type RunProcess, startRun } from './run-process.js';

describe('e2e: prefixes of annotations', function () {
  this.timeout(60_000);
  const prefixes = ['proxy.example.com', 'old.example.com'];
  const usual = 'nginx.ingress.kubernetes.io';
  let api: ApiServer;
  let folder: string;
  let backend: Server;
  let run: RunProcess;
  let kubectl: Kubectl;

  const ingress = (name: string, annotations: Record<string, string>): string => `---\n${JSON.stringify({
    apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name, annotations },
    spec: { ingressClassName: 'own', rules: [{ host: `${name}.test`, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] },
  })}\n`;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-prefixes-'));
    api = await startApiServer({ allowLoopbackEndpoints: true });
    for (const object of [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'arbiter' } },
      { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'own' }, spec: { controller: 'ingress-arbiter.io/controller' } },
    ]) api.store.create(object as never);
    const { server, port } = await listenHttp((request, response) => response.end(JSON.stringify([request.url, request.headers['x-team']])));
    backend = server;
    run = await startRun({ api, folder, user: 'own', class: 'own', settings: { claims: [{ class: 'own', annotationPrefixes: prefixes }] } });
    kubectl = kubectlFor(path.join(folder, 'own', 'kubeconfig'));
    await eventually(async () => expect(await run.readiness()).to.match(/^ok/), 20_000);
    await kubectl(['apply', '-f', '-'], serviceAt('web', [{ port }]) + [
      ingress('counts', { 'proxy.example.com/app-root': '/home' }), ingress('counts-too', { 'old.example.com/whitelist-source-range': '10.9.9.9' }), ingress('does-not', { [`${usual}/temporal-redirect`]: 'http://elsewhere.test/' }),
      ingress('is-told', { [`${usual}/whitelist-source-range`]: '10.9.9.9' }), ingress('twice', { 'proxy.example.com/app-root': '/a', 'old.example.com/app-root': '/b', 'proxy.example.com/denylist-source-range': '10.9.9.9', 'old.example.com/denylist-source-range': '10.8.8.8' }),
      ingress('same', { 'proxy.example.com/app-root': '/a', 'old.example.com/app-root': '/a' }), ingress('misspelt', { 'proxy.example.com/app-rot': '/a' }), ingress('headers', { 'ingress-arbiter.io/request-headers': 'X-Team: own' }), ingress('last', {}),
    ].join(''));
    await eventually(async () => expect((await run.get('last.test')).status).to.equal(200));
  });
  after(async () => {
    await run?.end();
    kubectl?.close();
    await api?.close();
    backend?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const told = (line: RegExp): Promise<void> => eventually(() => { expect(run.messages().filter((one) => line.test(one)), String(line)).to.have.length(1); });

  it('count under each of the prefixes, aliases among them, and our own beside them', async () => {
    const { status, headers } = await run.get('counts.test');
    expect([status, headers.location]).to.deep.equal([302, 'http://counts.test/home']);
    expect((await run.get('counts-too.test')).status).to.equal(403);
    expect((await run.get('headers.test')).text).to.equal('["/","own"]');
  });

  it('do nothing under another prefix, and what keeps requests out is told', async () => {
    expect((await run.get('does-not.test')).status).to.equal(200);
    expect((await run.get('is-told.test')).status).to.equal(200);
    await told(/IA155 Ingress default\/is-told: annotation nginx\.ingress\.kubernetes\.io\/whitelist-source-range keeps nobody out here: .*proxy\.example\.com or old\.example\.com/);
  });

  it('must have one value under two prefixes; what keeps requests out closes', async () => {
    expect((await run.get('twice.test')).status).to.equal(503);
    await told(/IA150 Ingress default\/twice: annotation denylist-source-range: is there under two names or prefixes with different values/);
    expect((await run.get('same.test')).headers.location).to.equal('http://same.test/a');
    await told(/IA154 Ingress default\/misspelt: annotation app-rot is none/);
  });
});

// Draws docs/pictures/*.png: starts what `make dev` starts, loads both classes for some minutes, lets a Prometheus scrape it,
// and takes a picture of every dashboard with chromium. Run it after a build: node dist/bench/draw-dashboards.js [seconds]

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { drawDashboard } from '../dashboards/src/draw-dashboard.js';
import { dashboards } from '../dashboards/src/generated-files.js';
import { defaultDevSettings } from '../src/cli/dev/dev-settings.js';
import { examplesFolder } from '../src/cli/dev/sample-cluster.js';
import { startDev } from '../src/cli/dev/start-dev.js';
import { eventually } from '../test/fixtures/eventually.js';
import { freePorts } from '../test/fixtures/free-ports.js';
import { httpGet } from '../test/fixtures/http-get.js';
import { kubectlFor } from '../test/fixtures/kubectl.js';
import { startPrometheus } from '../test/fixtures/prometheus.js';
import { selfSigned } from '../test/fixtures/self-signed.js';

const run = promisify(execFile);
const agent = new Agent({ keepAlive: true, maxSockets: 24 });

/** A hand-over is over while one looks. */
const SHORT_HAND_OVERS = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'short-hand-overs', namespace: 'ingress-arbiter' }, data: { 'hand-over-grace': '20s', 'hand-over-quiet': '5s' } });

function ask(port: number, host: string, at: string): Promise<void> {
  return new Promise((resolve) => {
    request({ host: '127.0.0.1', port, path: at, headers: { host }, agent }, (answer) => { answer.resume().on('end', () => resolve()); }).on('error', () => resolve()).end();
  });
}

function ingress(name: string, className: string, host: string, more: { service: string; path?: string; tls?: string }): object {
  const { service, path: at = '/', tls } = more;
  return {
    apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name, namespace: 'default' },
    spec: { ingressClassName: className, ...(tls === undefined ? {} : { tls: [{ hosts: [host], secretName: tls }] }), rules: [{ host, http: { paths: [{ path: at, pathType: 'Prefix', backend: { service: { name: service, port: { number: 80 } } } }] } }] },
  };
}

async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 150);
  const folder = mkdtempSync(path.join(tmpdir(), 'ia-pictures-'));
  const [apiPort, adminPort, http, https, http2, https2, port] = await freePorts(7) as [number, number, number, number, number, number, number];
  const dev = await startDev({ ...defaultDevSettings(folder), apiPort, adminPort, ports: { external: { http, https }, internal: { http: http2, https: https2 } } }, examplesFolder, () => undefined);
  await eventually(() => { if (dev.notReady() !== undefined) throw new Error(dev.notReady()); }, 20_000);
  const kubectl = kubectlFor(dev.kubeconfig);
  await kubectl(['apply', '-f', '-'], SHORT_HAND_OVERS);
  for (const name of ['nginx-external', 'nginx-internal']) await kubectl(['patch', 'ingressclass', name, '--type=merge', '-p', '{"spec":{"parameters":{"kind":"ConfigMap","name":"short-hand-overs","scope":"Cluster"}}}']);
  const { certificate, key } = await selfSigned('secure.example.com');
  const data = { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') };
  dev.api.store.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'secure', namespace: 'default' }, type: 'kubernetes.io/tls', data } as never);
  dev.api.store.create({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'nobody', namespace: 'default' }, spec: { selector: { app: 'nobody' }, ports: [{ name: 'web', port: 80 }] } } as never);
  for (const one of [
    ingress('secure', 'nginx-external', 'secure.example.com', { service: 'shop-public', tls: 'secure' }), ingress('nobody-home', 'nginx-external', 'empty.example.com', { service: 'nobody' }),
    ingress('catalogue', 'nginx-external', 'catalogue.example.com', { service: 'shop-public' }), ingress('late-comer', 'nginx-external', 'catalogue.example.com', { service: 'shop-public' }),
  ]) dev.api.store.create(one as never);
  const prometheus = await startPrometheus({ folder: path.join(folder, 'prometheus'), port, targets: [`127.0.0.1:${adminPort}`], rules: 'dashboards/alerts/ingress-arbiter.rules.yaml' });
  const from = Date.now() / 1000 + 12;
  const until = performance.now() + seconds * 1000;
  const wave = (phase: number): number => 6 + 60 * (1 + Math.sin(performance.now() / 9000 + phase));
  const loop = async (phase: number, once: () => Promise<unknown>): Promise<void> => { while (performance.now() < until) { await once(); await sleep(wave(phase)); } };
  const changes = async (): Promise<void> => {
    for (let at = 0; performance.now() < until; at++) {
      dev.api.store.create(ingress(`change-${at}`, at % 3 === 0 ? 'nginx-internal' : 'nginx-external', `change-${at}.example.com`, { service: 'shop-public' }) as never);
      await sleep(3000);
      if (at % 4 === 2) await kubectl(['patch', 'ingress', `change-${at - 2}`, '--type=merge', '-p', `{"spec":{"ingressClassName":"nginx-${at % 3 === 2 ? 'external' : 'internal'}"}}`]);
    }
  };
  await Promise.all([
    ...[0, 1, 2].map((phase) => loop(phase, () => ask(http, 'alicek106.example.com', '/echo-hostname'))), loop(1, () => ask(http, 'shop.example.com', '/')), loop(2, () => ask(http, 'catalogue.example.com', '/')),
    ...[3, 4].map((phase) => loop(phase, () => ask(http2, 'shop.example.com', '/'))), loop(0, () => sleep(700).then(() => ask(http, 'old.example.com', '/'))),
    loop(0, () => sleep(900).then(() => ask(http, 'empty.example.com', '/'))), loop(0, () => sleep(400).then(() => httpGet({ port: https, host: 'secure.example.com', https: true }).catch(() => undefined))), changes(),
  ]);
  const pictures = path.resolve('docs/pictures');
  mkdirSync(pictures, { recursive: true });
  for (const dashboard of dashboards) {
    const { html, height } = await drawDashboard(dashboard, { get: (at) => prometheus.get(at), from, to: Date.now() / 1000 - 2, className: 'nginx-external' });
    const page = path.join(folder, `${dashboard.uid}.html`);
    writeFileSync(page, html);
    await run('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', `--user-data-dir=${folder}/chromium`, `--window-size=1552,${height}`, `--screenshot=${pictures}/${dashboard.uid}.png`, `file://${page}`]);
  }
  agent.destroy();
  await prometheus.stop();
  kubectl.close();
  await dev.stop();
  rmSync(folder, { recursive: true, force: true });
}

await main();

// An old ingress-nginx that is still running, beside an `ingress-arbiter run` that watches its class: Debian's nginx with a
// configuration written by hand (old-nginx.conf), 40 routes as Ingresses in the dev cluster, and a small server for each Service.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import { type ApiServer, type RequestRecord, startApiServer } from '../../../src/dev-cluster/api-server.js';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import { service, tlsSecret } from '../../fixtures/dev-rig.js';
import { eventually } from '../../fixtures/eventually.js';
import { freePorts } from '../../fixtures/free-ports.js';
import { type ShippedAccess, shippedAccess } from '../../fixtures/shipped-access.js';
import { selfSigned } from '../../fixtures/self-signed.js';
import { type RunProcess, startRun } from '../run-process.js';

const here = 'test/e2e/migrate';
export const OLD_ADDRESS = { ip: '192.0.2.80' };
export const OWN_ADDRESS = { ip: '192.0.2.81' };

export interface OldCluster {
  api: ApiServer;
  access: ShippedAccess;
  kubeconfig: string;
  /** Listeners of the old nginx, as migrate takes them: http, https. */
  old: [string, string];
  folder: string;
  /** Every request to the API. */
  records: RequestRecord[];
  /** What is to end with it, the last one first. */
  ends: (() => unknown)[];
  close(): Promise<void>;
}

export interface OldInstallation extends OldCluster {
  ours: string[];
  run: RunProcess;
}

/** A cluster and its old nginx, before anybody of ours is there. */
export async function startOldCluster(): Promise<OldCluster> {
  const folder = mkdtempSync(path.join(tmpdir(), 'old-'));
  const records: RequestRecord[] = [];
  const access = shippedAccess();
  const api = await startApiServer({ allowLoopbackEndpoints: true, authorize: access.authorize, onRequest: (request) => { records.push(request); } });
  const backends: Server[] = [];
  const ends: (() => unknown)[] = [() => { rmSync(folder, { recursive: true, force: true }); }, () => api.close(), () => backends.forEach((one) => { one.close(); one.closeAllConnections(); })];
  const close = async (): Promise<void> => { for (const end of ends.splice(0).reverse()) await end(); };
  try {
    await seed(api, folder, backends);
    const [http, https] = await freePorts(2) as [number, number];
    const nginx = await startOldNginx(folder, { http, https, backend: portOf(await backendOf('web', backends)) });
    ends.push(() => endProcess(nginx));
    const kubeconfig = path.join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, api.kubeconfig(), { mode: 0o600 });
    return { api, access, kubeconfig, folder, records, ends, close, old: [`http://127.0.0.1:${http}`, `https://127.0.0.1:${https}`] };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Starts it all; ours takes class nginx with `observe`. */
export async function startOldInstallation(): Promise<OldInstallation> {
  const cluster = await startOldCluster();
  const { api, access, folder, ends, close } = cluster;
  const claims = [{ class: 'nginx', acceptedControllers: ['k8s.io/ingress-nginx'], addresses: [OWN_ADDRESS], observe: true }];
  try {
    const run = await startRun({ api, access, folder, user: 'arbiter', class: 'nginx', settings: { claims } });
    ends.push(() => run.end());
    await eventually(async () => { expect(await run.readiness(), run.messages().join('\n')).to.equal('ok'); }, 40_000);
    return { ...cluster, run, ours: [`http://127.0.0.1:${run.httpPort}`, `https://127.0.0.1:${run.httpsPort}`] };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Ingresses with the status that the old controller has written, Services, certificates. */
async function seed(api: ApiServer, folder: string, backends: Server[]): Promise<void> {
  const create = (object: object): void => { api.store.create(object as KubeObject); };
  for (const name of ['shop', 'arbiter']) create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const objects = parseAllDocuments(readFileSync(path.join(here, 'old-ingresses.yaml'), 'utf8')).map((document) => document.toJS() as KubeObject);
  const text = JSON.stringify(objects);
  for (const [, name] of new Set([...text.matchAll(/"service":\{"name":"([a-z0-9]+)"/g)].map(([, one]) => one!)).entries()) {
    for (const object of service(name, [portOf(await backendOf(name, backends))], 'shop')) create(object);
  }
  for (const name of ['blog', 'secure', 'other', 'default']) {
    const pair = await selfSigned(name === 'default' ? 'ingress.local' : name === 'other' ? 'secure.shop.test' : `${name}.shop.test`);
    writeFileSync(path.join(folder, `${name}.crt`), pair.certificate);
    writeFileSync(path.join(folder, `${name}.key`), pair.key);
    if (name === 'blog' || name === 'secure') create(tlsSecret(name, pair, 'shop'));
  }
  for (const object of objects) {
    create(object);
    if (object.kind === 'Ingress') api.store.updateStatus({ ...object, status: { loadBalancer: { ingress: [OLD_ADDRESS] } } });
  }
}

/** A server that stands for a Service: it says who answers, and what it was asked for. */
async function backendOf(name: string, all: Server[]): Promise<Server> {
  const server = createServer((request, response) => {
    const who = request.headers['x-service'] ?? name;
    response.setHeader('x-backend', who);
    response.setHeader('content-type', 'text/plain');
    response.end(`${String(who)} ${request.method} ${request.url}\n`);
  });
  all.push(server);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function startOldNginx(folder: string, { http, https, backend }: { http: number; https: number; backend: number }): Promise<ChildProcess> {
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(path.join(folder, name));
  const user = process.getuid?.() === 0 ? 'user root;\n' : '';
  const text = readFileSync(path.join(here, 'old-nginx.conf'), 'utf8').replaceAll('@HTTP@', String(http)).replaceAll('@HTTPS@', String(https))
    .replaceAll('@BACKENDS@', String(backend)).replaceAll('@DIR@', folder);
  const file = path.join(folder, 'old-nginx.conf');
  writeFileSync(file, user + text);
  const child = spawn('nginx', ['-c', file, '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` } });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => { said += chunk; });
  await eventually(() => new Promise<void>((resolve, reject) => {
    if (child.exitCode !== null) return reject(new Error(`nginx ended: ${said}`));
    const socket = connect(http, '127.0.0.1', () => { socket.destroy(); resolve(); }).on('error', reject);
  }), 10_000);
  return child;
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => { child.once('exit', resolve); });
  child.kill('SIGTERM');
  await ended;
}

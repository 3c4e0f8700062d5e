// The counters of the real nginx: the limit of series, what is taken away and used again, retries, resumed handshakes.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type Server, createServer, request } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { type Engine, startEngine } from '../../../src/engine/agent.js';
import { engineSettings } from '../../../src/engine/settings.js';
import { foldedName } from '../../../src/route-table/figures.js';
import type { Endpoint, TableUpdate } from '../../../src/route-table/types.js';
import { eventually } from '../../fixtures/eventually.js';
import { freePorts } from '../../fixtures/free-ports.js';

const BACKEND = 'service/shop/web/80';
const LIMIT = 10;

describe('e2e: counters of nginx', function () {
  this.timeout(30_000);
  let folder: string;
  let pod: Server;
  let engine: Engine;
  let ports: [http: number, https: number, closed: number];
  let sequence = 0;

  const update = (ingresses: readonly string[], endpoints?: Endpoint[]): TableUpdate => ({
    class: 'blue', epoch: 1, sequence: ++sequence, full: true, remove: [], count: ingresses.length + 1,
    set: [
      ...ingresses.map((ingress) => ({ key: `host/${ingress}.example.com`, value: { routes: [{ match: 'prefix' as const, path: '/', namespace: 'shop', ingress, service: 'web', backend: BACKEND }] } })),
      { key: BACKEND, value: { endpoints: endpoints ?? [{ address: '127.0.0.1', port: (pod.address() as AddressInfo).port }] } },
    ],
  });
  const serve = async (ingresses: readonly string[], endpoints?: Endpoint[]): Promise<void> => {
    expect(await engine.apply(update(ingresses, endpoints))).to.deep.equal({ applied: true });
  };
  const ask = (ingress: string, method = 'GET'): Promise<number> => new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: ports[0], method, agent: false, headers: { host: `${ingress}.example.com` } }, (answer) => { answer.resume().on('end', () => resolve(answer.statusCode!)); }).on('error', reject).end();
  });
  /** Values by key. Ingresses that nobody has asked for are left out. */
  const read = async (): Promise<Map<string, number>> => new Map((await engine.readings()).filter(({ name, values }) => name === 'figures' || values[0] !== 0).map(({ name, labels, values }) => [[name, ...labels].join('|'), values[0]!]));
  const requests = async (): Promise<[string, number][]> => [...await read()].filter(([key]) => key.startsWith('requests|blue|'));

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-counters-'));
    pod = createServer((asked, answer) => { answer.statusCode = Number(asked.headers['x-status'] ?? 200); answer.end('x'); }).listen(0, '127.0.0.1');
    await once(pod, 'listening');
    ports = await freePorts(3) as typeof ports;
    sequence = 0;
    engine = await startEngine(engineSettings({
      workDirectory: folder, allowLoopbackEndpoints: true, metrics: { seriesPerClass: LIMIT, goneSeconds: 0, histogramsPerIngress: true }, limits: { drainSeconds: 1 },
      listeners: [{ name: 'blue', address: '127.0.0.1', httpPort: ports[0], httpsPort: ports[1], classes: ['blue'] }],
      ...(process.getuid?.() === 0 ? { workerUser: 'root' } : {}),
    }), { log: () => undefined });
  });
  afterEach(async () => {
    await engine?.stop();
    pod?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('folds what is beyond the limit of series, and loses no request by it', async () => {
    const many = Array.from({ length: 25 }, (_, at) => `web-${at}`);
    await serve(many);
    for (let round = 0; round < 3; round++) for (const one of many) expect(await ask(one)).to.equal(200);
    const counted = await eventually(async () => {
      const all = await requests();
      expect(all.reduce((sum, [, value]) => sum + value, 0)).to.equal(75);
      return all;
    });
    expect(counted.filter(([key]) => !key.includes(foldedName))).to.have.length.within(LIMIT, LIMIT + 1);
    expect(counted.find(([key]) => key.includes(foldedName))![1]).to.be.within((25 - LIMIT - 1) * 3, (25 - LIMIT) * 3);
  });

  it('takes the counters of gone Ingresses away, and gives their room to others', async () => {
    await serve(Array.from({ length: LIMIT }, (_, at) => `old-${at}`));
    for (let at = 0; at < LIMIT; at++) await ask(`old-${at}`);
    await eventually(async () => expect(await requests()).to.have.length(LIMIT));
    // Their times, too, are there before they go.
    await eventually(async () => expect([...(await read()).keys()].filter((key) => key.startsWith('figures|blue|shop|old-'))).to.have.length(LIMIT));
    await serve(['new-1', 'new-2']);
    await eventually(async () => expect([...(await read()).keys()].filter((key) => key.includes('|old-'))).to.deep.equal([]));
    await ask('new-1');
    await ask('new-2');
    await eventually(async () => {
      expect((await requests()).map(([key]) => key).sort()).to.deep.equal(['requests|blue|shop|new-1|web|GET|200||', 'requests|blue|shop|new-2|web|GET|200||']);
    });
  });

  it('counts retries on another endpoint', async () => {
    const good = { address: '127.0.0.1', port: (pod.address() as AddressInfo).port };
    await serve(['web'], [{ address: '127.0.0.1', port: ports[2] }, good]);
    for (let round = 0; round < 8; round++) expect(await ask('web')).to.equal(200);
    await eventually(async () => expect((await read()).get('requests|blue|shop|web|web|GET|200||')).to.equal(8));
    expect((await read()).get('retries|blue|shop|web|web')).to.be.within(1, 8);
  });

  it('has a label for each method and status that HTTP knows, and one for all others', async () => {
    await serve(['web']);
    const statuses = [200, 204, 299, 404, 418, 499, 555];
    for (const status of statuses) {
      await new Promise<void>((resolve, reject) => {
        request({ host: '127.0.0.1', port: ports[0], method: 'PURGE', agent: false, headers: { host: 'web.example.com', 'x-status': String(status) } }, (answer) => { answer.resume().on('end', () => resolve()); }).on('error', reject).end();
      });
    }
    const codes = async (): Promise<unknown[]> => (await requests()).map(([key, value]) => [...key.split('|').slice(5, 7), value]);
    await eventually(async () => expect(await codes()).to.have.deep.members([['OTHER', '200', 1], ['OTHER', '204', 1], ['OTHER', '2xx', 1], ['OTHER', '404', 1], ['OTHER', '4xx', 1], ['OTHER', '499', 1], ['OTHER', '5xx', 1]]));
  });

  it('tells resumed handshakes from full ones', async () => {
    await serve(['web']);
    const agent = new SecureAgent({ keepAlive: false, maxCachedSessions: 1, rejectUnauthorized: false });
    const secure = (): Promise<void> => new Promise((resolve, reject) => {
      secureRequest({ host: '127.0.0.1', port: ports[1], servername: 'web.example.com', agent, headers: { host: 'web.example.com' } }, (answer) => { answer.resume().on('end', resolve); }).on('error', reject).end();
    });
    for (let round = 0; round < 4; round++) await secure();
    await eventually(async () => {
      const all = await read();
      expect([all.get('tlsHandshakes|blue|full'), all.get('tlsHandshakes|blue|resumed')]).to.deep.equal([1, 3]);
    });
  });
});

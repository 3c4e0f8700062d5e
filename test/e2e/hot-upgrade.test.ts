// A new nginx takes the place of the one that runs, again and again, while requests come at a fixed rate: nobody notices, and
// every request is counted once. HOT_UPGRADES sets how often (20), HOT_UPGRADE_RATE the requests a second of each class (150).

import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { type Engine, startEngine } from '../../src/engine/agent.js';
import { engineFiles } from '../../src/engine/nginx-conf.js';
import { type EngineSettings, engineSettings } from '../../src/engine/settings.js';
import type { RequestCounts } from '../../src/engine/traffic-counters.js';
import type { TableUpdate } from '../../src/route-table/types.js';
import { type EchoBackend, startEchoBackend } from '../fixtures/echo-backend.js';
import { eventually } from '../fixtures/eventually.js';
import { freePorts } from '../fixtures/free-ports.js';
import { httpGet } from '../fixtures/http-get.js';
import { type Load, startLoad, type Target, untilSteady } from '../fixtures/open-loop-load.js';
import { openWebSocket } from '../fixtures/open-websocket.js';
import { rawHttp } from '../fixtures/raw-http.js';
import { selfSigned } from '../fixtures/self-signed.js';

const UPGRADES = Number(process.env.HOT_UPGRADES ?? 20);
const PER_SECOND = Number(process.env.HOT_UPGRADE_RATE ?? 150);
const CLASSES = ['blue', 'green'] as const;
const HOSTS = 5;

describe('e2e: hot upgrade of nginx', function () {
  this.timeout(60_000 + UPGRADES * 10_000);
  let folder: string;
  let engine: Engine;
  let settings: EngineSettings;
  let ports: number[];
  const lines: string[] = [];
  const sequence = { blue: 0, green: 0 };
  const backends = new Map<string, EchoBackend>();

  const hostOf = (className: string, at: number): string => `h${at}.${className}.test`;
  const targets = (className: string): Target[] => Array.from({ length: HOSTS }, (_, at) => ({ host: hostOf(className, at), backends: [className] }));
  const table = async (className: 'blue' | 'green', more: TableUpdate['set'] = []): Promise<void> => {
    const backend = `service/shop/${className}/80`;
    const set = [
      ...Array.from({ length: HOSTS }, (_, at) => ({ key: `host/${hostOf(className, at)}`, value: { routes: [{ match: 'prefix' as const, path: '/', namespace: 'shop', ingress: `web-${at}`, service: className, backend }] } })),
      { key: backend, value: { endpoints: [{ address: '127.0.0.1', port: backends.get(className)!.port }] } }, ...more,
    ];
    expect(await engine.apply({ class: className, epoch: 1, sequence: ++sequence[className], full: true, remove: [], set, count: set.length })).to.deep.equal({ applied: true });
  };
  const inputOf = (more: object = {}): object => ({
    workDirectory: path.join(folder, 'work'), workers: 2, allowLoopbackEndpoints: true, limits: { drainSeconds: 4, leaveSeconds: 1 },
    listeners: CLASSES.map((name, at) => ({ name, address: '127.0.0.1', httpPort: ports[2 * at], httpsPort: ports[2 * at + 1], classes: [name] })),
    ...(process.getuid?.() === 0 ? { workerUser: 'root' } : {}), ...more,
  });
  const portOf = (className: string): number => ports[className === 'blue' ? 0 : 2]!;
  /** Requests counted of a class, by status. */
  const counted = async (): Promise<Record<string, number>> => {
    const sums: Record<string, number> = {};
    for (const { name, labels, values } of await engine.readings()) {
      if (name === 'requests') sums[`${labels[0]} ${labels[5]}`] = (sums[`${labels[0]} ${labels[5]}`] ?? 0) + values[0]!;
      if (name === 'figures') sums[`${labels[0]} times`] = (sums[`${labels[0]} times`] ?? 0) + values.slice(1).reduce((sum, value) => sum + value, 0);
    }
    return sums;
  };
  /** Masters of nginx with this work directory. */
  const masters = (): string[] => readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`) === path.join(folder, 'work') && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('master process');
    } catch {
      return false;
    }
  });

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-upgrade-'));
    chmodSync(folder, 0o755);
    ports = await freePorts(6);
    for (const name of CLASSES) backends.set(name, await startEchoBackend(name));
    settings = engineSettings(inputOf());
    engine = await startEngine(settings, { log: (level, message) => { lines.push(`${level} ${message}`); } });
    const { certificate: chain, key } = await selfSigned('h0.blue.test');
    await table('blue', [{ key: 'certificate/certificate-1', value: { chain, key } }, { key: 'sni/h0.blue.test', value: { certificate: 'certificate-1' } }]);
    await table('green');
  });
  after(async () => {
    await engine?.stop();
    for (const backend of backends.values()) backend.close();
    expect(masters()).to.deep.equal([]);
    rmSync(folder, { recursive: true, force: true });
  });

  it(`fails no request and loses no count in ${UPGRADES} upgrades, and open WebSockets go on in the old nginx`, async () => {
    await eventually(async () => expect((await counted())['blue times'] ?? 0).to.equal(0));
    const before = await counted();
    const loads: Load[] = CLASSES.map((name) => startLoad(portOf(name), targets(name), PER_SECOND));
    await untilSteady(loads);
    const masterPids = new Set<number>();
    const socket = await openWebSocket(portOf('green'), hostOf('green', 0));
    const told: RequestCounts[] = [];
    engine.observe('blue', targets('blue').map((_, at) => `shop/web-${at}`), (counts) => { told.push(counts); });
    const started: number[] = [];
    const spans: string[] = [];
    for (let round = 0; round < UPGRADES; round++) {
      const at = performance.now();
      await engine.replaceNginx(settings);
      started.push(performance.now() - at);
      spans.push(`${Math.round(at)}-${Math.round(performance.now())}`);
      masterPids.add(engine.pids()!.master);
      if (round === 0) await socket.echo('first upgrade');
      expect(await engine.readiness()).to.deep.equal({ ready: true, whole: true, reasons: [] });
      // Updates go on, too.
      await table('green', [{ key: `service/shop/extra-${round}/80`, value: { endpoints: [] } }]);
    }
    const reports = await Promise.all(loads.map((load) => load.stop()));
    const requests = reports.reduce((sum, { sent }) => sum + sent, 0);
    for (const { sent, planned, answered, failures } of reports) {
      expect(failures, `upgrades were at ${spans.join(' ')}`).to.deep.equal([]);
      expect(answered).to.equal(sent);
      expect(sent).to.be.at.least(planned * 0.99);
    }
    expect(masterPids.size).to.equal(UPGRADES);
    // It was open in an nginx that has been replaced; that one ends by its grace at the latest.
    await eventually(() => expect(masters()).to.have.length(1), 8000);
    expect(socket.open).to.equal(false);
    const after = await counted();
    for (const [at, name] of CLASSES.entries()) expect(after[`${name} 200`]! - (before[`${name} 200`] ?? 0), name).to.equal(reports[at]!.sent);
    expect(after['green 101']).to.equal(1);
    // Whoever waits for the last request of an Ingress is told the same, of every nginx that has counted.
    await eventually(() => expect(told.at(-1)!.counts.reduce((sum, count) => sum + count, 0)).to.equal(after['blue 200']));
    engine.observe('blue', [], () => undefined);
    expect(new Set(told.map(({ instance }) => instance))).to.have.property('size').within(2, UPGRADES + 1);
    for (const [at, { counts }] of told.entries()) if (at > 0) counts.forEach((count, ingress) => expect(count).to.be.at.least(told[at - 1]!.counts[ingress]!));
    const late = reports.flatMap(({ latencies }) => latencies).sort((a, b) => a - b);
    console.log(`      hot upgrade x${UPGRADES}: 0 failed of ${requests} requests (95 % bound 3/N = ${(3 / requests).toExponential(1)}), ` +
      `one takes ${Math.round(Math.max(...started))} ms at most, latency p99 ${late[Math.floor(late.length * 0.99)]!.toFixed(1)} ms, longest ${late.at(-1)!.toFixed(0)} ms`);
  });

  it('serves certificates, tables and counters from the first request on', async () => {
    const { fingerprint } = await httpGet({ port: ports[1]!, host: 'h0.blue.test', https: true });
    // Connections of their own, at once after each other: whichever nginx takes one knows everything.
    let over = false;
    const asked = (async () => {
      const problems: string[] = [];
      while (!over) {
        const answer = await httpGet({ port: ports[1]!, host: 'h0.blue.test', https: true });
        if (answer.status !== 200 || answer.fingerprint !== fingerprint) problems.push(`${answer.status} ${answer.fingerprint}`);
      }
      return problems;
    })();
    for (let round = 0; round < 3; round++) await engine.replaceNginx(settings);
    over = true;
    expect(await asked).to.deep.equal([]);
    // No private key is left where the new nginx has read it.
    expect(readdirSync(engineFiles(settings.workDirectory).firstTables)).to.deep.equal([]);
  });

  it('asks clients to close their connections before it ends the old nginx, in HTTP/1.1 and not over what they have opened', async () => {
    const replaced = engine.replaceNginx(settings);
    const text = await eventually(async () => {
      const { text: answer } = await rawHttp(portOf('blue'), `GET / HTTP/1.1\r\nHost: ${hostOf('blue', 0)}\r\n\r\n`, 100);
      expect(answer).to.match(/\r\nConnection: close\r\n/);
      return answer;
    }, 4000);
    expect(text.match(/\r\nConnection:/g)).to.have.length(1);
    await replaced;
    const { headers } = await httpGet({ port: portOf('blue'), host: hostOf('blue', 0), headers: { connection: 'keep-alive' } });
    expect(headers.connection).to.equal('keep-alive');
  });

  it('counts a request once against limits, the body of which was under way when clients were asked to go elsewhere', async () => {
    const host = 'limited.blue.test';
    const routes = [{ match: 'prefix' as const, path: '/', namespace: 'shop', ingress: 'limited', service: 'blue', backend: 'service/shop/blue/80', policy: 0 }];
    const limits = { rpm: 1, burst: 1, connections: 1, requestStatus: 429, connectionStatus: 503 };
    await table('blue', [{ key: `host/${host}`, value: { routes, policies: [{ limits }] } }]);
    const client = connect(portOf('blue'), '127.0.0.1');
    let text = '';
    client.setEncoding('latin1').on('data', (chunk: string) => { text += chunk; });
    client.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n`);
    // Its body is being read: it has been counted, and will be routed once more.
    await eventually(() => expect(text).to.match(/^HTTP\/1\.1 100 /));
    await engine.leave();
    client.write('5\r\nhello\r\n0\r\n\r\n');
    await once(client, 'close');
    expect(text).to.match(/\r\n\r\nHTTP\/1\.1 200 [^]*\r\nConnection: close\r\n/);
    // One more is allowed at once beside the first, and what was held is given back: when the request ends in nginx, of which its client may hear sooner.
    const ask = async (): Promise<number> => (await httpGet({ port: portOf('blue'), host })).status;
    const next = await eventually(async () => {
      const status = await ask();
      expect(status).to.not.equal(503);
      return status;
    });
    expect([next, await ask()]).to.deep.equal([200, 429]);
    await engine.replaceNginx(settings);
    await table('blue');
  });

  it('listens where new settings say, and no longer where they do not', async () => {
    const listeners = [...settings.listeners, { name: 'more', address: '127.0.0.1', httpPort: ports[4]!, httpsPort: ports[5]!, classes: ['green'] }];
    const more = { ...settings, listeners };
    const load = startLoad(portOf('blue'), targets('blue'), PER_SECOND);
    await engine.replaceNginx(more);
    expect((await httpGet({ port: ports[4]!, host: hostOf('green', 0) })).headers['x-backend']).to.equal('green');
    await engine.replaceNginx(settings);
    await eventually(async () => {
      expect(await httpGet({ port: ports[4]!, host: hostOf('green', 0) }).then(() => 'answers', (error: NodeJS.ErrnoException) => error.code)).to.equal('ECONNREFUSED');
    });
    expect((await load.stop()).failures).to.deep.equal([]);
  });

  describe('goes on with the old nginx, names what is wrong, and can be asked again, when the new one', () => {
    const fails = async (next: EngineSettings, message: RegExp): Promise<void> => {
      const { master } = engine.pids()!;
      const configuration = readFileSync(engineFiles(settings.workDirectory).configuration, 'utf8');
      const load = startLoad(portOf('blue'), targets('blue'), PER_SECOND);
      const error = await engine.replaceNginx(next).then(() => new Error('was replaced'), (thrown: Error) => thrown);
      expect(error.message).to.match(message);
      expect((await load.stop()).failures).to.deep.equal([]);
      expect(engine.pids()!.master).to.equal(master);
      expect(readFileSync(engineFiles(settings.workDirectory).configuration, 'utf8')).to.equal(configuration);
      await table('blue');
      const { headers } = await httpGet({ port: portOf('blue'), host: hostOf('blue', 0), headers: { connection: 'keep-alive' } });
      expect(headers.connection).to.equal('keep-alive');
    };
    it('refuses its configuration', () => fails({ ...settings, sharedMemoryMegabytes: { ...settings.sharedMemoryMegabytes, records: 2 ** 40 } }, /lower sharedMemoryMegabytes/));
    it('is not there', () => fails({ ...settings, nginxBinary: '/nowhere/nginx' }, /\/nowhere\/nginx is missing/));
    it('is no nginx', async () => {
      const broken = path.join(folder, 'broken');
      writeFileSync(broken, '#!/bin/sh\n[ "$1" = -t ] && exit 0\nexit 3\n', { mode: 0o755 });
      await fails({ ...settings, nginxBinary: broken }, /ended \(exit code 3\) before it answered/);
    });
    it('has no room for the tables', async () => {
      await table('green', Array.from({ length: 9000 }, (_, at) => ({ key: `service/shop/${'x'.repeat(50)}-${at}/80`, value: { endpoints: [] } })));
      await fails({ ...settings, sharedMemoryMegabytes: { ...settings.sharedMemoryMegabytes, pointers: 1 } }, /no room for the table of class green in zone ia_pointers/);
      await table('green');
    });
    it('finds a new port taken', async () => {
      const listeners = [...settings.listeners, { name: 'more', address: '127.0.0.1', httpPort: backends.get('blue')!.port, httpsPort: ports[5]!, classes: ['green'] }];
      await fails({ ...settings, listeners }, new RegExp(`port ${backends.get('blue')!.port}`));
    });
    it('would need another work directory', () => fails({ ...settings, workDirectory: path.join(folder, 'other') }, /workDirectory: can't be changed while the engine runs/));
  });

  it('runs whatever program is at its place', async () => {
    const own = path.join(folder, 'nginx-copy');
    copyFileSync(settings.nginxBinary, own);
    chmodSync(own, 0o755);
    const before = engine.pids()!.master;
    await engine.replaceNginx({ ...settings, nginxBinary: own });
    expect(engine.pids()!.master).not.to.equal(before);
    expect(readlinkSync(`/proc/${engine.pids()!.master}/exe`)).to.equal(own);
    await engine.replaceNginx(settings);
  });

  it('comes back with every table, and nobody is refused meanwhile, when nginx is killed after an upgrade', async () => {
    await engine.replaceNginx(settings);
    const { master } = engine.pids()!;
    process.kill(master, 'SIGKILL');
    await eventually(() => expect(engine.pids()?.master).to.not.equal(master));
    // The sockets are the agent's: a connection waits for the next nginx, and that one begins with the tables.
    for (let round = 0; round < 20; round++) expect((await httpGet({ port: portOf('blue'), host: hostOf('blue', 0) })).status).to.equal(200);
    expect(await engine.readiness()).to.deep.equal({ ready: true, whole: true, reasons: [] });
  });
});

// The real nginx under the agent: what starts, answers, dies, comes back and ends. Lua stand-ins take the data plane's place.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { request } from 'node:http';
import { request as secureRequest, type RequestOptions } from 'node:https';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { startEngine, type Engine } from '../../../src/engine/agent.js';
import { EngineError } from '../../../src/engine/engine-error.js';
import { engineFiles } from '../../../src/engine/nginx-conf.js';
import { engineSettings, type EngineSettings } from '../../../src/engine/settings.js';
import type { TableUpdate } from '../../../src/route-table/types.js';
import { freePorts } from '../../fixtures/free-ports.js';
import { isAlive } from '../../fixtures/process-figures.js';
import { writeStandInLua } from './stand-in-lua.js';

const SERVICE = 'service/shop/web/80';

async function eventually(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 8000;
  while (!await check()) {
    if (performance.now() > deadline) throw new Error(`did not happen: ${what}`);
    await sleep(20);
  }
}

interface Answer { status: number; headers: IncomingHttpHeaders; body: string }

function ask({ secure, ...rest }: RequestOptions & { secure?: boolean }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    (secure ? secureRequest : request)({ host: '127.0.0.1', agent: false, rejectUnauthorized: false, ...rest }, (response) => {
      let body = '';
      response.on('error', reject).setEncoding('utf8').on('data', (part) => { body += part; }).on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    }).on('error', reject).end();
  });
}

/** What openssl says of one TLS connection. */
async function handshake(port: number, ...options: string[]): Promise<{ stdout: string; stderr: string }> {
  const running = promisify(execFile)('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...options], { timeout: 5000 });
  running.child.stdin!.end();
  return running.catch((error: { stdout: string; stderr: string }) => error);
}

describe('engine: nginx process', function () {
  this.timeout(30_000);
  let directory: string;
  let settings: EngineSettings;
  let backend: Server;
  let engine: Engine | undefined;
  let lines: string[];
  /** Closed after each test. */
  const servers: { close(): unknown }[] = [];

  const log = (level: string, message: string) => void lines.push(`${level} ${message}`);
  const update = (sequence: number, rest: Partial<TableUpdate> = {}): TableUpdate => ({
    class: 'internal', epoch: 1, sequence, full: sequence === 1, remove: [], count: 1,
    set: [{ key: SERVICE, value: { endpoints: [{ address: '127.0.0.1', port: (backend.address() as AddressInfo).port }] } }],
    ...rest,
  });
  const start = async () => { engine = await startEngine(settings, { log }); return engine; };
  const get = (headers: Record<string, string> = {}) => ask({ port: settings.listeners[0]!.httpPort, path: '/x', headers: { host: 'a.test', ...headers } });

  before(async () => {
    backend = createServer((req, res) => res.end(JSON.stringify({ url: req.url, headers: req.headers }))).listen(0, '127.0.0.1');
    await once(backend, 'listening');
  });
  after(() => { backend.closeAllConnections(); backend.close(); });

  beforeEach(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'ia-engine-'));
    chmodSync(directory, 0o755);
    writeStandInLua(path.join(directory, 'lua'));
    lines = [];
    const [httpPort, httpsPort] = await freePorts(2);
    settings = engineSettings({
      workDirectory: path.join(directory, 'work'), luaDirectory: path.join(directory, 'lua'), allowLoopbackEndpoints: true,
      listeners: [{ name: 'internal', address: '127.0.0.1', httpPort, httpsPort, classes: ['internal'] }],
      limits: { drainSeconds: 1, startSeconds: 8 },
    });
  });
  afterEach(async () => {
    await engine?.stop();
    engine = undefined;
    for (const server of servers.splice(0)) server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('starts, takes tables, proxies, counts and stops without a process left', async () => {
    const { apply, readings, pids, generation, readiness } = await start();
    expect(pids()!.workers).to.have.length(2);
    expect(await readiness()).to.deep.equal({ ready: false, whole: false, reasons: ['class internal: waits for its first table'] });
    expect((await get()).status).to.equal(404);
    expect(await apply(update(1))).to.deep.equal({ applied: true });
    expect(await readiness()).to.deep.equal({ ready: true, whole: true, reasons: [] });
    expect(generation('internal')).to.equal(1);
    const answer = await get();
    expect(answer.status).to.equal(200);
    expect(answer.headers.server).to.equal('nginx');
    expect(JSON.parse(answer.body).url).to.equal('/seen/x');
    await eventually('two requests are counted', async () => (await readings())[0]!.values[0]! >= 2);
    expect((await readings())[0]).to.deep.include({ name: 'requests', labels: ['internal', 'shop', 'web', 'web', 'GET', '200', '', ''] });
    const all = [pids()!.master, ...pids()!.workers];
    await engine!.stop();
    expect(all.filter(isAlive)).to.deep.equal([]);
    expect(pids()).to.equal(undefined);
    expect(await apply(update(2))).to.deep.equal({ applied: false, reason: 'stopped: the engine is stopping' });
    expect(lines.filter((line) => line.startsWith('error'))).to.deep.equal([]);
  });

  it('answers TLS with the default certificate over HTTP/1.1 and HTTP/2, not below TLS 1.2', async () => {
    await (await start()).apply(update(1));
    const port = settings.listeners[0]!.httpsPort;
    const answer = await ask({ secure: true, port, path: '/', servername: 'a.test', headers: { host: 'a.test' } });
    expect(JSON.parse(answer.body).headers).to.include({ 'x-forwarded-proto': 'https', 'x-forwarded-port': String(port) });
    const { stdout } = await handshake(port, '-alpn', 'h2', '-servername', 'a.test');
    expect(stdout).to.match(/ALPN protocol: h2/);
    expect(stdout).to.match(/subject=CN ?= ?ingress-arbiter default certificate/);
    const old = await handshake(port, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0');
    expect(old.stderr).to.match(/alert protocol version|no protocols available/);
    const files = engineFiles(settings.workDirectory);
    expect(statSync(files.privateKey).mode & 0o777).to.equal(0o600);
    for (const secret of files.privateDirectories) expect(statSync(secret).mode & 0o777).to.equal(0o700);
  });

  it('overwrites what only a proxy may say', async () => {
    await (await start()).apply(update(1));
    const answer = await get({
      'x-forwarded-for': '6.6.6.6', 'x-real-ip': '6.6.6.6', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil', 'x-forwarded-prefix': '/evil',
      forwarded: 'for=6.6.6.6', 'x-original-uri': '/admin', 'ssl-client-verify': 'SUCCESS', proxy: 'http://evil', upgrade: 'h2c', x_forwarded_for: '6.6.6.6',
    });
    const seen = JSON.parse(answer.body).headers;
    expect(seen).to.include({
      host: 'a.test', 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'a.test',
      'x-original-forwarded-for': '6.6.6.6', 'x-scheme': 'http', 'x-forwarded-scheme': 'http',
    });
    expect(seen['x-request-id']).to.match(/^[0-9a-f]{32}$/);
    expect(seen).not.to.have.any.keys('x-forwarded-prefix', 'forwarded', 'x-original-uri', 'ssl-client-verify', 'proxy', 'upgrade', 'x_forwarded_for');
  });

  it('refuses an endless header list', async () => {
    await (await start()).apply(update(1));
    const many = Object.fromEntries(Array.from({ length: 110 }, (_, index) => [`x-${index}`, 'v']));
    const { status, body } = await get(many);
    expect(status).to.equal(400);
    expect(body).not.to.match(/nginx\/\d/);
  });

  it('comes back with every table when nginx is killed, master or group', async () => {
    const { apply, pids, readiness } = await start();
    await apply(update(1));
    const first = pids()!;
    process.kill(first.master, 'SIGKILL');
    await eventually('nginx serves again', async () => pids() !== undefined && pids()!.master !== first.master && (await readiness()).ready);
    // The old workers would go on serving, unreachable for every update.
    expect(first.workers.filter(isAlive)).to.deep.equal([]);
    expect((await get()).status).to.equal(200);
    expect(await apply(update(2, { set: [{ key: SERVICE, value: { endpoints: [] } }] }))).to.deep.equal({ applied: true });
    expect((await get()).status).to.equal(503);
  });

  it('cuts a request that does not end once the drain time is over', async () => {
    const endless = createServer((_req, res) => { res.write('begun'); }).listen(0, '127.0.0.1');
    servers.push({ close: () => { endless.closeAllConnections(); endless.close(); } });
    await once(endless, 'listening');
    const { apply, stop, pids } = await start();
    await apply(update(1, { set: [{ key: SERVICE, value: { endpoints: [{ address: '127.0.0.1', port: (endless.address() as AddressInfo).port }] } }] }));
    const answer = get().catch((error: unknown) => error);
    await sleep(100);
    const { master } = pids()!;
    const begun = performance.now();
    await stop();
    expect(performance.now() - begun).to.be.within(800, 3000);
    expect(isAlive(master)).to.equal(false);
    expect(await answer).to.be.instanceOf(Error);
  });

  it('takes an update that comes while nginx is down', async () => {
    const { apply, pids } = await start();
    await apply(update(1));
    process.kill(pids()!.master, 'SIGKILL');
    // Until then the old workers may still take it, and be gone for the request.
    await eventually('nginx is down', () => pids() === undefined);
    expect(await apply(update(2, { set: [{ key: SERVICE, value: { endpoints: [] } }] }))).to.deep.equal({ applied: true });
    expect((await get()).status).to.equal(503);
  });

  it('survives a killed worker without a restart', async () => {
    const { apply, pids } = await start();
    await apply(update(1));
    const { master, workers } = pids()!;
    process.kill(workers[0]!, 'SIGKILL');
    await eventually('a new worker', () => pids()!.workers.length === 2 && !pids()!.workers.includes(workers[0]!));
    expect(pids()!.master).to.equal(master);
    expect((await get()).status).to.equal(200);
  });

  it('ends with its agent, also when that is killed', async () => {
    const script = `
      const { startEngine } = await import(${JSON.stringify(new URL('../../../src/engine/agent.js', import.meta.url).href)});
      const engine = await startEngine(${JSON.stringify(settings)}, { log() {} });
      console.log(JSON.stringify(engine.pids()));`;
    const agent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [output] = await once(agent.stdout, 'data');
    const { master, workers } = JSON.parse(String(output));
    expect([master, ...workers].every(isAlive)).to.equal(true);
    agent.kill('SIGKILL');
    await eventually('nginx is gone', () => ![master, ...workers].some(isAlive));
    // What it left in the directory does not keep the next one from starting.
    await start();
  });

  it('finishes a request in flight before it stops', async () => {
    const slow = createServer((_req, res) => { res.write('begun'); setTimeout(() => res.end('done'), 500); }).listen(0, '127.0.0.1');
    servers.push(slow);
    await once(slow, 'listening');
    const { apply, stop } = await start();
    await apply(update(1, { set: [{ key: SERVICE, value: { endpoints: [{ address: '127.0.0.1', port: (slow.address() as AddressInfo).port }] } }] }));
    const answer = get();
    await sleep(100);
    await Promise.all([stop(), answer]);
    expect((await answer).body).to.equal('begundone');
  });

  describe('says what to do when it', () => {
    const fails = async (change: () => void, code: string, message: RegExp) => {
      change();
      const error: unknown = await start().catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(EngineError);
      expect(error).to.have.property('code', code);
      expect((error as Error).message).to.match(message);
    };
    it('has no nginx', () => fails(() => { settings.nginxBinary = '/nowhere/nginx'; }, 'nginx-missing', /apt-get install nginx-light/));
    it('has no Lua module', () => fails(() => { settings.modulesDirectory = directory; }, 'module-missing', /ndk_http_module\.so is missing.*apt-get/));
    it('has no data plane', () => fails(() => { settings.luaDirectory = directory; }, 'module-missing', /data-plane\.init is missing/));
    it('is refused its configuration', () => fails(() => { settings.sharedMemoryMegabytes.records = 2 ** 40; }, 'configuration-refused', /lower sharedMemoryMegabytes/));
    it('finds its port taken', async () => {
      const other = createTcpServer().listen(settings.listeners[0]!.httpPort, '127.0.0.1');
      servers.push(other);
      await once(other, 'listening');
      await fails(() => undefined, 'port-in-use', new RegExp(`port ${settings.listeners[0]!.httpPort}\\); stop the other process`));
    });
    it('finds another engine in its directory', async () => {
      await start();
      const error: unknown = await startEngine(settings, { log }).catch((thrown: unknown) => thrown);
      expect(error).to.have.property('code', 'work-directory');
      expect((error as Error).message).to.match(/another engine runs in this work directory/);
    });
    it('has a directory that the workers cannot enter', function () {
      if (process.getuid!() !== 0) this.skip();
      return fails(() => chmodSync(directory, 0o700), 'work-directory', /workers cannot get through .*chmod o\+x/);
    });
  });
});

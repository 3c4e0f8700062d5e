// The agent's ways to endpoints over TLS: open before nginx is told of them, closed with the table that needed them, back after their
// thread has died. Real sockets, a real thread, real TLS.
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, type Server as NetServer, connect, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Server, createServer } from 'node:tls';
import { expect } from 'chai';
import type { AskedThread } from '../../../src/engine/asked-thread.js';
import { BackendHops } from '../../../src/engine/backend-hops.js';
import { neededBy, ordersOf, usesOf } from '../../../src/engine/hop-orders.js';
import type { EngineSettings } from '../../../src/engine/settings.js';
import { hopDirectory, hopNameLength, hopText, outsideText, shownAddress, tlsText } from '../../../src/route-table/backend-tls.js';
import type { BackendTls } from '../../../src/route-table/types.js';
import { eventually } from '../../fixtures/eventually.js';
import { selfSigned } from '../../fixtures/self-signed.js';

const backend = 'service/shop/web/443';
const route = { match: 'prefix', path: '/', namespace: 'shop', ingress: 'web', service: 'web', backend, policy: 0 };
const host = (tls: BackendTls): string => JSON.stringify({ routes: [route], policies: [{ protocol: 'https', tls }] });
const endpoints = (...ports: number[]): string => JSON.stringify({ endpoints: ports.map((port) => ({ address: '127.0.0.1', port })) });

describe('engine: ways to backends over TLS', function () {
  this.timeout(20_000);
  let folder: string;
  let server: Server;
  let port: number;
  let certificate: string;
  let hops: BackendHops;
  const log: string[] = [];
  /** What nginx has. */
  let table: Map<string, string>;
  let got = 0;
  /** Takes connections and says nothing. */
  let mute: NetServer;
  let silent: number;
  const sockets = (): string[] => readdirSync(path.join(folder, 'hops')).map((name) => path.join(folder, 'hops', name));
  const verify = { trusted: 'trusted-1', depth: 1, name: 'backend.internal' };

  before(async () => {
    const made = await selfSigned('backend.internal');
    certificate = made.certificate;
    server = createServer({ cert: certificate, key: made.key }, (socket) => {
      socket.on('error', () => undefined).on('data', (bytes: Buffer) => {
        got += bytes.length;
        socket.write(bytes);
      });
    });
    server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    mute = createNetServer((socket) => socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    silent = (mute.address() as AddressInfo).port;
  });
  after(() => {
    server.close();
    mute.close();
  });
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-hops-'));
    mkdirSync(path.join(folder, 'hops'), { mode: 0o700 });
    log.length = 0;
    got = 0;
    table = new Map();
    hops = new BackendHops({ workDirectory: folder, limits: { connectSeconds: 2 } as EngineSettings['limits'] }, (_level, message) => { log.push(message); });
  });
  afterEach(async () => {
    await hops.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const threadOf = (one: BackendHops): AskedThread<unknown, unknown, unknown> => Reflect.get(one, 'thread') as AskedThread<unknown, unknown, unknown>;
  const step = async (changes: [string, string | undefined][], applied = true): Promise<void> => {
    await hops.before('red', table, changes);
    if (applied) for (const [key, json] of changes) { if (json === undefined) table.delete(key); else table.set(key, json); }
    hops.after('red', applied);
  };
  const trusted = (): [string, string] => ['trusted/trusted-1', JSON.stringify({ trusted: certificate })];
  /** The answer of the endpoint to one word, or 'closed'. */
  const say = async (socket: string, word = 'hello'): Promise<string> => {
    const connection = connect(socket);
    try {
      connection.write(word);
      return await Promise.race([once(connection, 'data').then(([bytes]) => String(bytes)), once(connection, 'close').then(() => 'closed')]);
    } catch {
      return 'closed';
    } finally {
      connection.destroy();
    }
  };

  it('where nobody asks for any, there is nothing', async () => {
    await step([['host/a.test', JSON.stringify({ routes: [route], policies: [{ protocol: 'https' }] })], [backend, endpoints(port)]]);
    expect([sockets(), threadOf(hops).isRunning]).to.deep.equal([[], false]);
  });

  it('a socket for each endpoint is there when `before` resolves, and carries bytes', async () => {
    await hops.before('red', table, [['host/a.test', host({ verify })], [backend, endpoints(port)], trusted()]);
    expect(sockets()).to.have.length(1);
    expect(await say(sockets()[0]!)).to.equal('hello');
    expect(statSync(path.join(folder, 'hops')).mode & 0o777).to.equal(0o700);
  });

  it('endpoints come and go; an update that nginx does not take leaves nothing', async () => {
    await step([['host/a.test', host({ verify })], [backend, endpoints(port)], trusted()]);
    const [first] = sockets();
    await step([[backend, endpoints(port, port + 1)]], false);
    await eventually(() => expect(sockets()).to.deep.equal([first]));
    await step([[backend, endpoints(port, port + 1)]]);
    expect(sockets()).to.have.length(2);
    await step([['host/b.test', JSON.stringify({ routes: [] })]]);
    expect(sockets()).to.have.length(2);
    await step([['host/a.test', undefined]]);
    await eventually(() => expect(sockets()).to.deep.equal([]));
  });

  it('a class does not use the way of another one', async () => {
    await step([['host/a.test', host({ verify })], [backend, endpoints(port)], trusted()]);
    await hops.before('blue', new Map(), [['host/a.test', host({ verify })], [backend, endpoints(port)], trusted()]);
    expect(sockets()).to.have.length(2);
    hops.after('blue', true);
    hops.forget('blue');
    await eventually(() => expect(sockets()).to.have.length(1));
  });

  it('an endpoint that does not prove who it is gets not a byte', async () => {
    await step([['host/a.test', host({ verify: { ...verify, name: 'other.internal' } })], [backend, endpoints(port)], trusted()]);
    expect(await say(sockets()[0]!, 'secret'.repeat(1000))).to.equal('closed');
    expect(got).to.equal(0);
    await eventually(() => expect(log.join('\n')).to.include('ERR_TLS_CERT_ALTNAME_INVALID'));
    // Whatever comes too fast is told once.
    for (let round = 0; round < 5; round++) await say(sockets()[0]!);
    expect(log).to.have.length(1);
  });

  it('without the authorities that it names, there is no way', async () => {
    await step([['host/a.test', host({ verify })], [backend, endpoints(port)]]);
    expect(sockets()).to.deep.equal([]);
  });

  it('settings that OpenSSL does not know are told, and hold up nothing', async () => {
    await step([['host/a.test', host({ ciphers: 'NO-SUCH-CIPHER' })], [backend, endpoints(port)]]);
    expect(sockets()).to.deep.equal([]);
    expect(log.join('\n')).to.include('ERR_SSL_NO_CIPHER_MATCH');
  });

  it('when the thread dies, all is open again', async () => {
    await step([['host/a.test', host({ verify })], [backend, endpoints(port)], trusted()]);
    const [socket] = sockets();
    await threadOf(hops).stop();
    await eventually(async () => expect(await say(socket!)).to.equal('hello'));
  });

  it('an endpoint that takes no connection is given up in time', async () => {
    // 192.0.2.0/24 belongs to nobody (RFC 5737).
    await step([['host/a.test', host({ serverName: 'a', connectSeconds: 1 })], [backend, JSON.stringify({ endpoints: [{ address: '192.0.2.1', port: 443 }] })]]);
    expect(await say(sockets()[0]!)).to.equal('closed');
  });

  it('waits as long as the settings of today say, at the sockets of before too', async () => {
    await step([['host/a.test', host({ serverName: 'a' })], [backend, JSON.stringify({ endpoints: [{ address: '127.0.0.1', port: silent }] })]]);
    const waited = async (): Promise<number> => {
      const begun = performance.now();
      expect(await say(sockets()[0]!)).to.equal('closed');
      return performance.now() - begun;
    };
    hops.obey({ workDirectory: folder, limits: { connectSeconds: 0.2 } as EngineSettings['limits'] });
    // It was 2 seconds.
    expect(await waited()).to.be.lessThan(1900);
  });

  it('what could not be opened is tried again', async () => {
    const blocked = path.join(folder, 'hops');
    rmSync(blocked, { recursive: true });
    await step([['host/a.test', host({ verify })], [backend, endpoints(port)], trusted()]);
    expect(log.join('\n')).to.include('can\'t be spoken');
    mkdirSync(blocked, { mode: 0o700 });
    await eventually(async () => expect(await say(sockets()[0]!)).to.equal('hello'));
  });

  it('nobody is let in when there is no nginx to ask for its account', function () {
    if (process.getuid?.() !== 0) return this.skip();
    chownSync(path.join(folder, 'hops'), 65_534, 65_534);
    hops.admit(undefined);
    expect(statSync(path.join(folder, 'hops')).uid).to.equal(65_534);
    hops.admit(process.pid);
    expect(statSync(path.join(folder, 'hops')).uid).to.equal(0);
  });

  it('entries are read once, however many routes name them', () => {
    const read: string[] = [];
    const tls = (depth: number): BackendTls => ({ verify: { ...verify, depth }, certificate: 'pair-1' });
    const uses = Array.from({ length: 50 }, (_, at) => ({ tls: tls(at % 2), backend }));
    const entryOf = (key: string): string => {
      read.push(key);
      return key === backend ? endpoints(1, 2, 3) : JSON.stringify({ trusted: certificate, chain: 'chain', key: 'key' });
    };
    const orders = [...ordersOf('red', uses, entryOf, folder).values()];
    expect(read.sort()).to.deep.equal(['certificate/pair-1', backend, 'trusted/trusted-1']);
    expect(orders).to.have.length(6);
    expect(orders.map(({ port: one, verify: judged }) => `${one} ${judged!.depth}`).sort()).to.deep.equal(['1 0', '1 1', '2 0', '2 1', '3 0', '3 1']);
  });

  it('the names of sockets are those that nginx asks for, IPv6 in brackets', () => {
    const [order] = ordersOf('red', [{ tls: { serverName: 'a' }, backend }], () => JSON.stringify({ endpoints: [{ address: 'fd00::1', port: 443 }] }), folder).values();
    const text = hopText({ class: 'red', tls: tlsText({ serverName: 'a' }) }, shownAddress('fd00::1'), 443);
    expect([shownAddress('fd00::1'), shownAddress('10.0.0.1')]).to.deep.equal(['[fd00::1]', '10.0.0.1']);
    expect(path.basename(order!.path)).to.equal(createHash('md5').update(text).digest('hex').slice(0, hopNameLength));
    expect(order!.address).to.equal('fd00::1');
  });

  it('a name has a socket of its own for all that nginx speaks itself, and the usual one for TLS that somebody has asked for', () => {
    const json = JSON.stringify({ endpoints: [{ address: 'api.test', port: 443, resolve: true }] });
    const uses = usesOf(backend, json)!;
    const [secure, clear] = ordersOf('red', [...uses, { tls: { serverName: 'a' }, backend }], () => json, folder).values();
    const pathOf = (tls: string): string => path.join(folder, hopDirectory, createHash('md5').update(hopText({ class: 'red', tls }, 'api.test', 443)).digest('hex').slice(0, hopNameLength));
    expect(clear).to.deep.equal({ path: pathOf(outsideText('http', undefined)), address: 'api.test', port: 443, resolve: true, inTheClear: true });
    expect(secure).to.deep.equal({ path: pathOf(tlsText({ serverName: 'a' })), address: 'api.test', port: 443, resolve: true, serverName: 'a' });
    expect([...neededBy(uses)]).to.deep.equal([]);
  });

  it('looks only into hosts that may have any', () => {
    expect(usesOf('service/a/b/80', '{"tls":{}}')).to.equal(undefined);
    expect(usesOf('service/a/b/80', '{"endpoints":[{"address":"10.0.0.1","port":80}]}')).to.equal(undefined);
    expect(usesOf('host/a.test', '{"routes":[]}')).to.equal(undefined);
    expect(usesOf('host/a.test', host({ serverName: 'a' }))).to.deep.equal([{ tls: { serverName: 'a' }, backend }]);
  });
});

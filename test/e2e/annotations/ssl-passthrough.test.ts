// TLS that passes to a backend as it is: the client sees the backend's certificate and the backend the client's server name, while
// every other host of the same listener is served as ever; what changes while it runs, and who gets nothing past a protection.

import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { type Server, createServer } from 'node:https';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { type TLSSocket, connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { devEngineSettings } from '../../../src/cli/dev/dev-settings.js';
import { engineSettings } from '../../../src/engine/settings.js';
import { type CertificateShop, type Pair, openCertificateShop } from '../../fixtures/certificate-authority.js';
import { type DevSession, type IngressText, ingress, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import { freePorts } from '../../fixtures/free-ports.js';
import { serviceAt } from '../../fixtures/service-at.js';

const PASS = { 'ssl-passthrough': 'true' };

describe('e2e: ssl-passthrough', function () {
  this.timeout(90_000);
  let session: DevSession;
  let shop: CertificateShop;
  let authority: Pair;
  let https: number;
  const servers: Server[] = [];
  /** Server names that each backend has seen. */
  const names: Record<string, (string | false)[]> = {};
  const portOf: Record<string, number> = {};

  const listen = async (name: string, dns: string): Promise<void> => {
    const server = createServer(shop.signed(name, 'a', { dns }), (request, response) => {
      names[name]!.push((request.socket as TLSSocket & { servername: string | false }).servername);
      response.setHeader('x-backend', name);
      response.end(request.url === '/large' ? Buffer.alloc(8 * 1024 * 1024, 'x') : `${name} ${request.headers['x-forwarded-for'] ?? 'unforwarded'}`);
    });
    server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);
    names[name] = [];
    portOf[name] = (server.address() as AddressInfo).port;
  };

  before(async () => {
    shop = openCertificateShop();
    authority = shop.authority('a');
    for (const name of ['one', 'two', 'other']) await listen(name, name === 'other' ? 'other.example.com' : '*.example.com');
    session = await startDevSession({ web: 1 }, { sslPassthrough: { external: true } });
    https = session.settings.ports.external.https;
    const pass = (name: string, service: string, more: Partial<IngressText> = {}): string => ingress({ name, host: `${name}.example.com`, service, ...more, annotations: { ...PASS, ...more.annotations } });
    const [dead] = await freePorts(1) as [number];
    await session.apply(serviceAt('one', [{ port: portOf['one']! }]) + serviceAt('both', [{ port: portOf['one']! }, { port: portOf['two']! }]) + serviceAt('half', [{ port: dead }, { port: portOf['two']! }]) +
      serviceAt('dead', [{ port: dead }]) + serviceAt('empty', []) + serviceAt('moving', [{ port: portOf['one']! }]));
    await session.apply([
      pass('passed', 'one'), pass('turns', 'both'), pass('half', 'half'), pass('dead', 'dead'), pass('empty', 'empty'), pass('moving', 'moving'), pass('leaving', 'one'), pass('in-clear', 'one', { annotations: { 'ssl-redirect': 'false' } }),
      pass('wild', 'one', { host: '*.deep.example.com' }), ingress({ name: 'exact', host: 'exact.deep.example.com', service: 'web' }),
      pass('guarded', 'one', { annotations: { 'whitelist-source-range': '10.0.0.0/8' } }), pass('half-guarded', 'one'), ingress({ name: 'guard', host: 'half-guarded.example.com', path: '/admin', service: 'one', annotations: { 'denylist-source-range': '127.0.0.1' } }),
      pass('rootless', 'one', { path: '/only' }), pass('with-path', 'one'), ingress({ name: 'api', host: 'with-path.example.com', path: '/api', service: 'web' }),
      ingress({ name: 'false', host: 'false.example.com', service: 'web', annotations: { 'ssl-passthrough': 'false' } }), ingress({ name: 'word', host: 'word.example.com', service: 'web', annotations: { 'ssl-passthrough': 'yes' } }),
      ingress({ name: 'plain', host: 'plain.example.com', service: 'web' }), ingress({ name: 'near', host: 'near.example.com', service: 'web', annotations: { 'whitelist-source-range': '127.0.0.7' } }),
    ].join(''));
    await session.served('near.example.com', 403);
    await session.served('plain.example.com');
  });
  after(async () => {
    await session?.close();
    for (const server of servers) server.close();
    shop?.close();
  });

  interface Asked { status: number; text: string; backend: string; authority: string }
  /** Over TLS, and without judging who answers; `authority`: who has signed the certificate. */
  const ask = (name: string, { servername = name, path = '/', localAddress = '127.0.0.1', head = '', port = https, verify = false } = {}): Promise<Asked> => new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress });
    socket.on('error', reject).once('connect', () => {
      if (head !== '') socket.write(head);
      const secure = connectTls({ socket, ...(servername && { servername }), rejectUnauthorized: verify, ca: authority.cert });
      let text = '';
      secure.setTimeout(10_000, () => secure.destroy(new Error('no answer in time')));
      secure.once('secureConnect', () => secure.write(`GET ${path} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`));
      secure.on('data', (part: Buffer) => { text += part.toString('latin1'); }).on('error', reject).on('close', () => reject(new Error('closed without an answer'))).on('end', () => text !== '' && resolve({
        status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text: text.slice(text.indexOf('\r\n\r\n') + 4), backend: /^x-backend: (.*)$/mi.exec(text)?.[1] ?? '', authority: String(secure.getPeerCertificate().issuer?.CN ?? ''),
      }));
    });
  });
  const backendOf = async (name: string, more: Parameters<typeof ask>[1] = {}): Promise<string> => (await ask(`${name}.example.com`, { verify: true, ...more })).backend;
  const refused = async (name: string): Promise<void> => { expect(await ask(name, {}).then(() => 'answered', () => 'refused'), name).to.equal('refused'); };
  const metric = async (pattern: RegExp): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${session.dev.adminPort}/metrics`)).text();
    return Number(pattern.exec(text)?.[1] ?? 'NaN');
  };
  const openOf = (name: string): Promise<number> => metric(new RegExp(`^ingress_arbiter_passthrough_open_connections\\{ingress_class="nginx-external",ingress_namespace="default",ingress_name="${name}"\\} (\\d+)$`, 'm'));

  it('the client verifies the certificate of the backend, which sees the server name and no header of the engine', async () => {
    const before = names['one']!.length;
    expect(await ask('passed.example.com', { verify: true })).to.deep.include({ status: 200, text: 'one unforwarded', backend: 'one', authority: 'a' });
    expect(names['one']!.slice(before)).to.deep.equal(['passed.example.com']);
    expect((await ask('PASSED.example.com')).backend, 'names have no case').to.equal('one');
    expect((await ask('passed.example.com', { path: '/large', verify: true })).text.length).to.equal(8 * 1024 * 1024);
  });

  it('beside it, hosts of the listener are served by the engine: certificate, client address, address lists, HTTP/2', async () => {
    const { text, ...plain } = await ask('plain.example.com', { localAddress: '127.0.0.7' });
    expect(plain).to.include({ status: 200, backend: '' });
    expect(plain.authority).not.to.equal('a');
    const { headers } = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as { headers: Record<string, string> };
    expect(['x-forwarded-for', 'x-real-ip', 'x-forwarded-proto', 'x-forwarded-port'].map((name) => headers[name])).to.deep.equal(['127.0.0.7', '127.0.0.7', 'https', String(https)]);
    expect([(await ask('near.example.com', { localAddress: '127.0.0.7' })).status, (await ask('near.example.com', { localAddress: '127.0.0.8' })).status]).to.deep.equal([200, 403]);
    const client = connectHttp2(`https://127.0.0.1:${https}`, { servername: 'plain.example.com', rejectUnauthorized: false });
    const stream = client.request({ ':path': '/', ':authority': 'plain.example.com' });
    const [response] = await once(stream, 'response') as [Record<string, unknown>];
    expect([response[':status'], client.alpnProtocol]).to.deep.equal([200, 'h2']);
    client.destroy();
  });

  it('who names no host, or sends no TLS at all, gets to the engine', async () => {
    expect(await ask('plain.example.com', { servername: '' })).to.include({ status: 200, backend: '' });
    expect((await ask('passed.example.com', { servername: '' })).authority).not.to.equal('a');
    const socket = connect(https, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: plain.example.com\r\n\r\n'));
    const [part] = await once(socket, 'data') as [Buffer];
    expect(String(part)).to.match(/^HTTP\/1\.1 400/);
    socket.destroy();
    for (const bytes of [Buffer.from([22]), Buffer.from('16030100ff', 'hex'), Buffer.alloc(70_000, 22), Buffer.from(Array.from({ length: 300 }, (_, at) => (at * 31) % 256))]) {
      const garbage = connect(https, '127.0.0.1', () => garbage.end(bytes));
      await new Promise((resolve) => { garbage.on('error', () => undefined).on('close', resolve).resume(); });
    }
    expect(await backendOf('passed')).to.equal('one');
  });

  it('endpoints take turns; one that refuses is passed over, and without any the connection is closed and counted', async () => {
    const turns = await Promise.all(Array.from({ length: 6 }, () => backendOf('turns')));
    expect(turns.filter((one) => one === 'one')).to.have.length(3);
    for (let at = 0; at < 4; at++) expect(await backendOf('half')).to.equal('two');
    await session.told(/endpoint 127\.0\.0\.1 \d+ takes no connection that is passed through \(ECONNREFUSED\)/);
    await refused('dead.example.com');
    await refused('empty.example.com');
    const count = (name: string, result: string): Promise<number> => metric(new RegExp(`^ingress_arbiter_passthrough_connections_total\\{[^}]*ingress_name="${name}",result="${result}"\\} (\\d+)$`, 'm'));
    expect([await count('half', 'joined'), await count('dead', 'unreachable'), await count('empty', 'no_endpoint')]).to.deep.equal([4, 1, 1]);
  });

  it('a wildcard passes one label through, but no host that has rules of its own', async () => {
    expect((await ask('a.deep.example.com')).backend).to.equal('one');
    for (const name of ['exact.deep.example.com', 'b.a.deep.example.com', 'deep.example.com']) expect((await ask(name)).backend, name).to.equal('');
  });

  it('plain HTTP of the host is redirected, or goes to the backend over TLS', async () => {
    expect([(await session.ask('passed.example.com')).status, (await session.ask('passed.example.com')).headers.location]).to.deep.equal([308, 'https://passed.example.com']);
    expect((await session.ask('in-clear.example.com')).text).to.equal('one 127.0.0.1');
  });

  it('false and what is neither true nor false pass nothing through', async () => {
    for (const name of ['false', 'word']) expect(await ask(`${name}.example.com`)).to.include({ status: 200, backend: '' });
    await session.told(/IA150 Ingress default\/word: annotation ssl-passthrough: is neither true nor false/);
  });

  it('nobody gets past what keeps requests out on the host, and who has other paths is told', async () => {
    expect([(await ask('guarded.example.com')).status, (await ask('half-guarded.example.com', { path: '/admin' })).status, (await ask('half-guarded.example.com')).status]).to.deep.equal([403, 403, 200]);
    await session.told(/IA128 Ingress default\/guarded: annotation ssl-passthrough: host "guarded\.example\.com" is not passed through.*keeps requests out/);
    await session.told(/IA128 Ingress default\/half-guarded: .*path "\/admin" of Ingress default\/guard keeps requests out/);
    await session.told(/IA128 Ingress default\/rootless: .*it has no path "\/"/);
    await session.told(/IA129 Ingress default\/api: no request over TLS comes to its path "\/api"/);
    expect((await ask('with-path.example.com', { path: '/api' })).backend).to.equal('one');
    expect((await session.ask('with-path.example.com', '/api')).status, 'redirected, as all of the host').to.equal(308);
  });

  it('takes the annotation away while it runs: what is open goes on, what comes ends at the engine', async () => {
    const held = connectTls({ host: '127.0.0.1', port: https, servername: 'leaving.example.com', ca: authority.cert });
    await once(held, 'secureConnect');
    expect(await openOf('leaving')).to.equal(1);
    await session.apply(ingress({ name: 'leaving', host: 'leaving.example.com', service: 'web' }));
    await eventually(async () => expect(await ask('leaving.example.com')).to.include({ status: 200, backend: '' }));
    held.write('GET / HTTP/1.1\r\nHost: leaving.example.com\r\nConnection: close\r\n\r\n');
    expect(String((await once(held, 'data'))[0])).to.match(/^HTTP\/1\.1 200/);
    held.destroy();
    await eventually(async () => expect(await openOf('leaving')).to.be.NaN);
    await session.apply(ingress({ name: 'leaving', host: 'leaving.example.com', service: 'one', annotations: PASS }));
    await eventually(async () => expect(await backendOf('leaving')).to.equal('one'));
  });

  it('follows the endpoints', async () => {
    expect(await backendOf('moving')).to.equal('one');
    await session.apply(serviceAt('moving', [{ port: portOf['two']! }]));
    await eventually(async () => expect(await backendOf('moving')).to.equal('two'));
  });

  it('outlives nginx: one that is replaced, and one that dies', async () => {
    const held = connectTls({ host: '127.0.0.1', port: https, servername: 'passed.example.com', ca: authority.cert });
    await once(held, 'secureConnect');
    await session.dev.engine.replaceNginx(engineSettings(devEngineSettings(session.settings)));
    expect(await ask('plain.example.com')).to.include({ status: 200 });
    process.kill(session.dev.engine.pids()!.master, 'SIGKILL');
    expect(await backendOf('passed')).to.equal('one');
    await eventually(async () => expect((await ask('plain.example.com')).status).to.equal(200), 15_000);
    held.write('GET / HTTP/1.1\r\nHost: passed.example.com\r\nConnection: close\r\n\r\n');
    expect(String((await once(held, 'data'))[0])).to.match(/^HTTP\/1\.1 200/);
    held.destroy();
  });

  it('counts the connections of the listener as before, passed through or not', async () => {
    const held: Socket[] = [];
    for (const servername of ['passed.example.com', 'plain.example.com']) {
      const one = connectTls({ host: '127.0.0.1', port: https, servername, rejectUnauthorized: false });
      held.push(one);
      await once(one, 'secureConnect');
    }
    await eventually(async () => expect(await metric(/^ingress_arbiter_connections\{ingress_class="nginx-external",listener="external",scheme="https"\} (\d+)$/m)).to.equal(2));
    for (const one of held) one.destroy();
  });
});

describe('e2e: ssl-passthrough where the PROXY protocol is spoken, and where listeners do not pass through', function () {
  this.timeout(60_000);
  let session: DevSession;
  let shop: CertificateShop;
  let server: Server;
  let authority: Pair;
  before(async () => {
    shop = openCertificateShop();
    authority = shop.authority('a');
    server = createServer(shop.signed('one', 'a', { dns: '*.example.com' }), (request, response) => {
      response.end(`backend ${request.headers['x-forwarded-for'] ?? 'unforwarded'}`);
    });
    server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    session = await startDevSession({ web: 1 }, { sslPassthrough: { external: true }, proxyProtocolFrom: { external: ['127.0.0.1', '10.0.0.0/8'] } });
    await session.apply(serviceAt('one', [{ port: (server.address() as AddressInfo).port }]) + ingress({ name: 'passed', host: 'passed.example.com', service: 'one', annotations: PASS }) + ingress({ name: 'plain', host: 'plain.example.com', service: 'web' }) +
      ingress({ name: 'allowed', host: 'allowed.example.com', service: 'web', annotations: { 'whitelist-source-range': '203.0.113.0/24' } }) +
      `---\n${JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx-internal' }, spec: { controller: 'ingress-arbiter.io/controller' } })}\n` +
      ingress({ name: 'inside', host: 'inside.example.com', service: 'one', annotations: PASS }).replace('nginx-external', 'nginx-internal'));
    await eventually(async () => expect(await over(session.settings.ports.external.https, 'allowed', { head: line() })).to.match(/^HTTP\/1\.1 200/));
    await eventually(async () => expect(await over(session.settings.ports.internal.https, 'inside')).to.match(/^HTTP\/1\.1 200/));
  });
  after(async () => {
    await session?.close();
    server?.close();
    shop?.close();
  });

  const line = (address = '203.0.113.9'): string => `PROXY TCP4 ${address} 192.0.2.1 5555 443\r\n`;
  const binary = Buffer.concat([Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'), Buffer.from([0x21, 0x11, 0, 12, 203, 0, 113, 9, 192, 0, 2, 1, 0x15, 0xb3, 0x01, 0xbb])]);
  /** What is answered, after `head` in the clear; '' when the connection ends without an answer. */
  const over = (port: number, name: string, { head = '' as string | Buffer, localAddress = '127.0.0.1', ca = undefined as string | undefined } = {}): Promise<string> => new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress }, () => {
      socket.write(head);
      const secure = connectTls({ socket, servername: `${name}.example.com`, rejectUnauthorized: ca !== undefined, ...(ca !== undefined && { ca }) });
      let text = '';
      secure.once('secureConnect', () => secure.write(`GET / HTTP/1.1\r\nHost: ${name}.example.com\r\nConnection: close\r\n\r\n`));
      secure.on('data', (part: Buffer) => { text += String(part); }).on('error', () => undefined).on('close', () => resolve(text));
    });
    socket.on('error', () => undefined);
  });
  const forwarded = (text: string): unknown[] => {
    const { headers } = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as { headers: Record<string, string> };
    return ['x-forwarded-for', 'x-real-ip', 'x-forwarded-proto', 'x-forwarded-port'].map((name) => headers[name]);
  };

  it('the header is read first, in text or binary: passed through without it, handed on with what a named proxy says', async () => {
    const { https } = session.settings.ports.external;
    for (const head of [line(), binary, 'PROXY UNKNOWN\r\n']) expect(await over(https, 'passed', { head, ca: authority.cert })).to.match(/backend unforwarded/);
    for (const head of [line(), binary]) expect(forwarded(await over(https, 'plain', { head }))).to.deep.equal(['203.0.113.9', '203.0.113.9', 'https', '443']);
    expect(forwarded(await over(https, 'plain', { head: 'PROXY TCP6 2001:db8::9 2001:db8::1 5555 443\r\n' })).slice(0, 1)).to.deep.equal(['2001:db8::9']);
    expect([await over(https, 'allowed', { head: line() }), await over(https, 'allowed', { head: line('198.51.100.1') })].map((text) => text.slice(9, 12))).to.deep.equal(['200', '403']);
  });

  it('who is not named is the client itself, whatever it tells', async () => {
    const { https } = session.settings.ports.external;
    expect(forwarded(await over(https, 'plain', { head: line(), localAddress: '127.0.0.9' }))).to.deep.equal(['127.0.0.9', '127.0.0.9', 'https', String(https)]);
    expect((await over(https, 'allowed', { head: line(), localAddress: '127.0.0.9' })).slice(9, 12)).to.equal('403');
  });

  it('without the protocol, or with a header that is none, nothing is answered', async () => {
    const { https } = session.settings.ports.external;
    for (const head of ['', 'PROXY TCP4 203.0.113.9\r\n', 'PROXY EVIL\n', `PROXY TCP4 203.0.113.9 192.0.2.1 5555 ${'8'.repeat(200)}\r\n`]) {
      for (const name of ['plain', 'passed']) expect(await over(https, name, { head }), JSON.stringify(head.slice(0, 30))).to.equal('');
    }
  });

  it('where the listener does not pass through, TLS ends at the engine, begins anew to the backend, and the Ingress is told', async () => {
    expect(await over(session.settings.ports.internal.https, 'inside')).to.match(/backend 127\.0\.0\.1/);
    await session.told(/IA151 Ingress default\/inside: annotation ssl-passthrough is not carried out: listeners of its class do not pass TLS through.*sslPassthrough/);
  });
});

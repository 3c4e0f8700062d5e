// TLS to backends as Ingresses ask for it: who is judged, who is shown what, and that a backend which can't prove who it is gets
// no request at all.

import { once } from 'node:events';
import { type Http2Server, type ServerHttp2Stream, connect as connectHttp2, createSecureServer } from 'node:http2';
import { createServer } from 'node:https';
import { createHash } from 'node:crypto';
import type { AddressInfo, Server } from 'node:net';
import type { TLSSocket, TlsOptions } from 'node:tls';
import { expect } from 'chai';
import { type CertificateShop, type Pair, openCertificateShop } from '../../fixtures/certificate-authority.js';
import { type DevSession, ingress, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import { openWebSocket } from '../../fixtures/open-websocket.js';
import { serviceAt } from '../../fixtures/service-at.js';

interface SeenTls { client: string; servername: string | false; version: string; cipher: string; path: string; bytes: number; hash: string }

const NAME = 'backend.internal';
/** What is asked for, and can't be had: 503. */
const closed: Record<string, Record<string, string>> = {
  'no-secret': { 'proxy-ssl-verify': 'on', 'proxy-ssl-name': NAME }, 'no-name': { 'proxy-ssl-verify': 'on', 'proxy-ssl-secret': 'ca-a' },
  missing: { 'proxy-ssl-secret': 'nowhere' }, foreign: { 'proxy-ssl-secret': 'other/ca-a' }, 'no-ca': { 'proxy-ssl-secret': 'pair-only', 'proxy-ssl-verify': 'on', 'proxy-ssl-name': NAME },
  'with-list': { 'proxy-ssl-secret': 'with-list' }, broken: { 'proxy-ssl-secret': 'broken' }, 'no-tls': { 'backend-protocol': 'HTTP', 'proxy-ssl-secret': 'ca-a', 'proxy-ssl-verify': 'on', 'proxy-ssl-name': NAME },
  word: { 'proxy-ssl-verify': 'yes' }, deep: { 'proxy-ssl-verify-depth': '-1' }, variable: { 'proxy-ssl-name': '$host', 'proxy-ssl-server-name': 'on' },
};

describe('e2e: TLS to backends', function () {
  this.timeout(90_000);
  let session: DevSession;
  let shop: CertificateShop;
  const servers: (Server | Http2Server)[] = [];
  /** Requests that came through, by server. */
  const got: Record<string, number> = {};
  /** WebSockets that came through, and what ends each from the side of its server. */
  const upgraded: { name: string; host: string | undefined; servername: string | false; authorized: boolean; client: string; open: boolean }[] = [];
  const ends: (() => void)[] = [];
  const secret = (name: string, data: Record<string, string>, type = 'Opaque'): string =>
    `---\n${JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, type, data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])) })}\n---\n`;
  const pairOf = ({ cert, key }: Pair): Record<string, string> => ({ 'tls.crt': cert, 'tls.key': key });

  const listen = async (name: string, { cert, key }: Pair, options: TlsOptions = {}): Promise<string> => {
    got[name] = 0;
    const server = createServer({ cert, key, requestCert: true, rejectUnauthorized: false, ...options }, (request, response) => {
      got[name]! += 1;
      const socket = request.socket as TLSSocket;
      const hash = createHash('sha256');
      let bytes = 0;
      request.on('data', (part: Buffer) => { bytes += part.length; hash.update(part); });
      request.on('end', () => {
        const seen: SeenTls = { client: String(socket.getPeerCertificate().subject?.CN ?? ''), servername: socket.servername as string | false, version: socket.getProtocol() ?? '', cipher: socket.getCipher().name, path: request.url!, bytes, hash: hash.digest('hex') };
        response.setHeader('x-seen', JSON.stringify(seen));
        response.end(request.url === '/large' ? Buffer.alloc(4 * 1024 * 1024, 'x') : 'fine');
      });
    });
    server.on('upgrade', (request, socket) => {
      const { authorized, servername } = request.socket as TLSSocket & { servername: string | false };
      upgraded.push({ name, host: request.headers.host, servername, authorized, client: String((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? ''), open: true });
      const own = upgraded.at(-1)!;
      socket.on('error', () => undefined).on('close', () => { own.open = false; });
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      if (request.url === '/ws') socket.pipe(socket);
      ends.push(() => socket.destroy());
    });
    servers.push(server);
    server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return serviceAt(name, [{ port: (server.address() as AddressInfo).port }]);
  };

  before(async () => {
    shop = openCertificateShop();
    const [a, b] = [shop.authority('a'), shop.authority('b')];
    const between = shop.signed('between', 'a', { authority: true });
    const deep = shop.signed('deep', 'between', { dns: NAME });
    const right = shop.signed('right', 'a', { dns: NAME });
    const grpc = createSecureServer({ ...right, requestCert: true, rejectUnauthorized: false });
    grpc.on('stream', (stream: ServerHttp2Stream) => {
      stream.on('error', () => undefined);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'seen-client': String((stream.session!.socket as TLSSocket).getPeerCertificate().subject?.CN ?? '') }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.pipe(stream);
    });
    grpc.listen(0, '127.0.0.1');
    await once(grpc, 'listening');
    servers.push(grpc);
    const services = [
      await listen('right', right), await listen('other-name', shop.signed('other-name', 'a', { dns: 'other.internal' })), await listen('other-authority', shop.signed('other-authority', 'b', { dns: NAME })),
      await listen('deep', { cert: deep.cert + between.cert, key: deep.key }), await listen('old', right, { maxVersion: 'TLSv1.2' }), await listen('revoked', shop.signed('revoked', 'a', { dns: NAME })), serviceAt('grpc', [{ port: (grpc.address() as AddressInfo).port }]),
    ];
    session = await startDevSession({});
    const client = shop.signed('client', 'a');
    await session.apply(services.join('') + secret('ca-a', { 'ca.crt': a.cert, ...pairOf(client) }) + secret('ca-only', { 'ca.crt': a.cert }) + secret('turning', { 'ca.crt': a.cert }) + secret('pair-only', pairOf(client), 'kubernetes.io/tls') +
      secret('with-list', { 'ca.crt': a.cert, 'ca.crl': 'x' }) + secret('listing', { 'ca.crt': a.cert, 'ca.crl': shop.revoked('a', ['revoked']) }) + secret('ended', { 'ca.crt': a.cert, 'ca.crl': shop.revoked('a', [], { from: '20200101000000Z', until: '20200102000000Z' }) }) + secret('broken', { ...pairOf(client), 'tls.key': b.key }));
    const web = (name: string, service: string, annotations: Record<string, string>): string => ingress({ name, host: `${name}.example.com`, service, annotations: { 'backend-protocol': 'HTTPS', ...annotations } });
    const verified = { 'proxy-ssl-secret': 'ca-only', 'proxy-ssl-verify': 'on', 'proxy-ssl-name': NAME };
    await session.apply([
      web('plain', 'right', {}), web('verified', 'right', verified), web('shown', 'right', { ...verified, 'proxy-ssl-secret': 'ca-a', 'proxy-ssl-server-name': 'on' }), web('shown-only', 'right', { 'proxy-ssl-secret': 'pair-only' }),
      web('other-name', 'other-name', verified), web('other-authority', 'other-authority', verified), web('unverified', 'other-authority', { ...verified, 'proxy-ssl-verify': 'off' }),
      web('deep-0', 'deep', { ...verified, 'proxy-ssl-verify-depth': '0' }), web('deep-1', 'deep', verified), web('turning', 'right', { ...verified, 'proxy-ssl-secret': 'turning' }),
      web('revoked', 'revoked', { ...verified, 'proxy-ssl-secret': 'listing' }), web('not-revoked', 'right', { ...verified, 'proxy-ssl-secret': 'listing' }), web('unlisted', 'revoked', verified), web('list-ended', 'right', { ...verified, 'proxy-ssl-secret': 'ended' }),
      web('version', 'right', { 'proxy-ssl-protocols': 'TLSv1 TLSv1.1 TLSv1.2' }), web('version-3', 'old', { 'proxy-ssl-protocols': 'TLSv1.3' }), web('cipher', 'right', { 'proxy-ssl-protocols': 'TLSv1.2', 'proxy-ssl-ciphers': 'ECDHE-ECDSA-CHACHA20-POLY1305' }), web('no-cipher', 'right', { 'proxy-ssl-ciphers': 'NO-SUCH-CIPHER' }),
      web('vhost', 'right', { 'proxy-ssl-server-name': 'on', 'upstream-vhost': 'inner.test:8443' }), web('vhost-judged', 'right', { ...verified, 'proxy-ssl-server-name': 'on', 'upstream-vhost': 'inner.test' }), web('lane', 'right', { ...verified, 'proxy-buffering': 'on', 'load-balance': 'ewma', 'proxy-next-upstream': 'error http_503' }),
      ingress({ name: 'grpc', host: 'grpc.example.com', service: 'grpc', annotations: { ...verified, 'proxy-ssl-secret': 'ca-a', 'backend-protocol': 'GRPCS' } }),
      ...Object.entries(closed).map(([name, annotations]) => web(`closed-${name}`, 'right', annotations)), web('last', 'right', verified),
    ].join(''));
    await session.served('last.example.com');
  });
  after(async () => {
    await session?.close();
    for (const server of servers) server.close();
    shop?.close();
  });

  const ask = async (name: string, path = '/', more: Parameters<DevSession['ask']>[2] = {}): Promise<{ status: number; text: string; seen: SeenTls | undefined }> => {
    const { status, text, headers } = await session.ask(`${name}.example.com`, path, more);
    const seen = headers['x-seen'];
    return { status, text, seen: seen === undefined ? undefined : JSON.parse(seen as string) as SeenTls };
  };
  const seenBy = async (name: string, path = '/'): Promise<SeenTls> => {
    const { status, seen } = await ask(name, path);
    expect(status, name).to.equal(200);
    return seen!;
  };

  it('proxy-ssl-verify: who can prove it is asked; its path comes through as it is', async () => {
    expect(await seenBy('verified', '/a%2Fb?c=d')).to.include({ path: '/a%2Fb?c=d', client: '', servername: false, version: 'TLSv1.3' });
  });

  for (const name of ['other-name', 'other-authority']) {
    it(`proxy-ssl-verify: a backend of ${name} gets no request, and the client 502`, async () => {
      for (const method of ['GET', 'POST']) expect((await ask(name, '/', { method })).status).to.equal(502);
      expect(got[name]).to.equal(0);
    });
  }

  it('ca.crl: a backend whose certificate its authority has revoked gets no request, nor does any once the list has ended', async () => {
    expect((await ask('revoked')).status).to.equal(502);
    expect(got.revoked).to.equal(0);
    expect((await ask('list-ended')).status).to.equal(502);
    await seenBy('not-revoked');
    await seenBy('unlisted');
  });

  it('proxy-ssl-verify off judges nobody', async () => expect((await seenBy('unverified')).client).to.equal(''));

  it('proxy-ssl-verify-depth: as many certificates between as that', async () => {
    expect((await ask('deep-0')).status).to.equal(502);
    expect(got.deep).to.equal(0);
    await seenBy('deep-1');
  });

  it('proxy-ssl-secret: the certificate is shown, and nobody else\'s requests go over such a connection', async () => {
    for (let round = 0; round < 12; round++) {
      expect((await seenBy('shown')).client).to.equal('client');
      expect((await seenBy('shown-only')).client).to.equal('client');
      expect((await seenBy('verified')).client).to.equal('');
      expect((await seenBy('plain')).client).to.equal('');
    }
  });

  it('proxy-ssl-server-name', async () => {
    expect((await seenBy('shown')).servername).to.equal(NAME);
    expect((await seenBy('vhost')).servername).to.equal('inner.test');
  });

  it('proxy-ssl-protocols and proxy-ssl-ciphers', async () => {
    expect((await seenBy('version')).version).to.equal('TLSv1.2');
    expect((await ask('version-3')).status).to.equal(502);
    expect(await seenBy('cipher')).to.include({ version: 'TLSv1.2', cipher: 'ECDHE-ECDSA-CHACHA20-POLY1305' });
    expect((await ask('no-cipher')).status).to.equal(502);
  });

  for (const name of Object.keys(closed)) {
    it(`what can't be carried out is closed: ${name}`, async () => {
      await session.served(`closed-${name}.example.com`, 503);
      await session.told(new RegExp(`Ingress default/closed-${name}: `));
    });
  }

  it('bodies pass whole in both directions, in lanes too', async () => {
    const body = Buffer.alloc(900_000, 'abcdefg');
    for (const name of ['verified', 'lane']) {
      const { seen } = await ask(name, '/', { method: 'POST', body: body.toString() });
      expect([seen!.bytes, seen!.hash]).to.deep.equal([body.length, createHash('sha256').update(body).digest('hex')]);
      expect((await ask(name, '/large')).text).to.have.length(4 * 1024 * 1024);
    }
  });

  it('backend-protocol GRPCS: verified, shown a certificate, streams and trailers', async () => {
    const client = connectHttp2(`https://127.0.0.1:${session.settings.ports.external.https}`, { rejectUnauthorized: false });
    try {
      const stream = client.request({ ':method': 'POST', ':path': '/pkg.Service/Method', ':authority': 'grpc.example.com', 'content-type': 'application/grpc', te: 'trailers' });
      stream.write('zero');
      const [headers] = await once(stream, 'response') as [Record<string, unknown>];
      expect([headers[':status'], headers['seen-client']]).to.deep.equal([200, 'client']);
      const trailers = once(stream, 'trailers') as Promise<[Record<string, unknown>]>;
      stream.resume().end();
      expect((await trailers)[0]['grpc-status']).to.equal('0');
    } finally {
      client.close();
    }
  });

  it('WebSockets pass both ways and end from either side, verified, with a certificate, with the name of upstream-vhost', async () => {
    const { http } = session.settings.ports.external;
    for (const [name, expected] of [
      ['shown', { host: 'shown.example.com', servername: NAME, client: 'client' }], ['verified', { host: 'verified.example.com', servername: false, client: '' }], ['vhost', { host: 'inner.test:8443', servername: 'inner.test', client: '' }],
    ] as const) {
      for (const endedBy of ['client', 'server'] as const) {
        const socket = await openWebSocket(http, `${name}.example.com`);
        for (const text of ['one', 'two', 'three']) await socket.echo(`${name} ${endedBy} ${text}`);
        const seen = upgraded.at(-1)!;
        expect(seen).to.include(expected);
        if (endedBy === 'client') socket.close();
        else ends.at(-1)!();
        await eventually(() => expect([seen.open, socket.open]).to.deep.equal([false, false]));
      }
    }
  });

  it('a WebSocket to a backend that can\'t prove who it is comes to nothing', async () => {
    const before = upgraded.length;
    const problem = await openWebSocket(session.settings.ports.external.http, 'other-authority.example.com').then(() => 'open', (error: Error) => error.message);
    expect(problem).to.match(/^HTTP\/1\.1 502 /);
    expect(upgraded).to.have.length(before);
  });

  it('a verified backend takes the name of upstream-vhost as SNI, and is judged by proxy-ssl-name', async () => {
    expect((await seenBy('vhost-judged')).servername).to.equal(NAME);
  });

  it('another authority in the Secret counts from the next request on, without a new nginx', async () => {
    const pids = session.dev.engine.pids();
    await session.served('turning.example.com');
    await session.apply(secret('turning', { 'ca.crt': shop.authority('c').cert }));
    await session.served('turning.example.com', 502);
    await session.apply(secret('turning', { 'ca.crt': 'nonsense' }));
    await session.served('turning.example.com', 503);
    await session.apply(secret('turning', { 'ca.crt': shop.authority('a2').cert }) + secret('ca-a', { 'ca.crt': 'nonsense' }));
    await session.served('shown.example.com', 503);
    expect(session.dev.engine.pids()).to.deep.equal(pids);
  });
});

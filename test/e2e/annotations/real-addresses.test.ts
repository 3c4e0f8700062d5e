// Whose request it is when proxies stand before the engine: forged headers count for nothing, those of trusted proxies for address
// lists, limits, redirects and backends; and the PROXY protocol, from whom it may come and from whom not.

import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { leaseNamespace } from '../../../src/cli/dev/dev-settings.js';
import { type DevSession, type Seen, ingress, seen, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';

const document = (object: object): string => `---\n${JSON.stringify(object)}\n---\n`;
const ingressClass = (name: string, parameters?: object): string => document({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name }, spec: { controller: 'ingress-arbiter.io/controller', ...(parameters && { parameters }) } });
const told = ({ headers }: Seen): unknown[] => ['x-real-ip', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-port', 'x-forwarded-host', 'x-scheme', 'x-original-forwarded-for'].map((name) => headers[name]);

describe('e2e: headers of proxies, by class', function () {
  this.timeout(60_000);
  let session: DevSession;
  let port: string;
  const settings = (data: Record<string, string>): Promise<string> => session.apply(document({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'external', namespace: leaseNamespace }, data }));
  const forged = { 'x-forwarded-for': '6.6.6.6, 203.0.113.7', 'x-forwarded-proto': 'https', 'x-forwarded-port': '443', 'x-forwarded-host': 'shop.example.com', 'x-real-ip': '6.6.6.6', forwarded: 'for=6.6.6.6' };
  const status = async (name: string, headers: Record<string, string> = forged): Promise<number> => (await session.ask(`${name}.example.com`, '/', { headers })).status;
  const settled = (name: string, expected: number, headers?: Record<string, string>): Promise<void> => eventually(async () => { expect(await status(name, headers)).to.equal(expected); });
  const tellsTruth = async (): Promise<void> => {
    expect(told(seen(await session.ask('open.example.com', '/', { headers: forged })))).to.deep.equal(['127.0.0.1', '127.0.0.1', 'http', port, 'open.example.com', 'http', '6.6.6.6, 203.0.113.7']);
    expect([await status('allowed'), await status('forged'), await status('peer')]).to.deep.equal([403, 403, 200]);
  };

  before(async () => {
    session = await startDevSession({ web: 1 });
    port = String(session.settings.ports.external.http);
    const one = (name: string, annotations: Record<string, string>): string => ingress({ name, host: `${name}.example.com`, service: 'web', annotations });
    await settings({});
    await session.apply(ingressClass('nginx-external', { kind: 'ConfigMap', name: 'external', scope: 'Cluster' }) + one('open', {}) + one('allowed', { 'whitelist-source-range': '203.0.113.0/24' }) + one('forged', { 'whitelist-source-range': '6.6.6.6' }) + one('peer', { 'whitelist-source-range': '127.0.0.1' }) +
      one('denied', { 'denylist-source-range': '203.0.113.7' }) + one('https', { 'force-ssl-redirect': 'true' }) + one('moved', { 'permanent-redirect': '$scheme://new.test' }) + one('sticky', { affinity: 'cookie' }) + one('root', { 'app-root': '/app' }) +
      one('limited', { 'limit-rpm': '1', 'limit-burst-multiplier': '1' }) + one('header', { 'ingress-arbiter.io/none': '' }).replace('nginx.ingress.kubernetes.io/ingress-arbiter.io/none":""', 'ingress-arbiter.io/request-headers":"X-Client: $remote_addr $scheme $server_port"'));
    for (const name of ['open', 'header', 'peer']) await session.served(`${name}.example.com`);
  });
  after(() => session?.close());

  it('nobody is believed by default', tellsTruth);

  it('use-forwarded-headers alone believes nobody, as a list that can not be read', async () => {
    for (const data of [{ 'use-forwarded-headers': 'true' }, { 'use-forwarded-headers': 'true', 'proxy-real-ip-cidr': '127.0.0.1, x' }, { 'proxy-real-ip-cidr': '127.0.0.1' }, { 'use-forwarded-headers': 'true', 'proxy-real-ip-cidr': '10.0.0.0/8,fd00::/8' }] as Record<string, string>[]) {
      // The second setting tells when the first ones count.
      await settings({ ...data, 'force-ssl-redirect': 'true' });
      await session.served('open.example.com', 308);
      await settings(data);
      await session.served('open.example.com', 200);
      await tellsTruth();
    }
  });

  it('a trusted proxy is believed: address lists, limits, redirects, cookies and backends, and nothing that came before it', async () => {
    await settings({ 'use-forwarded-headers': 'true', 'proxy-real-ip-cidr': '127.0.0.0/8,10.0.0.0/8' });
    await settled('allowed', 200);
    expect([await status('forged'), await status('peer'), await status('denied'), await status('allowed', {})]).to.deep.equal([403, 403, 403, 403]);
    expect(await status('allowed', { 'x-forwarded-for': '203.0.113.7, 10.1.1.1' })).to.equal(200);
    expect(await status('allowed', { 'x-forwarded-for': '203.0.113.7, 8.8.8.8' }), 'the last one that is no proxy').to.equal(403);
    expect(await status('allowed', { 'x-forwarded-for': '203.0.113.7, nobody' })).to.equal(403);
    expect(told(seen(await session.ask('open.example.com', '/', { headers: forged })))).to.deep.equal(['203.0.113.7', '203.0.113.7', 'https', '443', 'shop.example.com', 'https', '6.6.6.6, 203.0.113.7']);
    expect(seen(await session.ask('open.example.com', '/', { headers: forged })).host, 'the Host that was matched').to.equal('open.example.com');
    expect(seen(await session.ask('header.example.com', '/', { headers: forged })).headers['x-client']).to.equal('203.0.113.7 https 443');
    expect([await status('https'), await status('https', { 'x-forwarded-proto': 'http' }), await status('https', {})]).to.deep.equal([200, 308, 308]);
    const location = async (name: string): Promise<unknown> => (await session.ask(`${name}.example.com`, '/', { headers: forged })).headers.location;
    expect([await location('moved'), await location('root')]).to.deep.equal(['https://new.test', 'https://root.example.com/app']);
    expect(String((await session.ask('sticky.example.com', '/', { headers: forged })).headers['set-cookie'])).to.match(/; Secure/);
    const limited = async (client: string): Promise<number> => status('limited', { 'x-forwarded-for': client });
    expect([await limited('198.51.100.1'), await limited('198.51.100.2')], 'each client for itself').to.deep.equal([200, 200]);
    await eventually(async () => expect(await limited('198.51.100.1')).to.equal(503));
    expect(await limited('198.51.100.3')).to.equal(200);
  });

  it('what a trusted proxy says in a form that is none is not said', async () => {
    const odd = { 'x-forwarded-proto': 'https evil', 'x-forwarded-port': '99999999', 'x-forwarded-host': 'a b' };
    expect(told(seen(await session.ask('open.example.com', '/', { headers: odd })))).to.deep.equal(['127.0.0.1', '127.0.0.1', 'http', port, 'open.example.com', 'http', undefined]);
  });

  it('forwarded-for-header and compute-full-forwarded-for', async () => {
    await settings({ 'use-forwarded-headers': 'true', 'proxy-real-ip-cidr': '127.0.0.1', 'forwarded-for-header': 'CF-Connecting-IP', 'compute-full-forwarded-for': 'true' });
    await settled('allowed', 200, { 'cf-connecting-ip': '203.0.113.7' });
    expect(await status('allowed')).to.equal(403);
    await settings({ 'use-forwarded-headers': 'true', 'proxy-real-ip-cidr': '127.0.0.1', 'compute-full-forwarded-for': 'true' });
    await settled('allowed', 200);
    expect(told(seen(await session.ask('open.example.com', '/', { headers: forged }))).slice(0, 2)).to.deep.equal(['203.0.113.7', '6.6.6.6, 203.0.113.7, 127.0.0.1']);
  });
});

describe('e2e: the PROXY protocol', function () {
  this.timeout(60_000);
  let session: DevSession;
  before(async () => {
    session = await startDevSession({ web: 1 }, { proxyProtocolFrom: { external: ['127.0.0.1'], internal: ['10.0.0.0/8'] } });
    const one = (name: string, annotations: Record<string, string>): string => ingress({ name, host: `${name}.example.com`, service: 'web', annotations });
    const all = one('open', {}) + one('allowed', { 'whitelist-source-range': '203.0.113.0/24' }) + one('peer', { 'whitelist-source-range': '127.0.0.1' }) + one('https', { 'force-ssl-redirect': 'true' });
    await session.apply(ingressClass('nginx-internal') + all + all.replaceAll('"nginx-external"', '"nginx-internal"').replaceAll(/"name":"(open|allowed|peer|https)"/g, '"name":"internal-$1"'));
    for (const ports of [session.settings.ports.external, session.settings.ports.internal]) await eventually(async () => expect((await ask(ports.http, line(80), 'https')).status).to.equal(308));
  });
  after(() => session?.close());

  const line = (port: number, address = '203.0.113.9'): string => `PROXY TCP4 ${address} 192.0.2.1 5555 ${port}\r\n`;
  const get = (name: string): string => `GET / HTTP/1.1\r\nHost: ${name}.example.com\r\nX-Forwarded-For: 203.0.113.1\r\nConnection: close\r\n\r\n`;
  /** Status 0: the connection was closed without an answer. */
  const answerOf = (socket: Socket): Promise<{ status: number; seen: Seen | undefined }> => new Promise((resolve) => {
    let text = '';
    socket.setTimeout(10_000, () => socket.destroy());
    socket.on('data', (part: Buffer) => { text += String(part); }).on('error', () => undefined).on('close', () => {
      const json = /\{.*\}/s.exec(text)?.[0];
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), seen: json === undefined || !text.startsWith('HTTP/1.1 200') ? undefined : JSON.parse(json) as Seen });
    });
  });
  const ask = (port: number, head: string, name: string): Promise<{ status: number; seen: Seen | undefined }> => {
    const socket = connect(port, '127.0.0.1', () => socket.write(head + get(name)));
    return answerOf(socket);
  };
  const askTls = (port: number, head: string, name: string): Promise<{ status: number; seen: Seen | undefined }> => new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(head);
      const secure = connectTls({ socket, servername: `${name}.example.com`, rejectUnauthorized: false }, () => secure.write(get(name)));
      resolve(answerOf(secure));
    });
  });

  it('of a proxy that is named: address lists and backends go by the address that it tells, over TLS too', async () => {
    const { http, https } = session.settings.ports.external;
    expect([(await ask(http, line(80), 'allowed')).status, (await ask(http, line(80), 'peer')).status, (await ask(http, line(80, '198.51.100.1'), 'allowed')).status]).to.deep.equal([200, 403, 403]);
    expect(told((await ask(http, line(80), 'open')).seen!)).to.deep.equal(['203.0.113.9', '203.0.113.9', 'http', '80', 'open.example.com', 'http', '203.0.113.1']);
    expect(told((await askTls(https, line(443), 'allowed')).seen!)).to.deep.equal(['203.0.113.9', '203.0.113.9', 'https', '443', 'allowed.example.com', 'https', '203.0.113.1']);
    expect(told((await ask(http, 'PROXY TCP6 2001:db8::9 2001:db8::1 5555 80\r\n', 'open')).seen!).slice(0, 2)).to.deep.equal(['2001:db8::9', '2001:db8::9']);
  });

  it('TLS that ended before: port 443 of the protocol is https, nothing else is', async () => {
    const { http } = session.settings.ports.external;
    const got = await ask(http, line(443), 'https');
    expect([got.status, got.seen?.headers['x-forwarded-proto'], got.seen?.headers['x-forwarded-port']]).to.deep.equal([200, 'https', '443']);
    expect((await ask(http, line(8443), 'https')).status).to.equal(308);
  });

  it('who is not named is the client itself, whatever it tells', async () => {
    const { http } = session.settings.ports.internal;
    expect([(await ask(http, line(80), 'allowed')).status, (await ask(http, line(80), 'peer')).status]).to.deep.equal([403, 200]);
    expect((await ask(http, line(443), 'https')).status, 'its port is not believed either').to.equal(308);
    expect(told((await ask(http, line(443), 'open')).seen!).slice(0, 4)).to.deep.equal(['127.0.0.1', '127.0.0.1', 'http', String(http)]);
  });

  it('without the protocol, or with a line that is none, nothing is answered', async () => {
    const { http } = session.settings.ports.external;
    for (const head of ['', 'PROXY TCP4 203.0.113.9\r\n', 'PROXY EVIL\n', `PROXY TCP4 203.0.113.9 192.0.2.1 5555 ${'8'.repeat(200)}\r\n`]) {
      expect((await ask(http, head, 'open')).status, JSON.stringify(head.slice(0, 30))).to.be.oneOf([0, 400]);
    }
  });
});

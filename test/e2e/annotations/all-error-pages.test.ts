// Answers that another Service gives instead, for statuses that no lane of nginx has: they come by way of the relay, and nothing
// else about their requests may differ for it.

import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { type DevSession, ingress, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import { freePorts } from '../../fixtures/free-ports.js';
import { httpGet } from '../../fixtures/http-get.js';
import { openWebSocket } from '../../fixtures/open-websocket.js';
import { selfSigned } from '../../fixtures/self-signed.js';
import { listenHttp, listenSilently, serviceAt } from '../../fixtures/service-at.js';

/** Few of them are among those that lanes have. */
const LISTED = [400, 401, 402, 405, 410, 413, 415, 418, 422, 451, 494, 499, 501, 503, 505, 599];
const codes = LISTED.join(', ');

describe('e2e: annotations of error pages, any status', function () {
  this.timeout(90_000);
  let session: DevSession;
  const servers: Server[] = [];
  /** What the shop's pods have got. */
  const got: { pod: string; method: string; url: string; body: number; headers: Record<string, unknown> }[] = [];
  /** Ends the answers that are held. */
  const held: (() => void)[] = [];

  const shop = (pod: string, usual = 200): Parameters<typeof listenHttp>[0] => (request, response) => {
    let body = 0;
    request.on('data', (part: Buffer) => { body += part.length; }).on('end', () => {
      got.push({ pod, method: request.method!, url: request.url!, body, headers: request.headers });
      if (request.url === '/held') {
        response.writeHead(200).write('first');
        held.push(() => response.end('last'));
        return;
      }
      const status = Number(request.url!.slice(1, 4)) || usual;
      response.writeHead(status, 'Own Words', { 'x-pod': pod, 'x-arbiter-status': '418', ...(status === 401 && { 'www-authenticate': 'Basic realm="shop"' }) }).end(`${pod}'s own`);
    });
  };

  before(async () => {
    session = await startDevSession({ web: 1 });
    const listen = async (handle: Parameters<typeof listenHttp>[0]): Promise<number> => {
      const { server, port } = await listenHttp(handle);
      servers.push(server);
      return port;
    };
    const pages = await listen((request, response) => {
      request.resume();
      response.writeHead(Number(request.headers['x-code'] ?? 404), { 'content-type': 'application/json' }).end(JSON.stringify(request.headers));
    });
    const { certificate, key } = await selfSigned('backend');
    const secure = createHttps({ cert: certificate, key }, shop('secure')).listen(0, '127.0.0.1');
    await once(secure, 'listening');
    const breaking = await listenSilently((socket) => socket.once('data', () => socket.destroy()));
    const silent = await listenSilently();
    servers.push(secure, breaking.server, silent.server);
    const [refusing] = await freePorts(1) as [number];
    const [one, busy, busier] = [await listen(shop('one')), await listen(shop('busy', 503)), await listen(shop('busier', 503))];
    const at = (...ports: number[]): { port: number }[] => ports.map((port) => ({ port }));
    const web = (name: string, annotations: Record<string, string> = {}, service = 'one'): string => ingress({ name, host: `${name}.example.com`, service, annotations: { 'custom-http-errors': codes, 'default-backend': 'pages', ...annotations } });
    await session.apply([
      serviceAt('pages', at(pages)), serviceAt('one', at(one)), serviceAt('secure', at((secure.address() as AddressInfo).port)), serviceAt('refusing', at(refusing, one)), serviceAt('breaking', at(breaking.port, one)),
      serviceAt('silent', at(silent.port)), serviceAt('busy', at(busy, one)), serviceAt('all-busy', at(busy, busier)), serviceAt('nobody', at(refusing)),
      `---\n${JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'people' }, type: 'Opaque', data: { auth: Buffer.from('one:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=').toString('base64') } })}\n---\n`,
      web('errors'), web('password', { 'auth-type': 'basic', 'auth-secret': 'people' }), web('socket', {}, 'web'), web('refusing', {}, 'refusing'), web('breaking', {}, 'breaking'), web('nobody', {}, 'nobody'),
      web('secure', { 'backend-protocol': 'HTTPS' }, 'secure'), web('secure-settings', { 'backend-protocol': 'HTTPS', 'proxy-ssl-protocols': 'TLSv1.2' }, 'secure'),
      web('slow', { 'proxy-read-timeout': '1' }, 'silent'), web('again', { 'proxy-next-upstream': 'error http_503' }, 'busy'),
      web('again-all', { 'custom-http-errors': '418', 'proxy-next-upstream': 'error http_503' }, 'all-busy'), web('again-page', { 'proxy-next-upstream': 'error http_503' }, 'all-busy'),
      web('streamed', { 'proxy-request-buffering': 'off', 'proxy-body-size': '0' }), web('rewritten', { 'rewrite-target': '/410' }), web('last'),
    ].join(''));
    await session.served('last.example.com');
    await session.served('errors.example.com');
    await session.served('secure-settings.example.com');
  });
  after(async () => {
    await session?.close();
    for (const server of servers) server.close();
  });

  const get = (name: string, path: string, more: object = {}): ReturnType<DevSession['ask']> => session.ask(`${name}.example.com`, path, more);
  const codeOf = (text: string): unknown => (JSON.parse(text) as Record<string, string>)['x-code'];
  const gotSince = (before: number): [string, string, number][] => got.slice(before).map(({ pod, method, body }) => [pod, method, body]);

  it('each status that is listed is answered by the Service, and each other one passed on as it is', async () => {
    for (let status = 400; status < 600; status++) {
      const { status: answered, text, headers } = await get('errors', `/${status}`);
      expect(answered, `${status}`).to.equal(status);
      if (LISTED.includes(status)) expect(codeOf(text), `${status}`).to.equal(`${status}`);
      else expect([text, headers['x-pod']], `${status}`).to.deep.equal(['one\'s own', 'one']);
    }
  });

  it('what nobody lists is passed on: reasons, redirects, and no mark of a backend\'s own counts', async () => {
    for (const status of [200, 201, 301, 304, 404]) expect((await get('errors', `/${status}`)).status).to.equal(status);
    expect((await get('errors', '/398')).status).to.equal(502);
    const raw = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(session.settings.ports.external.http, '127.0.0.1', () => socket.write('GET /404 HTTP/1.1\r\nHost: errors.example.com\r\nConnection: close\r\n\r\n'));
      socket.on('data', (part: Buffer) => { text += String(part); }).on('end', () => resolve(text));
    });
    expect(raw.split('\r\n')[0]).to.equal('HTTP/1.1 404 Own Words');
  });

  it('the backend is asked once, with the whole request and nothing of ours', async () => {
    const before = got.length;
    const body = 'x'.repeat(300_000);
    const { status, text } = await get('errors', '/418?a=%2F', { method: 'POST', body, headers: { 'x-arbiter-relay': 'http 1 0 418 127.0.0.1', 'x-own': 'y'.repeat(7000) } });
    expect([status, codeOf(text), gotSince(before)]).to.deep.equal([418, '418', [['one', 'POST', body.length]]]);
    const { url, headers } = got.at(-1)!;
    expect([url, headers.host, headers['x-forwarded-for'], headers['x-own'], headers['x-arbiter-relay']]).to.deep.equal(['/418?a=%2F', 'errors.example.com', '127.0.0.1', 'y'.repeat(7000), undefined]);
    expect(codeOf((await get('rewritten', '/any')).text)).to.equal('410');
    for (const name of ['errors', 'streamed']) {
      const chunked = await get(name, '/418', { method: 'PUT', body, headers: { 'transfer-encoding': 'chunked' } });
      expect([codeOf(chunked.text), got.at(-1)!.body]).to.deep.equal(['418', body.length]);
    }
  });

  it('an answer streams, and a connection may change its protocol', async () => {
    const parts: string[] = [];
    const socket = connect(session.settings.ports.external.http, '127.0.0.1', () => socket.write('GET /held HTTP/1.1\r\nHost: errors.example.com\r\n\r\n'));
    socket.on('data', (part: Buffer) => { parts.push(String(part)); });
    await eventually(() => expect(parts.join('')).to.include('first').and.not.include('last'));
    held.shift()!();
    await eventually(() => expect(parts.join('')).to.include('last'));
    socket.destroy();
    const open = await openWebSocket(session.settings.ports.external.http, 'socket.example.com');
    await open.echo('hello');
    open.close();
  });

  it('401 of the backend is replaced and keeps its challenge; 401 of the engine is its own', async () => {
    const { status, text, headers } = await get('errors', '/401');
    expect([status, codeOf(text), headers['www-authenticate']]).to.deep.equal([401, '401', 'Basic realm="shop"']);
    const refused = await get('password', '/200');
    expect([refused.status, refused.headers['www-authenticate']]).to.deep.equal([401, 'Basic realm="Authentication Required"']);
    expect(refused.text).not.to.include('x-code');
    expect(codeOf((await get('password', '/401', { headers: { authorization: 'Basic b25lOnBhc3N3b3Jk' } })).text)).to.equal('401');
  });

  it('an endpoint that refuses or breaks is followed by another one; nothing unsafe is sent twice', async () => {
    for (const name of ['refusing', 'breaking']) {
      for (let at = 0; at < 6; at++) {
        const { status, text } = await get(name, '/418');
        expect([status, codeOf(text)], name).to.deep.equal([418, '418']);
      }
    }
    for (let at = 0; at < 4; at++) expect((await get('refusing', '/', { method: 'POST', body: 'x' })).text).to.equal('one\'s own');
    expect((await get('nobody', '/')).status).to.equal(502);
    const before = got.length;
    expect((await get('nobody', '/', { method: 'POST', body: 'x' })).status).to.equal(502);
    expect(got.length).to.equal(before);
    expect((await get('slow', '/')).status).to.equal(504);
  });

  it('further tries by status go before pages', async () => {
    for (let at = 0; at < 4; at++) {
      expect((await get('again', '/')).status).to.equal(200);
      const passed = await get('again-all', '/');
      expect([passed.status, passed.text.endsWith('\'s own')], 'not listed').to.deep.equal([503, true]);
      expect(codeOf((await get('again-page', '/')).text), 'listed').to.equal('503');
    }
    const before = got.length;
    expect(codeOf((await get('again-page', '/', { method: 'POST', body: 'x' })).text)).to.equal('503');
    expect(gotSince(before).length).to.equal(1);
  });

  it('backends over TLS, with settings of their own and without', async () => {
    for (const name of ['secure', 'secure-settings']) {
      expect((await get(name, '/404')).text).to.equal('secure\'s own');
      expect(codeOf((await get(name, '/418')).text), name).to.equal('418');
    }
  });

  it('a request is counted once, under the status that its client got', async () => {
    const counted = async (status: string): Promise<number> => {
      const { text } = await httpGet({ port: session.settings.adminPort, host: 'localhost', path: '/metrics' });
      return text.split('\n').filter((line) => line.startsWith('ingress_arbiter_requests_total') && line.includes('ingress_name="last"') && line.includes(`code="${status}"`)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    };
    const before = await Promise.all(['410', '398'].map(counted));
    await get('last', '/410');
    await eventually(async () => {
      const now = await Promise.all(['410', '398'].map(counted));
      expect(now[0]! - before[0]!).to.equal(1);
      expect(now[1]).to.equal(0);
    });
  });
});

// Hostile bytes against the data listeners of the real nginx. Each row is refused, or the backend gets exactly the form that
// was matched; a neighbour is served all the while, and nginx's configuration and processes stay what they are.

import { once } from 'node:events';
import { connect as http2Connect, constants } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { type DevRig, ingress, INTERNAL, service, startDevRig } from '../fixtures/dev-rig.js';
import { type EchoBackend, startEchoBackend } from '../fixtures/echo-backend.js';
import { eventually } from '../fixtures/eventually.js';
import { httpGet } from '../fixtures/http-get.js';
import { END_HEADERS, END_STREAM, frame, FrameType, headerBlock, http2Talk } from '../fixtures/http2-frames.js';
import { startLoneEngine } from '../fixtures/lone-engine.js';
import { type RawAnswer, rawHttp, type SeenRequest } from '../fixtures/raw-http.js';

const NGINX = 'nginx.ingress.kubernetes.io/';
const H = 'Host: a.test\r\nConnection: close\r\n';
const post = (headers: string, body: string, version = '1.1'): string => `POST / HTTP/${version}\r\n${H}${headers}\r\n\r\n${body}`;
const line = (requestLine: string, headers = H): string => `${requestLine}\r\n${headers}\r\n`;
const host = (value: string): string => line('GET / HTTP/1.1', `Host: ${value}\r\nConnection: close\r\n`);
const at = (target: string, name = 'a.test'): string => line(`GET ${target} HTTP/1.1`, `Host: ${name}\r\nConnection: close\r\n`);
const chunked = (body: string): string => post('Transfer-Encoding: chunked', body);

/** Bytes, and the only statuses that may answer them. None: closed without an answer. */
type Refused = [name: string, bytes: string, ...statuses: number[]];

const refusedFramings: Refused[] = [
  ['Content-Length and chunked', post('Content-Length: 6\r\nTransfer-Encoding: chunked', '0\r\n\r\nG'), 400],
  ['two lengths', post('Content-Length: 4\r\nContent-Length: 5', 'abcde'), 400],
  ['two equal lengths', post('Content-Length: 4\r\nContent-Length: 4', 'abcd'), 400],
  ['a list of lengths', post('Content-Length: 4, 4', 'abcd'), 400],
  ...['+4', '-1', '0x4', '\x0b4', '99999999999999999999'].map((length): Refused => [`length ${JSON.stringify(length)}`, post(`Content-Length: ${length}`, 'abcd'), 400]),
  ...['xchunked', 'chunked, identity', 'identity', '\x0bchunked', '"chunked"'].map((coding): Refused => [`coding ${JSON.stringify(coding)}`, post(`Transfer-Encoding: ${coding}`, '0\r\n\r\n'), 501]),
  ['two codings', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '0\r\n\r\n'), 400],
  ['chunked in HTTP/1.0', post('Transfer-Encoding: chunked', '0\r\n\r\n', '1.0'), 400],
  ['a space before the colon', post('Transfer-Encoding : chunked', '0\r\n\r\n'), 400],
  ['a folded line', line('GET / HTTP/1.1', `${H}X-A: b\r\n c\r\n`), 400],
  ['a folded coding', post('Transfer-Encoding:\r\n chunked', '0\r\n\r\n'), 400],
  ['a bare CR', line('GET / HTTP/1.1', `${H}X-A: b\rX-B: c\r\n`), 400],
  ['a NUL', line('GET / HTTP/1.1', `${H}X-A: b\0c\r\n`), 400],
  ['a negative chunk', chunked('-3\r\nabc\r\n0\r\n\r\n'), 400],
  ['a chunk beyond 64 bits', chunked('FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n'), 400],
  ['a chunk longer than it says', chunked('3\r\nabcd\r\n0\r\n\r\n'), 400],
  ['HTTP/0.9 in name', line('GET / HTTP/0.9', ''), 400],
  ['HTTP/2.0 in clear text', line('GET / HTTP/2.0'), 505],
  ['no Host', line('GET / HTTP/1.1', 'Connection: close\r\n'), 400],
  ['an empty Host', host(''), 400],
  ['two Hosts', line('GET / HTTP/1.1', `Host: b.test\r\n${H}`), 400],
  ['a URL and no Host', line('GET http://a.test/ HTTP/1.1', 'Connection: close\r\n'), 400],
  ['a URL with a user', line('GET http://u@a.test/ HTTP/1.1'), 400],
  ['TRACE', line('TRACE / HTTP/1.1'), 405],
  ['CONNECT', line('CONNECT a.test:80 HTTP/1.1'), 400, 405],
  ['a method in lower case', line('get / HTTP/1.1'), 400],
  ['OPTIONS *', line('OPTIONS * HTTP/1.1'), 400],
  ['a space in the target', at('/a b'), 400],
  ['a tab in the request line', line('GET\t/\tHTTP/1.1'), 400],
  ...['u@a.test', 'a";}.test', 'a.test:99999x', 'a.test:99999', 'a.test:65536', 'a.test:80:80', 'a.test,b.test', 'a.test b', 'a.test/', 'a.test\\', 'a..test', '.', 'a.test%00',
    'a.test;b', '*.test', '*.wild.test', '\xe9.test', 'a.test\x1b[31m', 'a.test..', 'a.test|<', '[::1', 'a.test]'].map((name): Refused => [`Host ${JSON.stringify(name)}`, host(name), 400]),
  ...['/%00', '/%zz', '/%', '/%2', '/..', '/%2e%2e/x', '/a/../../b', '/x%0d%0aX-Inj:1', '/x%0aX', '/?a\x01', '/\x7f', '?x'].map((target): Refused => [`target ${JSON.stringify(target)}`, at(target), 400]),
  ['a Host that nobody has', host('b.test'), 404],
  ['the host of the other class', host('inside.test'), 404],
];

/** Bytes, and what the backend must get: target, Host, length of the body. */
type Normal = [name: string, bytes: string, url: string, host?: string, body?: number];

const normalForms: Normal[] = [
  ['chunked in capitals', post('Transfer-Encoding: CHUNKED', '3\r\nabc\r\n0\r\n\r\n'), '/', 'a.test', 3],
  ['a length with a space behind', post('Content-Length: 4 ', 'abcd'), '/', 'a.test', 4],
  ['an underscore in the name', post('Transfer_Encoding: chunked\r\nContent-Length: 5', '0\r\n\r\n'), '/', 'a.test', 5],
  // nginx takes LF for CRLF; what it sends on is framed anew.
  ['LF only', `GET / HTTP/1.1\nHost: a.test\nConnection: close\n\n`, '/'],
  ['LF only between chunks', chunked('3\nabc\n0\n\n'), '/', 'a.test', 3],
  ['a chunk extension', chunked('3;a="b"\r\nabc\r\n0\r\n\r\n'), '/', 'a.test', 3],
  ['a trailer', chunked('3\r\nabc\r\n0\r\nX-Real-IP: 6.6.6.6\r\n\r\n'), '/', 'a.test', 3],
  ['a URL over another Host', line('GET http://a.test/x HTTP/1.1', 'Host: b.test\r\nConnection: close\r\n'), '/x', 'a.test'],
  ['a URL over a Host that begins like it', line('GET http://a.test/x HTTP/1.1', 'Host: a.test.evil\r\nConnection: close\r\n'), '/x', 'a.test'],
  ['a URL without a path', line('GET http://a.test HTTP/1.1'), '/'],
  ['Host in capitals', host('A.TEST'), '/', 'A.TEST'],
  ['Host with a trailing dot', host('a.test.'), '/', 'a.test.'],
  ['Host with a port', host('a.test:65535'), '/', 'a.test:65535'],
  ...([
    ['/a/%2e%2e/b', '/b'], ['/a/../b', '/b'], ['/a/./b', '/a/b'], ['/a/..', '/'], ['/a/%2e', '/a/'], ['//a//b', '/a/b'], ['/a//', '/a/'],
    ['/a%2fb', '/a%2Fb'], ['/a%5cb', '/a%5Cb'], ['/a\\..\\b', '/a%5C..%5Cb'], ['/a;x=1', '/a;x=1'], ['/a/..;/b', '/a/..;/b'], ['/a%2e%2e/b', '/a../b'],
    ['/%c0%ae%c0%ae/b', '/%C0%AE%C0%AE/b'], ['/%e0%80%af', '/%E0%80%AF'], ['/\xff', '/%FF'], ['/%25%32%65', '/%252e'], ['/a/%252e%252e/b', '/a/%252e%252e/b'],
    ['/a#b', '/a%23b'], ['/"<>', '/%22%3C%3E'], ['/{}|^`', '/%7B%7D%7C%5E%60'], ['/%41%7e', '/A~'], ['/a%3f', '/a%3F'], ['//evil.test/x', '/evil.test/x'],
    ['/?q=%0d%0aX-Inj:1', '/?q=%0d%0aX-Inj:1'], ['/?/../..', '/?/../..'], ['/a?x?y', '/a?x?y'], [`/${'%41'.repeat(2500)}`, `/${'A'.repeat(2500)}`],
  ] as const).map(([target, url]): Normal => [`target ${JSON.stringify(target.slice(0, 30))}`, at(target), url]),
];

describe('e2e: hostile HTTP', function () {
  this.timeout(30_000);
  let rig: DevRig;
  let echo: EchoBackend;
  let inside: EchoBackend;
  let untouched: object;

  const neighbour = async (): Promise<void> => {
    const { seen: [answer] } = await rawHttp(rig.internal, host('inside.test'));
    expect(answer?.backend).to.equal('inside');
  };
  const only = ({ seen }: RawAnswer): SeenRequest => {
    expect(seen).to.have.length(1);
    return seen[0]!;
  };
  const valuesOf = (request: SeenRequest, name: string): string[] => request.headers.filter(([key]) => key === name).map(([, value]) => value);

  before(async () => {
    rig = await startDevRig();
    [echo, inside] = await Promise.all([startEchoBackend('echo'), startEchoBackend('inside')]);
    rig.create(...service('echo', [echo.port]), ingress('echo', 'a.test', 'echo'), ingress('deep', 'p.test', 'echo', { path: '/a' }), ingress('wild', '*.wild.test', 'echo'));
    rig.create(...service('inside', [inside.port]), ingress('inside', 'inside.test', 'inside', { class: INTERNAL }));
    rig.create(ingress('cors', 'cors.test', 'echo', { annotations: { [`${NGINX}enable-cors`]: 'true' } }), ingress('vhost', 'vhost.test', 'echo', { annotations: { [`${NGINX}upstream-vhost`]: 'other.test' } }), ingress('lane', 'lane.test', 'echo', { annotations: { [`${NGINX}proxy-buffering`]: 'on' } }));
    rig.create(...service('loop', [rig.external]), ingress('loop', 'loop.test', 'loop'));
    await eventually(async () => {
      await neighbour();
      for (const name of ['a.test', 'cors.test', 'vhost.test', 'lane.test', 'loop.test']) expect((await rawHttp(rig.external, host(name))).statuses[0]).to.be.oneOf([200, 508]);
    });
    untouched = rig.untouched();
  });
  beforeEach(() => { echo.requests.length = 0; });
  afterEach(async () => {
    await neighbour();
    expect(rig.untouched()).to.deep.equal(untouched);
  });
  after(async () => {
    echo?.close();
    inside?.close();
    await rig?.stop();
  });

  for (const [name, bytes, ...statuses] of refusedFramings) {
    it(`refuses ${name}`, async () => {
      const answer = await rawHttp(rig.external, bytes);
      expect(answer.statuses, answer.text).to.have.length(1);
      expect(answer.statuses[0]).to.be.oneOf(statuses);
      expect(echo.requests).to.deep.equal([]);
    });
  }

  for (const [name, bytes, url, sentHost = 'a.test', body = 0] of normalForms) {
    it(`sends on what it has matched: ${name}`, async () => {
      const request = only(await rawHttp(rig.external, bytes));
      expect(request).to.include({ url, body });
      expect(valuesOf(request, 'host')).to.deep.equal([sentHost]);
      expect(valuesOf(request, 'transfer-encoding')).to.deep.equal([]);
      expect(echo.requests).to.have.length(1);
    });
  }

  it('refuses HTTP/0.9', async () => {
    expect((await rawHttp(rig.external, 'GET /\r\n')).text).to.match(/400 Bad Request/).and.not.match(/backend/);
    expect(echo.requests).to.deep.equal([]);
  });

  it('matches another path than it is written only where the backend gets that one', async () => {
    for (const target of ['//a//b', '/%61/b', '/b/..//a']) expect(only(await rawHttp(rig.external, at(target, 'p.test'))).url).to.match(/^\/a(\/b)?$/);
    for (const target of ['/a/%2e%2e/b', '/a%2fb', '/a;x', '/A', '/a\\b', '/x/..%2fa', '/b']) expect((await rawHttp(rig.external, at(target, 'p.test'))).statuses, target).to.deep.equal([404]);
  });

  it('keeps a body a body, and what follows it a request of its own', async () => {
    const inner = 'GET /smuggled HTTP/1.1\r\nA: b\r\n\r\n';
    const { statuses, seen } = await rawHttp(rig.external,
      `GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${inner.length}\r\n\r\n${inner}${line('GET /second HTTP/1.1')}`);
    expect(statuses).to.deep.equal([200, 200]);
    expect(seen.map(({ url, body }) => [url, body])).to.deep.equal([['/', inner.length], ['/second', 0]]);
  });

  // Where requests come in, and the places that they go on in.
  for (const [name, requestLine, asked, sent] of [
    ['a route alone', 'GET / HTTP/1.1', 'a.test', 'a.test'], ['one for pages of other origins', 'GET / HTTP/1.1', 'cors.test', 'cors.test'], ['one with a name for its backend', 'GET / HTTP/1.1', 'vhost.test', 'other.test'],
    ['one in a lane', 'GET / HTTP/1.1', 'lane.test', 'lane.test'], ['a URL over another Host', 'GET http://a.test/ HTTP/1.1', 'b.test', 'a.test'], ['HTTP/1.0', 'GET / HTTP/1.0', 'a.test', 'a.test'], ['a Host with a port', 'GET / HTTP/1.1', 'A.test:81', 'A.test:81'],
  ] as const) it(`lets no client say what only a proxy may say: ${name}`, async () => {
    const forged = ['X-Real-IP', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Port', 'X-Forwarded-Proto', 'X-Forwarded-Scheme', 'X-Scheme', 'X-Forwarded-Prefix',
      'X-Forwarded-Client-Cert', 'Forwarded', 'X-Original-URI', 'X-Original-URL', 'X-Original-Host', 'X-Original-Method', 'X-Rewrite-URL', 'Proxy', 'SSL-Client-Verify',
      'SSL-Client-Cert', 'SSL-Client-Subject-DN', 'SSL-Client-Issuer-DN', 'X_Forwarded_For', 'X_Real_IP'];
    const nominated = `Connection: close, X-Real-Ip, X-Forwarded-For, Host, Cookie\r\n`;
    const request = only(await rawHttp(rig.external, line(requestLine, `Host: ${asked}\r\n${nominated}${forged.map((name) => `${name}: forged\r\n`).join('')}`)));
    expect(request.headers.filter(([, value]) => value.includes('forged'))).to.deep.equal([['x-original-forwarded-for', 'forged']]);
    expect(Object.fromEntries(request.headers)).to.include({ 'x-real-ip': '127.0.0.1', 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': name === 'a URL over another Host' ? 'a.test' : asked, 'x-forwarded-proto': 'http', host: sent });
  });

  it('gives up on a request that leads back to itself, and a client can claim no more than that', async () => {
    const begun = performance.now();
    expect((await rawHttp(rig.external, host('loop.test'))).statuses).to.deep.equal([508]);
    expect(performance.now() - begun).to.be.below(1000);
    for (const hops of ['4', '0', '-1', '1, 1', 'x']) {
      expect((await rawHttp(rig.external, line('GET / HTTP/1.1', `${H}X-Arbiter-Hops: ${hops}\r\n`))).statuses).to.deep.equal([508]);
    }
  });

  it('forwards an upgrade to websocket and to nothing else', async () => {
    const upgrade = (to: string, more = ''): string => line('GET /ws HTTP/1.1',
      `Host: a.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${to}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n${more}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`);
    for (const other of ['h2c', 'websocket, h2c', 'tls/1.0']) {
      const request = await rawHttp(rig.external, upgrade(other, 'Connection: close\r\n'), 500);
      expect(request.statuses, other).to.deep.equal([200]);
      expect(valuesOf(only(request), 'upgrade')).to.deep.equal([]);
    }
    const frames = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69, 0x88, 0x80, 0, 0, 0, 0]);
    const { text } = await rawHttp(rig.external, Buffer.concat([Buffer.from(upgrade('WebSocket')), frames]));
    expect(text).to.match(/^HTTP\/1\.1 101 /).and.contain('\x81\x02hi');
  });

  for (const [count, expected] of [[41, 200], [90, 200], [110, 400], [10_000, 400]] as const) {
    it(`answers ${count} headers with ${expected}`, async () => {
      const many = Array.from({ length: count }, (_, index) => `x-${index}: v\r\n`).join('');
      expect((await rawHttp(rig.external, line('GET / HTTP/1.1', H + many))).statuses).to.deep.equal([expected]);
    });
  }

  it('refuses a header and a target of 40 KB, and a body of 100 MB before it has come', async () => {
    expect((await rawHttp(rig.external, line('GET / HTTP/1.1', `${H}X: ${'a'.repeat(40_000)}\r\n`))).statuses).to.deep.equal([400]);
    expect((await rawHttp(rig.external, at(`/${'a'.repeat(40_000)}`))).statuses).to.deep.equal([414]);
    const { statuses } = await rawHttp(rig.external, post('Content-Length: 104857600', 'a'));
    expect(statuses).to.deep.equal([413]);
    const piece = `10000\r\n${'a'.repeat(65_536)}\r\n`;
    expect((await rawHttp(rig.external, chunked(piece.repeat(40)))).statuses).to.deep.equal([413]);
    expect(echo.requests).to.deep.equal([]);
  });

  it('closes connections that drip their headers in time', async () => {
    const engine = await startLoneEngine(['slow'], { limits: { clientHeaderSeconds: 1, clientBodySeconds: 1 } });
    try {
      const begun = performance.now();
      const sockets = Array.from({ length: 50 }, () => connect(engine.port(), '127.0.0.1'));
      const drip = setInterval(() => { for (const socket of sockets) if (socket.writable) socket.write('X-A: b\r\n'); }, 200);
      const ended = (socket: Socket): Promise<void> => new Promise((resolve) => { socket.on('error', () => undefined).on('close', () => resolve()).resume(); });
      for (const socket of sockets) socket.write('GET / HTTP/1.1\r\nHost: a.test\r\n');
      await Promise.all(sockets.map(ended));
      clearInterval(drip);
      expect(performance.now() - begun).to.be.within(800, 4000);
    } finally {
      await engine.stop();
    }
  });

  describe('over HTTP/2', () => {
    const pseudo = [[':method', 'GET'], [':scheme', 'https'], [':path', '/'], [':authority', 'a.test']] as const;
    const headers = (list: readonly (readonly [string, string])[], stream = 1, flags = END_STREAM | END_HEADERS): Buffer =>
      frame(FrameType.headers, flags, stream, headerBlock(list));

    const rows: [string, readonly (readonly [string, string])[]][] = [
      ['no authority', pseudo.slice(0, 3)],
      ['a header in capitals', [...pseudo, ['X-Upper', 'v']]],
      ['an authority and another host', [...pseudo, ['host', 'b.test']]],
      ['two paths', [...pseudo, [':path', '/b']]],
      ['a path without a slash', [pseudo[0], pseudo[1], [':path', 'x'], pseudo[3]]],
      ['CONNECT', [[':method', 'CONNECT'], [':authority', 'a.test']]],
      ['a line end in a header', [...pseudo, ['x-a', 'b\r\nx-inj: 1']]],
      ['a line end in the path', [pseudo[0], pseudo[1], [':path', '/ HTTP/1.1\r\nX-Inj: 1'], pseudo[3]]],
      ['an authority with a user', [pseudo[0], pseudo[1], pseudo[2], [':authority', 'u@a.test']]],
      ['a pseudo header at the end', [pseudo[0], pseudo[1], pseudo[2], ['x-a', 'b'], pseudo[3]]],
      ['a coding', [...pseudo, ['transfer-encoding', 'chunked']]],
    ];
    for (const [name, list] of rows) {
      it(`lets ${name} not through`, async () => {
        await http2Talk(rig.externalTls, [headers(list)], 400);
        for (const request of echo.requests) expect(request, name).to.be.oneOf(['GET /']);
        if (!['a pseudo header at the end', 'a coding', 'an authority and another host'].includes(name)) expect(echo.requests).to.deep.equal([]);
      });
    }

    it('ends a flood of continuations, of resets and of headers', async () => {
      const filler = headerBlock(Array.from({ length: 40 }, (_, index) => [`x-filler-${index}`, 'v'.repeat(100)] as const));
      const flood = [headers(pseudo, 1, END_STREAM), ...Array.from({ length: 500 }, () => frame(FrameType.continuation, 0, 1, filler))];
      expect((await http2Talk(rig.externalTls, flood)).frames.map(({ type }) => type)).to.include(7);
      const many = [...pseudo, ...Array.from({ length: 1000 }, (_, index) => [`x-${index}`, 'v'] as const)];
      await http2Talk(rig.externalTls, [headers(many)]);
      expect(echo.requests).to.deep.equal([]);
      const resets = Array.from({ length: 3000 }, (_, index) => [headers(pseudo, 2 * index + 1), frame(FrameType.reset, 0, 2 * index + 1, Buffer.from([0, 0, 0, 8]))]);
      await http2Talk(rig.externalTls, resets.flat());
      await neighbour();
    });

    it('serves one connection for two hosts of its own class only', async () => {
      const session = http2Connect(`https://127.0.0.1:${rig.externalTls}`, { rejectUnauthorized: false, servername: 'a.test' });
      const statusOf = async (authority: string): Promise<number> => {
        const stream = session.request({ ':authority': authority, ':path': '/a' });
        const [{ [constants.HTTP2_HEADER_STATUS]: status }] = await once(stream, 'response') as [Record<string, number>];
        stream.resume();
        return status!;
      };
      expect(await Promise.all(['a.test', 'p.test', 'inside.test', 'nobody.test'].map(statusOf))).to.deep.equal([200, 200, 404, 404]);
      session.close();
    });
  });

  it('is still all there', async () => {
    expect((await httpGet({ port: rig.external, host: 'a.test' })).status).to.equal(200);
  });
});

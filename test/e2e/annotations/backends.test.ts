// What reaches the backend, and how: protocols, hosts, CORS, through kubectl and the real nginx.

import { once } from 'node:events';
import { connect, createSecureServer, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer as createHttps, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type DevSession, ingress, seen, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import { selfSigned } from '../../fixtures/self-signed.js';

/** A Service whose only endpoint is a port of this machine. */
const serviceAt = (name: string, port: number): string => `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${name}, labels: {kubernetes.io/service-name: ${name}}}
addressType: IPv4
endpoints: [{addresses: [127.0.0.1]}]
ports: [{name: http, port: ${port}}]
---
`;

/** Answers each gRPC message with itself, and ends with a status in the trailers. */
function echoGrpc(stream: ServerHttp2Stream, headers: Record<string, unknown>): void {
  stream.on('error', () => undefined);
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'seen-path': String(headers[':path']), 'seen-te': String(headers.te) }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.pipe(stream);
}

describe('e2e: annotations of backends', function () {
  this.timeout(60_000);
  let session: DevSession;
  let secure: Server;
  const grpc: Http2Server[] = [];
  before(async () => {
    const { certificate, key } = await selfSigned('backend');
    secure = createHttps({ cert: certificate, key }, (request, response) => response.end(JSON.stringify({ protocol: 'https', host: request.headers.host, path: request.url })));
    grpc.push(createServer(), createSecureServer({ cert: certificate, key }));
    for (const server of grpc) server.on('stream', echoGrpc);
    const ports: number[] = [];
    for (const server of [secure, ...grpc]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      ports.push((server.address() as AddressInfo).port);
    }
    session = await startDevSession({ web: 1 });
    const [https, clear, overTls] = ports as [number, number, number];
    const web = (name: string, annotations: Record<string, string>, service = 'web'): string => ingress({ name, host: `${name}.example.com`, service, annotations });
    await session.apply(serviceAt('secure', https) + serviceAt('grpc', clear) + serviceAt('grpcs', overTls) + [
      web('https', { 'backend-protocol': 'https' }, 'secure'), web('auto', { 'backend-protocol': 'AUTO_HTTP' }, 'secure'), web('wrong', { 'backend-protocol': 'SPDY' }),
      web('grpc', { 'backend-protocol': 'GRPC' }, 'grpc'), web('grpcs', { 'backend-protocol': 'GRPCS' }, 'grpcs'),
      web('vhost', { 'upstream-vhost': 'inner.example.org:8080' }),
      web('cors', { 'enable-cors': 'true' }),
      web('cors-list', {
        'enable-cors': 'true', 'cors-allow-origin': 'https://a.example.org, nonsense, https://*.b.example.org:8443', 'cors-allow-methods': 'GET, PUT',
        'cors-allow-headers': 'X-One,X-Two', 'cors-allow-credentials': 'false', 'cors-expose-headers': 'X-Three', 'cors-max-age': '600',
      }),
      web('cors-closed', { 'enable-cors': 'true', 'whitelist-source-range': '10.0.0.0/8' }),
    ].join(''));
    for (const name of ['vhost', 'cors', 'cors-list']) await session.served(`${name}.example.com`);
  });
  after(async () => {
    await session?.close();
    for (const server of [secure, ...grpc]) server?.close();
  });

  it('backend-protocol HTTPS and AUTO_HTTP: TLS to the backend, its certificate not judged', async () => {
    for (const [host, https] of [['https.example.com', false], ['https.example.com', true], ['auto.example.com', true]] as const) {
      const answer = await eventually(async () => {
        const got = await session.ask(host, '/a?b', { https });
        expect(got.status, got.text).to.equal(200);
        return got;
      });
      expect(JSON.parse(answer.text)).to.deep.equal({ protocol: 'https', host, path: '/a?b' });
    }
    // In the clear to a port that speaks TLS: no answer that counts.
    expect((await session.ask('auto.example.com', '/')).status).to.not.equal(200);
  });

  it('backend-protocol: an unknown one is HTTP', async () => {
    await session.served('wrong.example.com', 200);
  });

  for (const name of ['grpc', 'grpcs']) {
    it(`backend-protocol ${name.toUpperCase()}: streams both ways, and brings trailers`, async () => {
      const client = connect(`https://127.0.0.1:${session.settings.ports.external.https}`, { rejectUnauthorized: false });
      try {
        await eventually(async () => {
          const stream = client.request({ ':method': 'POST', ':path': '/pkg.Service/Method', ':authority': `${name}.example.com`, 'content-type': 'application/grpc', te: 'trailers' });
          stream.on('error', () => undefined);
          // nginx 1.22 keeps the head of an answer back over TLS until something follows it, so the client begins.
          stream.write('zero');
          const [headers] = await once(stream, 'response') as [Record<string, unknown>];
          expect([headers[':status'], headers['seen-path'], headers['seen-te']]).to.deep.equal([200, '/pkg.Service/Method', 'trailers']);
          // The answer to a message comes while the stream is open: nothing waits for its end.
          for (const message of ['zero', 'one', 'two']) {
            if (message !== 'zero') stream.write(message);
            expect(String((await once(stream, 'data'))[0])).to.equal(message);
          }
          const trailers = once(stream, 'trailers') as Promise<[Record<string, unknown>]>;
          stream.end();
          expect((await trailers)[0]['grpc-status']).to.equal('0');
        });
        const escaped = client.request({ ':method': 'POST', ':path': '/pkg%2FService', ':authority': `${name}.example.com` });
        escaped.on('error', () => undefined).end();
        const [headers] = await once(escaped, 'response') as [Record<string, unknown>];
        expect(headers[':status']).to.equal(400);
      } finally {
        client.close();
      }
    });
  }

  it('upstream-vhost: the backend sees that host, and learns the client\'s from X-Forwarded-Host', async () => {
    const { host, headers } = seen(await session.ask('vhost.example.com'));
    expect([host, headers['x-forwarded-host']]).to.deep.equal(['inner.example.org:8080', 'vhost.example.com']);
  });

  const cors = (headers: NodeJS.Dict<string | string[]>): Record<string, unknown> => Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));

  it('enable-cors: the defaults of ingress-nginx on every answer, and preflights answered here', async () => {
    const expected = {
      'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true', 'access-control-allow-methods': 'GET, PUT, POST, DELETE, PATCH, OPTIONS',
      'access-control-allow-headers': 'DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization', 'access-control-max-age': '1728000',
    };
    expect(cors((await session.ask('cors.example.com')).headers)).to.deep.equal(expected);
    const preflight = await session.ask('cors.example.com', '/', { method: 'OPTIONS', headers: { origin: 'https://x.example.org' } });
    expect([preflight.status, preflight.text, cors(preflight.headers)]).to.deep.equal([204, '', expected]);
  });

  it('cors-*: an origin of the list is echoed, another gets nothing and its preflight goes to the backend', async () => {
    const ask = (origin: string, method = 'GET'): ReturnType<DevSession['ask']> => session.ask('cors-list.example.com', '/', { method, headers: { origin } });
    for (const origin of ['https://a.example.org', 'https://x.b.example.org:8443']) {
      expect(cors((await ask(origin)).headers)).to.deep.equal({
        'access-control-allow-origin': origin, 'access-control-allow-methods': 'GET, PUT', 'access-control-allow-headers': 'X-One,X-Two', 'access-control-max-age': '600', 'access-control-expose-headers': 'X-Three',
      });
      expect((await ask(origin, 'OPTIONS')).status).to.equal(204);
    }
    for (const origin of ['https://b.example.org:8443', 'https://x.y.b.example.org:8443', 'http://a.example.org', 'https://a.example.org.evil.test', 'null']) {
      const answer = await ask(origin, 'OPTIONS');
      expect([answer.status, cors(answer.headers), seen(answer).method], origin).to.deep.equal([200, {}, 'OPTIONS']);
    }
  });

  it('enable-cors also tells browsers of a refusal', async () => {
    const answer = await session.ask('cors-closed.example.com');
    expect([answer.status, answer.headers['access-control-allow-origin']]).to.deep.equal([403, '*']);
  });
});

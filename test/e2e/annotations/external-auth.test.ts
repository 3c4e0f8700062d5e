// External authentication: what the other server is asked, what its verdicts do, and that no verdict is never a yes.

import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer, request } from 'node:http';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type DevSession, ingress, seen, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';

interface Asked {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

const service = (name: string, port: number | undefined, namespace = 'default'): string => `---
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: ${namespace}}
spec: {ports: [{name: http, port: 4180}]}
${port === undefined ? '' : `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${name}, namespace: ${namespace}, labels: {kubernetes.io/service-name: ${name}}}
addressType: IPv4
endpoints: [{addresses: [127.0.0.1]}]
ports: [{name: http, port: ${port}}]
`}---
`;

describe('e2e: external authentication', function () {
  this.timeout(60_000);
  let session: DevSession;
  let server: Server;
  const asked: Asked[] = [];
  /** The path of the question says what to answer. */
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    let body = '';
    request.on('data', (part: Buffer) => { body += String(part); }).on('end', () => {
      const url = request.url!;
      asked.push({ method: request.method!, url, headers: request.headers, body });
      const path = url.split('?')[0]!;
      const status = Number(/^\/status\/(\d{3})/.exec(path)?.[1] ?? 200);
      if (path === '/reset') return void request.socket.destroy();
      if (path === '/silent') return;
      if (path === '/cookie') response.setHeader('Set-Cookie', ['session=1; Path=/', 'second=2']);
      if (path === '/user' && request.headers.cookie === 'user=alice') response.setHeader('X-Auth-User', 'alice');
      if (path === '/user' && request.headers.cookie === 'user=alice') response.setHeader('Authorization', 'Bearer of-the-server');
      if (path === '/by-cookie') return void response.writeHead(request.headers.cookie === 'in=1' ? 204 : 401, { 'WWW-Authenticate': 'Bearer realm="x"', 'Set-Cookie': 'csrf=1' }).end();
      if (path === '/by-header') return void response.writeHead(request.headers.authorization === undefined ? 401 : 200).end();
      response.writeHead(status).end('body of the other server');
    });
  };
  const at = (path: string, more: Record<string, string> = {}): Record<string, string> => ({ 'auth-url': `http://asks.default.svc.cluster.local:4180${path}`, ...more });
  const guarded = (name: string, annotations: Record<string, string>, more: { path?: string } = {}): string => ingress({ name, host: `${name}.example.com`, service: 'web', annotations, ...more });

  before(async () => {
    server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    session = await startDevSession({ web: 1 });
    await session.apply(service('asks', port) + service('empty', undefined) + [
      ...[200, 204, 206, 301, 302, 304, 401, 403, 404, 500, 503].map((status) => guarded(`s${status}`, at(`/status/${status}`))),
      guarded('plain', at('/check?for=$host$escaped_request_uri')), guarded('short', { 'auth-url': 'http://asks.default.svc:4180' }), guarded('post', at('/check', { 'auth-method': 'POST', 'auth-request-redirect': 'https://$host/back?to=$request_uri' })),
      guarded('headers', at('/user', { 'auth-response-headers': 'X-Auth-User, Authorization' })), guarded('cookie', at('/cookie')), guarded('cookie-gone', at('/cookie', { 'rewrite-target': '/status/404' })), guarded('cookie-always', at('/cookie', { 'rewrite-target': '/status/404', 'auth-always-set-cookie': 'true' })),
      guarded('signin', at('/by-cookie', { 'auth-signin': 'https://login.example.com/start' })), guarded('signin-query', at('/by-cookie', { 'auth-signin': 'https://login.example.com/start?a=b', 'auth-signin-redirect-param': 'back' })),
      guarded('signin-own', at('/by-cookie', { 'auth-signin': 'https://$host/oauth2/start?rd=$escaped_request_uri' })), guarded('signin-bad', at('/by-cookie', { 'auth-signin': 'javascript:alert(1)' })), guarded('cors', at('/by-cookie', { 'enable-cors': 'true' })),
      guarded('reset', at('/reset')), guarded('none', { 'auth-url': 'http://empty.default.svc:4180/' }), guarded('missing', { 'auth-url': 'http://nowhere.default.svc:4180/' }), guarded('other-port', { 'auth-url': 'http://asks.default.svc/' }),
      guarded('unknown', { 'auth-url': 'http://auth.example.org/' }), guarded('challenge', at('/status/401'), { path: '/.well-known/acme-challenge/x' }), guarded('set-headers', at('/check', { 'auth-proxy-set-headers': 'default/headers' })),
      guarded('both', at('/by-cookie', { 'whitelist-source-range': '10.0.0.0/8' })), guarded('either', at('/by-cookie', { 'whitelist-source-range': '10.0.0.0/8', satisfy: 'any' })), guarded('by-address', at('/by-cookie', { 'whitelist-source-range': '127.0.0.0/8', satisfy: 'any' })), guarded('denied', at('/status/200', { 'denylist-source-range': '127.0.0.1', satisfy: 'any' })),
      // As oauth2-proxy is mostly installed: a path of the same host.
      guarded('own', { 'auth-url': 'https://$host/oauth2/auth?x=1', 'auth-signin': 'https://$host/oauth2/start' }), `---\n${JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'own-proxy' }, spec: { ingressClassName: 'nginx-external', rules: [{ host: 'own.example.com', http: { paths: [{ path: '/oauth2', pathType: 'Prefix', backend: { service: { name: 'asks', port: { number: 4180 } } } }] } }] } })}\n---\n`,
      guarded('itself', { 'auth-url': 'http://$host/check' }),
      ...hostile.map((url, index) => guarded(`hostile${index}`, { 'auth-url': url })),
      ...Object.entries(invalid).map(([name, annotations]) => guarded(name, at('/status/200', annotations))),
    ].join(''));
    await session.served('s200.example.com');
    await session.served('s403.example.com', 403);
    await session.served(`${Object.keys(invalid).at(-1)!}.example.com`, 503);
  });
  after(async () => {
    await session?.close();
    server.closeAllConnections();
    server.close();
  });

  const hostile = [
    'http://a/#;\nload_module', 'file:///etc/passwd', 'gopher://asks.default.svc:4180/', 'http://127.0.0.1:10246/configuration', 'http://u:p@asks.default.svc:4180/', 'http://asks.default.svc:4180/ x', `http://asks.default.svc:4180/${'x'.repeat(10_000)}`,
    'http://169.254.169.254/latest', 'http://[::1]/', 'http://2130706433/', 'http://0x7f000001/', 'http://127.1/', 'http://localhost:4180/', 'http://kubernetes.default.svc/', 'http://asks.default.svc:4180/$http_cookie', 'http://asks.default.svc:4180/\r\nX: y', 'http://$server_name/', 'asks.default.svc:4180', '', ' ',
    'http://asks.default.svc:99999/', 'http://asks.default.svc:4180/"};', 'http://asks.default.svc:4180/{', 'http://*.example.com/', 'unix:/run/x',
  ];
  const invalid: Record<string, Record<string, string>> = {
    'method-lower': { 'auth-method': 'get' }, 'method-more': { 'auth-method': 'GET; evil' }, 'method-unknown': { 'auth-method': 'GETX' }, 'header-name': { 'auth-response-headers': 'X-A: b' }, 'header-host': { 'auth-response-headers': 'Host' }, 'header-length': { 'auth-response-headers': 'X-A,Content-Length' }, 'header-line': { 'auth-response-headers': 'X-A\r\nX-B' }, 'satisfy-bad': { satisfy: 'none' }, 'satisfy-empty': { satisfy: '' },
  };

  const status = async (name: string, headers: Record<string, string> = {}, path = '/'): Promise<number> => (await session.ask(`${name}.example.com`, path, { headers })).status;

  for (const [verdict, expected] of [[200, 200], [204, 200], [206, 200], [301, 500], [302, 500], [304, 500], [401, 401], [403, 403], [404, 500], [500, 500], [503, 500]] as const) {
    it(`a verdict of ${verdict} answers ${expected}, and nothing of its body`, async () => {
      const got = await session.ask(`s${verdict}.example.com`);
      expect(got.status).to.equal(expected);
      expect(got.text).not.to.contain('body of the other server');
    });
  }

  it('the question: what it says of the request, and nothing that a client says of itself in their place', async () => {
    asked.length = 0;
    const got = await session.ask('plain.example.com', '/a/%2e%2e/b?q=1&x=y', { method: 'POST', body: 'secret', headers: { 'x-original-url': 'http://evil/', 'x-original-method': 'TRACE', 'x-sent-from': 'me', 'x-forwarded-for': '1.2.3.4', 'x-auth-request-redirect': '/evil', 'if-none-match': '"x"', cookie: 'a=b', range: 'bytes=0-1' } });
    expect(seen(got).path).to.equal('/b?q=1&x=y');
    expect(asked).to.have.length(1);
    const [{ method, url, headers, body }] = asked as [Asked];
    expect({ method, url, body }).to.deep.equal({ method: 'GET', url: '/check?for=plain.example.com%2Fb%3Fq%3D1%26x%3Dy', body: '' });
    expect(headers).to.include({ host: 'asks.default.svc.cluster.local', 'x-original-url': 'http://plain.example.com/b?q=1&x=y', 'x-original-method': 'POST', 'x-sent-from': 'nginx-ingress-controller', 'x-real-ip': '127.0.0.1', 'x-forwarded-for': '127.0.0.1', 'x-auth-request-redirect': '/b?q=1&x=y', cookie: 'a=b' });
    expect(headers).not.to.have.any.keys('if-none-match', 'range', 'content-length', 'transfer-encoding', 'x-forwarded-proto');
  });

  it('auth-method, auth-request-redirect, a URL without a path', async () => {
    asked.length = 0;
    expect(await status('post', {}, '/x?y=z')).to.equal(200);
    expect(asked.map(({ method, headers }) => [method, headers['x-auth-request-redirect']])).to.deep.equal([['POST', 'https://post.example.com/back?to=/x?y=z']]);
    expect(await status('short')).to.equal(200);
    expect(asked[1]!.url).to.equal('/');
  });

  it('auth-response-headers: from the verdict only, never from the client', async () => {
    const alice = seen(await session.ask('headers.example.com', '/', { headers: { cookie: 'user=alice', 'x-auth-user': 'root', authorization: 'Basic x' } }));
    expect(alice.headers).to.include({ 'x-auth-user': 'alice', authorization: 'Bearer of-the-server' });
    const nobody = seen(await session.ask('headers.example.com', '/', { headers: { 'x-auth-user': 'root', authorization: 'Basic x' } }));
    expect(nobody.headers).not.to.have.any.keys('x-auth-user', 'authorization');
  });

  it('cookies of the verdict go to the client', async () => {
    expect((await session.ask('cookie.example.com')).headers['set-cookie']).to.deep.equal(['session=1; Path=/', 'second=2']);
  });

  it('auth-signin: 302 with the way back, in place of 401 only', async () => {
    const locationOf = async (name: string, path: string): Promise<unknown[]> => {
      const got = await session.ask(`${name}.example.com`, path);
      return [got.status, got.headers.location, got.headers['set-cookie']];
    };
    expect(await locationOf('signin', '/a?b=c&d')).to.deep.equal([302, 'https://login.example.com/start?rd=http://signin.example.com%2Fa%3Fb%3Dc%26d', ['csrf=1']]);
    expect(await locationOf('signin-query', '/')).to.deep.equal([302, 'https://login.example.com/start?a=b&back=http://signin-query.example.com%2F', ['csrf=1']]);
    expect(await locationOf('signin-own', '/x')).to.deep.equal([302, 'https://signin-own.example.com/oauth2/start?rd=%2Fx', ['csrf=1']]);
    expect(await status('signin', { cookie: 'in=1' })).to.equal(200);
    const plain = await session.ask('signin-bad.example.com');
    expect([plain.status, plain.headers['www-authenticate']]).to.deep.equal([401, 'Bearer realm="x"']);
  });

  it('CORS: a preflight is not asked about, a refusal has the headers', async () => {
    expect((await session.ask('cors.example.com', '/', { method: 'OPTIONS', headers: { origin: 'https://a.example' } })).status).to.equal(204);
    const refused = await session.ask('cors.example.com', '/', { headers: { origin: 'https://a.example' } });
    expect([refused.status, refused.headers['access-control-allow-origin']]).to.deep.equal([401, '*']);
  });

  it('the same with bodies of every kind, and over HTTP/2', async () => {
    asked.length = 0;
    const chunked = (host: string, headers: Record<string, string>): Promise<number> => new Promise((resolve, reject) => {
      const send = request({ host: '127.0.0.1', port: session.settings.ports.external.http, method: 'POST', headers: { host, 'transfer-encoding': 'chunked', ...headers }, agent: false }, (response) => resolve(response.resume().statusCode!));
      send.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error); });
      send.write('x'.repeat(70_000));
      send.end('y');
    });
    expect([await chunked('signin-bad.example.com', {}), await chunked('signin-bad.example.com', { cookie: 'in=1' })]).to.deep.equal([401, 200]);
    expect(asked.map(({ body }) => body), 'one question each').to.deep.equal(['', '']);
    const client = connect(`https://127.0.0.1:${session.settings.ports.external.https}`, { rejectUnauthorized: false });
    const ask = (method: string, cookie: string): Promise<number> => new Promise((resolve, reject) => {
      const stream = client.request({ ':method': method, ':path': '/', ':authority': 'signin-bad.example.com', cookie }, { endStream: method === 'GET' });
      stream.on('response', (headers) => resolve(headers[':status']!)).on('error', reject).resume();
      if (method !== 'GET') stream.end('a body');
    });
    try {
      expect([await ask('GET', 'in=0'), await ask('GET', 'in=1'), await ask('POST', 'in=0'), await ask('POST', 'in=1')]).to.deep.equal([401, 200, 401, 200]);
    } finally {
      client.close();
    }
  });

  it('a path of the same host is asked without leaving the engine', async () => {
    asked.length = 0;
    expect(await status('own', {}, '/page')).to.equal(200);
    expect(asked.map(({ url, headers }) => [url, headers.host, headers['x-original-url']])).to.deep.equal([['/oauth2/auth?x=1', 'own.example.com', 'http://own.example.com/page']]);
  });

  it('whoever can not be asked closes the route: 503, or 500 from the one that breaks off', async () => {
    for (const [name, expected] of [['reset', 500], ['none', 500], ['missing', 503], ['other-port', 503], ['unknown', 503], ['itself', 503], ['set-headers', 503]] as const) {
      expect(await status(name), name).to.equal(expected);
    }
    expect(await status('challenge', {}, '/.well-known/acme-challenge/x'), 'proofs of certificates').to.equal(200);
  });

  it('hostile and invalid values close the route, and nobody is asked', async () => {
    asked.length = 0;
    for (const name of [...hostile.keys()].map((index) => `hostile${index}`).concat(Object.keys(invalid))) expect(await status(name), `${name}: ${hostile[Number(name.slice(7))] ?? ''}`).to.equal(503);
    expect(asked).to.have.length(0);
  });

  it('satisfy: all by default; with any one is enough, and who is denied stays out', async () => {
    expect([await status('both', { cookie: 'in=1' }), await status('either'), await status('either', { cookie: 'in=1' }), await status('by-address'), await status('denied')]).to.deep.equal([403, 401, 200, 200, 403]);
  });

  it('a Service that comes opens the route, one that goes closes it', async () => {
    const { port } = server.address() as AddressInfo;
    await session.apply(service('nowhere', port));
    await session.served('missing.example.com', 200);
    await session.kubectl(['delete', 'service', 'nowhere']);
    await eventually(async () => { expect(await status('missing')).to.equal(503); });
  });
});

// Headers of requests and answers as annotations ask for them: what the backend saw, what the client got, and what nobody may set.

import type { Server } from 'node:http';
import { expect } from 'chai';
import { type DevSession, ingress, seen, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import { listenHttp, serviceAt } from '../../fixtures/service-at.js';

/** nginx adds these headers in a place of their own; where more is asked of a route, they are set one by one. */
const corsPlaces: Record<string, Record<string, string>> = {
  cors: {}, 'cors-own': { 'cors-allow-methods': 'GET, HEAD', 'cors-max-age': '7' }, 'cors-expose': { 'cors-expose-headers': 'X-Ours' }, 'cors-lane': { 'proxy-buffering': 'on' }, 'cors-vhost': { 'upstream-vhost': 'inner.test' }, 'cors-answer': { 'ingress-arbiter.io/response-headers': 'X-Ours: yes' },
};

describe('e2e: annotations of headers', function () {
  this.timeout(60_000);
  let session: DevSession;
  let backend: Server;
  const own = (name: string, annotations: Record<string, string>, service = 'web'): string =>
    ingress({ name, host: `${name}.example.com`, service }).replace('"annotations":{}', `"annotations":${JSON.stringify(Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key.includes('/') ? key : `nginx.ingress.kubernetes.io/${key}`, value])))}`);
  before(async () => {
    session = await startDevSession({ web: 1 });
    const { server, port } = await listenHttp((request, response) => {
      response.writeHead(302, {
        location: request.url === '/self' ? `http://${request.headers.host!.split(':')[0]!}:8080/app` : 'http://inner.test:8080/app/x?y', 'x-powered-by': 'something old', server: 'secret/1.0', 'x-frame-options': 'ALLOWALL', 'access-control-allow-methods': 'PURGE', 'access-control-allow-origin': 'https://inner.test', 'access-control-allow-credentials': 'true', 'access-control-allow-headers': 'X-Inner', 'access-control-max-age': '5', 'access-control-expose-headers': 'X-Total',
        'set-cookie': ['a=1; Path=/app/; Domain=.Inner.test; HttpOnly', 'path=/app; Path=/application', 'domain=inner.test; domain=other.test; Secure', 'plain'],
      }).end();
    });
    backend = server;
    const response = 'ingress-arbiter.io/response-headers';
    const request = 'ingress-arbiter.io/request-headers';
    await session.apply(serviceAt('moved', [{ port }]) + [
      own('redirect', { 'proxy-redirect-from': 'http://inner.test:8080/', 'proxy-redirect-to': 'https://outer.test/' }, 'moved'), own('redirect-off', { 'proxy-redirect-from': 'http://inner.test:8080/', 'proxy-redirect-to': 'off' }, 'moved'),
      own('redirect-own', { 'proxy-redirect-from': 'http://$host:8080/', 'proxy-redirect-to': '$scheme://$http_host/of/' }, 'moved'), own('redirect-to-own', { 'proxy-redirect-from': 'http://inner.test:8080', 'proxy-redirect-to': '$scheme://$host:$server_port' }, 'moved'),
      own('redirect-bad', { 'proxy-redirect-from': 'http://inner.test', 'proxy-redirect-to': 'https://$http_x/' }, 'moved'),
      own('cookies', { 'proxy-cookie-domain': 'inner.test outer.test', 'proxy-cookie-path': '/app /' }, 'moved'), own('cookies-bad', { 'proxy-cookie-domain': 'a.test b.test; Path=/', 'proxy-cookie-path': '~^(/ /' }, 'moved'),
      own('redirect-pattern', { 'proxy-redirect-from': '~*^http://(INNER)[.]test(:[0-9]+)?(/.*)$', 'proxy-redirect-to': '$scheme://$1.$http_host$3' }, 'moved'), own('redirect-pattern-bad', { 'proxy-redirect-from': '~(a+)+$', 'proxy-redirect-to': 'https://outer.test' }, 'moved'), own('redirect-pattern-case', { 'proxy-redirect-from': '~INNER', 'proxy-redirect-to': '/' }, 'moved'),
      own('cookie-patterns', { 'proxy-cookie-domain': '~inner.test outer.test', 'proxy-cookie-path': '~/app(.*) /of$1' }, 'moved'), own('cookie-secure', { 'proxy-cookie-path': '/ /;Secure' }, 'moved'),
      own('answer', { [response]: 'X-Frame-Options: DENY\n\n  Strict-Transport-Security:  max-age=60; includeSubDomains \nX-Powered-By:\nServer: ours\nX-Host: $host/$scheme$request_uri' }, 'moved'),
      own('answer-own', { [response]: 'X-Frame-Options: SAMEORIGIN', 'permanent-redirect': 'https://new.test' }), own('closed', { [response]: 'X-Frame-Options: DENY', 'denylist-source-range': '0.0.0.0/0' }),
      own('request', { [request]: 'X-Team: shop & more\nX-Client: $remote_addr:$server_port\nX-Drop:\nUser-Agent: gateway' }),
      ...['Host: evil', 'Connection: close', 'Content-Length: 0', 'Transfer-Encoding: chunked', 'X-Forwarded-For: 1.2.3.4', 'Authorization: Basic x', 'X-Real-IP: 1', 'X-Arbiter-Hops: 1', 'X-A: a\rX-B: b', 'X-A: $http_cookie', 'X_A: b', 'no colon', 'X-A: é', ': x', `X-A: ${'x'.repeat(2000)}`]
        .map((line, at) => own(`request-bad-${at}`, { [request]: `X-Good: yes\n${line}` })),
      ...['Set-Cookie: a=b', 'Location: https://evil', 'Access-Control-Allow-Origin: *', 'X-Accel-Redirect: /etc', 'Content-Length: 1', 'X-A: a\u2028b', 'X-A: $host$cookie_a'].map((line, at) => own(`answer-bad-${at}`, { [response]: line })),
      ...Object.entries(corsPlaces).map(([name, annotations]) => own(name, { 'enable-cors': 'true', 'cors-allow-credentials': 'false', ...annotations }, 'moved')),
      own('unknown', { 'ingress-arbiter.io/answer-headers': 'X: y' }),
      ingress({ name: 'prefix', host: 'prefix.example.com', service: 'web', path: '/app(/|$)(.*)', pathType: 'ImplementationSpecific', annotations: { 'rewrite-target': '/$2', 'x-forwarded-prefix': '/app' } }),
      ingress({ name: 'prefix-capture', host: 'prefix-capture.example.com', service: 'web', path: '/(a|b)/(.*)', pathType: 'ImplementationSpecific', annotations: { 'rewrite-target': '/$2', 'x-forwarded-prefix': '/$1' } }),
      own('prefix-word', { 'rewrite-target': '/x', 'x-forwarded-prefix': 'shop' }), own('prefix-none', { 'x-forwarded-prefix': '/app' }), own('prefix-bad', { 'x-forwarded-prefix': '/a\r\nX: $host' }), own('last', {}),
    ].join(''));
    await session.served('last.example.com');
    await session.served('cookies.example.com', 302);
  });
  after(async () => {
    await session?.close();
    backend?.close();
  });

  for (const [name, annotations] of Object.entries(corsPlaces)) it(`enable-cors: takes the place of what the backend says of other origins (${name})`, async () => {
    const { headers } = await session.ask(`${name}.example.com`);
    const said = (header: string): unknown => headers[`access-control-${header}`];
    expect(['allow-origin', 'allow-methods', 'allow-credentials', 'max-age'].map(said)).to.deep.equal(['*', annotations['cors-allow-methods'] ?? 'GET, PUT, POST, DELETE, PATCH, OPTIONS', undefined, annotations['cors-max-age'] ?? '1728000']);
    expect(said('allow-headers')).to.match(/^DNT,Keep-Alive,/);
    // What nobody has asked for is the backend's to say.
    expect(said('expose-headers')).to.equal(annotations['cors-expose-headers'] ?? 'X-Total');
  });

  const get = (name: string, path = '/', headers: Record<string, string> = {}): ReturnType<DevSession['ask']> => session.ask(`${name}.example.com`, path, { headers });

  it('proxy-redirect-from and -to: the start of Location', async () => {
    expect((await get('redirect')).headers.location).to.equal('https://outer.test/app/x?y');
    expect((await get('redirect-own', '/self')).headers.location).to.equal('http://redirect-own.example.com/of/app');
    expect((await get('redirect-own', '/')).headers.location).to.equal('http://inner.test:8080/app/x?y');
    expect((await session.ask('redirect-own.example.com', '/self', { https: true })).headers.location).to.equal('https://redirect-own.example.com/of/app');
    expect((await get('redirect-own', '/self', { host: 'redirect-own.example.com:81' })).headers.location).to.equal('http://redirect-own.example.com:81/of/app');
    expect((await get('redirect-to-own')).headers.location).to.match(/^http:\/\/redirect-to-own\.example\.com:[0-9]+\/app\/x\?y$/);
    for (const name of ['redirect-off', 'redirect-bad']) expect((await get(name)).headers.location).to.equal('http://inner.test:8080/app/x?y');
  });

  it('proxy-cookie-domain and -path', async () => {
    expect((await get('cookies')).headers['set-cookie']).to.deep.equal(['a=1; Path=//; Domain=outer.test; HttpOnly', 'path=/app; Path=/lication', 'domain=inner.test; domain=other.test; Secure', 'plain']);
    expect((await get('cookies-bad')).headers['set-cookie']![0]).to.equal('a=1; Path=/app/; Domain=.Inner.test; HttpOnly');
  });

  it('proxy-redirect-from, proxy-cookie-domain and -path: patterns', async () => {
    expect((await get('redirect-pattern')).headers.location).to.equal('http://inner.redirect-pattern.example.com/app/x?y');
    for (const name of ['redirect-pattern-bad', 'redirect-pattern-case']) expect((await get(name)).headers.location, name).to.equal('http://inner.test:8080/app/x?y');
    expect((await get('cookie-patterns')).headers['set-cookie']).to.deep.equal(['a=1; Path=/of/; Domain=outer.test; HttpOnly', 'path=/app; Path=/oflication', 'domain=inner.test; domain=other.test; Secure', 'plain']);
    expect((await get('cookie-secure')).headers['set-cookie']![0]).to.equal('a=1; Path=/app/; Domain=.Inner.test; HttpOnly');
    await session.told(/Ingress default\/redirect-pattern-bad: annotation proxy-redirect-from: must be off, or the start of a URL, or ~ and a pattern/);
  });

  it('response-headers: set in place of the backend\'s, taken away, and on answers of the engine too', async () => {
    const { headers } = await get('answer', '/a?b');
    expect([headers['x-frame-options'], headers['strict-transport-security'], headers['x-powered-by'], headers.server, headers['x-host']])
      .to.deep.equal(['DENY', 'max-age=60; includeSubDomains', undefined, 'ours', 'answer.example.com/http/a?b']);
    const redirected = await get('answer-own');
    expect([redirected.status, redirected.headers['x-frame-options']]).to.deep.equal([301, 'SAMEORIGIN']);
    const refused = await get('closed');
    expect([refused.status, refused.headers['x-frame-options']]).to.deep.equal([403, 'DENY']);
  });

  it('request-headers: set in place of the client\'s, and taken away', async () => {
    const { headers } = seen(await get('request', '/', { 'x-team': 'evil', 'x-drop': 'me', 'user-agent': 'curl' }));
    expect([headers['x-team'], headers['x-client'], headers['x-drop'], headers['user-agent']])
      .to.deep.equal(['shop & more', `127.0.0.1:${session.settings.ports.external.http}`, undefined, 'gateway']);
    expect(headers['x-forwarded-for']).to.equal('127.0.0.1');
  });

  it('what nobody may set is a finding, and nothing of that annotation is set', async () => {
    for (let at = 0; at < 15; at++) {
      await session.told(new RegExp(`IA150 Ingress default/request-bad-${at}: annotation request-headers`));
      expect(seen(await get(`request-bad-${at}`)).headers).to.not.have.any.keys('x-good', 'x-a', 'x-b');
    }
    for (let at = 0; at < 7; at++) {
      await session.told(new RegExp(`IA150 Ingress default/answer-bad-${at}: annotation response-headers`));
      const { headers } = await get(`answer-bad-${at}`);
      expect(headers).to.not.have.any.keys('set-cookie', 'location', 'access-control-allow-origin', 'x-accel-redirect', 'x-a');
    }
    await session.told(/IA154 Ingress default\/unknown: annotation answer-headers is none of ingress-arbiter\.io\//);
  });

  it('x-forwarded-prefix: where the path is rewritten, and never the client\'s', async () => {
    const prefix = async (name: string, path: string): Promise<unknown[]> => {
      const answer = await eventually(async () => seen(await get(name, path, { 'x-forwarded-prefix': '/evil' })));
      return [answer.path, answer.headers['x-forwarded-prefix']];
    };
    expect(await prefix('prefix', '/app/x')).to.deep.equal(['/x', '/app']);
    expect(await prefix('prefix-capture', '/b/c%20d')).to.deep.equal(['/c%20d', '/b']);
    expect(await prefix('prefix-word', '/')).to.deep.equal(['/x', 'shop']);
    for (const name of ['prefix-none', 'prefix-bad', 'last']) expect(await prefix(name, '/')).to.deep.equal(['/', undefined]);
  });
});

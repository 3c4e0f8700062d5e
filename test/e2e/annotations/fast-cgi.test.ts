// Backends that speak FastCGI: what they are told of a request, and that all else is as with HTTP.

import type { Server } from 'node:net';
import { expect } from 'chai';
import { leaseNamespace } from '../../../src/cli/dev/dev-settings.js';
import { controllerUser } from '../../../src/cli/dev/controller-access.js';
import { type DevSession, ingress, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import { type CgiRequest, listenFastCgi } from '../../fixtures/fast-cgi-backend.js';
import { freePorts } from '../../fixtures/free-ports.js';
import { listenHttp, listenSilently, serviceAt } from '../../fixtures/service-at.js';

const document = (object: object): string => `---\n${JSON.stringify(object)}\n---\n`;
const account = controllerUser.split(':')[3]!;
const configMap = (name: string, data: Record<string, string>): string => document({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
const mayRead = document({
  apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'settings', namespace: 'default' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'ingress-arbiter-class-settings' }, subjects: [{ kind: 'ServiceAccount', name: account, namespace: leaseNamespace }],
});

describe('e2e: annotations of FastCGI backends', function () {
  this.timeout(90_000);
  let session: DevSession;
  const servers: { close(): unknown }[] = [];
  const got: (CgiRequest & { pod: string })[] = [];

  const pod = async (name: string, usual = 200): Promise<number> => {
    const { server, port } = await listenFastCgi((request) => {
      got.push({ ...request, pod: name });
      const { SCRIPT_NAME: script = '' } = request.params;
      if (script === '/breaks') return undefined;
      const status = Number(script.slice(1, 4)) || usual;
      return { header: [`Status: ${status} Own Words`, 'Content-Type: text/plain', 'X-Accel-Redirect: /inside', `X-Pod: ${name}`, 'Set-Cookie: a=b; Path=/inner'], body: script === '/large' ? 'x'.repeat(200_000) : `${name}'s own` };
    });
    servers.push(server);
    return port;
  };

  before(async () => {
    session = await startDevSession({});
    const [one, two, busy, next] = [await pod('one'), await pod('two'), await pod('busy', 503), await pod('next')];
    const pages = await listenHttp(({ headers }, response) => response.writeHead(Number(headers['x-code'])).end('a page'));
    const silent = await listenSilently();
    const judge = await listenHttp(({ headers }, response) => response.writeHead(headers['x-user'] === 'one' ? 200 : 401, { 'x-auth-user': 'number one' }).end());
    servers.push(pages.server, silent.server as Server, judge.server);
    const [refusing] = await freePorts(1) as [number];
    const at = (...ports: number[]): { port: number }[] => ports.map((port) => ({ port }));
    const php = (name: string, annotations: Record<string, string> = {}, service = 'one', more: object = {}): string => ingress({ name, host: `${name}.example.com`, service, annotations: { 'backend-protocol': 'FCGI', ...annotations }, ...more });
    await session.apply([
      serviceAt('one', at(one)), serviceAt('refusing', at(refusing, two)), serviceAt('refused', at(refusing)), serviceAt('busy', at(busy, one)), serviceAt('next', at(next)), serviceAt('pages', at(pages.port)), serviceAt('silent', at(silent.port)), serviceAt('judge', at(judge.port)),
      mayRead,
      configMap('params', {
        SCRIPT_FILENAME: '$document_root$fastcgi_script_name', DOCUMENT_ROOT: '/srv/www', PATH_INFO: '/info', SERVER_NAME: 'shop', REQUEST_METHOD: '$request_method', PHP_VALUE: 'memory_limit = 128M', AUTH_TYPE: '$request_uri $remote_addr; "\\',
        APP_ENV: 'production', HTTP_PROXY: 'http://evil.test', REMOTE_USER: '$http_cookie',
      }),
      php('plain'), php('params', { 'fastcgi-index': 'index.php', 'fastcgi-params-configmap': 'params' }), php('gone', { 'fastcgi-params-configmap': 'gone' }),
      php('rewritten', { 'fastcgi-index': 'index.php', 'rewrite-target': '/new/$1' }, 'one', { path: '/old/(.*)', pathType: 'ImplementationSpecific' }),
      php('refusing', {}, 'refusing'), php('refused', {}, 'refused'), php('busy', { 'proxy-next-upstream': 'error http_503' }, 'busy'), php('errors', { 'custom-http-errors': '404,418', 'default-backend': 'pages' }), php('slow', { 'proxy-read-timeout': '1' }, 'silent'),
      php('small', { 'proxy-body-size': '10' }), php('streamed', { 'proxy-request-buffering': 'off', 'proxy-body-size': '0' }), php('cors', { 'enable-cors': 'true' }), php('changed', { 'proxy-cookie-path': '/inner /outer' }),
      php('asked', { 'auth-url': 'http://judge.default.svc/', 'auth-response-headers': 'X-Auth-User' }), php('canary'), ingress({ name: 'canary-next', host: 'canary.example.com', service: 'next', annotations: { canary: 'true', 'canary-by-header': 'X-Canary' } }),
    ].join(''));
    await session.served('canary.example.com');
    await session.served('params.example.com');
    await session.served('gone.example.com', 503);
  });
  after(async () => {
    await session?.close();
    for (const server of servers) server.close();
  });

  const ask = (name: string, path = '/', more: object = {}): ReturnType<DevSession['ask']> => session.ask(`${name}.example.com`, path, more);
  const paramsOf = async (name: string, path: string, more: object = {}): Promise<Record<string, string>> => {
    expect((await ask(name, path, more)).status).to.equal(200);
    return got.at(-1)!.params;
  };

  it('are told of the request as nginx tells it, and of its headers', async () => {
    const params = await paramsOf('plain', '/a%20b/c.php?d=%2F', { headers: { 'x-own': '1', proxy: 'http://evil.test', 'x-forwarded-for': '6.6.6.6', 'x-arbiter-cgi': '{"asked":{}}', 'x-arbiter-relay': 'fcgi 1 0  127.0.0.1' } });
    const { http } = session.settings.ports.external;
    expect(params).to.include({
      REQUEST_METHOD: 'GET', REQUEST_URI: '/a%20b/c.php?d=%2F', SCRIPT_NAME: '/a b/c.php', DOCUMENT_URI: '/a b/c.php', QUERY_STRING: 'd=%2F', SERVER_PROTOCOL: 'HTTP/1.1', REQUEST_SCHEME: 'http', GATEWAY_INTERFACE: 'CGI/1.1',
      REMOTE_ADDR: '127.0.0.1', SERVER_ADDR: '127.0.0.1', SERVER_PORT: `${http}`, SERVER_NAME: 'plain.example.com', REDIRECT_STATUS: '200', HTTP_HOST: 'plain.example.com', HTTP_X_OWN: '1', HTTP_X_FORWARDED_FOR: '127.0.0.1',
    });
    expect(params['REMOTE_PORT']).to.match(/^[0-9]+$/);
    for (const name of ['HTTP_PROXY', 'HTTPS', 'SCRIPT_FILENAME', 'PATH_INFO', 'HTTP_X_ARBITER_CGI', 'HTTP_X_ARBITER_RELAY']) expect(params, name).to.not.have.property(name);
    expect(await paramsOf('plain', '/', { https: true })).to.include({ HTTPS: 'on', REQUEST_SCHEME: 'https', SERVER_PORT: `${session.settings.ports.external.https}` });
  });

  it('fastcgi-index and fastcgi-params-configmap: what can be told is, the rest is a finding', async () => {
    const params = await paramsOf('params', '/shop/?a=$uri');
    expect(params).to.include({
      SCRIPT_NAME: '/shop/index.php', SCRIPT_FILENAME: '/srv/www/shop/index.php', DOCUMENT_ROOT: '/srv/www', PATH_INFO: '/info', SERVER_NAME: 'shop', PHP_VALUE: 'memory_limit = 128M', AUTH_TYPE: '/shop/?a=$uri 127.0.0.1; "\\',
    });
    for (const name of ['APP_ENV', 'HTTP_PROXY', 'REMOTE_USER']) {
      expect(params, name).to.not.have.property(name);
      await session.told(new RegExp(`IA151 Ingress default/params: annotation fastcgi-params-configmap: ConfigMap default/params: "${name}"`));
    }
    expect(await paramsOf('rewritten', '/old/x/')).to.include({ SCRIPT_NAME: '/new/x/index.php', REQUEST_URI: '/old/x/' });
    await session.told(/IA146 Ingress default\/gone: annotation fastcgi-params-configmap/);
    await session.apply(configMap('gone', { SCRIPT_FILENAME: '/a.php' }));
    await eventually(async () => expect((await ask('gone')).status).to.equal(200));
    expect(got.at(-1)!.params['SCRIPT_FILENAME']).to.equal('/a.php');
  });

  it('answer with status, header and body; nothing of it steers nginx', async () => {
    const { status, text, headers } = await ask('plain', '/404');
    expect([status, text, headers['x-pod'], headers['content-type']]).to.deep.equal([404, 'one\'s own', 'one', 'text/plain']);
    expect((await ask('plain', '/large')).text.length).to.equal(200_000);
    expect((await ask('changed')).headers['set-cookie']).to.deep.equal(['a=b; Path=/outer']);
    expect((await ask('cors', '/', { headers: { origin: 'https://a.test' } })).headers['access-control-allow-origin']).to.equal('*');
    expect((await ask('cors', '/', { method: 'OPTIONS', headers: { origin: 'https://a.test' } })).status).to.equal(204);
  });

  it('get bodies whole, whether their length is told, not told or streamed, up to the bound', async () => {
    const body = 'x'.repeat(300_000);
    for (const name of ['plain', 'streamed']) {
      for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
        expect(await paramsOf(name, '/', { method: 'POST', body, headers })).to.include({ REQUEST_METHOD: 'POST', CONTENT_LENGTH: '300000' });
        expect(got.at(-1)!.body.toString()).to.equal(body);
      }
    }
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) expect((await ask('small', '/', { method: 'POST', body: 'x'.repeat(100_000), headers })).status).to.equal(413);
  });

  it('are followed by another one when they refuse, also with a body; nothing that was sent is sent twice', async () => {
    for (const more of [{}, { method: 'POST', body: 'abc' }]) {
      for (let at = 0; at < 4; at++) {
        const { status, text } = await ask('refusing', '/', more);
        expect([status, text]).to.deep.equal([200, 'two\'s own']);
      }
    }
    expect((await ask('refused')).status).to.equal(502);
    expect((await ask('refused', '/', { method: 'POST', body: 'abc' })).status).to.equal(502);
    const before = got.length;
    expect((await ask('plain', '/breaks', { method: 'POST', body: 'abc' })).status).to.equal(502);
    expect(got.length).to.equal(before + 1);
    for (let at = 0; at < 4; at++) expect((await ask('busy')).text).to.equal('one\'s own');
    expect((await ask('slow')).status).to.equal(504);
  });

  it('custom-http-errors, auth-url and canaries as with HTTP', async () => {
    for (const status of [404, 418]) expect((await ask('errors', `/${status}`)).text).to.equal('a page');
    expect((await ask('errors', '/410')).text).to.equal('one\'s own');
    expect((await ask('asked')).status).to.equal(401);
    expect(await paramsOf('asked', '/', { headers: { 'x-user': 'one', 'x-auth-user': 'root' } })).to.include({ HTTP_X_AUTH_USER: 'number one' });
    expect((await ask('canary', '/', { headers: { 'x-canary': 'always' } })).text).to.equal('next\'s own');
  });
});

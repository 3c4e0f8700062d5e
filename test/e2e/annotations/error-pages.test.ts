// Answers that another Service gives instead: which statuses, what that Service is told, and when everything stays as it is.

import type { Server } from 'node:http';
import { expect } from 'chai';
import { type DevSession, ingress, startDevSession, workload } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import { listenHttp, serviceAt } from '../../fixtures/service-at.js';

describe('e2e: annotations of error pages', function () {
  this.timeout(60_000);
  let session: DevSession;
  const servers: Server[] = [];
  before(async () => {
    session = await startDevSession({});
    const shop = await listenHttp((request, response) => {
      request.resume();
      response.writeHead(Number(request.url!.slice(1, 4)) || 200).end('the shop\'s own');
    });
    const pages = await listenHttp((request, response) => {
      request.resume();
      response.writeHead(Number(request.headers['x-code'] ?? 404), { 'content-type': 'application/json' }).end(JSON.stringify({ url: request.url, method: request.method, headers: request.headers }));
    });
    servers.push(shop.server, pages.server);
    const web = (name: string, annotations: Record<string, string>, service = 'shop'): string => ingress({ name, host: `${name}.example.com`, service, annotations });
    await session.apply(serviceAt('shop', [{ port: shop.port }]) + serviceAt('pages', [{ port: pages.port }]) + serviceAt('empty', []) + [
      web('errors', { 'custom-http-errors': '404,503, 502', 'default-backend': 'pages' }), web('some', { 'custom-http-errors': '418,500', 'default-backend': 'pages' }), web('disabled', { 'custom-http-errors': '404', 'default-backend': 'pages', 'disable-proxy-intercept-errors': 'true' }),
      web('nobody', { 'custom-http-errors': '404' }), web('missing', { 'custom-http-errors': '404', 'default-backend': 'nowhere' }), web('bad', { 'custom-http-errors': '200,404', 'default-backend': 'pages' }), web('foreign', { 'custom-http-errors': '404', 'default-backend': 'other/pages' }),
      web('empty', { 'default-backend': 'pages' }, 'empty'), web('empty-both', { 'default-backend': 'empty' }, 'empty'), web('empty-errors', { 'custom-http-errors': '503', 'default-backend': 'pages' }, 'empty'),
      web('again', { 'custom-http-errors': '503', 'default-backend': 'pages', 'proxy-next-upstream': 'http_503' }), web('class', { 'custom-http-errors': '404' }), web('last', {}),
    ].join(''));
    await session.served('last.example.com');
    await session.served('errors.example.com');
  });
  after(async () => {
    await session?.close();
    for (const server of servers) server.close();
  });

  const get = (name: string, path: string, more: object = {}): ReturnType<DevSession['ask']> => session.ask(`${name}.example.com`, path, more);
  interface Told { url: string; method: string; headers: Record<string, string> }
  /** What the Service was told, when it has answered. */
  const told = async (name: string, path: string, more: object = {}): Promise<Told & { status: number }> => {
    const { status, text } = await get(name, path, more);
    return { status, ...JSON.parse(text) as Told };
  };

  it('a status that is listed: the Service answers, and is told what happened and to whom', async () => {
    const { status, url, method, headers } = await told('errors', '/404/x?y=z', { headers: { accept: 'text/html', 'x-code': '200', 'x-namespace': 'evil', 'x-original-uri': '/evil' } });
    expect([status, url, method, headers.host]).to.deep.equal([404, '/', 'GET', 'errors.example.com']);
    const shown = Object.fromEntries(['x-code', 'x-format', 'x-original-uri', 'x-namespace', 'x-ingress-name', 'x-service-name', 'x-service-port'].map((name) => [name, headers[name]]));
    expect(shown).to.deep.equal({ 'x-code': '404', 'x-format': 'text/html', 'x-original-uri': '/404/x?y=z', 'x-namespace': 'default', 'x-ingress-name': 'errors', 'x-service-name': 'shop', 'x-service-port': '80' });
    expect((await told('errors', '/503', { method: 'POST', body: 'lost' })).headers['x-code']).to.equal('503');
  });

  it('every other answer is passed on', async () => {
    for (const [name, path] of [['errors', '/500'], ['errors', '/200'], ['errors', '/403'], ['some', '/419'], ['some', '/404'], ['disabled', '/404'], ['nobody', '/404'], ['missing', '/404'], ['bad', '/404'], ['foreign', '/404']] as const) {
      const { status, text } = await get(name, path);
      expect([status, text], `${name}${path}`).to.deep.equal([Number(path.slice(1)), 'the shop\'s own']);
    }
    for (const code of ['418', '500']) expect((await told('some', `/${code}`)).headers['x-code']).to.equal(code);
  });

  it('what can not be carried out is a finding', async () => {
    for (const [name, message] of [['nobody', 'has no Service to ask'], ['bad', 'must be statuses 400'], ['missing', 'annotation default-backend: backend Service "default/nowhere" does not exist'], ['foreign', 'annotation default-backend: must be']] as const) {
      await session.told(new RegExp(`Ingress default/${name}: .*${message}`));
    }
  });

  it('default-backend: answers when a Service has no endpoint, and 503 when it has none either', async () => {
    const { status, headers } = await told('empty', '/a');
    expect([status, headers['x-code'], headers['x-service-name']]).to.deep.equal([503, '503', 'empty']);
    expect((await told('empty-errors', '/a')).headers['x-code']).to.equal('503');
    expect((await get('empty-both', '/')).status).to.equal(503);
  });

  it('together with further tries: a page after the last one', async () => {
    expect((await told('again', '/503')).headers['x-code']).to.equal('503');
  });

  it('without default-backend: the default backend of the class', async () => {
    expect((await get('class', '/404')).text).to.equal('the shop\'s own');
    const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'ingress-arbiter' }, data: { 'default-backend': 'fallback' } };
    const ingressClass = { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx-external' }, spec: { controller: 'ingress-arbiter.io/controller', parameters: { kind: 'ConfigMap', name: 'settings', scope: 'Cluster' } } };
    await session.kubectl(['apply', '-n', 'ingress-arbiter', '-f', '-'], workload('fallback'));
    await session.apply(`${JSON.stringify(settings)}\n---\n${JSON.stringify(ingressClass)}\n`);
    await eventually(async () => {
      const { status, text } = await get('class', '/404');
      expect([status, (JSON.parse(text) as { deployment: string; headers: Record<string, string> }).headers['x-code']], text).to.deep.equal([200, '404']);
    }, 15_000);
  });
});

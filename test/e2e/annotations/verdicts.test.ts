// Verdicts of external authentication that are kept, and headers of the question: nobody gets in by what was said of another
// request, or by what the question was given.

import type { Server } from 'node:http';
import { expect } from 'chai';
import { controllerUser } from '../../../src/cli/dev/controller-access.js';
import { leaseNamespace } from '../../../src/cli/dev/dev-settings.js';
import { type DevSession, ingress, startDevSession } from '../../fixtures/dev-session.js';
import { rawHttp } from '../../fixtures/raw-http.js';
import { listenHttp, serviceAt } from '../../fixtures/service-at.js';

const document = (object: object): string => `---\n${JSON.stringify(object)}\n---\n`;
/** one, and his password in SHA as htpasswd writes it. */
const password = `Basic ${Buffer.from('one:secret').toString('base64')}`;
const people = 'one:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=';

describe('e2e: verdicts and questions', function () {
  this.timeout(60_000);
  let session: DevSession;
  let asked: Server;
  let questions = 0;
  const guarded = (name: string, host: string, annotations: Record<string, string>): string =>
    ingress({ name, host, service: 'web', annotations: { 'ssl-redirect': 'false', ...annotations } });

  before(async () => {
    const { server, port } = await listenHttp(({ url, headers }, response) => {
      questions += 1;
      const original = new URL(String(headers['x-original-url']));
      const isGood = url === '/yes' || (url === '/by-host' && original.hostname === 'a.example.com');
      response.writeHead(isGood ? 200 : 403).end();
    });
    asked = server;
    session = await startDevSession({ web: 1 });
    const at = (path: string, more: Record<string, string> = {}): Record<string, string> => ({ 'auth-url': `http://asks.default.svc${path}`, ...more });
    const basic = { 'auth-type': 'basic', 'auth-secret': 'people', 'auth-proxy-set-headers': 'question' };
    await session.apply(serviceAt('asks', [{ port }]) +
      document({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'settings', namespace: 'default' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'ingress-arbiter-class-settings' }, subjects: [{ kind: 'ServiceAccount', name: controllerUser.split(':')[3], namespace: leaseNamespace }] }) +
      document({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'people' }, type: 'Opaque', data: { auth: Buffer.from(people).toString('base64') } }) +
      document({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'question', namespace: 'default' }, data: { Authorization: password } }) +
      guarded('hosts', 'a.example.com', at('/by-host', { 'auth-cache-key': 'x', 'auth-cache-duration': '200 403 1h', 'server-alias': 'c.example.com' })) +
      guarded('any', 'any.example.com', at('/no', { ...basic, satisfy: 'any' })) + guarded('all', 'all.example.com', at('/yes', basic)));
    await session.served('a.example.com');
    await session.served('all.example.com', 401);
    await session.served('any.example.com', 401);
  });
  after(async () => {
    await session?.close();
    asked?.closeAllConnections();
    asked?.close();
  });

  it('are kept for the host that the question names, also when the Host header names another one', async () => {
    const ask = async (host: string): Promise<number> =>
      (await rawHttp(session.settings.ports.external.http, `GET http://${host}/ HTTP/1.1\r\nHost: x.example.com\r\nConnection: close\r\n\r\n`)).statuses[0]!;
    expect(await ask('a.example.com')).to.equal(200);
    const before = questions;
    expect([await ask('a.example.com'), questions - before], 'it is kept').to.deep.equal([200, 0]);
    expect(await ask('c.example.com')).to.equal(403);
  });

  it('a password that the question was given is nobody\'s own', async () => {
    expect((await session.ask('any.example.com')).status).to.be.oneOf([401, 403]);
    expect((await session.ask('any.example.com', '/', { headers: { authorization: password } })).status).to.equal(200);
  });

  it('nor takes it away the one that the client has', async () => {
    expect((await session.ask('all.example.com')).status).to.equal(401);
    expect((await session.ask('all.example.com', '/', { headers: { authorization: password } })).status).to.equal(200);
    const wrong = `Basic ${Buffer.from('one:wrong').toString('base64')}`;
    expect((await session.ask('all.example.com', '/', { headers: { authorization: wrong } })).status).to.equal(401);
  });
});

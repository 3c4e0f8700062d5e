// External authentication by servers outside of the cluster: only where the class allows the name, at addresses that may be asked,
// and over https by nobody but who the name belongs to.

import { once } from 'node:events';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { expect } from 'chai';
import { leaseNamespace } from '../../../src/cli/dev/dev-settings.js';
import { openCertificateShop } from '../../fixtures/certificate-authority.js';
import { type DevSession, ingress, seen, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import { type NameServer, startNameServer } from '../../fixtures/name-server.js';
import { listenHttp } from '../../fixtures/service-at.js';

const document = (object: object): string => `---\n${JSON.stringify(object)}\n---\n`;

describe('e2e: external authentication outside of the cluster', function () {
  this.timeout(90_000);
  let session: DevSession;
  let names: NameServer;
  const servers: Server[] = [];
  const asked: { server: string; host: string | undefined; name?: string | false | null; url: string }[] = [];
  const shop = openCertificateShop();

  const settings = (data: Record<string, string>): Promise<string> => session.apply(document({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'external', namespace: leaseNamespace }, data }));
  const allowed = { 'auth-url-hosts': 'auth.test.example, *.login.test.example, evil.test.example', 'auth-url-ca': 'authorities' };
  const judge = (server: string): Parameters<typeof listenHttp>[0] => (request, response) => {
    asked.push({ server, host: request.headers.host, name: (request.socket as { servername?: string | false | null }).servername ?? null, url: request.url! });
    response.writeHead(request.headers['x-user'] === 'one' ? 200 : 401, { 'x-auth-user': server }).end();
  };
  const listen = async (server: Server): Promise<number> => {
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };

  before(async () => {
    names = await startNameServer();
    const authority = shop.authority('root');
    shop.authority('other');
    const { cert, key } = shop.signed('auth', 'root', { dns: 'auth.test.example' });
    const stranger = shop.signed('stranger', 'other', { dns: 'auth.test.example' });
    const secure = await listen(createHttps({ cert, key }, judge('secure')));
    const strange = await listen(createHttps({ cert: stranger.cert, key: stranger.key }, judge('strange')));
    const clear = await listenHttp(judge('clear'));
    servers.push(clear.server);
    for (const name of ['auth.test.example', 'a.login.test.example', 'not-listed.test.example']) names.names.set(name, { addresses: ['127.0.0.1'], seconds: 1 });
    names.names.set('evil.test.example', { addresses: ['169.254.169.254', 'fd00:ec2::254', '100.100.100.200'], seconds: 60 });
    session = await startDevSession({ web: 1 }, { nameServers: [names.address] });
    const web = (name: string, url: string): string => ingress({ name, host: `${name}.example.com`, service: 'web', annotations: { 'auth-url': url, 'auth-response-headers': 'X-Auth-User' } });
    await settings(allowed);
    await session.apply(document({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'authorities', namespace: leaseNamespace }, type: 'Opaque', data: { 'ca.crt': Buffer.from(authority.cert).toString('base64') } }) +
      document({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx-external' }, spec: { controller: 'ingress-arbiter.io/controller', parameters: { kind: 'ConfigMap', name: 'external', scope: 'Cluster' } } }) +
      web('clear', `http://auth.test.example:${clear.port}/check?a=$host`) + web('below', `http://a.login.test.example:${clear.port}/`) + web('secure', `https://auth.test.example:${secure}/check`) + web('strange', `https://auth.test.example:${strange}/`) +
      web('other-name', `https://a.login.test.example:${secure}/`) + web('not-listed', `http://not-listed.test.example:${clear.port}/`) + web('evil', `http://evil.test.example:${clear.port}/`) + web('nobody', `http://nobody.login.test.example:${clear.port}/`) + web('open', `http://login.test.example:${clear.port}/`));
    for (const name of ['clear', 'below', 'secure']) await session.served(`${name}.example.com`, 401);
    await session.served('open.example.com', 503);
  });
  after(async () => {
    await session?.close();
    names?.close();
    for (const server of servers) server.close();
    shop.close();
  });

  const ask = (name: string, headers: Record<string, string> = { 'x-user': 'one' }): ReturnType<DevSession['ask']> => session.ask(`${name}.example.com`, '/', { headers });

  it('a name that the class allows is asked, in the clear or over https with its name', async () => {
    for (const [name, server] of [['clear', 'clear'], ['below', 'clear'], ['secure', 'secure']] as const) {
      expect((await ask(name, {})).status, name).to.equal(401);
      expect(seen(await ask(name)).headers['x-auth-user'], name).to.equal(server);
    }
    expect(asked.find(({ server }) => server === 'secure')).to.deep.equal({ server: 'secure', host: 'auth.test.example', name: 'auth.test.example', url: '/check' });
    expect(asked.find(({ url }) => url === '/check?a=clear.example.com')?.host).to.equal('auth.test.example');
  });

  it('nobody else is: other names, addresses that are never asked, certificates that prove nothing', async () => {
    const before = asked.length;
    for (const name of ['not-listed', 'open']) expect((await ask(name)).status, name).to.equal(503);
    for (const name of ['evil', 'nobody', 'strange', 'other-name']) expect((await ask(name)).status, name).to.equal(500);
    expect(asked.length).to.equal(before);
    await session.told(/evil\.test\.example.*ADDRESS_NOT_ALLOWED/);
    expect(names.asked.has('not-listed.test.example')).to.equal(false);
  });

  it('a name is asked for anew when its time is over, and where it leads to then may not be asked is not', async () => {
    const before = names.asked.get('a.login.test.example')!;
    names.names.set('a.login.test.example', { addresses: ['169.254.1.1'], seconds: 1 });
    // Whoever has a connection keeps it; there is none left without this server's.
    await eventually(async () => {
      for (const server of servers) (server as Partial<import('node:http').Server>).closeAllConnections?.();
      expect((await ask('below')).status).to.equal(500);
    });
    expect(names.asked.get('a.login.test.example')).to.be.greaterThan(before);
    names.names.set('a.login.test.example', { addresses: ['127.0.0.1'], seconds: 1 });
    await eventually(async () => expect((await ask('below')).status).to.equal(200));
  });

  it('without the authorities that the class names, or without the name among its settings, the routes are closed', async () => {
    await settings({ ...allowed, 'auth-url-ca': 'gone' });
    await session.served('secure.example.com', 503);
    expect((await ask('clear')).status).to.equal(200);
    await session.told(/IA141 Ingress default\/secure: annotation auth-url: the class's auth-url-ca can not be used/);
    await settings({ ...allowed, 'auth-url-hosts': 'other.test.example' });
    await session.served('clear.example.com', 503);
    // Nobody but those that everybody trusts: this one is not among them.
    await settings({ 'auth-url-hosts': 'auth.test.example' });
    await session.served('secure.example.com', 500);
  });
});

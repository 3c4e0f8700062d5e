// Services of type ExternalName: only where the class allows the name, at addresses that may be asked, and in whatever nginx
// speaks to backends.

import { createServer as createHttps } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { expect } from 'chai';
import { leaseNamespace } from '../../../src/cli/dev/dev-settings.js';
import { openCertificateShop } from '../../fixtures/certificate-authority.js';
import { type DevSession, ingress, seen, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import { type NameServer, startNameServer } from '../../fixtures/name-server.js';
import { openWebSocket } from '../../fixtures/open-websocket.js';
import { listenHttp } from '../../fixtures/service-at.js';

const document = (object: object): string => `---\n${JSON.stringify(object)}\n---\n`;
const NAME = 'api.partner.example';

describe('e2e: Services of type ExternalName', function () {
  this.timeout(90_000);
  let session: DevSession;
  let names: NameServer;
  const servers: Server[] = [];
  const shop = openCertificateShop();

  const settings = (data: Record<string, string>): Promise<string> => session.apply(document({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'external', namespace: leaseNamespace }, data }));
  const allowed = { 'external-names': '*.partner.example' };
  /** Tells what it saw. */
  const answer = (server: string): RequestListener => (request: IncomingMessage, response) => {
    const { servername } = request.socket as { servername?: string | false };
    response.end(JSON.stringify({ server, host: request.headers.host, path: request.url, servername: servername ?? null }));
  };
  const external = (name: string, externalName: string, port: number): string => document({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { type: 'ExternalName', externalName, ports: [{ name: 'web', port: 80, targetPort: port }] } });
  const at = (name: string, service: string, annotations: Record<string, string> = {}): string => ingress({ name, host: `${name}.example.com`, service, annotations });
  const ask = async (name: string, path = '/'): Promise<Record<string, unknown>> => seen(await session.ask(`${name}.example.com`, path)) as unknown as Record<string, unknown>;

  before(async () => {
    names = await startNameServer();
    shop.authority('root');
    const { cert, key } = shop.signed('api', 'root', { dns: NAME });
    const { server, port } = await listenHttp(answer('clear'));
    server.on('upgrade', (_request, socket) => {
      socket.on('error', () => undefined).write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      socket.pipe(socket);
    });
    const secure = createHttps({ cert, key }, answer('secure')).listen(0, '127.0.0.1');
    await once(secure, 'listening');
    servers.push(server, secure);
    const securePort = (secure.address() as AddressInfo).port;
    for (const name of [NAME, 'not-listed.example']) names.names.set(name, { addresses: ['127.0.0.1'], seconds: 1 });
    names.names.set('evil.partner.example', { addresses: ['169.254.169.254', 'fd00:ec2::254'], seconds: 60 });
    session = await startDevSession({ web: 1 }, { nameServers: [names.address] });
    await settings(allowed);
    await session.apply(document({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx-external' }, spec: { controller: 'ingress-arbiter.io/controller', parameters: { kind: 'ConfigMap', name: 'external', scope: 'Cluster' } } }) +
      external('clear', NAME, port) + external('secure', NAME, securePort) + external('not-listed', 'not-listed.example', port) + external('evil', 'evil.partner.example', port) + external('nobody', 'nobody.partner.example', port) +
      at('clear', 'clear') + at('vhost', 'clear', { 'upstream-vhost': NAME }) + at('relayed', 'clear', { 'custom-http-errors': '418,419', 'default-backend': 'web' }) + at('asked', 'web', { 'auth-url': 'http://clear.default.svc.cluster.local/check' }) +
      at('secure', 'secure', { 'backend-protocol': 'HTTPS' }) + at('named', 'secure', { 'backend-protocol': 'HTTPS', 'proxy-ssl-server-name': 'on', 'proxy-ssl-name': NAME }) +
      at('not-listed', 'not-listed') + at('evil', 'evil') + at('nobody', 'nobody') + at('plain', 'web'));
    for (const name of ['clear', 'vhost', 'relayed', 'asked', 'secure', 'named', 'plain']) await session.served(`${name}.example.com`);
  });
  after(async () => {
    await session?.close();
    names?.close();
    for (const server of servers) server.close();
    shop.close();
  });

  it('a name that the class allows gets the requests, under their own host or the one that is asked for', async () => {
    expect(await ask('clear', '/a?b')).to.deep.equal({ server: 'clear', host: 'clear.example.com', path: '/a?b', servername: null });
    expect((await ask('vhost')).host).to.equal(NAME);
    expect((await ask('relayed', '/r')).path).to.equal('/r');
  });

  it('over TLS, too, of nginx or with settings of the Ingress\'s own', async () => {
    expect(await ask('secure')).to.include({ server: 'secure', servername: false });
    expect(await ask('named')).to.include({ server: 'secure', servername: NAME });
  });

  it('WebSockets pass', async () => {
    const socket = await openWebSocket(session.settings.ports.external.http, 'clear.example.com');
    try {
      await socket.echo('hello');
    } finally {
      socket.close();
    }
  });

  it('a name that is not allowed is not asked for; one that leads to nobody, or to where nobody may be asked, answers 502 and hurts nobody else', async () => {
    expect((await session.ask('not-listed.example.com')).status).to.equal(503);
    await session.told(/IA133 Ingress default\/not-listed: backend Service default\/not-listed is of type ExternalName, and the class's external-names does not allow "not-listed\.example"/);
    expect(names.asked.has('not-listed.example')).to.equal(false);
    for (const name of ['evil', 'nobody']) expect((await session.ask(`${name}.example.com`)).status, name).to.equal(502);
    await session.told(/evil\.partner\.example \d+: it can't be reached.*ADDRESS_NOT_ALLOWED/);
    for (const name of ['clear', 'plain']) expect((await session.ask(`${name}.example.com`)).status, name).to.equal(200);
  });

  it('a name that leads somewhere else is followed', async () => {
    names.names.set(NAME, { addresses: ['169.254.1.1'], seconds: 1 });
    await eventually(async () => {
      for (const server of servers) (server as Partial<import('node:http').Server>).closeAllConnections?.();
      expect((await session.ask('clear.example.com')).status).to.equal(502);
    });
    names.names.set(NAME, { addresses: ['127.0.0.1'], seconds: 1 });
    await eventually(async () => expect((await session.ask('clear.example.com')).status).to.equal(200));
  });

  it('without the setting all are closed, and open again with it', async () => {
    await settings({});
    for (const name of ['clear', 'secure', 'named', 'asked']) await session.served(`${name}.example.com`, 503);
    await settings(allowed);
    for (const name of ['clear', 'secure', 'named', 'asked']) await session.served(`${name}.example.com`);
  });
});

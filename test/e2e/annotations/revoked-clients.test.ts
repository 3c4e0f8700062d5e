// Clients whose certificates their authority has revoked: by the list beside it (ca.crl), on connections and sessions that are open
// as well, and closed when the list can't be read or has ended.

import { Agent, request } from 'node:https';
import { expect } from 'chai';
import { type CertificateShop, type Pair, openCertificateShop } from '../../fixtures/certificate-authority.js';
import { type DevSession, ingress, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';

describe('e2e: revoked certificates of clients', function () {
  this.timeout(90_000);
  let session: DevSession;
  let shop: CertificateShop;
  let root: Pair;
  let alice: Pair;
  let mallory: Pair;
  let deep: Pair;
  const secret = (name: string, data: Record<string, string>): string =>
    `---\n${JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, type: 'Opaque', data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])) })}\n---\n`;
  const guarded = (name: string, annotations: Record<string, string> = {}): string =>
    ingress({ name, host: `${name}.example.com`, service: 'web', annotations: { 'ssl-redirect': 'false', 'auth-tls-secret': name, ...annotations } });
  before(async () => {
    shop = openCertificateShop();
    root = shop.authority('root');
    const middle = shop.signed('middle', 'root', { authority: true });
    [alice, mallory] = [shop.signed('alice', 'root'), shop.signed('mallory', 'root')];
    const leaf = shop.signed('leaf', 'middle');
    deep = { cert: leaf.cert + middle.cert, key: leaf.key };
    const both = root.cert + middle.cert;
    const lists = (root: string[], middle: string[]): string => shop.revoked('root', root) + shop.revoked('middle', middle);
    session = await startDevSession({ web: 1 });
    await session.apply([
      secret('listed', { 'ca.crt': root.cert, 'ca.crl': shop.revoked('root', ['mallory']) }), guarded('listed'), secret('plain', { 'ca.crt': root.cert }), guarded('plain'),
      secret('optional', { 'ca.crt': root.cert, 'ca.crl': shop.revoked('root', ['mallory']) }), guarded('optional', { 'auth-tls-verify-client': 'optional' }),
      secret('page', { 'ca.crt': root.cert, 'ca.crl': shop.revoked('root', ['mallory']) }), guarded('page', { 'auth-tls-error-page': 'https://help.example.com/' }),
      secret('ended', { 'ca.crt': root.cert, 'ca.crl': shop.revoked('root', [], { from: '20200101000000Z', until: '20200102000000Z' }) }), guarded('ended'),
      secret('early', { 'ca.crt': root.cert, 'ca.crl': shop.revoked('root', [], { from: '20400101000000Z', until: '20400102000000Z' }) }), guarded('early'),
      secret('coming', { 'ca.crt': root.cert, 'ca.crl': shop.revoked('root', ['mallory']) + shop.revoked('root', ['alice'], { from: '20400101000000Z', until: '20400102000000Z' }) }), guarded('coming'),
      secret('broken', { 'ca.crt': root.cert, 'ca.crl': 'x' }), guarded('broken'), secret('of-nobody', { 'ca.crt': middle.cert, 'ca.crl': shop.revoked('root', []) }), guarded('of-nobody'),
      secret('chain', { 'ca.crt': both, 'ca.crl': lists([], []) }), guarded('chain'), secret('half', { 'ca.crt': both, 'ca.crl': shop.revoked('root', []) }), guarded('half'),
      secret('below', { 'ca.crt': both, 'ca.crl': lists(['middle'], []) }), guarded('below'), secret('end', { 'ca.crt': both, 'ca.crl': lists([], ['leaf']) }), guarded('end'),
      secret('turning', { 'ca.crt': root.cert, 'ca.crl': shop.revoked('root', []) }), guarded('turning'),
    ].join(''));
    await session.served('turning.example.com', 400);
  });
  after(async () => {
    await session?.close();
    shop?.close();
  });

  const ask = (name: string, client?: Pair, agent?: Agent): Promise<{ status: number; location: string | undefined; reused: boolean }> => new Promise((resolve, reject) => {
    const asked = request({
      host: '127.0.0.1', port: session.settings.ports.external.https, servername: `${name}.example.com`, headers: { host: `${name}.example.com` }, rejectUnauthorized: false,
      ...(client && { cert: client.cert, key: client.key }), agent: agent ?? false,
    }, (answer) => answer.resume().on('end', () => resolve({ status: answer.statusCode!, location: answer.headers.location, reused: asked.reusedSocket })));
    asked.on('error', reject).end();
  });
  const statuses = async (name: string, ...clients: (Pair | undefined)[]): Promise<number[]> => {
    const found: number[] = [];
    for (const client of clients) found.push((await ask(name, client)).status);
    return found;
  };

  it('who is on the list is refused, and nobody else', async () => {
    expect(await statuses('listed', alice, mallory, undefined)).to.deep.equal([200, 400, 400]);
    expect(await statuses('plain', mallory)).to.deep.equal([200]);
    expect(await statuses('optional', alice, mallory, undefined)).to.deep.equal([200, 400, 200]);
    expect(await ask('page', mallory)).to.include({ status: 302, location: 'https://help.example.com/' });
  });

  it('a list that has ended, or has not begun, lets nobody in', async () => {
    for (const name of ['ended', 'early']) expect(await statuses(name, alice), name).to.deep.equal([400]);
  });

  it('until a newer list begins, the one before it counts', async () => {
    expect(await statuses('coming', alice, mallory)).to.deep.equal([200, 400]);
  });

  it('a list that can not be read, or is nobody\'s of the authorities, closes the routes and is told', async () => {
    for (const name of ['broken', 'of-nobody']) {
      expect(await statuses(name, alice, undefined), name).to.deep.equal([503, 503]);
      await session.told(new RegExp(`IA141 Ingress default/${name}: annotation auth-tls-secret: .*ca.crl`));
    }
  });

  it('each authority on the way needs a list, and may itself be revoked', async () => {
    expect(await statuses('chain', deep, alice)).to.deep.equal([200, 200]);
    expect(await statuses('half', deep, alice)).to.deep.equal([400, 200]);
    expect(await statuses('below', deep, alice)).to.deep.equal([400, 200]);
    expect(await statuses('end', deep, alice)).to.deep.equal([400, 200]);
  });

  it('a new list counts at once, also on a connection that is open', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      expect((await ask('turning', mallory, agent)).status).to.equal(200);
      await session.apply(secret('turning', { 'ca.crt': root.cert, 'ca.crl': shop.revoked('root', ['mallory']) }));
      await eventually(async () => { expect(await ask('turning', mallory, agent)).to.include({ status: 400, reused: true }); });
      expect(await statuses('turning', alice, mallory)).to.deep.equal([200, 400]);
    } finally {
      agent.destroy();
    }
  });
});

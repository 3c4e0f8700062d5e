// Client certificates per host: who comes in with which, what the backend is told, and that neither a shared connection nor a
// resumed session carries a certificate to a host that asks for another one.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type SecureVersion, connect } from 'node:tls';
import { expect } from 'chai';
import { type DevSession, type Seen, ingress, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';

interface Client {
  cert?: string;
  key?: string;
}

interface Asked extends Client {
  sni: string;
  host?: string;
  path?: string;
  version?: SecureVersion;
  session?: Buffer;
}

interface Got {
  status: number;
  location: string | undefined;
  seen: Seen | undefined;
  session: Buffer | undefined;
  resumed: boolean;
}

describe('e2e: client certificates', function () {
  this.timeout(90_000);
  let session: DevSession;
  let folder: string;
  const file = (name: string): string => path.join(folder, name);
  const openssl = (...args: string[]): void => { execFileSync('openssl', args, { stdio: 'ignore', cwd: folder }); };
  const authority = (name: string): void => openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '2', '-subj', `/CN=${name}`);
  const signed = (name: string, by: string, subject: string): Client => {
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
    openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial', '-days', '2', '-out', `${name}.crt`);
    return { cert: readFileSync(file(`${name}.crt`), 'utf8'), key: readFileSync(file(`${name}.key`), 'utf8') };
  };
  const secret = (name: string, data: Record<string, string>, type = 'Opaque'): string =>
    `---\n${JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, type, data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])) })}\n---\n`;
  const guarded = (name: string, annotations: Record<string, string>, more: { path?: string; host?: string } = {}): string =>
    ingress({ name, host: `${name}.example.com`, service: 'web', annotations: { 'ssl-redirect': 'false', ...annotations }, ...more });
  let alice: Client;
  let bob: Client;
  let mallory: Client;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-ca-'));
    authority('a');
    authority('b');
    alice = signed('alice', 'a', '/O=people/CN=alice');
    bob = signed('bob', 'b', '/CN=bob');
    mallory = signed('mallory', 'a', '/O=x, CN=alice/CN=mallory');
    const ca = (name: string): string => readFileSync(file(`${name}.pem`), 'utf8');
    session = await startDevSession({ web: 1 });
    await session.apply(secret('ca-a', { 'ca.crt': ca('a') }) + secret('ca-b', { 'ca.crt': ca('b') }) + secret('with-list', { 'ca.crt': ca('a'), 'ca.crl': 'x' }) + secret('no-ca', { other: 'x' }) + secret('broken', { 'ca.crt': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' }) + [
      guarded('on', { 'auth-tls-secret': 'default/ca-a' }), guarded('other', { 'auth-tls-secret': 'ca-b' }), guarded('same', { 'auth-tls-secret': 'ca-a', 'auth-tls-pass-certificate-to-upstream': 'true' }), guarded('open', {}),
      guarded('optional', { 'auth-tls-secret': 'ca-a', 'auth-tls-verify-client': 'optional' }), guarded('no-ca-needed', { 'auth-tls-secret': 'ca-a', 'auth-tls-verify-client': 'optional_no_ca' }), guarded('off', { 'auth-tls-secret': 'ca-a', 'auth-tls-verify-client': 'off' }),
      guarded('named', { 'auth-tls-secret': 'ca-a', 'auth-tls-match-cn': 'CN=(alice|carol)' }), guarded('page', { 'auth-tls-secret': 'ca-a', 'auth-tls-error-page': 'https://help.example.com/' }), guarded('depth', { 'auth-tls-secret': 'ca-a', 'auth-tls-verify-depth': '0' }),
      guarded('redirected', { 'auth-tls-secret': 'ca-a', 'force-ssl-redirect': 'true' }), guarded('wide', { 'auth-tls-secret': 'ca-a' }, { path: '/guarded' }), guarded('wide-open', {}, { host: 'wide.example.com', path: '/beside' }), guarded('wide-challenge', {}, { host: 'wide.example.com', path: '/.well-known/acme-challenge/x' }),
      guarded('two', { 'auth-tls-secret': 'ca-a' }, { path: '/a' }), guarded('two-too', { 'auth-tls-secret': 'ca-b' }, { host: 'two.example.com', path: '/b' }),
      ...Object.entries(closed).map(([name, annotations]) => guarded(name, annotations)),
    ].join(''));
    await session.served('open.example.com');
    await session.served('on.example.com', 400);
    await session.served(`${Object.keys(closed).at(-1)!}.example.com`, 503);
  });
  after(async () => {
    await session?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const closed: Record<string, Record<string, string>> = {
    'no-such': { 'auth-tls-secret': 'nowhere' }, 'has-list': { 'auth-tls-secret': 'with-list' }, 'has-no-ca': { 'auth-tls-secret': 'no-ca' }, 'has-broken': { 'auth-tls-secret': 'broken' }, 'is-foreign': { 'auth-tls-secret': 'other/ca-a' }, 'only-verify': { 'auth-tls-verify-client': 'on' }, 'only-name': { 'auth-tls-match-cn': 'CN=x' },
    'bad-verify': { 'auth-tls-secret': 'ca-a', 'auth-tls-verify-client': 'on\r\nx' }, 'bad-name': { 'auth-tls-secret': 'ca-a', 'auth-tls-match-cn': 'CN=abc #(\n){}\n }}\nssl_engine x' }, 'bad-depth': { 'auth-tls-secret': 'ca-a', 'auth-tls-verify-depth': '-1' }, 'bad-pass': { 'auth-tls-secret': 'ca-a', 'auth-tls-pass-certificate-to-upstream': 'maybe' }, 'empty-secret': { 'auth-tls-secret': '' },
  };

  /** One request on a connection of its own. */
  const ask = ({ sni, host = sni, path: at = '/', version = 'TLSv1.3', ...more }: Asked): Promise<Got> => new Promise((resolve, reject) => {
    let text = '';
    let ticket: Buffer | undefined;
    let resumed = false;
    const socket = connect({ host: '127.0.0.1', port: session.settings.ports.external.https, servername: `${sni}.example.com`, rejectUnauthorized: false, minVersion: version, maxVersion: version, ...more }, () => {
      resumed = socket.isSessionReused();
      socket.write(`GET ${at} HTTP/1.1\r\nHost: ${host}.example.com\r\nConnection: close\r\nssl-client-verify: SUCCESS\r\nssl-client-subject-dn: CN=root\r\nssl-client-cert: forged\r\n\r\n`);
    });
    socket.on('session', (given: Buffer) => { ticket = given; }).on('data', (part: Buffer) => { text += String(part); }).on('error', reject).on('end', () => {
      const status = Number(text.slice(9, 12));
      const body = /\{[^]*\}/.exec(text)?.[0];
      resolve({ status, location: /^location: (.*)\r$/im.exec(text)?.[1], seen: status === 200 && body !== undefined ? JSON.parse(body) as Seen : undefined, session: ticket, resumed });
    });
  });
  const statuses = async (...asked: Asked[]): Promise<number[]> => {
    const found: number[] = [];
    for (const one of asked) found.push((await ask(one)).status);
    return found;
  };

  it('on: with a certificate of the authority only, and never over plain HTTP', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      expect(await statuses({ sni: 'on', version }, { sni: 'on', version, ...bob }, { sni: 'on', version, ...alice }, { sni: 'other', version, ...alice }, { sni: 'other', version, ...bob }), version).to.deep.equal([400, 400, 200, 400, 200]);
    }
    expect((await session.ask('on.example.com')).status).to.equal(400);
    expect((await session.ask('redirected.example.com')).status).to.equal(308);
  });

  it('the backend is told what is known, and nothing that a client says of itself', async () => {
    const plain = (await ask({ sni: 'on', ...alice })).seen!.headers;
    expect(plain).to.include({ 'ssl-client-verify': 'SUCCESS', 'ssl-client-subject-dn': 'CN=alice,O=people', 'ssl-client-issuer-dn': 'CN=a' });
    expect(plain).not.to.have.property('ssl-client-cert');
    expect(decodeURIComponent((await ask({ sni: 'same', ...alice })).seen!.headers['ssl-client-cert']!)).to.equal(alice.cert!);
    expect((await ask({ sni: 'open' })).seen!.headers).not.to.have.any.keys('ssl-client-verify', 'ssl-client-subject-dn', 'ssl-client-cert');
  });

  it('optional, optional_no_ca, off', async () => {
    expect(await statuses({ sni: 'optional' }, { sni: 'optional', ...alice }, { sni: 'optional', ...bob })).to.deep.equal([200, 200, 400]);
    expect((await ask({ sni: 'optional' })).seen!.headers['ssl-client-verify']).to.equal('NONE');
    expect(await statuses({ sni: 'no-ca-needed' }, { sni: 'no-ca-needed', ...alice }, { sni: 'no-ca-needed', ...bob })).to.deep.equal([200, 200, 200]);
    expect((await ask({ sni: 'no-ca-needed', ...bob })).seen!.headers['ssl-client-verify']).to.match(/^FAILED:/);
    expect(await statuses({ sni: 'off' })).to.deep.equal([200]);
  });

  it('auth-tls-match-cn: the common name, not what looks like one; auth-tls-error-page', async () => {
    expect(await statuses({ sni: 'named', ...alice }, { sni: 'named', ...mallory }, { sni: 'named' })).to.deep.equal([200, 403, 400]);
    const { status, location } = await ask({ sni: 'page' });
    expect([status, location]).to.deep.equal([302, 'https://help.example.com/']);
  });

  it('counts for the whole host within the namespace; a second authority on a host is refused', async () => {
    expect(await statuses({ sni: 'wide', path: '/beside' }, { sni: 'wide', path: '/beside', ...alice }, { sni: 'wide', path: '/.well-known/acme-challenge/x' })).to.deep.equal([400, 200, 200]);
    const found = await statuses({ sni: 'two', path: '/a', ...alice }, { sni: 'two', path: '/b', ...bob }, { sni: 'two', path: '/b', ...alice });
    // One namespace: the older Ingress's authority counts for both.
    expect(found).to.deep.equal([200, 400, 200]);
  });

  it('a connection for another host: 421, unless it has the same authority', async () => {
    expect(await statuses({ sni: 'open', host: 'on' }, { sni: 'other', host: 'on', ...bob }, { sni: 'other', host: 'on' }, { sni: 'same', host: 'on', ...alice }, { sni: 'on', host: 'open', ...alice })).to.deep.equal([421, 421, 421, 200, 200]);
  });

  it('the same on one HTTP/2 connection', async () => {
    const client = connectHttp2(`https://127.0.0.1:${session.settings.ports.external.https}`, { servername: 'same.example.com', rejectUnauthorized: false, ...alice });
    const over = (host: string): Promise<number> => new Promise((resolve, reject) => {
      client.request({ ':path': '/', ':authority': `${host}.example.com` }).on('response', (headers) => resolve(headers[':status']!)).on('error', reject).resume().end();
    });
    try {
      expect([await over('same'), await over('on'), await over('other'), await over('open')]).to.deep.equal([200, 200, 421, 200]);
    } finally {
      client.close();
    }
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`${version}: a resumed session brings no certificate of another authority`, async () => {
      const first = await ask({ sni: 'on', version, ...alice });
      expect(first.session, 'a session').to.not.equal(undefined);
      const again = await ask({ sni: 'on', version, session: first.session!, ...alice });
      expect([again.status, again.resumed]).to.deep.equal([200, true]);
      expect(again.seen!.headers).to.include({ 'ssl-client-verify': 'SUCCESS', 'ssl-client-subject-dn': 'CN=alice,O=people' });
      const elsewhere = await ask({ sni: 'other', version, session: first.session!, ...alice });
      expect(elsewhere.status).to.be.oneOf([400, 421]);
      const open = await ask({ sni: 'open', version });
      expect((await ask({ sni: 'on', version, session: open.session! })).status).to.be.oneOf([400, 421]);
    });
  }

  it('what can not be carried out answers 503, with every certificate', async () => {
    for (const name of Object.keys(closed)) {
      expect((await session.ask(`${name}.example.com`)).status, name).to.equal(503);
      expect((await ask({ sni: name, ...alice })).status, name).to.equal(503);
    }
  });

  it('a change of authority counts at once', async () => {
    const ca = (name: string): string => readFileSync(file(`${name}.pem`), 'utf8');
    await session.apply(secret('changing', { 'ca.crt': ca('a') }) + guarded('changing', { 'auth-tls-secret': 'changing' }));
    await eventually(async () => { expect(await statuses({ sni: 'changing', ...alice }, { sni: 'changing', ...bob })).to.deep.equal([200, 400]); });
    await session.apply(secret('changing', { 'ca.crt': ca('b') }));
    await eventually(async () => { expect(await statuses({ sni: 'changing', ...alice }, { sni: 'changing', ...bob })).to.deep.equal([400, 200]); });
    await session.kubectl(['delete', 'secret', 'changing']);
    await eventually(async () => { expect(await statuses({ sni: 'changing', ...bob })).to.deep.equal([503]); });
  });
});

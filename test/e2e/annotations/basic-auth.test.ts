// Passwords: every kind of hash, what the backend sees, and that nothing that is missing ever opens a route.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { type DevSession, ingress, seen, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';

const password = 'correct horse: battery';
const hash = (...options: string[]): string => execFileSync('openssl', ['passwd', ...options, '-stdin'], { input: `${password}\n` }).toString().trim();
const users: Record<string, string> = {
  apr1: hash('-apr1'), apr2: hash('-apr1', '-salt', 'ab'), md5: hash('-1'), sha256: hash('-5'), sha512: hash('-6'),
  sha: `{SHA}${createHash('sha1').update(password).digest('base64')}`,
};
/** The published test vector of bcrypt: its password is U*U. */
const bcrypt = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';

const secret = (name: string, data: Record<string, string>, type = 'Opaque'): string =>
  `---\n${JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, type, data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])) })}\n---\n`;
const credentials = (user: string, secretText: string): Record<string, string> => ({ authorization: `Basic ${Buffer.from(`${user}:${secretText}`).toString('base64')}` });

describe('e2e: basic authentication', function () {
  this.timeout(60_000);
  let session: DevSession;
  const guarded = (name: string, annotations: Record<string, string>, more: { path?: string } = {}): string =>
    ingress({ name, host: `${name}.example.com`, service: 'web', annotations: { 'auth-type': 'basic', ...annotations }, ...more });

  before(async () => {
    session = await startDevSession({ web: 1 });
    const file = ['# people', ...Object.entries(users).map(([user, line]) => `${user}:${line}`), `bcrypt:${bcrypt}`, 'plain:{PLAIN}secret', 'broken'].join('\n');
    await session.apply(secret('people', { auth: file }) + secret('map', { alice: `${users.apr1}\n` }) + secret('empty', { auth: '# nobody\n' }) + secret('malformed', { auth: 'what is this' }) + secret('other-key', { users: file }) +
      secret('changing', { auth: `one:${users.sha}` }) + [
      guarded('file', { 'auth-secret': 'people', 'auth-realm': 'The back office' }), guarded('own', { 'auth-secret': 'default/people' }), guarded('map', { 'auth-secret': 'map', 'auth-secret-type': 'auth-map' }),
      guarded('missing', { 'auth-secret': 'nowhere' }), guarded('no-secret', {}), guarded('empty', { 'auth-secret': 'empty' }), guarded('malformed', { 'auth-secret': 'malformed' }), guarded('other-key', { 'auth-secret': 'other-key' }),
      guarded('foreign', { 'auth-secret': 'other/people' }), guarded('digest', { 'auth-type': 'digest', 'auth-secret': 'people' }), guarded('bad-type', { 'auth-type': 'none', 'auth-secret': 'people' }), guarded('changing', { 'auth-secret': 'changing' }),
      guarded('challenge', { 'auth-secret': 'people' }, { path: '/.well-known/acme-challenge/token' }), guarded('cors', { 'auth-secret': 'people', 'enable-cors': 'true' }),
    ].join(''));
    await session.served('file.example.com', 401);
    await session.served('cors.example.com', 401);
  });
  after(() => session?.close());

  const status = async (name: string, headers: Record<string, string> = {}, path = '/'): Promise<number> => (await session.ask(`${name}.example.com`, path, { headers })).status;

  for (const user of Object.keys(users)) {
    it(`${user}: the password comes in, another does not`, async () => {
      // Twice: the second time the verdict is remembered.
      for (let round = 0; round < 2; round++) {
        expect(await status('file', credentials(user, password))).to.equal(200);
        for (const wrong of [`${password}x`, '', password.toUpperCase(), users[user]!]) expect(await status('file', credentials(user, wrong)), wrong).to.equal(401);
      }
    });
  }

  it('bcrypt', async () => {
    expect([await status('file', credentials('bcrypt', 'U*U')), await status('file', credentials('bcrypt', 'U*U*'))]).to.deep.equal([200, 401]);
  });

  it('a body of unknown length does not ask twice', async () => {
    const answer = await session.ask('file.example.com', '/', { method: 'POST', body: 'x'.repeat(100), headers: { ...credentials('apr1', password), 'transfer-encoding': 'chunked' } });
    expect(seen(answer).bodyLength).to.equal(100);
    expect(seen(answer).headers.authorization).to.equal(undefined);
    expect((await session.ask('file.example.com', '/', { method: 'POST', body: 'x', headers: { 'transfer-encoding': 'chunked' } })).status).to.equal(401);
  });

  it('nobody else comes in', async () => {
    for (const [user, word] of [['nobody', password], ['', password], ['apr1:x', password], ['plain', 'secret'], ['broken', ''], ['# people', '']] as const) expect(await status('file', credentials(user, word)), user).to.equal(401);
    for (const authorization of ['Basic', 'Basic ', 'Basic !!!', 'Bearer abc', `Basic ${Buffer.from('apr1').toString('base64')}`, `Basic ${Buffer.from(`apr1:${password}\0`).toString('base64')}`, `Basic ${'YTpi'.repeat(1000)}`]) {
      expect(await status('file', { authorization }), authorization.slice(0, 30)).to.equal(401);
    }
  });

  it('asks with the realm, and keeps the credentials from the backend', async () => {
    const refused = await session.ask('file.example.com');
    expect([refused.status, refused.headers['www-authenticate']]).to.deep.equal([401, 'Basic realm="The back office"']);
    const { headers } = seen(await session.ask('file.example.com', '/', { headers: credentials('apr1', password) }));
    expect(headers).to.not.have.property('authorization');
    expect((await session.ask('own.example.com')).headers['www-authenticate']).to.equal('Basic realm="Authentication Required"');
  });

  it('auth-secret-type auth-map, and the Secret under the Ingress\'s own namespace', async () => {
    expect([await status('map', credentials('alice', password)), await status('map', credentials('bob', password))]).to.deep.equal([200, 401]);
    expect(await status('own', credentials('sha', password))).to.equal(200);
  });

  for (const name of ['missing', 'no-secret', 'empty', 'malformed', 'other-key', 'foreign', 'digest', 'bad-type']) {
    it(`47: ${name} is closed, with and without credentials`, async () => {
      await session.served(`${name}.example.com`, 503);
      expect(await status(name, credentials('apr1', password))).to.equal(503);
    });
  }

  it('follows the Secret: new users, no Secret any more, and back', async () => {
    expect([await status('changing', credentials('one', password)), await status('changing', credentials('two', password))]).to.deep.equal([200, 401]);
    await session.apply(secret('changing', { auth: `two:${users.sha512}` }));
    await eventually(async () => expect([await status('changing', credentials('one', password)), await status('changing', credentials('two', password))]).to.deep.equal([401, 200]));
    await session.kubectl(['delete', 'secret', 'changing']);
    await session.served('changing.example.com', 503);
    await session.apply(secret('changing', { auth: `one:${users.sha}` }));
    await eventually(async () => expect(await status('changing', credentials('one', password))).to.equal(200));
  });

  it('lets certificates be proven, on a path of their own only', async () => {
    expect(await status('challenge', {}, '/.well-known/acme-challenge/token')).to.equal(200);
    expect(await status('file', {}, '/.well-known/acme-challenge/token')).to.equal(401);
  });

  it('answers preflights, which carry no credentials, and nothing else', async () => {
    expect((await session.ask('cors.example.com', '/', { method: 'OPTIONS', headers: { origin: 'https://a.test' } })).status).to.equal(204);
    expect((await session.ask('cors.example.com', '/', { headers: { origin: 'https://a.test' } })).headers['access-control-allow-origin']).to.equal('*');
  });

  it('tells no hash and no password in what it logs', () => {
    const log = session.log.join('\n');
    for (const word of [password, ...Object.values(users), bcrypt]) expect(log).to.not.include(word);
  });
});

// Digest authentication: a proof of the password comes in once and for the request that it was made for, whoever makes it (curl too).

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type DevSession, ingress, seen, startDevSession } from '../../fixtures/dev-session.js';
import type { Answer, Ask } from '../../fixtures/http-get.js';

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const realm = 'The vault';
const line = (name: string, password: string, of = realm): string => `${name}:${of}:${md5(`${name}:${of}:${password}`)}`;
const secret = (name: string, data: Record<string, string>): string =>
  `---\n${JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, type: 'Opaque', data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])) })}\n---\n`;

interface Proof {
  user: string;
  password: string;
  nonce: string;
  nc: string;
  method: string;
  uri: string;
  /** Parts of the header, as they are sent. */
  sent: Record<string, string>;
}

describe('e2e: digest authentication', function () {
  this.timeout(60_000);
  let session: DevSession;
  const guarded = (name: string, annotations: Record<string, string>): string =>
    ingress({ name, host: `${name}.example.com`, service: 'web', annotations: { 'auth-type': 'digest', 'auth-realm': realm, ...annotations } });
  before(async () => {
    session = await startDevSession({ web: 1 });
    await session.apply(secret('people', { auth: [line('alice', 'wonder'), line('bob', 'builder'), line('carol', 'x', 'another realm')].join('\n') }) + secret('map', { dora: line('dora', 'explorer').slice('dora:'.length) }) + [
      guarded('file', { 'auth-secret': 'people' }), guarded('other', { 'auth-secret': 'people', 'auth-realm': 'another realm' }), guarded('map', { 'auth-secret': 'map', 'auth-secret-type': 'auth-map' }),
      guarded('either', { 'auth-secret': 'people', satisfy: 'any', 'whitelist-source-range': '10.9.9.9' }), guarded('nobody', { 'auth-secret': 'people', 'auth-realm': 'nobody is of it' }),
    ].join(''));
    await session.served('either.example.com', 401);
    await session.served('nobody.example.com', 503);
  });
  after(() => session?.close());

  const ask = (name: string, authorization?: string, more: Partial<Ask> & { path?: string } = {}): Promise<Answer> =>
    session.ask(`${name}.example.com`, more.path ?? '/', { ...more, headers: { ...more.headers, ...(authorization !== undefined && { authorization }) } });
  const challengeOf = (answer: Answer): Record<string, string> => {
    const text = String(answer.headers['www-authenticate']);
    expect(text).to.match(/^Digest /);
    return Object.fromEntries([...text.matchAll(/([a-z]+)=(?:"([^"]*)"|([^\s,]+))/g)].map(([, name, quoted, plain]) => [name!, quoted ?? plain!]));
  };
  const nonceOf = async (name = 'file'): Promise<string> => challengeOf(await ask(name)).nonce!;
  const proof = ({ user = 'alice', password = 'wonder', nonce, nc = '00000001', method = 'GET', uri = '/', sent = {} }: Partial<Proof> & { nonce: string }): string => {
    const response = md5(`${md5(`${user}:${sent.realm ?? realm}:${password}`)}:${nonce}:${nc}:abc:auth:${md5(`${method}:${uri}`)}`);
    const quoted = { username: user, realm, nonce, uri, response, cnonce: 'abc', algorithm: 'MD5', ...sent };
    return `Digest ${Object.entries(quoted).map(([name, value]) => `${name}="${value}"`).join(', ')}, qop=auth, nc=${nc}`;
  };

  it('asks with realm, algorithm and a nonce that is new each time', async () => {
    const first = await ask('file');
    expect(first.status).to.equal(401);
    expect(challengeOf(first)).to.include({ realm, qop: 'auth', algorithm: 'MD5' }).and.not.have.property('stale');
    expect(await nonceOf()).to.not.equal(await nonceOf());
  });

  it('a proof comes in, and the backend sees nothing of it', async () => {
    const answer = await ask('file', proof({ nonce: await nonceOf() }));
    expect(seen(answer).headers).to.not.have.property('authorization');
    expect((await ask('file', proof({ nonce: await nonceOf(), user: 'bob', password: 'builder', uri: '/a?b=c&d' }), { path: '/a?b=c&d' })).status).to.equal(200);
    expect((await ask('map', proof({ nonce: await nonceOf('map'), user: 'dora', password: 'explorer' }))).status).to.equal(200);
    expect((await ask('either', proof({ nonce: await nonceOf('either') }))).status).to.equal(200);
  });

  it('nobody else does: another password, user, realm, request, or part', async () => {
    const nonce = await nonceOf();
    const wrong: Partial<Proof>[] = [
      { password: 'wonders' }, { user: 'nobody' }, { user: 'carol', password: 'x', sent: { realm: 'another realm' } }, { uri: '/other' }, { method: 'POST' }, { user: '' },
      { sent: { algorithm: 'SHA-256' } }, { sent: { response: '' } }, { sent: { uri: '/x' } }, { sent: { nonce: 'x' } }, { sent: { cnonce: 'other' } }, { sent: { realm: 'x' } },
    ];
    for (const [at, one] of wrong.entries()) {
      const answer = await ask('file', proof({ nonce, nc: `0000000${(at + 1).toString(16)}`, ...one }));
      expect([answer.status, challengeOf(answer).stale], JSON.stringify(one)).to.deep.equal([401, undefined]);
    }
    const good = proof({ nonce, nc: '000000ff' });
    for (const text of [good.replace('qop=auth', 'qop=auth-int'), good.replace(', qop=auth', ''), `${good}, username="bob"`, good.replace('"abc"', '"abc'), good.replace('Digest', 'Basic'), 'Digest', 'Digest ,,', `${good}, x="${'y'.repeat(3000)}"`]) {
      expect((await ask('file', text)).status, text.slice(0, 60)).to.equal(401);
    }
    expect((await ask('file', good)).status).to.equal(200);
  });

  it('a nonce counts once with each count, and one that is none of ours is stale', async () => {
    const nonce = await nonceOf();
    for (const nc of ['00000001', '00000003', '00000002']) expect((await ask('file', proof({ nonce, nc }))).status, nc).to.equal(200);
    for (const nc of ['00000001', '00000002']) {
      const answer = await ask('file', proof({ nonce, nc }));
      expect([answer.status, challengeOf(answer).stale], nc).to.deep.equal([401, 'true']);
    }
    const upper = await nonceOf();
    expect([(await ask('file', proof({ nonce: upper, nc: '0000000a' }))).status, (await ask('file', proof({ nonce: upper, nc: '0000000A' }))).status], 'one number').to.deep.equal([200, 401]);
    const later = (Number.parseInt(nonce.slice(0, 8), 16) + 100).toString(16).padStart(8, '0') + nonce.slice(8);
    for (const forged of [later, nonce.slice(0, 55) + (nonce.endsWith('0') ? '1' : '0'), `${nonce}0`, nonce.slice(0, 16), '', await nonceOf('other')]) {
      const answer = await ask('file', proof({ nonce: forged }));
      expect([answer.status, challengeOf(answer).stale], forged).to.deep.equal([401, 'true']);
    }
  });

  it('a body of unknown length, which is read in another place of nginx, asks for one proof', async () => {
    const answer = await ask('file', proof({ nonce: await nonceOf(), method: 'POST' }), { method: 'POST', body: 'x'.repeat(100), headers: { 'transfer-encoding': 'chunked' } });
    expect(seen(answer).bodyLength).to.equal(100);
  });

  it('curl comes in', async () => {
    const curl = async (user: string): Promise<string> => (await promisify(execFile)('curl', [
      '-s', '-o', '/dev/null', '-w', '%{http_code}', '--digest', '-u', user, '--resolve', `file.example.com:${session.settings.ports.external.http}:127.0.0.1`,
      `http://file.example.com:${session.settings.ports.external.http}/a/b?c=d`,
    ])).stdout;
    expect([await curl('alice:wonder'), await curl('alice:wrong')]).to.deep.equal(['200', '401']);
  });

  it('a realm that no user is of is closed', async () => {
    expect((await ask('nobody', proof({ nonce: await nonceOf() }))).status).to.equal(503);
  });
});

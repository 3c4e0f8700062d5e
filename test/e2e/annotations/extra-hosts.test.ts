// Hosts that an Ingress has no rule for, through kubectl and the real nginx: server-alias and from-to-www-redirect, over TLS too,
// and that a rule always has its host.

import { expect } from 'chai';
import { type DevSession, ingress, seen, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import { selfSigned } from '../../fixtures/self-signed.js';

describe('e2e: hosts by annotation', function () {
  this.timeout(60_000);
  let session: DevSession;
  const tlsSecret = async (name: string, ...names: string[]): Promise<string> => {
    const { certificate, key } = await selfSigned(...names);
    return `---\n${JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, type: 'kubernetes.io/tls', data: { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') } })}\n---\n`;
  };

  before(async () => {
    session = await startDevSession({ web: 1, other: 1 });
    await session.apply(await tlsSecret('main', 'main.example.com', 'second.example.com') + await tlsSecret('later', 'later.example.com') + await tlsSecret('bare', 'bare.example.com', 'www.bare.example.com') +
      ingress({ name: 'main', host: 'main.example.com', service: 'web', path: '/app', tls: [{ secretName: 'main' }], annotations: { 'server-alias': 'second.example.com, *.many.example.com,later.example.com' } }) +
      ingress({ name: 'few', host: 'few.example.com', service: 'web', annotations: { 'server-alias': '~^(shop|store)[12]\\.few\\.example\\.com$,~^[^.]+\\.any\\.example\\.com$' } }) +
      ingress({ name: 'pattern', host: 'pattern.example.com', service: 'web', annotations: { 'server-alias': '~^www\\d+\\.example\\.com$' } }) +
      ingress({ name: 'guarded', host: 'guarded.example.com', service: 'web', annotations: { 'server-alias': 'back-door.example.com', 'denylist-source-range': '127.0.0.0/8' } }) +
      ingress({ name: 'rewriting', host: 'rewriting.example.com', service: 'web', path: '/api/(.*)', pathType: 'ImplementationSpecific', annotations: { 'server-alias': 'rewriting-too.example.com', 'rewrite-target': '/$1' } }) +
      ingress({ name: 'bare', host: 'bare.example.com', service: 'web', tls: [{ secretName: 'bare' }], annotations: { 'from-to-www-redirect': 'true', 'ssl-redirect': 'false' } }) +
      ingress({ name: 'with-www', host: 'www.shop.example.com', service: 'web', annotations: { 'from-to-www-redirect': 'true' } }) +
      ingress({ name: 'no-redirect', host: 'none.example.com', service: 'web', annotations: { 'from-to-www-redirect': 'false' } }));
    await session.served('none.example.com');
  });
  after(() => session?.close());

  it('server-alias: the same paths with the same rules on further hosts, also below a wildcard', async () => {
    for (const host of ['second.example.com', 'x.many.example.com']) {
      const got = await session.ask(host, '/app/x', { https: true });
      expect(seen(got)).to.include({ path: '/app/x', host, deployment: 'web' });
      expect((await session.ask(host, '/other')).status, host).to.equal(404);
    }
    expect((await session.ask('x.y.many.example.com', '/app')).status).to.equal(404);
    expect(seen(await session.ask('rewriting-too.example.com', '/api/a/b')).path).to.equal('/a/b');
    expect((await session.ask('back-door.example.com')).status, 'an allow list has no back door').to.equal(403);
  });

  it('server-alias: a certificate that covers the alias is shown, and plain HTTP goes to https', async () => {
    expect((await session.ask('second.example.com', '/app', { https: true })).commonName).to.equal('main.example.com');
    const plain = await session.ask('second.example.com', '/app/');
    expect([plain.status, plain.headers.location]).to.deep.equal([308, 'https://second.example.com/app']);
    const uncovered = await session.ask('x.many.example.com', '/app', { https: true });
    expect(uncovered.commonName).not.to.equal('main.example.com');
    expect((await session.ask('x.many.example.com', '/app')).status, 'no TLS of its own, no redirect').to.equal(200);
  });

  it('server-alias: a rule of any Ingress takes the host at once, with its certificate, and gives it back', async () => {
    await session.served('later.example.com', 200, '/app');
    await session.apply(ingress({ name: 'later', host: 'later.example.com', service: 'other', tls: [{ secretName: 'later' }], annotations: { 'ssl-redirect': 'false' } }));
    await eventually(async () => expect(seen(await session.ask('later.example.com', '/app')).deployment).to.equal('other'));
    expect((await session.ask('later.example.com', '/', { https: true })).commonName).to.equal('later.example.com');
    await session.told(/IA127 Ingress default\/main: host "later\.example\.com" is in a rule of Ingress default\/later/);
    await session.kubectl(['delete', 'ingress', 'later']);
    await eventually(async () => expect(seen(await session.ask('later.example.com', '/app')).deployment).to.equal('web'));
  });

  it('server-alias: a pattern serves the names that it stands for, and no others', async () => {
    for (const host of ['shop1', 'shop2', 'store1', 'store2']) await session.served(`${host}.few.example.com`);
    await session.served('x.any.example.com');
    for (const host of ['shop3.few', 'shop.few', 'xshop1.few', 'any', 'x.y.any']) expect((await session.ask(`${host}.example.com`)).status, host).to.equal(404);
  });

  it('server-alias: patterns for any number of names are a finding and serve nothing', async () => {
    await session.told(/IA150 Ingress default\/pattern: annotation server-alias: must be/);
    expect((await session.ask('www1.example.com')).status).to.equal(404);
    expect((await session.ask('pattern.example.com')).status).to.equal(200);
  });

  it('from-to-www-redirect: both directions, both schemes, path and query kept, one slash less', async () => {
    const to = async (host: string, path: string, https = false): Promise<unknown[]> => {
      const { status, headers } = await session.ask(host, path, { https });
      return [status, headers.location];
    };
    expect(await to('www.bare.example.com', '/a/b/?c=/')).to.deep.equal([308, 'http://bare.example.com/a/b/?c=/']);
    expect(await to('www.bare.example.com:8080', '/a/')).to.deep.equal([308, 'http://bare.example.com/a']);
    expect(await to('www.bare.example.com', '/', true)).to.deep.equal([308, 'https://bare.example.com']);
    expect(await to('shop.example.com', '//x/./y')).to.deep.equal([308, 'http://www.shop.example.com/x/y']);
    expect((await session.ask('www.bare.example.com', '/', { https: true })).commonName).to.equal('bare.example.com');
    expect((await session.ask('www.none.example.com')).status).to.equal(404);
    expect(seen(await session.ask('bare.example.com', '/')).deployment).to.equal('web');
  });

  it('from-to-www-redirect: a rule for the counterpart takes it', async () => {
    await session.apply(ingress({ name: 'apex', host: 'shop.example.com', service: 'other' }));
    await eventually(async () => expect(seen(await session.ask('shop.example.com')).deployment).to.equal('other'));
  });
});

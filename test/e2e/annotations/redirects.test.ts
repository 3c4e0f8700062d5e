// Redirects as annotations ask for them, through kubectl and the real nginx.

import { expect } from 'chai';
import { type DevSession, ingress, seen, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';

interface Case {
  title: string;
  annotations: Record<string, string>;
  tls?: boolean;
  path?: string;
  asks: { path: string; https?: boolean; host?: string; status: number; location?: string }[];
}

const cases: Case[] = [
  { title: 'a host without TLS is served over plain HTTP', annotations: {}, asks: [{ path: '/', status: 200 }] },
  {
    title: 'ssl-redirect: a host with TLS is sent to https, without port and one trailing slash', annotations: {}, tls: true,
    asks: [
      { path: '/', status: 308, location: 'https://HOST' }, { path: '/a/b/', status: 308, location: 'https://HOST/a/b' },
      { path: '/a//b/./?x=/', status: 308, location: 'https://HOST/a/b/?x=/' }, { path: '/a', host: 'HOST:8080', status: 308, location: 'https://HOST/a' },
      { path: '/a', https: true, status: 200 }, { path: '/.well-known/acme-challenge/token', status: 200 },
    ],
  },
  { title: 'ssl-redirect: false', annotations: { 'ssl-redirect': 'false' }, tls: true, asks: [{ path: '/', status: 200 }] },
  { title: 'preserve-trailing-slash', annotations: { 'preserve-trailing-slash': 'true' }, tls: true, asks: [{ path: '/a/', status: 308, location: 'https://HOST/a/' }] },
  { title: 'force-ssl-redirect without TLS', annotations: { 'force-ssl-redirect': 'true', 'ssl-redirect': 'false' }, asks: [{ path: '/a/', status: 308, location: 'https://HOST/a' }, { path: '/a', https: true, status: 200 }] },
  { title: 'permanent-redirect', annotations: { 'permanent-redirect': 'https://new.test/x?y=z' }, asks: [{ path: '/a', status: 301, location: 'https://new.test/x?y=z' }] },
  { title: 'permanent-redirect with code and variables', annotations: { 'permanent-redirect': '$scheme://new.$host$request_uri', 'permanent-redirect-code': '308' },
    asks: [{ path: '/a/../b?c=%0d%0a', status: 308, location: 'http://new.HOST/b?c=%0d%0a' }, { path: '/b', https: true, status: 308, location: 'https://new.HOST/b' }] },
  { title: 'temporal-redirect wins', annotations: { 'permanent-redirect': 'https://a.test', 'temporal-redirect': 'https://b.test' }, asks: [{ path: '/', status: 302, location: 'https://b.test' }] },
  { title: 'temporal-redirect with an invalid code', annotations: { 'temporal-redirect': 'https://b.test', 'temporal-redirect-code': '308' }, asks: [{ path: '/', status: 302, location: 'https://b.test' }] },
  { title: 'temporal-redirect with code 307', annotations: { 'temporal-redirect': 'https://b.test', 'temporal-redirect-code': '307' }, asks: [{ path: '/', status: 307, location: 'https://b.test' }] },
  { title: 'app-root', annotations: { 'app-root': '/app' }, path: '/app', asks: [{ path: '/', status: 302, location: 'http://HOST/app' }, { path: '/app', status: 200 }, { path: '/other', status: 404 }, { path: '/', https: true, status: 302, location: 'https://HOST/app' }] },
  { title: 'app-root on a host of patterns', annotations: { 'app-root': '/app/', 'rewrite-target': '/$1' }, path: '/(.*)', asks: [{ path: '/', status: 302, location: 'http://HOST/app/' }, { path: '/app/x', status: 200 }] },
];

describe('e2e: annotations that redirect', function () {
  this.timeout(60_000);
  let session: DevSession;
  const hostOf = (one: Case): string => `redirect-${cases.indexOf(one)}.example.com`;
  before(async () => {
    session = await startDevSession({ web: 1 });
    await session.apply(cases.map((one) => ingress({
      name: `redirect-${cases.indexOf(one)}`, host: hostOf(one), service: 'web', annotations: one.annotations, ...(one.path === undefined ? {} : { path: one.path, pathType: 'ImplementationSpecific' }),
      ...(one.tls ? { tls: [{ hosts: [hostOf(one)] }] } : {}),
    })).join(''));
    await session.served('redirect-0.example.com');
  });
  after(() => session?.close());

  for (const one of cases) {
    it(one.title, async () => {
      const named = (text: string): string => text.replace('HOST', hostOf(one));
      for (const { path, https = false, host = hostOf(one), status, location } of one.asks) {
        const answer = await eventually(async () => {
          const got = await session.ask(named(host), path, { https });
          expect(got.status, `${path} ${got.text}`).to.equal(status);
          return got;
        });
        expect(answer.headers.location, path).to.equal(location && named(location));
        if (status === 200) expect(seen(answer).deployment).to.equal('web');
      }
    });
  }

  it('41: a redirect that is none leaves its Ingress unserved, and a finding', async () => {
    await session.apply(ingress({ name: 'bad', host: 'bad.example.com', service: 'web', annotations: { 'permanent-redirect': 'https://x/\r\nSet-Cookie: a=b' } }));
    await session.told(/IA150 Ingress default\/bad: annotation permanent-redirect/);
    await session.served('bad.example.com', 404);
  });
});

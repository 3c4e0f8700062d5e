// Canaries and affinity cookies, as clients see them: through kubectl and the real nginx.

import { expect } from 'chai';
import { type DevSession, ingress, seen, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import { httpGet } from '../../fixtures/http-get.js';

describe('e2e: canary and affinity', function () {
  this.timeout(60_000);
  let session: DevSession;

  /** A primary with one canary on a host of its own. */
  const pair = (name: string, canary: Record<string, string>, primary: Record<string, string> = {}): string =>
    ingress({ name, host: `${name}.example.com`, service: 'web', annotations: primary }) +
    ingress({ name: `${name}-canary`, host: `${name}.example.com`, service: 'next', annotations: { canary: 'true', ...canary } });

  before(async () => {
    session = await startDevSession({ web: 3, next: 2, none: 0 });
    await session.apply([
      pair('weight-0', { 'canary-weight': '0' }), pair('weight-100', { 'canary-weight': '100' }), pair('weight-50', { 'canary-weight': '50' }), pair('weight-of-total', { 'canary-weight': '500', 'canary-weight-total': '1000' }),
      pair('header', { 'canary-by-header': 'X-Canary', 'canary-weight': '0' }), pair('header-value', { 'canary-by-header': 'X-Canary', 'canary-by-header-value': 'beta', 'canary-by-cookie': 'beta' }),
      pair('header-pattern', { 'canary-by-header': 'x-canary', 'canary-by-header-pattern': '^be(ta|st)$' }), pair('all', { 'canary-by-header': 'X-Canary', 'canary-by-cookie': 'beta', 'canary-weight': '100' }),
      pair('rewritten', { 'canary-weight': '100', 'permanent-redirect': 'https://ignored.test' }, { 'upstream-vhost': 'inner.test', 'whitelist-source-range': '127.0.0.0/8' }),
      ingress({ name: 'alone', host: 'alone.example.com', service: 'next', annotations: { canary: 'true', 'canary-weight': '100' } }),
      ingress({ name: 'empty', host: 'empty.example.com', service: 'web' }), ingress({ name: 'empty-canary', host: 'empty.example.com', service: 'none', annotations: { canary: 'true', 'canary-weight': '100' } }),
      ingress({ name: 'closed', host: 'closed.example.com', service: 'web', annotations: { 'whitelist-source-range': 'x' } }), ingress({ name: 'closed-canary', host: 'closed.example.com', service: 'next', annotations: { canary: 'true', 'canary-weight': '100' } }),
      ingress({ name: 'sticky', host: 'sticky.example.com', service: 'web', path: '/app', annotations: { affinity: 'cookie' } }),
      ingress({ name: 'sticky-all', host: 'sticky-all.example.com', service: 'web', annotations: { affinity: 'cookie', 'session-cookie-name': 'route', 'session-cookie-path': '/x', 'session-cookie-domain': 'example.com', 'session-cookie-samesite': 'lax', 'session-cookie-secure': 'true', 'session-cookie-max-age': '60', 'session-cookie-expires': '0' } }),
      ingress({ name: 'groups', host: 'groups.example.com', service: 'web', path: '/(a|b)/(.*)', pathType: 'ImplementationSpecific', annotations: { 'rewrite-target': '/$2', affinity: 'cookie' } }), ingress({ name: 'groups-hash', host: 'groups-hash.example.com', service: 'web', path: '/(a|b)/(.*)', pathType: 'ImplementationSpecific', annotations: { 'use-regex': 'true', 'upstream-hash-by': '$arg_key' } }),
      ingress({ name: 'persistent', host: 'persistent.example.com', service: 'web', annotations: { affinity: 'cookie', 'affinity-mode': 'persistent' } }),
      pair('sticky-canary', { 'canary-weight': '50' }, { affinity: 'cookie' }), pair('legacy-canary', { 'canary-by-header': 'X-Canary', 'affinity-canary-behavior': 'legacy' }, { affinity: 'cookie' }),
      pair('own-canary', { 'canary-by-header': 'X-Canary', 'affinity-canary-behavior': 'legacy', affinity: 'cookie', 'session-cookie-name': 'next' }), pair('not-legacy', { 'canary-by-header': 'X-Canary', affinity: 'cookie', 'session-cookie-name': 'next' }, { affinity: 'cookie', 'affinity-canary-behavior': 'legacy' }),
    ].join(''));
    await session.served('legacy-canary.example.com');
    await session.served('sticky-all.example.com');
  });
  after(() => session?.close());

  const deploymentOf = async (host: string, headers: Record<string, string> = {}): Promise<string> => seen(await session.ask(`${host}.example.com`, '/', { headers })).deployment;
  const shares = async (host: string, requests: number, headers: Record<string, string> = {}): Promise<Record<string, number>> => {
    const found: Record<string, number> = { web: 0, next: 0 };
    for (let at = 0; at < requests; at += 50) {
      for (const name of await Promise.all(Array.from({ length: 50 }, () => deploymentOf(host, headers)))) found[name]! += 1;
    }
    return found;
  };

  it('canary-weight: nobody, everybody, half', async () => {
    expect(await shares('weight-0', 100)).to.deep.equal({ web: 100, next: 0 });
    expect(await shares('weight-100', 100)).to.deep.equal({ web: 0, next: 100 });
    // Four standard deviations around the middle of 400 throws: one run in 16,000 would fall outside by chance.
    expect((await shares('weight-50', 400)).next).to.be.within(160, 240);
    expect((await shares('weight-of-total', 400)).next).to.be.within(160, 240);
  });

  const headerCases: [host: string, headers: Record<string, string>, expected: string][] = [
    ['header', {}, 'web'], ['header', { 'x-canary': 'always' }, 'next'], ['header', { 'x-canary': 'never' }, 'web'], ['header', { 'x-canary': 'maybe' }, 'web'],
    ['header-value', { 'x-canary': 'beta' }, 'next'], ['header-value', { 'x-canary': 'always' }, 'web'], ['header-value', { 'x-canary': 'never', cookie: 'beta=always' }, 'next'],
    ['header-pattern', { 'x-canary': 'best' }, 'next'], ['header-pattern', { 'x-canary': 'bests' }, 'web'], ['header-pattern', { 'x-canary': 'BETA' }, 'web'],
    ['all', {}, 'next'], ['all', { 'x-canary': 'never' }, 'web'], ['all', { cookie: 'beta=never' }, 'web'], ['all', { 'x-canary': 'always', cookie: 'beta=never' }, 'next'], ['all', { 'x-canary': 'other', cookie: 'beta=never' }, 'web'],
  ];
  for (const [host, headers, expected] of headerCases) {
    it(`canary by ${host}: ${JSON.stringify(headers)} goes to ${expected}`, async () => expect(await deploymentOf(host, headers)).to.equal(expected));
  }

  it('a canary has all else from its primary, nothing of its own, and nothing without one', async () => {
    const answer = seen(await session.ask('rewritten.example.com'));
    expect([answer.deployment, answer.host]).to.deep.equal(['next', 'inner.test']);
    await session.served('alone.example.com', 404);
    await session.served('closed.example.com', 503);
    await session.told(/IA126 Ingress default\/alone: /);
    await session.told(/IA126 Ingress default\/closed-canary: /);
  });

  it('a canary without endpoints takes nothing from its primary', async () => expect(await deploymentOf('empty')).to.equal('web'));

  it('its requests are counted under the canary', async () => {
    const counted = async (name: string): Promise<number> => {
      const { text } = await httpGet({ port: session.dev.adminPort, host: 'localhost', path: '/metrics' });
      const line = text.split('\n').find((one) => one.startsWith('ingress_arbiter_requests_total{') && one.includes(`ingress_name="${name}"`) && one.includes('code="200"'));
      return Number(line?.split(' ').at(-1) ?? 0);
    };
    const before = await counted('weight-100-canary');
    for (let round = 0; round < 3; round++) await deploymentOf('weight-100');
    expect([await counted('weight-100-canary'), await counted('weight-100')]).to.deep.equal([before + 3, 0]);
  });

  interface Got { pod: string; deployment: string; set: string[]; pair: string }
  const got = async (host: string, path = '/', headers: Record<string, string> = {}, https = false): Promise<Got> => {
    const answer = await session.ask(`${host}.example.com`, path, { headers, https });
    const set = answer.headers['set-cookie'] ?? [];
    return { ...seen(answer), set, pair: set[0]?.split(';')[0] ?? '' };
  };

  it('affinity: one cookie, then the same pod and no further cookie', async () => {
    const first = await got('sticky', '/app/x');
    expect(first.set).to.have.length(1);
    expect(first.set[0]).to.match(/^INGRESSCOOKIE=[0-9a-f]{32}\|[0-9a-f]{32}; Path=\/app; HttpOnly$/);
    for (let round = 0; round < 10; round++) {
      const next = await got('sticky', '/app', { cookie: `a=b; ${first.pair}; c=d` });
      expect([next.pod, next.set]).to.deep.equal([first.pod, []]);
    }
    const pods = new Set((await Promise.all(Array.from({ length: 60 }, () => got('sticky', '/app')))).map(({ pod }) => pod));
    expect(pods.size).to.equal(3);
    expect((await got('sticky', '/app', {}, true)).set[0]).to.match(/; Path=\/app; Secure; HttpOnly$/);
    // A cookie of another Service, or one that somebody made up, counts as none.
    for (const cookie of [first.pair.replace(/.$/, (last) => (last === '0' ? '1' : '0')), 'INGRESSCOOKIE=x', 'INGRESSCOOKIE=|', 'INGRESSCOOKIE=']) expect((await got('sticky', '/app', { cookie })).set).to.have.length(1);
  });

  it('on a path whose pattern has groups, endpoints are chosen in the same way', async () => {
    const first = await got('groups', '/a/x');
    expect(first.set).to.have.length(1);
    for (let round = 0; round < 10; round++) {
      const next = await got('groups', '/b/y', { cookie: first.pair });
      expect([next.pod, next.set]).to.deep.equal([first.pod, []]);
    }
    expect(new Set((await Promise.all(Array.from({ length: 20 }, () => got('groups-hash', '/a/x?key=one')))).map(({ pod }) => pod)).size).to.equal(1);
  });

  it('session-cookie-*', async () => {
    expect((await got('sticky-all')).set[0]).to.match(/^route=[0-9a-f]{32}\|[0-9a-f]{32}; Expires=\w{3}, \d\d[- ]\w{3}[- ]\d{2,4} \d\d:\d\d:\d\d GMT; Max-Age=60; Domain=example\.com; Path=\/x; Secure; HttpOnly; SameSite=Lax$/);
  });

  it('affinity with a canary: sticky stays on its side, legacy asks again', async () => {
    const sides = new Set<string>();
    await eventually(async () => {
      const first = await got('sticky-canary');
      sides.add(first.deployment);
      for (let round = 0; round < 6; round++) expect((await got('sticky-canary', '/', { cookie: first.pair })).pod).to.equal(first.pod);
      expect(sides.size).to.equal(2);
    });
    // Sticky is of the canary to say.
    const kept = await got('not-legacy', '/', { 'x-canary': 'always' });
    expect([kept.deployment, kept.set[0]!.split('=')[0]]).to.deep.equal(['next', 'INGRESSCOOKIE']);
    expect((await got('not-legacy', '/', { cookie: kept.pair, 'x-canary': 'never' })).pod).to.equal(kept.pod);
    const onCanary = await got('legacy-canary', '/', { 'x-canary': 'always' });
    expect([onCanary.deployment, onCanary.set]).to.deep.equal(['next', []]);
    const onPrimary = await got('legacy-canary', '/');
    expect([onPrimary.deployment, onPrimary.set.length]).to.deep.equal(['web', 1]);
    expect((await got('legacy-canary', '/', { cookie: onPrimary.pair, 'x-canary': 'always' })).pod).to.equal(onPrimary.pod);
  });

  it('a legacy canary may have an affinity of its own', async () => {
    const first = await got('own-canary', '/', { 'x-canary': 'always' });
    expect([first.deployment, first.set.length, first.pair.split('=')[0]]).to.deep.equal(['next', 1, 'next']);
    for (let round = 0; round < 10; round++) {
      const again = await got('own-canary', '/', { cookie: first.pair, 'x-canary': 'never' });
      expect([again.pod, again.set]).to.deep.equal([first.pod, []]);
    }
    const other = await got('own-canary');
    expect([other.deployment, other.set]).to.deep.equal(['web', []]);
  });

  it('affinity-mode: nobody moves to a new pod when persistent; whose pod has gone gets another one', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => got('persistent')));
    await session.kubectl(['scale', 'deployment', 'web', '--replicas=5']);
    await eventually(async () => expect(new Set((await Promise.all(Array.from({ length: 40 }, () => got('weight-0')))).map(({ pod }) => pod)).size).to.equal(5));
    for (const client of clients) {
      const again = await got('persistent', '/', { cookie: client.pair });
      expect([again.pod, again.set]).to.deep.equal([client.pod, []]);
    }
    await session.kubectl(['scale', 'deployment', 'web', '--replicas=1']);
    await eventually(async () => expect(new Set((await Promise.all(Array.from({ length: 20 }, () => got('weight-0')))).map(({ pod }) => pod)).size).to.equal(1));
    const left = (await got('weight-0')).pod;
    for (const client of clients) {
      const again = await got('persistent', '/', { cookie: client.pair });
      expect([again.pod, again.set.length]).to.deep.equal([left, client.pod === left ? 0 : 1]);
    }
  });
});

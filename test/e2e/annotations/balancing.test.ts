// How endpoints are chosen, as backends and clients see it: by load, by key, and with endpoints that come, go or fail.

import { createHash } from 'node:crypto';
import type { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { hashText, pickSticky } from '../../../src/route-table/pick-sticky.js';
import { type DevSession, ingress, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import { listenHttp, listenSilently, serviceAt } from '../../fixtures/service-at.js';

interface Backend { name: string; port: number; waitMs: number; status: number }

describe('e2e: annotations of the choice among endpoints', function () {
  this.timeout(90_000);
  let session: DevSession;
  const servers: Server[] = [];
  let five: Backend[];
  let pair: Backend[];
  let broken: number;

  const startBackend = async (name: string): Promise<Backend> => {
    const backend: Backend = { name, port: 0, waitMs: 0, status: 200 };
    const { server, port } = await listenHttp((request, response) => {
      request.resume();
      void sleep(backend.waitMs).then(() => response.writeHead(backend.status, { 'x-by': name }).end(name));
    });
    servers.push(server);
    backend.port = port;
    return backend;
  };
  const startBackends = (...names: string[]): Promise<Backend[]> => Promise.all(names.map(startBackend));

  /** A Service whose own address is that of the backend at `port`, and whose endpoint is another one; and one without an address. */
  const clusterIp = (port: number): string => serviceAt('fixed', [five[1]!]).replace('spec: {ports: [{name: http, port: 80}]}', `spec: {clusterIP: 127.0.0.1, ports: [{name: http, port: ${port}}]}`) +
    serviceAt('headless', [five[1]!]).replace('spec: {ports', 'spec: {clusterIP: None, ports');
  const toPort = (text: string, port: number): string => text.replace('"number":80', `"number":${port}`);

  before(async () => {
    session = await startDevSession({});
    five = await startBackends('a', 'b', 'c', 'd', 'e');
    pair = await startBackends('one', 'two');
    const breaking = await listenSilently((socket) => socket.once('data', () => socket.destroy()));
    servers.push(breaking.server);
    broken = breaking.port;
    const web = (name: string, service: string, annotations: Record<string, string> = {}): string => ingress({ name, host: `${name}.example.com`, service, annotations });
    await session.apply([
      serviceAt('two-half', [five[0]!, { port: breaking.port }]), clusterIp(five[4]!.port),
      ...(['balanced', 'persistent'] as const).flatMap((mode) => [web(`stays-${mode}`, 'two-half', { affinity: 'cookie', 'affinity-mode': mode }), web(`moves-${mode}`, 'two-half', { affinity: 'cookie', 'affinity-mode': mode, 'session-cookie-change-on-failure': 'true' })]),
      toPort(web('by-cluster-ip', 'fixed', { 'service-upstream': 'true' }), five[4]!.port), toPort(web('by-endpoints', 'fixed'), five[4]!.port), web('headless', 'headless', { 'service-upstream': 'true' }),
      serviceAt('five', five), serviceAt('pair', pair), serviceAt('turns', pair), serviceAt('half', [...five.slice(0, 4), { port: breaking.port }]),
      web('by-user', 'five', { 'upstream-hash-by': '$arg_user' }), web('by-header', 'five', { 'upstream-hash-by': '${http_x_tenant}-$cookie_lane' }), web('by-text', 'five', { 'upstream-hash-by': 'same-for-all' }),
      web('by-uri', 'five', { 'upstream-hash-by': '$request_uri$host', 'load-balance': 'ewma' }), web('by-path', 'five', { 'upstream-hash-by': '$document_root' }),
      web('by-subset', 'five', { 'upstream-hash-by': '$arg_user', 'upstream-hash-by-subset': 'true', 'upstream-hash-by-subset-size': '2' }),
      web('by-cookie', 'five', { 'upstream-hash-by': '$arg_user', affinity: 'cookie' }), web('by-user-half', 'half', { 'upstream-hash-by': '$arg_user' }),
      web('by-load', 'pair', { 'load-balance': 'ewma' }), web('by-load-half', 'half', { 'load-balance': 'ewma' }), web('in-turn', 'turns'), web('primary', 'turns'), web('ewma-primary', 'turns', { 'load-balance': 'ewma' }),
      ...[['primary', { 'upstream-hash-by': '$arg_user' }], ['ewma-primary', {}]].map(([name, more]) => ingress({ name: `${name as string}-canary`, host: `${name as string}.example.com`, service: 'five', annotations: { canary: 'true', 'canary-by-header': 'new', ...more as object } })),
      web('odd', 'turns', { 'load-balance': 'least_conn' }), web('last', 'five'),
    ].join(''));
    await session.served('last.example.com');
    await session.served('by-load.example.com');
  });
  after(async () => {
    await session?.close();
    for (const server of servers) server.close();
  });

  const by = async (host: string, path = '/', headers: Record<string, string> = {}): Promise<string> => {
    const { status, text } = await session.ask(`${host}.example.com`, path, { headers });
    expect(status, text).to.equal(200);
    return text;
  };
  const together = <T>(count: number, one: (at: number) => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: count }, (_, at) => one(at)));
  const users = Array.from({ length: 60 }, (_, at) => `user-${at}`);
  const endpointsOf = async (host: string): Promise<Map<string, string>> => new Map(await together(users.length, async (at) => [users[at]!, await by(host, `/?user=${users[at]!}`)] as [string, string]));

  it('upstream-hash-by: a key has one endpoint in every worker, and all endpoints have some', async () => {
    const first = await endpointsOf('by-user');
    for (let round = 0; round < 4; round++) expect(await endpointsOf('by-user')).to.deep.equal(first);
    expect(new Set(first.values()).size).to.equal(5);
  });

  it('upstream-hash-by: headers, cookies, text and the address of the request, nothing else', async () => {
    const tenant = (name: string, lane: string): Promise<string> => by('by-header', `/${Math.random()}`, { 'x-tenant': name, cookie: `lane=${lane}` });
    for (const name of ['red', 'green', 'blue']) expect(new Set(await together(8, () => tenant(name, '1'))).size).to.equal(1);
    expect(new Set(await together(40, (at) => tenant('red', String(at)))).size).to.be.greaterThan(3);
    expect(new Set(await together(20, (at) => by('by-text', `/${at}`))).size).to.equal(1);
    expect(new Set(await together(40, (at) => by('by-uri', `/${at}`))).size).to.be.greaterThan(3);
    expect(new Set(await together(8, () => by('by-uri', '/a?b'))).size).to.equal(1);
  });

  it('upstream-hash-by: a key without a value, or one that is refused, is balanced by turns', async () => {
    expect(new Set(await together(20, () => by('by-user'))).size).to.equal(5);
    expect(new Set(await together(20, () => by('by-path'))).size).to.equal(5);
    await session.told(/Ingress default\/by-path: annotation upstream-hash-by: /);
  });

  it('upstream-hash-by-subset: a key has as many endpoints as asked for', async () => {
    const sets = await together(12, async (user) => [...new Set(await together(24, () => by('by-subset', `/?user=u${user}`)))].sort().join());
    for (const set of sets) expect(set.split(',')).to.have.length(2);
    expect(new Set(sets).size).to.be.greaterThan(2);
  });

  it('affinity comes before a key', async () => {
    const first = await session.ask('by-cookie.example.com', '/?user=x');
    const cookie = first.headers['set-cookie']![0]!.split(';')[0]!;
    for (const user of users.slice(0, 12)) expect(await by('by-cookie', `/?user=${user}`, { cookie })).to.equal(first.text);
  });

  it('an endpoint that fails loses its keys to several others, and nobody else moves', async () => {
    const whole = await endpointsOf('by-user-half');
    // Each worker finds out for itself; what was not safe to lose was asked of another endpoint.
    await eventually(async () => expect(await endpointsOf('by-user-half')).to.deep.equal(await endpointsOf('by-user-half')));
    const settled = await endpointsOf('by-user-half');
    const moved = [...settled].filter(([user, name]) => whole.get(user) !== name);
    expect(new Set(settled.values())).to.deep.equal(new Set(['a', 'b', 'c', 'd']));
    expect(moved.length).to.be.lessThan(users.length / 2);
  });

  it('load-balance ewma: the faster endpoint has nearly all, and the other one when that changes', async () => {
    const shareOfOne = async (host: string): Promise<number> => (await together(6, async () => {
      let ones = 0;
      for (let round = 0; round < 10; round++) if (await by(host) === 'one') ones += 1;
      return ones;
    })).reduce((sum, ones) => sum + ones, 0) / 60;
    pair[1]!.waitMs = 60;
    await eventually(async () => expect(await shareOfOne('by-load')).to.be.greaterThan(0.8));
    expect(await shareOfOne('in-turn')).to.be.within(0.4, 0.6);
    expect(await shareOfOne('odd')).to.be.within(0.4, 0.6);
    pair[1]!.waitMs = 0;
    pair[0]!.waitMs = 300;
    await eventually(async () => expect(await shareOfOne('by-load')).to.be.lessThan(0.2), 30_000);
    pair[0]!.waitMs = 0;
  });

  it('load-balance ewma: who breaks connections attracts nobody, and costs no request', async () => {
    // Which of the sound ones are the faster ones is the machine's choice.
    expect(new Set(await together(80, () => by('by-load-half'))).size).to.be.within(2, 4);
  });

  it('a canary is balanced as it says itself, not as its primary', async () => {
    const toCanary = async (user: string): Promise<string> => (await session.ask(`primary.example.com`, `/?user=${user}`, { headers: { new: 'always' } })).text;
    for (const user of users.slice(0, 10)) {
      const first = await toCanary(user);
      expect(first).to.be.oneOf(['a', 'b', 'c', 'd', 'e']);
      for (let round = 0; round < 3; round++) expect(await toCanary(user)).to.equal(first);
    }
    expect(new Set(await Promise.all(users.slice(0, 10).map(toCanary))).size).to.be.greaterThan(1);
    expect(new Set(await together(4, () => by('primary', '/?user=x'))), 'the primary takes turns').to.deep.equal(new Set(['one', 'two']));
    five[0]!.waitMs = 200;
    // By load the slow one would have next to nothing. Each worker takes turns by itself, so a fifth is not to be had exactly.
    const turns = await together(100, async () => (await session.ask('ewma-primary.example.com', '/', { headers: { new: 'always' } })).text);
    five[0]!.waitMs = 0;
    expect(turns.filter((name) => name === 'a').length).to.be.within(10, 30);
  });

  it('service-upstream: the address of the Service is asked, and its endpoints where it has none', async () => {
    expect(new Set(await together(6, () => by('by-cluster-ip')))).to.deep.equal(new Set(['e']));
    expect(new Set(await together(6, () => by('by-endpoints')))).to.deep.equal(new Set(['b']));
    expect(await by('headless')).to.equal('b');
    await session.told(/Ingress default\/headless: annotation service-upstream: Service default\/headless has no cluster IP/);
  });

  for (const mode of ['balanced', 'persistent']) {
    it(`session-cookie-change-on-failure: a client moves for good, and without it does not (${mode})`, async () => {
      const ends = [five[0]!.port, broken].map((port) => `127.0.0.1 ${port}`);
      /** Whether a cookie leads to the endpoint that breaks all connections. */
      const isBroken = (cookie: string): boolean => {
        const key = cookie.slice(cookie.indexOf('=') + 1, cookie.indexOf('|'));
        return mode === 'persistent' ? key === createHash('md5').update(ends[1]!).digest('hex') : pickSticky(ends.map((end) => ({ hash: hashText(end) })), hashText(key)) === 1;
      };
      const ask = async (host: string, cookie?: string): Promise<string | undefined> => {
        const { status, text, headers } = await session.ask(`${host}-${mode}.example.com`, '/', { headers: cookie === undefined ? {} : { cookie } });
        expect([status, text]).to.deep.equal([200, 'a']);
        return headers['set-cookie']?.[0]?.split(';')[0];
      };
      const moved = await together(24, () => ask('moves'));
      expect(moved.filter((cookie) => isBroken(cookie!))).to.deep.equal([]);
      const stayed = (await together(24, () => ask('stays'))).map((cookie) => cookie!);
      const unlucky = stayed.filter(isBroken);
      // One of 16 million runs has nobody among 24.
      expect(unlucky).to.not.deep.equal([]);
      for (const cookie of unlucky) {
        expect(await ask('stays', cookie)).to.equal(undefined);
        const other = await ask('moves', cookie);
        expect([isBroken(other!), await ask('moves', other)]).to.deep.equal([false, undefined]);
      }
      for (const cookie of stayed.filter((one) => !isBroken(one))) expect(await ask('moves', cookie)).to.equal(undefined);
    });
  }

  it('when an endpoint goes, only its keys move; when it comes back, so do they', async () => {
    const before = await endpointsOf('by-user');
    await session.kubectl(['delete', 'endpointslice', 'five-2']);
    const without = await eventually(async () => {
      const now = await endpointsOf('by-user');
      expect([...now.values()]).to.not.include('c');
      return now;
    });
    for (const [user, name] of before) if (name !== 'c') expect(without.get(user), user).to.equal(name);
    await session.apply(serviceAt('five', five));
    // An endpoint that was passed over meanwhile is asked again after a while.
    await eventually(async () => expect(await endpointsOf('by-user')).to.deep.equal(before), 30_000);
  });
});

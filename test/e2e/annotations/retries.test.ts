// Further tries: what makes the engine ask another endpoint, what it never sends twice, whom it passes over.

import type { Server } from 'node:net';
import { expect } from 'chai';
import { type DevSession, ingress, startDevSession } from '../../fixtures/dev-session.js';
import { freePorts } from '../../fixtures/free-ports.js';
import { httpGet } from '../../fixtures/http-get.js';
import { listenHttp, listenSilently, serviceAt } from '../../fixtures/service-at.js';

describe('e2e: annotations of further tries', function () {
  this.timeout(90_000);
  let session: DevSession;
  const servers: Server[] = [];
  /** Requests that came through, by server. */
  const got: Record<string, string[]> = {};
  before(async () => {
    session = await startDevSession({});
    const answering = async (name: string, status: number): Promise<number> => {
      got[name] = [];
      const { server, port } = await listenHttp((request, response) => {
        let body = '';
        request.on('data', (part: Buffer) => { body += String(part); }).on('end', () => {
          got[name]!.push(`${request.method} ${request.url} ${body}`);
          response.writeHead(status, { 'x-by': name }).end(`${name} answers`);
        });
      });
      servers.push(server);
      return port;
    };
    const ok = await answering('ok', 200);
    const [busy, busier, missing] = [await answering('busy', 503), await answering('busier', 503), await answering('missing', 404)];
    const breaking = await listenSilently((socket) => socket.once('data', () => socket.destroy()));
    const headless = await listenSilently((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nx-by: head\0less\r\ncontent-length: 2\r\n\r\nno')));
    const [silent, silent2] = [await listenSilently(), await listenSilently()];
    servers.push(breaking.server, headless.server, silent.server, silent2.server);
    const refusing = (await freePorts(2)).map((port) => ({ port }));
    const at = (...ports: number[]): { port: number }[] => ports.map((port) => ({ port }));
    const web = (name: string, service: string, annotations: Record<string, string> = {}): string => ingress({ name, host: `${name}.example.com`, service, annotations });
    await session.apply([
      serviceAt('half-open', [...refusing.slice(0, 1), ...at(ok)]), serviceAt('half-open-off', [...refusing.slice(0, 1), ...at(ok)]), serviceAt('breaking', at(breaking.port, ok)), serviceAt('breaking-repeat', at(breaking.port, ok)),
      serviceAt('headless', at(headless.port, ok)), serviceAt('headless-next', at(headless.port, ok)), serviceAt('busy', at(busy, ok)), serviceAt('all-busy', at(busy, busier)), serviceAt('missing', at(missing, ok)), serviceAt('slow', at(silent.port, silent2.port)), serviceAt('half-slow', at(silent.port, ok)), serviceAt('ok', at(ok)),
      web('half-open', 'half-open'), web('off', 'half-open-off', { 'proxy-next-upstream': 'off' }), web('breaking', 'breaking'), web('repeat', 'breaking-repeat', { 'proxy-next-upstream': 'error timeout non_idempotent' }),
      web('busy', 'busy', { 'proxy-next-upstream': 'error timeout http_503' }), web('busy-usual', 'busy'), web('busy-once', 'busy', { 'proxy-next-upstream': 'http_503', 'proxy-next-upstream-tries': '1' }),
      web('busy-repeat', 'busy', { 'proxy-next-upstream': 'http_503 non_idempotent' }), web('all-busy', 'all-busy', { 'proxy-next-upstream': 'error http_503 http_502', 'proxy-next-upstream-tries': '0' }),
      web('too-many', 'ok', { 'proxy-next-upstream-tries': '11', 'proxy-buffer-size': '129k', 'proxy-buffering': 'on', 'proxy-buffers-number': '9' }), web('too-many-busy', 'ok', { 'proxy-next-upstream': 'http_503', 'proxy-next-upstream-tries': '4' }), web('missing', 'missing', { 'proxy-next-upstream': 'http_404 http_403' }), web('bad', 'busy', { 'proxy-next-upstream': 'error http_503; proxy_pass http://evil' }),
      web('headless', 'headless', { 'proxy-next-upstream': 'error timeout' }), web('headless-next', 'headless-next', { 'proxy-next-upstream': 'invalid_header' }),
      web('slow', 'slow', { 'proxy-read-timeout': '1' }), web('slow-once', 'slow', { 'proxy-read-timeout': '1', 'proxy-next-upstream-timeout': '1' }),
      web('error-only', 'half-slow', { 'proxy-read-timeout': '1', 'proxy-next-upstream': 'error' }),
      web('chunked', 'busy', { 'proxy-next-upstream': 'http_503 non_idempotent', 'proxy-body-size': '1m' }), 
      `---\n${JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'people' }, type: 'Opaque', data: { auth: Buffer.from('one:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=').toString('base64') } })}\n---\n`,
      web('password', 'busy', { 'proxy-next-upstream': 'http_503', 'auth-type': 'basic', 'auth-secret': 'people', 'limit-rps': '6', 'limit-burst-multiplier': '1' }), web('last', 'ok'),
    ].join(''));
    await session.served('last.example.com');
    await session.served('busy.example.com');
  });
  after(async () => {
    await session?.close();
    for (const server of servers) server.close();
  });

  const statuses = async (name: string, times: number, more: object = {}): Promise<number[]> => {
    const found: number[] = [];
    for (let at = 0; at < times; at++) found.push((await session.ask(`${name}.example.com`, '/', more)).status);
    return found;
  };
  const metric = async (name: string, ingressName: string): Promise<number> => {
    const { text } = await httpGet({ port: session.settings.adminPort, host: 'localhost', path: '/metrics' });
    return text.split('\n').filter((line) => line.startsWith(name) && line.includes(`ingress_name="${ingressName}"`)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };

  it('more tries, and larger buffers, than there are is a finding', async () => {
    await session.told(/Ingress default\/too-many: annotation proxy-next-upstream-tries: a request is tried 10 times at most, not 11/);
    await session.told(/Ingress default\/too-many: annotation proxy-buffer-size: a buffer has 128k at most/);
    await session.told(/Ingress default\/too-many: annotation proxy-buffers-number: a request has 8 buffers of 128k at most, not 9/);
    await session.told(/Ingress default\/too-many-busy: annotation proxy-next-upstream-tries: a request is tried 3 times at most where .* names a status, not 4/);
    await session.told(/Ingress default\/all-busy: annotation proxy-next-upstream-tries: a request is tried 3 times at most where .* names a status, not without end/);
    expect(session.log.some((line) => /Ingress default\/busy-once: annotation proxy-next-upstream-tries/.test(line))).to.equal(false);
  });

  it('an endpoint that refuses costs no request, is passed over, and both are counted', async () => {
    expect(new Set(await statuses('half-open', 20))).to.deep.equal(new Set([200]));
    const retries = await metric('ingress_arbiter_upstream_retries_total', 'half-open');
    expect(retries).to.be.within(1, 10);
    // Who refuses is passed over at once: no worker asks it twice in a row.
    expect(await metric('ingress_arbiter_upstream_ejections_total', 'half-open')).to.equal(retries);
  });

  it('proxy-next-upstream off: the failure is the answer, and then the endpoint is passed over', async () => {
    // Each worker finds out for itself.
    const found = await statuses('off', 30);
    expect(found.filter((status) => status === 502)).to.have.length.within(1, 6);
    expect(found.filter((status) => status === 200)).to.have.length(30 - found.filter((status) => status === 502).length);
    expect(await metric('ingress_arbiter_upstream_retries_total', 'off')).to.equal(0);
  });

  it('what was sent and is not safe to repeat goes nowhere else, unless non_idempotent is asked for', async () => {
    got.ok!.length = 0;
    const posted = await statuses('breaking', 6, { method: 'POST', body: 'one' });
    expect(posted.filter((status) => status === 200)).to.have.length(got.ok!.length);
    expect(posted.filter((status) => status === 502)).to.have.length.within(1, 5);
    expect(new Set(await statuses('breaking', 6))).to.deep.equal(new Set([200]));
    got.ok!.length = 0;
    expect(new Set(await statuses('repeat', 6, { method: 'POST', body: 'two' }))).to.deep.equal(new Set([200]));
    expect(got.ok).to.deep.equal(Array.from({ length: 6 }, () => 'POST / two'));
  });

  it('a status that is asked for: another endpoint, once each, and the last answer as it is', async () => {
    expect(new Set(await statuses('busy', 10))).to.deep.equal(new Set([200]));
    expect(new Set(await statuses('busy-usual', 10))).to.deep.equal(new Set([200, 503]));
    expect(new Set(await statuses('busy-once', 10))).to.deep.equal(new Set([200, 503]));
    expect(new Set(await statuses('missing', 10))).to.deep.equal(new Set([200]));
    expect(await metric('ingress_arbiter_upstream_retries_total', 'busy')).to.be.within(4, 7);
    for (const name of ['busy', 'busier']) got[name]!.length = 0;
    const { status, text, headers } = await session.ask('all-busy.example.com', '/x?y');
    expect([status, text]).to.deep.equal([503, `${String(headers['x-by'])} answers`]);
    expect([got.busy, got.busier]).to.deep.equal([['GET /x?y '], ['GET /x?y ']]);
  });

  it('a status and a request that is not safe to repeat', async () => {
    got.busy!.length = 0;
    got.ok!.length = 0;
    const once = await statuses('busy', 6, { method: 'POST', body: 'three' });
    expect([...new Set(once)].sort()).to.deep.equal([200, 503]);
    expect(got.ok!.length + got.busy!.length).to.equal(6);
    expect(new Set(await statuses('busy-repeat', 6, { method: 'POST', body: 'four' }))).to.deep.equal(new Set([200]));
    expect(got.ok!.filter((line) => line === 'POST / four')).to.have.length(6);
    expect(new Set(await statuses('chunked', 4, { method: 'POST', body: 'five', headers: { 'transfer-encoding': 'chunked' } }))).to.deep.equal(new Set([200]));
    expect(got.ok!.filter((line) => line === 'POST / five')).to.have.length(4);
  });

  it('a further try asks for no password and takes from no allowance a second time', async () => {
    const headers = { authorization: `Basic ${Buffer.from('one:password').toString('base64')}` };
    expect(new Set(await statuses('password', 7, { headers }))).to.deep.equal(new Set([200]));
    expect((await session.ask('password.example.com')).status).to.be.oneOf([401, 503]);
  });

  it('waits: timeout is a reason by default, error alone makes it none, and further tries end with their time', async () => {
    const took = async (name: string): Promise<[number, number]> => {
      const started = performance.now();
      const { status } = await session.ask(`${name}.example.com`);
      return [status, (performance.now() - started) / 1000];
    };
    const [status, seconds] = await took('slow');
    expect(status).to.equal(504);
    expect(seconds).to.be.within(1.9, 4);
    const [, onceSeconds] = await took('slow-once');
    expect(onceSeconds).to.be.within(0.9, 1.8);
    const found = new Set((await Promise.all(Array.from({ length: 6 }, () => took('error-only')))).map(([one]) => one));
    expect(found).to.deep.equal(new Set([200, 502]));
  });

  it('an answer without a valid header: it is passed on as 502, unless invalid_header is asked for', async () => {
    expect(new Set(await statuses('headless', 10))).to.deep.equal(new Set([200, 502]));
    expect(new Set(await statuses('headless-next', 10))).to.deep.equal(new Set([200]));
    got.ok!.length = 0;
    const posted = await statuses('headless-next', 10, { method: 'POST', body: 'six' });
    expect(posted.filter((status) => status === 200)).to.have.length(got.ok!.length);
  });

  it('a condition that is none is a finding, and the default counts', async () => {
    await session.told(/IA150 Ingress default\/bad: annotation proxy-next-upstream: must be words of/);
    expect(new Set(await statuses('bad', 10))).to.deep.equal(new Set([200, 503]));
  });
});

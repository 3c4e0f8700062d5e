// Limits of requests, of connections and of speed: each client its own, over all workers, and given back in whatever way a request ends.

import { type IncomingMessage, request } from 'node:http';
import type { Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { type DevSession, ingress, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import { httpGet } from '../../fixtures/http-get.js';
import { listenHttp, serviceAt } from '../../fixtures/service-at.js';

describe('e2e: annotations of limits', function () {
  this.timeout(60_000);
  let session: DevSession;
  let backend: Server;
  /** Requests that wait to be answered. */
  const waiting: (() => void)[] = [];
  before(async () => {
    session = await startDevSession({});
    const { server, port } = await listenHttp((incoming, response) => {
      incoming.resume();
      if (incoming.url === '/wait') waiting.push(() => response.end('waited'));
      else response.end(incoming.url === '/large' ? 'x'.repeat(300 * 1024) : 'ok');
    });
    backend = server;
    const web = (name: string, annotations: Record<string, string> = {}): string => ingress({ name, host: `${name}.example.com`, service: 'web', annotations });
    await session.apply(serviceAt('web', [{ port }]) + [
      web('rps', { 'limit-rps': '1', 'limit-burst-multiplier': '2' }), web('rps-other', { 'limit-rps': '1', 'limit-burst-multiplier': '2' }), web('rps-usual', { 'limit-rps': '2' }),
      web('rpm', { 'limit-rpm': '2', 'limit-burst-multiplier': '1' }), web('both', { 'limit-rps': '100', 'limit-rpm': '1', 'limit-burst-multiplier': '1' }),
      web('except', { 'limit-rps': '1', 'limit-burst-multiplier': '1', 'limit-whitelist': '10.0.0.0/8, 127.0.0.1' }), web('bad-except', { 'limit-rps': '1', 'limit-burst-multiplier': '1', 'limit-allowlist': 'everybody' }),
      web('connections', { 'limit-connections': '2', 'proxy-body-size': '10k' }), web('bad', { 'limit-rps': '10r/s', 'limit-connections': '-1' }), web('none', { 'limit-rps': '0', 'limit-connections': '0' }),
      web('slow', { 'limit-rate': '100', 'limit-rate-after': '100' }), web('fast'), web('status', { 'limit-rps': '1', 'limit-burst-multiplier': '1', 'limit-connections': '1' }),
    ].join(''));
    await session.served('fast.example.com');
  });
  after(async () => {
    await session?.close();
    backend?.close();
  });

  /** Sends from an address of this machine; the answer's status. */
  const ask = (name: string, from = '127.0.0.1', more: { path?: string; method?: string; chunked?: number } = {}): Promise<number> => new Promise((resolve, reject) => {
    const { path = '/', method = 'GET', chunked } = more;
    const sending = request({
      host: '127.0.0.1', port: session.settings.ports.external.http, path, method, localAddress: from, agent: false,
      headers: { host: `${name}.example.com`, ...(chunked === undefined ? {} : { 'transfer-encoding': 'chunked' }) },
    }, (response: IncomingMessage) => { response.resume().on('end', () => resolve(response.statusCode!)); });
    sending.on('error', reject).end(chunked === undefined ? undefined : 'x'.repeat(chunked));
  });
  const together = async (name: string, times: number, from?: string): Promise<Record<number, number>> => {
    const counts: Record<number, number> = {};
    for (const status of await Promise.all(Array.from({ length: times }, () => ask(name, from)))) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  };
  const refusedAt = async (name: string, limit: string): Promise<number> => {
    const { text } = await httpGet({ port: session.settings.adminPort, host: 'localhost', path: '/metrics' });
    const line = text.split('\n').find((one) => one.startsWith('ingress_arbiter_limited_requests_total') && one.includes(`ingress_name="${name}"`) && one.includes(`limit="${limit}"`));
    return Number(line?.split(' ').at(-1) ?? 0);
  };

  it('limit-rps: so many at once, the others 503; each client and each Ingress its own; the allowance comes back', async () => {
    expect(await together('rps', 8)).to.deep.equal({ 200: 3, 503: 5 });
    expect(await together('rps', 8, '127.0.0.2')).to.deep.equal({ 200: 3, 503: 5 });
    expect(await together('rps-other', 8)).to.deep.equal({ 200: 3, 503: 5 });
    expect(await together('rps-usual', 15)).to.deep.equal({ 200: 11, 503: 4 });
    await pause(1100);
    expect(await together('rps', 4)).to.deep.equal({ 200: 1, 503: 3 });
    expect(await refusedAt('rps', 'requests')).to.equal(13);
  });

  it('limit-rpm, and both', async () => {
    expect(await together('rpm', 6)).to.deep.equal({ 200: 3, 503: 3 });
    await pause(1100);
    expect(await together('rpm', 2)).to.deep.equal({ 503: 2 });
    expect(await together('both', 4)).to.deep.equal({ 200: 2, 503: 2 });
  });

  it('limit-allowlist: no limit for its members; a bad list exempts nobody', async () => {
    expect(await together('except', 10)).to.deep.equal({ 200: 10 });
    expect(await together('except', 10, '127.0.0.2')).to.deep.equal({ 200: 2, 503: 8 });
    expect(await together('bad-except', 10)).to.deep.equal({ 200: 2, 503: 8 });
  });

  it('values that are none are findings and limit nobody', async () => {
    await session.told(/IA150 Ingress default\/bad: annotation limit-rps: must be a whole number/);
    await session.told(/IA150 Ingress default\/bad: annotation limit-connections: must be/);
    expect([await together('bad', 30), await together('none', 30)]).to.deep.equal([{ 200: 30 }, { 200: 30 }]);
  });

  it('limit-connections: at the same time, and a place is given back however its request ends', async () => {
    const held = [ask('connections', undefined, { path: '/wait' }), ask('connections', undefined, { path: '/wait' })];
    await eventually(() => expect(waiting).to.have.length(2));
    expect(await together('connections', 3)).to.deep.equal({ 503: 3 });
    expect(await together('connections', 2, '127.0.0.2')).to.deep.equal({ 200: 2 });
    for (const answer of waiting.splice(0)) answer();
    expect(await Promise.all(held)).to.deep.equal([200, 200]);
    // One at a time: too large, of unknown length, too large of unknown length, given up by the client.
    for (let round = 0; round < 3; round++) {
      expect(await ask('connections', undefined, { method: 'POST', chunked: 100 })).to.equal(200);
      expect(await ask('connections', undefined, { method: 'POST', chunked: 70_000 }).catch(() => 413)).to.equal(413);
      expect((await session.ask('connections.example.com', '/', { method: 'POST', body: 'x'.repeat(11_000) })).status).to.equal(413);
      const gone = request({ host: '127.0.0.1', port: session.settings.ports.external.http, path: '/wait', headers: { host: 'connections.example.com' }, agent: false }).on('error', () => undefined);
      gone.end();
      await eventually(() => expect(waiting).to.have.length(1));
      gone.destroy();
      waiting.splice(0);
    }
    await eventually(async () => {
      const again = [ask('connections', undefined, { path: '/wait' }), ask('connections', undefined, { path: '/wait' })];
      await eventually(() => expect(waiting).to.have.length(2), 2000);
      for (const answer of waiting.splice(0)) answer();
      expect(await Promise.all(again)).to.deep.equal([200, 200]);
    });
    expect(await refusedAt('connections', 'connections')).to.be.greaterThan(2);
  });

  it('limit-rate and limit-rate-after: the answer takes its time', async () => {
    const seconds = async (name: string): Promise<number> => {
      const started = performance.now();
      expect(await ask(name, undefined, { path: '/large' })).to.equal(200);
      return (performance.now() - started) / 1000;
    };
    expect(await seconds('fast')).to.be.lessThan(0.9);
    expect(await seconds('slow')).to.be.within(1.4, 6);
  });

  it('a class may refuse with another status', async () => {
    await session.apply(`
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: ingress-arbiter}
data: {limit-req-status-code: "429", limit-conn-status-code: "420"}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx-external}
spec: {controller: ingress-arbiter.io/controller, parameters: {kind: ConfigMap, name: settings, scope: Cluster}}
`);
    await eventually(async () => expect(Object.keys(await together('status', 5))).to.include.oneOf(['429', '420']));
    const held = ask('status', '127.0.0.3', { path: '/wait' });
    await eventually(() => expect(waiting).to.have.length(1));
    expect(await ask('status', '127.0.0.3')).to.equal(420);
    waiting.splice(0)[0]!();
    expect(await held).to.equal(200);
  });
});

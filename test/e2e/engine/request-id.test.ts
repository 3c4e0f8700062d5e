// The id of a request: chance of the worker's own store, 32 hexadecimal digits; what a client has said stays.
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { httpGet } from '../../fixtures/http-get.js';
import { type LoneEngine, backendOf, routeOf, startLoneEngine } from '../../fixtures/lone-engine.js';

describe('e2e: ids of requests', function () {
  this.timeout(30_000);
  let pod: Server;
  let engine: LoneEngine;
  const idOf = async (headers?: Record<string, string>): Promise<string> => (await httpGet({ port: engine.port(), host: 'web.example.com', ...(headers === undefined ? {} : { headers }) })).text;

  before(async () => {
    pod = createServer((request, answer) => { answer.end(request.headers['x-request-id']); }).listen(0, '127.0.0.1');
    await once(pod, 'listening');
    engine = await startLoneEngine(['blue'], { workers: 2 });
    await engine.serve('blue', {
      'host/web.example.com': { routes: [routeOf('web')] },
      [backendOf('web')]: { endpoints: [{ address: '127.0.0.1', port: (pod.address() as AddressInfo).port }] },
    });
  });
  after(async () => {
    await engine?.stop();
    pod?.closeAllConnections();
    pod?.close();
  });

  it('no two requests have the same, whichever worker they come to', async () => {
    const ids: string[] = [];
    // More than two workers ask chance for at once.
    while (ids.length < 1000) ids.push(...await Promise.all(Array.from({ length: 20 }, () => idOf())));
    for (const id of ids) expect(id).to.match(/^[0-9a-f]{32}$/);
    expect(new Set(ids).size).to.equal(ids.length);
    // Each part of it is by chance, too.
    for (let place = 0; place < 32; place += 4) expect(new Set(ids.map((id) => id.slice(place, place + 4))).size).to.be.above(900);
  });

  it('what a client says is left alone, unless it says nothing', async () => {
    expect(await idOf({ 'x-request-id': 'of the client' })).to.equal('of the client');
    expect(await idOf({ 'x-request-id': '' })).to.match(/^[0-9a-f]{32}$/);
  });
});

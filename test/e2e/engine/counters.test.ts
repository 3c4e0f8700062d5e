// The counters of the real nginx: the limit of series, what is taken away and used again, retries, resumed handshakes.
import { once } from 'node:events';
import { Agent, type Server, createServer, request } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { figureSlots, foldedName } from '../../../src/route-table/figures.js';
import type { Endpoint } from '../../../src/route-table/types.js';
import { eventually } from '../../fixtures/eventually.js';
import { freePorts } from '../../fixtures/free-ports.js';
import { type LoneEngine, backendOf, routeOf, startLoneEngine } from '../../fixtures/lone-engine.js';

const LIMIT = 10;

describe('e2e: counters of nginx', function () {
  this.timeout(30_000);
  let pod: Server;
  let engine: LoneEngine;
  /** What lets the pod answer those who wait. */
  let waiting: (() => void)[];

  const podAt = (): Endpoint => ({ address: '127.0.0.1', port: (pod.address() as AddressInfo).port });
  const serve = (ingresses: readonly string[], endpoints: Endpoint[] = [podAt()]): Promise<void> => engine.serve('blue', {
    ...Object.fromEntries(ingresses.map((ingress) => [`host/${ingress}.example.com`, { routes: [routeOf(ingress)] }])), [backendOf('web')]: { endpoints },
  });
  const ask = (ingress: string, method = 'GET'): Promise<number> => new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: engine.port(), method, agent: false, headers: { host: `${ingress}.example.com` } }, (answer) => { answer.resume().on('end', () => resolve(answer.statusCode!)); }).on('error', reject).end();
  });
  /** Values by key. Ingresses that nobody has asked for are left out. */
  const read = async (): Promise<Map<string, number>> => new Map((await engine.readings()).filter(({ name, values }) => name === 'figures' || values[0] !== 0).map(({ name, labels, values }) => [[name, ...labels].join('|'), values[0]!]));
  const requests = async (): Promise<[string, number][]> => [...await read()].filter(([key]) => key.startsWith('requests|blue|'));

  beforeEach(async () => {
    waiting = [];
    pod = createServer((asked, answer) => {
      answer.statusCode = Number(asked.headers['x-status'] ?? 200);
      if (asked.headers['x-wait'] === undefined) answer.end('x');
      else waiting.push(() => answer.end('x'));
    }).listen(0, '127.0.0.1');
    await once(pod, 'listening');
    engine = await startLoneEngine(['blue'], { metrics: { seriesPerClass: LIMIT, goneSeconds: 0, histogramsPerIngress: true } });
  });
  afterEach(async () => {
    await engine?.stop();
    pod?.close();
  });

  it('folds what is beyond the limit of series, and loses no request by it', async () => {
    const many = Array.from({ length: 25 }, (_, at) => `web-${at}`);
    await serve(many);
    for (let round = 0; round < 3; round++) for (const one of many) expect(await ask(one)).to.equal(200);
    const counted = await eventually(async () => {
      const all = await requests();
      expect(all.reduce((sum, [, value]) => sum + value, 0)).to.equal(75);
      return all;
    });
    expect(counted.filter(([key]) => !key.includes(foldedName))).to.have.length.within(LIMIT, LIMIT + 1);
    expect(counted.find(([key]) => key.includes(foldedName))![1]).to.be.within((25 - LIMIT - 1) * 3, (25 - LIMIT) * 3);
  });

  it('takes the counters of gone Ingresses away, and gives their room to others', async () => {
    await serve(Array.from({ length: LIMIT }, (_, at) => `old-${at}`));
    for (let at = 0; at < LIMIT; at++) await ask(`old-${at}`);
    await eventually(async () => expect(await requests()).to.have.length(LIMIT));
    // Their times, too, are there before they go.
    await eventually(async () => expect([...(await read()).keys()].filter((key) => key.startsWith('figures|blue|shop|old-'))).to.have.length(LIMIT));
    await serve(['new-1', 'new-2']);
    await eventually(async () => expect([...(await read()).keys()].filter((key) => key.includes('|old-'))).to.deep.equal([]));
    await ask('new-1');
    await ask('new-2');
    await eventually(async () => {
      expect((await requests()).map(([key]) => key).sort()).to.deep.equal(['requests|blue|shop|new-1|web|GET|200||', 'requests|blue|shop|new-2|web|GET|200||']);
    });
  });

  it('lets nobody who noted the place of a gone Ingress count to the one that has it now', async () => {
    await engine.stop();
    engine = await startLoneEngine(['blue'], { workers: 1, metrics: { goneSeconds: 0, histogramsPerIngress: true } });
    await serve(['old']);
    const held = request({ host: '127.0.0.1', port: engine.port(), agent: false, headers: { host: 'old.example.com', 'x-wait': '1' } });
    const over = new Promise<void>((resolve, reject) => { held.on('response', (answer) => { answer.resume().on('end', resolve); }).on('error', reject).end(); });
    await eventually(() => expect(waiting).to.have.length(1));
    expect(await ask('old')).to.equal(200);
    const counted = async (ingress: string): Promise<(number | undefined)[]> => {
      const all = await engine.readings();
      const times = all.find(({ name, labels }) => name === 'figures' && labels[2] === ingress)?.values;
      return [all.find(({ name, labels }) => name === 'requests' && labels[2] === ingress)?.values[0], times?.slice(1, 15).reduce((sum, one) => sum + one, 0)];
    };
    await eventually(async () => expect(await counted('old')).to.deep.equal([1, 1]));
    const free = async (): Promise<number> => (await engine.readings()).find(({ name, labels }) => name === 'zone' && labels[0] === 'ia_numbers')!.values[0]!;
    // Gone, and so is another one: then the place of the first is anybody's.
    await serve(['other']);
    await eventually(async () => expect(await counted('old')).to.deep.equal([undefined, undefined]));
    const before = await free();
    expect(await ask('other')).to.equal(200);
    await eventually(async () => expect(await counted('other')).to.deep.equal([1, 1]));
    expect(await free()).to.equal(before - 8 * (1 + figureSlots));
    await serve(['new']);
    await eventually(async () => expect(await counted('other')).to.deep.equal([undefined, undefined]));
    expect(await free()).to.equal(before);
    for (let round = 0; round < 3; round++) expect(await ask('new')).to.equal(200);
    await eventually(async () => expect(await counted('new')).to.deep.equal([3, 3]));
    expect(await free()).to.equal(before - 8 * (1 + figureSlots));
    await serve(['new', 'old']);
    waiting.pop()!();
    await over;
    await eventually(async () => expect(await counted('old')).to.deep.equal([1, 1]));
    expect(await counted('new')).to.deep.equal([3, 3]);
  });

  it('counts retries on another endpoint', async () => {
    const [closed] = await freePorts(1) as [number];
    await serve(['web'], [{ address: '127.0.0.1', port: closed }, podAt()]);
    for (let round = 0; round < 8; round++) expect(await ask('web')).to.equal(200);
    await eventually(async () => expect((await read()).get('requests|blue|shop|web|web|GET|200||')).to.equal(8));
    expect((await read()).get('retries|blue|shop|web|web')).to.be.within(1, 8);
  });

  it('has a label for each method and status that HTTP knows, and one for all others', async () => {
    await serve(['web']);
    const statuses = [200, 204, 299, 404, 418, 499, 555];
    for (const status of statuses) {
      await new Promise<void>((resolve, reject) => {
        request({ host: '127.0.0.1', port: engine.port(), method: 'PURGE', agent: false, headers: { host: 'web.example.com', 'x-status': String(status) } }, (answer) => { answer.resume().on('end', () => resolve()); }).on('error', reject).end();
      });
    }
    const codes = async (): Promise<unknown[]> => (await requests()).map(([key, value]) => [...key.split('|').slice(5, 7), value]);
    await eventually(async () => expect(await codes()).to.have.deep.members([['OTHER', '200', 1], ['OTHER', '204', 1], ['OTHER', '2xx', 1], ['OTHER', '404', 1], ['OTHER', '4xx', 1], ['OTHER', '499', 1], ['OTHER', '5xx', 1]]));
  });

  it('tells resumed handshakes from full ones', async () => {
    await serve(['web']);
    const agent = new SecureAgent({ keepAlive: false, maxCachedSessions: 1, rejectUnauthorized: false });
    const secure = (): Promise<void> => new Promise((resolve, reject) => {
      secureRequest({ host: '127.0.0.1', port: engine.tlsPort(), servername: 'web.example.com', agent, headers: { host: 'web.example.com' } }, (answer) => { answer.resume().on('end', resolve); }).on('error', reject).end();
    });
    for (let round = 0; round < 4; round++) await secure();
    await eventually(async () => {
      const all = await read();
      expect([all.get('tlsHandshakes|blue|full'), all.get('tlsHandshakes|blue|resumed')]).to.deep.equal([1, 3]);
    });
  });

  it('counts what finds no room as uncounted, and nothing twice or to somebody else', async function () {
    this.timeout(60_000);
    await engine.stop();
    // But for a sixteenth a megabyte has room for the times, sizes and requests of 1554 Ingresses.
    engine = await startLoneEngine(['blue'], { sharedMemoryMegabytes: { numbers: 1 }, metrics: { histogramsPerIngress: true } });
    const many = Array.from({ length: 1600 }, (_, at) => `web-${at}`);
    await serve(many);
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const askKept = (ingress: string): Promise<void> => new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: engine.port(), agent, headers: { host: `${ingress}.example.com` } }, (answer) => { answer.resume().on('end', resolve); }).on('error', reject).end();
    });
    await Promise.all(many.map(askKept));
    agent.destroy();
    await eventually(async () => {
      const all = await engine.readings();
      const of = (name: string): (readonly number[])[] => all.filter((one) => one.name === name && one.labels[2] !== '').map(({ values }) => values);
      const times = of('figures');
      expect(of('requests').filter(([count]) => count !== 0)).to.deep.equal(many.map(() => [1]));
      expect(times).to.have.length.within(1540, 1560);
      for (const one of times) expect(one.slice(1, 15).reduce((sum, count) => sum + count, 0)).to.equal(1);
      expect(of('dropped')).to.deep.equal([[many.length - times.length]]);
    });
  });
});

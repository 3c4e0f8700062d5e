// Every request is counted once, whatever becomes of it, and before its answer is sent: who has an answer, or a part of one, is
// among the counted ones, also when the worker is killed.
import { once } from 'node:events';
import { Agent, type Server, type ServerResponse, createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { expect } from 'chai';
import { figures } from '../../../src/route-table/figures.js';
import { eventually } from '../../fixtures/eventually.js';
import { type LoneEngine, backendOf, routeOf, startLoneEngine } from '../../fixtures/lone-engine.js';

describe('e2e: every request is counted once', function () {
  this.timeout(30_000);
  let pod: Server;
  let engine: LoneEngine;
  const sockets = new Set<Socket>();
  /** Requests for /silent that the pod has got. */
  let silent = 0;

  /** Sends a request as it is; what comes back is at `text`. */
  const send = (request: string, port = engine.port()): { socket: Socket; text: () => string } => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => { text += chunk; }).on('error', () => undefined);
    socket.write(request);
    sockets.add(socket);
    return { socket, text: () => text };
  };
  const asked = (url: string, method = 'GET', more = ''): string => `${method} ${url} HTTP/1.1\r\nHost: web.example.com\r\n${more}\r\n`;
  const counts = async (): Promise<Record<string, number>> => {
    const found: Record<string, number> = {};
    for (const { name, labels, values } of await engine.readings()) {
      if (name !== 'requests' || values[0] === 0) continue;
      const key = `${labels[2] === '' ? 'nobody' : labels[2]} ${labels[4]} ${labels[5]}`;
      found[key] = (found[key] ?? 0) + values[0]!;
    }
    return found;
  };
  /** Requests whose times have been counted. */
  const ended = async (): Promise<number> => (await engine.readings()).filter(({ name }) => name === 'figures').reduce((sum, { values }) => sum + values.slice(1, 15).reduce((a, b) => a + b, 0), 0);
  const killWorkers = async (): Promise<void> => {
    const { workers } = engine.pids()!;
    for (const pid of workers) process.kill(pid, 'SIGKILL');
    await eventually(() => {
      expect(engine.pids()!.workers).to.have.length(2);
      for (const pid of workers) expect(engine.pids()!.workers).not.to.include(pid);
    });
  };
  const total = async (): Promise<number> => Object.values(await counts()).reduce((sum, count) => sum + count, 0);

  before(async () => {
    const answers: Record<string, (answer: ServerResponse) => void> = {
      '/': (answer) => { answer.end('x'); },
      // The header and a part of the body, and no more.
      '/open': (answer) => { answer.writeHead(200, { 'content-length': 100 }).write('a part'); },
      '/cut': (answer) => { answer.writeHead(200, { 'content-length': 100 }).write('a part', () => answer.destroy()); },
      '/broken': (answer) => { answer.destroy(); },
      '/silent': () => { silent += 1; },
    };
    pod = createServer((request, answer) => { answers[request.url!.split('?')[0]!]!(answer); }).listen(0, '127.0.0.1');
    pod.on('upgrade', (_, socket: Socket) => { socket.on('error', () => undefined).write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'); });
    await once(pod, 'listening');
    engine = await startLoneEngine(['blue'], { workers: 2 });
    await engine.serve('blue', {
      'host/web.example.com': { routes: [routeOf('web')] },
      [backendOf('web')]: { endpoints: [{ address: '127.0.0.1', port: (pod.address() as AddressInfo).port }] },
    });
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    await engine?.stop();
    pod?.closeAllConnections();
    pod?.close();
  });

  it('and as long as it and its answer are', async () => {
    const request = asked('/', 'GET', 'Connection: close\r\n');
    const { socket, text } = send(request);
    await once(socket, 'close');
    const places = figures.filter(({ name }) => name === 'requestSize' || name === 'responseSize').map(({ at }) => at);
    await eventually(async () => {
      const { values } = (await engine.readings()).find(({ name }) => name === 'figures')!;
      expect(places.map((at) => values[at])).to.deep.equal([request.length, text().length]);
    });
  });

  it('and as long as each of many is, with bodies and without', async () => {
    const places = figures.filter(({ name }) => name === 'requestSize' || name === 'responseSize').map(({ at }) => at);
    const sums = async (): Promise<number[]> => {
      const { values } = (await engine.readings()).find(({ name }) => name === 'figures')!;
      return places.map((at) => values[at]!);
    };
    const told = await sums();
    // Each worker reads what nginx tells as texts until it knows where the numbers are, and does so soon.
    for (let round = 0; round < 150; round++) {
      const body = 'x'.repeat(round % 3 === 0 ? round : 0);
      const request = asked(`/${round % 2 === 0 ? '' : '?' + 'y'.repeat(round)}`, body === '' ? 'GET' : 'POST', `Connection: close\r\n${body === '' ? '' : `Content-Length: ${body.length}\r\n`}`) + body;
      const { socket, text } = send(request);
      await once(socket, 'close');
      told[0]! += request.length;
      told[1]! += text().length;
    }
    await eventually(async () => expect(await sums()).to.deep.equal(told));
  });

  const cases: { of: string; request: string; begins: RegExp; counted: string; https?: boolean }[] = [
    { of: 'an answer', request: asked('/'), begins: /^HTTP\/1\.1 200 /, counted: 'web GET 200' },
    { of: 'an answer without a body', request: asked('/', 'HEAD'), begins: /^HTTP\/1\.1 200 /, counted: 'web HEAD 200' },
    { of: 'an answer that goes on', request: asked('/open'), begins: /a part$/, counted: 'web GET 200' },
    { of: 'an answer that the pod breaks off', request: asked('/cut'), begins: /a part$/, counted: 'web GET 200' },
    { of: 'a pod that breaks the connection', request: asked('/broken'), begins: /^HTTP\/1\.1 502 /, counted: 'web GET 502' },
    { of: 'a connection that changes its protocol, while it is open', request: asked('/', 'GET', 'Connection: upgrade\r\nUpgrade: websocket\r\n'), begins: /^HTTP\/1\.1 101 /, counted: 'web GET 101' },
    { of: 'a host that nobody has', request: 'GET / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n', begins: /^HTTP\/1\.1 404 /, counted: 'nobody GET 404' },
    { of: 'what is no request', request: 'nonsense\r\n\r\n', begins: /^HTTP\/1\.1 400 /, counted: 'nobody OTHER 400' },
    { of: 'plain HTTP on the port of TLS', request: asked('/'), begins: /^HTTP\/1\.1 400 /, counted: 'nobody GET 400', https: true },
  ];
  for (const { of, request, begins, counted, https = false } of cases) {
    it(`of ${of}, and no later than the client sees it`, async () => {
      const before = await counts();
      const { socket, text } = send(request, https ? engine.tlsPort() : engine.port());
      await eventually(() => expect(text()).to.match(begins));
      // Nothing is waited for: the answer is there, so the count is.
      expect(await counts()).to.deep.equal({ ...before, [counted]: (before[counted] ?? 0) + 1 });
      socket.destroy();
    });
  }

  it('of a client that goes before it has an answer', async () => {
    const before = await counts();
    const { socket } = send(asked('/silent'));
    await eventually(() => expect(silent).to.equal(1));
    expect(await counts()).to.deep.equal(before);
    socket.destroy();
    await eventually(async () => expect(await counts()).to.deep.equal({ ...before, 'web GET 499': 1 }));
  });

  it('and no second time when it ends', async () => {
    // Durations are counted at the end of requests.
    await eventually(async () => expect(await ended()).to.equal(cases.length + 2 + 150));
    expect(await total()).to.equal(cases.length + 2 + 150);
  });

  it('when the worker is killed in the middle of its answer', async () => {
    const before = await total();
    const many = Array.from({ length: 20 }, () => send(asked('/open')));
    await eventually(() => { for (const { text } of many) expect(text()).to.match(/a part$/); });
    await killWorkers();
    await Promise.all(many.map(({ socket }) => (socket.closed ? undefined : once(socket, 'close'))));
    expect(await total()).to.equal(before + 20);
  });

  it('with its times, whoever is killed: again and again, and at once', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (): Promise<void> => new Promise((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port: engine.port(), headers: { host: 'web.example.com' }, agent }, (answer) => { answer.resume().on('end', resolve); }).on('error', reject).end();
    });
    let least = await ended();
    for (let round = 0; round < 4; round++) {
      // When the last one of a connection is answered, those before it are over.
      for (let at = 0; at <= 20; at++) await ask();
      least += 20;
      await killWorkers();
      expect(await ended()).to.be.within(least, least + round + 1);
    }
    agent.destroy();
  });
});

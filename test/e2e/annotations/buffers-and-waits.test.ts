// How bodies pass through (buffers, streams), and each wait on its own: through kubectl and the real nginx.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { type IncomingMessage, type ServerResponse, request } from 'node:http';
import { type Server, type Socket, connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { type DevSession, ingress, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import { listenHttp, listenSilently, serviceAt } from '../../fixtures/service-at.js';

/** Listens and never takes a connection: what comes beyond its queue waits for ever. */
const deaf = 'const s=require("net").createServer().listen({port:0,host:"127.0.0.1",backlog:1},()=>{process.stdout.write(String(s.address().port)+"\\n",()=>Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0,600000))})';

/** Bytes that a server got rid of while the client read nothing, by host. */
const taken: Record<string, number> = {};

/** Writes as long as anybody takes it, 32 MB at most, and tells when half a second has passed without. */
const flood = (response: ServerResponse, tell: (incoming: IncomingMessage) => void) => (incoming: IncomingMessage): void => {
  let left = 512;
  let idle: NodeJS.Timeout | undefined;
  response.writeHead(200);
  const more = (): void => {
    clearTimeout(idle);
    while (left-- > 0 && response.write(Buffer.alloc(64 * 1024)));
    idle = setTimeout(() => tell(incoming), 500);
  };
  response.on('drain', more).on('error', () => undefined);
  more();
};

describe('e2e: annotations of buffers and waits', function () {
  this.timeout(60_000);
  let session: DevSession;
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  let child: ChildProcess;
  const arrivals: { headers: number; end: number }[] = [];
  before(async () => {
    session = await startDevSession({});
    child = spawn(process.execPath, ['-e', deaf], { stdio: ['ignore', 'pipe', 'inherit'] });
    const deafPort = Number(String((await once(child.stdout!, 'data'))[0]));
    for (let at = 0; at < 4; at++) sockets.push(connect(deafPort, '127.0.0.1').on('error', () => undefined));
    const unreading = await listenSilently((socket) => socket.pause());
    const streaming = await listenHttp((incoming, response) => {
      const size = Number(new URL(incoming.url!, 'http://x').searchParams.get('header') ?? 0);
      const arrival = { headers: performance.now(), end: 0 };
      arrivals.push(arrival);
      if (incoming.url === '/flood') {
        flood(response, ({ headers: { host } }) => { taken[host!] = response.socket!.bytesWritten - response.writableLength; })(incoming);
        return;
      }
      incoming.on('end', () => { arrival.end = performance.now(); }).on('error', () => undefined).resume();
      if (incoming.url === '/at-once') {
        response.writeHead(200).write('at once');
        setTimeout(() => response.end(), 300);
        return;
      }
      if (incoming.method === 'GET') {
        response.writeHead(200, { 'content-type': 'text/event-stream', 'x-large': 'x'.repeat(size) }).write('data: one\n\n');
        setTimeout(() => response.end('data: two\n\n'), size > 0 ? 0 : 700);
      } else incoming.on('end', () => response.end('taken'));
    });
    servers.push(unreading.server, streaming.server);
    const web = (name: string, service: string, annotations: Record<string, string> = {}): string => ingress({ name, host: `${name}.example.com`, service, annotations });
    await session.apply([
      serviceAt('deaf', [{ port: deafPort }]), serviceAt('unreading', [{ port: unreading.port }]), serviceAt('streaming', [{ port: streaming.port }]),
      web('connect', 'deaf', { 'proxy-connect-timeout': '1' }), web('send', 'unreading', { 'proxy-send-timeout': '1', 'proxy-body-size': '0' }),
      web('usual', 'streaming'), web('buffered', 'streaming', { 'proxy-buffering': 'on', 'proxy-buffers-number': '12', 'proxy-buffer-size': '50k' }), web('header-16k', 'streaming', { 'proxy-buffer-size': '12k' }),
      web('header-buffered', 'streaming', { 'proxy-buffering': 'on', 'proxy-buffer-size': '16k' }), web('header-huge', 'streaming', { 'proxy-buffer-size': '1g' }), web('bad', 'streaming', { 'proxy-buffer-size': '16k; error_log /etc/passwd' }),
      web('streamed', 'streaming', { 'proxy-request-buffering': 'off' }), web('streamed-3m', 'streaming', { 'proxy-request-buffering': 'off', 'proxy-body-size': '3m' }), web('streamed-10m', 'streaming', { 'proxy-request-buffering': 'off', 'proxy-body-size': '10m', 'proxy-buffer-size': '32k' }), web('streamed-any', 'streaming', { 'proxy-request-buffering': 'off', 'proxy-body-size': '0' }), web('last', 'streaming'),
    ].join(''));
    await session.served('last.example.com', 200, '/?header=1');
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    child?.kill('SIGKILL');
    await session?.close();
    for (const server of servers) server.close();
  });

  /** Seconds until the answer, and its status. */
  const timed = async (name: string, more: object = {}): Promise<[number, number]> => {
    const started = performance.now();
    const { status } = await session.ask(`${name}.example.com`, '/', more);
    return [status, (performance.now() - started) / 1000];
  };

  it('proxy-connect-timeout: 504 from an endpoint that takes no connection', async () => {
    const [status, seconds] = await timed('connect');
    expect(status).to.equal(504);
    expect(seconds).to.be.within(0.9, 4);
  });

  it('proxy-send-timeout: 504 from an endpoint that does not read', async () => {
    const [status, seconds] = await timed('send', { method: 'POST', body: 'x'.repeat(24 * 1024 * 1024) });
    expect(status).to.equal(504);
    expect(seconds).to.be.within(0.9, 6);
  });

  /** Milliseconds from the beginning to the first part of the answer, and all of it. */
  const firstPart = (name: string, path = '/'): Promise<{ first: number; status: number; text: string }> => new Promise((resolve, reject) => {
    const started = performance.now();
    request({ host: '127.0.0.1', port: session.settings.ports.external.http, path, headers: { host: `${name}.example.com` }, agent: false }, (response: IncomingMessage) => {
      let text = '';
      let first = 0;
      response.on('data', (part: Buffer) => {
        if (first === 0) first = performance.now() - started;
        text += String(part);
      }).on('end', () => resolve({ first, status: response.statusCode!, text }));
    }).on('error', reject).end();
  });

  it('events come as they are sent', async () => {
    const { first, text } = await firstPart('usual');
    expect([text, first < 600], `after ${first} ms`).to.deep.equal(['data: one\n\ndata: two\n\n', true]);
  });

  it('proxy-buffering: what the client does not read is taken from the endpoint all the same', async () => {
    const amount = async (name: string): Promise<number> => {
      const host = `${name}.example.com`;
      const client = connect(session.settings.ports.external.http, '127.0.0.1').on('error', () => undefined).pause();
      client.write(`GET /flood HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      await eventually(() => expect(taken[host]).to.be.greaterThan(0), 15_000);
      client.destroy();
      return taken[host]!;
    };
    const [usual, buffered] = [await amount('usual'), await amount('buffered')];
    expect(buffered - usual, `${usual} and ${buffered}`).to.be.greaterThan(700_000);
  });

  for (const [name, fits, exceeds] of [['usual', 2000, 6000], ['header-16k', 12_000, 17_000], ['header-buffered', 12_000, 17_000], ['header-huge', 12_000, undefined], ['bad', 2000, 6000]] as const) {
    it(`proxy-buffer-size: ${name} takes a header of ${fits} bytes${exceeds === undefined ? '' : ` and answers 502 to one of ${exceeds}`}`, async () => {
      expect((await firstPart(name, `/?header=${fits}`)).status).to.equal(200);
      if (exceeds !== undefined) expect((await firstPart(name, `/?header=${exceeds}`)).status).to.equal(502);
    });
  }

  /** Sends half a body, waits for the endpoint to know of the request (`streams`), or a while, and sends the rest; tells whether it knew before the end. */
  const early = async (name: string, chunked: boolean, streams: boolean): Promise<boolean> => {
    const half = 'x'.repeat(1000);
    const before = arrivals.length;
    const sending = request({
      host: '127.0.0.1', port: session.settings.ports.external.http, method: 'PUT', agent: false,
      headers: { host: `${name}.example.com`, ...(chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': 2000 }) },
    });
    const answered = once(sending, 'response') as Promise<[IncomingMessage]>;
    sending.write(half);
    if (streams) await eventually(() => expect(arrivals.length, name).to.be.greaterThan(before));
    else await pause(400);
    const known = arrivals.length > before;
    sending.end(half);
    const [response] = await answered;
    response.resume();
    expect(response.statusCode).to.equal(200);
    await eventually(() => expect(arrivals.length).to.equal(before + 1));
    return known;
  };

  it('proxy-request-buffering: whole by default, and as they come with off; of unknown length only where the limit is a bound', async () => {
    for (const [name, chunked, streams] of [['usual', false, false], ['usual', true, false], ['streamed', false, true], ['streamed', true, true], ['streamed-any', true, true], ['streamed-3m', true, false], ['streamed-10m', true, true]] as const) {
      expect(await early(name, chunked, streams), `${name}, ${chunked ? 'chunked' : 'its length told'}`).to.equal(streams);
    }
  });

  /** Sends chunks of 64k without end; resolves with the status, and the word for how the answer ends. */
  const sendOver = (name: string, path: string): Promise<{ status: number | undefined; end: string }> => new Promise((resolve) => {
    const before = arrivals.length;
    let status: number | undefined;
    const sending = request({ host: '127.0.0.1', port: session.settings.ports.external.http, method: 'PUT', path, agent: false, headers: { host: `${name}.example.com`, 'transfer-encoding': 'chunked' } });
    const more = (): void => {
      // Whoever was refused has nothing more to say.
      while (status !== 413 && !sending.destroyed && sending.write(Buffer.alloc(65_536)));
    };
    const done = (end: string): void => { sending.destroy(); resolve({ status, end }); };
    sending.on('drain', more).on('error', () => done('broken')).on('response', (response) => {
      status = response.statusCode;
      response.on('end', () => done('whole')).on('error', () => done('broken')).resume();
    });
    sending.write(Buffer.alloc(1000));
    // Only then: whoever has sent too much before the endpoint is asked is answered without it.
    void eventually(() => expect(arrivals.length).to.be.greaterThan(before)).then(more, done);
  });

  it('proxy-body-size: a body that is streamed ends there, with 413; what comes after the answer has begun goes nowhere', async () => {
    const before = arrivals.length;
    expect(await sendOver('streamed', '/')).to.include({ status: 413, end: 'whole' });
    expect(arrivals.length).to.equal(before + 1);
    expect(arrivals.at(-1)!.end, 'the endpoint saw no end').to.equal(0);
    expect(await sendOver('streamed-10m', '/at-once')).to.include({ status: 200 });
    expect(arrivals.at(-1)!.end, 'the endpoint saw no end').to.equal(0);
  });

  it('and so over HTTP/2, which tells of no length and has no chunks', async () => {
    const client = connectHttp2(`https://127.0.0.1:${session.settings.ports.external.https}`, { rejectUnauthorized: false });
    const before = arrivals.length;
    try {
      const stream = client.request({ ':method': 'PUT', ':path': '/', ':authority': 'streamed.example.com' }).on('error', () => undefined);
      const answered = once(stream, 'response') as Promise<[Record<string, unknown>]>;
      stream.write(Buffer.alloc(65_536));
      await eventually(() => expect(arrivals.length).to.equal(before + 1));
      const timer = setInterval(() => { if (!stream.destroyed) stream.write(Buffer.alloc(65_536)); }, 5);
      const [headers] = await answered;
      clearInterval(timer);
      expect(headers[':status']).to.equal(413);
      expect(arrivals.at(-1)!.end).to.equal(0);
    } finally {
      client.destroy();
    }
  });
});

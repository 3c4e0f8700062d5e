import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { expect } from 'chai';
import { LoopbackAddresses } from '../../../../src/dev-cluster/workloads/loopback-addresses.js';
import type { PodServer } from '../../../../src/dev-cluster/workloads/pod-server.js';
import { startPodServer } from '../../../../src/dev-cluster/workloads/pod-server.js';

const address = '127.15.0.9';
const port = 5099;
const identity = { pod: 'web-1', deployment: 'web', namespace: 'shop', service: 'svc' };

async function send(options: RequestOptions, body = ''): Promise<{ response: IncomingMessage; text: string }> {
  const request = httpRequest({ host: address, port, agent: false, ...options });
  request.end(body);
  const [response] = await once(request, 'response') as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return { response, text };
}

describe('dev-cluster workloads: pod server', () => {
  let server: PodServer;
  beforeEach(async () => { server = await startPodServer({ address, port, identity: () => identity }); });
  afterEach(() => server.close(0));

  it('tells who it is and what it received, the path as it came', async () => {
    const { response, text } = await send({ method: 'POST', path: '/a%2Fb/../c?q=1', headers: { host: 'shop.example', 'x-extra': '1' } }, 'hello');
    expect(response.headers['x-pod']).to.equal('web-1');
    expect(JSON.parse(text)).to.deep.include({ ...identity, address: `${address}:${port}`, method: 'POST', path: '/a%2Fb/../c?q=1', host: 'shop.example', bodyLength: 5 })
      .and.have.nested.property('headers.x-extra', '1');
  });

  it('answers /healthz and HEAD', async () => {
    expect((await send({ path: '/healthz' })).text).to.equal('ok\n');
    expect(await send({ method: 'HEAD' })).to.deep.include({ text: '' });
  });

  it('refuses a body that is too long without waiting for its end', async () => {
    const request = httpRequest({ host: address, port, method: 'PUT', agent: false });
    // The server may hang up while we are still sending.
    request.on('error', () => undefined);
    request.write('x'.repeat(17 * 1024 * 1024));
    const [response] = await once(request, 'response') as [IncomingMessage];
    expect(response.statusCode).to.equal(413);
    request.destroy();
  }).timeout(10_000);

  it('echoes WebSocket frames and says goodbye when it closes', async () => {
    const socket = connect(port, address);
    socket.write('GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
    const [answer] = await once(socket, 'data') as [Buffer];
    expect(answer.toString()).to.match(/^HTTP\/1.1 101 /).and.include('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    // A masked text frame "Hello", from RFC 6455.
    socket.write(Buffer.from([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]));
    const [echo] = await once(socket, 'data') as [Buffer];
    expect(echo.subarray(2).toString()).to.equal('Hello');
    const goodbye = once(socket, 'data');
    const closed = server.close(200);
    expect((await goodbye as [Buffer])[0]).to.deep.equal(Buffer.from([0x88, 2, 0x03, 0xe9]));
    socket.end();
    await closed;
    server = await startPodServer({ address, port, identity: () => identity });
  });

  it('lets a running request end before it closes', async () => {
    const request = httpRequest({ host: address, port, method: 'POST', agent: false, headers: { 'content-length': 2 } });
    request.write('a');
    await new Promise((resolve) => setTimeout(resolve, 30));
    const closed = server.close(2_000);
    request.end('b');
    const [response] = await once(request, 'response') as [IncomingMessage];
    response.resume();
    expect(response.statusCode).to.equal(200);
    await closed;
    server = await startPodServer({ address, port, identity: () => identity });
  });

  it('cuts a request that outlives the grace', async () => {
    const request = httpRequest({ host: address, port, method: 'POST', agent: false, headers: { 'content-length': 2 } });
    const failed = once(request, 'error');
    request.write('a');
    await new Promise((resolve) => setTimeout(resolve, 30));
    await server.close(20);
    await failed;
    server = await startPodServer({ address, port, identity: () => identity });
  });

  it('rejects with the reason when the port is taken', async () => {
    const second = await startPodServer({ address, port, identity: () => identity }).catch((error: NodeJS.ErrnoException) => error.code);
    expect(second).to.equal('EADDRINUSE');
  });
});

describe('dev-cluster workloads: loopback addresses', () => {
  it('are each handed out once, in 127.0.0.0/8, and again after their release', () => {
    const addresses = new LoopbackAddresses(1234);
    const taken = Array.from({ length: 600 }, () => addresses.take());
    expect(new Set(taken).size).to.equal(600);
    expect(taken.every((entry) => /^127\.\d+\.\d+\.[1-9]\d*$/.test(entry))).to.equal(true);
  });

  it('run out with an error that says what to do', () => {
    const addresses = new LoopbackAddresses(1);
    for (let count = 0; count < 254 * 254; count += 1) addresses.take();
    expect(() => addresses.take()).to.throw(/scale the Deployments down/);
    addresses.release('127.17.3.7');
    expect(addresses.take()).to.equal('127.17.3.7');
  });
});

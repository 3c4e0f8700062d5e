// A listener that passes some connections through: bounded in time and number, back-pressure, ends and breaks, and nginx that is
// not there for a moment.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { type FrontListener, TlsFront } from '../../../src/engine/tls-front.js';
import { eventually } from '../../fixtures/eventually.js';
import { freePorts } from '../../fixtures/free-ports.js';

/** A ClientHello with one name, whatever else it lacks. */
function helloFor(name: string): Buffer {
  const sized = (size: number, content: Buffer): Buffer => Buffer.concat([Buffer.alloc(size - 2), Buffer.from([content.length >> 8, content.length & 255]), content]);
  const extension = Buffer.concat([Buffer.from([0, 0]), sized(2, sized(2, Buffer.concat([Buffer.from([0]), sized(2, Buffer.from(name))])))]);
  const body = Buffer.concat([Buffer.alloc(34, 3), Buffer.from([0, 0, 2, 0x13, 1, 1, 0]), sized(2, extension)]);
  return Buffer.concat([Buffer.from([22, 3, 1]), sized(2, Buffer.concat([Buffer.from([1]), sized(3, body)]))]);
}

describe('TlsFront', () => {
  let folder: string;
  let front: TlsFront;
  let listener: FrontListener;
  let backend: Server;
  let got: Socket[];
  let failures: string[];
  const limits = { connections: 4, helloMs: 300, connectMs: 1000 };
  const reading = (name: string, ...labels: string[]): number | undefined => front.readings().find((one) => one.name === name && labels.every((label) => one.labels.includes(label)))?.values[0];
  const open = (first: string | Buffer = helloFor('pass.test')): Socket => {
    const socket = connect(listener.port, '127.0.0.1', () => socket.write(first));
    return socket.on('error', () => undefined);
  };
  const atBackend = async (): Promise<Socket> => eventually(() => got[0] ?? expect.fail('nobody has come'));

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-front-'));
    got = [];
    failures = [];
    backend = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => { got.push(socket.on('error', () => undefined)); }).listen(0, '127.0.0.1');
    await once(backend, 'listening');
    const [port] = await freePorts(1) as [number];
    listener = { name: 'web', address: '127.0.0.1', port, classes: ['red'], engine: path.join(folder, 'engine') };
    front = new TlsFront({ failed: (endpoint, code) => failures.push(`${endpoint} ${code}`) });
    front.takeChanges({ class: 'red', hosts: [['pass.test', { namespace: 'shop', ingress: 'web', backend: 'service/shop/a/443' }]], services: [['service/shop/a/443', [{ address: '127.0.0.1', port: (backend.address() as AddressInfo).port }]]] });
    expect(await front.listen([listener], limits)).to.deep.equal([]);
  });
  afterEach(async () => {
    for (const socket of got) socket.destroy();
    await front.stop(0);
    backend.close();
    rmSync(folder, { recursive: true });
  });

  it('gives up on who says too little for too long, and counts that', async () => {
    for (const first of ['', helloFor('pass.test').subarray(0, 40)]) await once(open(first), 'close');
    expect(reading('passthroughRefused', 'web', 'no_hello')).to.equal(2);
    const slow = open('');
    for (const byte of helloFor('pass.test').subarray(0, 60)) { slow.write(Buffer.from([byte])); }
    await once(slow, 'close');
    expect([reading('passthroughRefused', 'web', 'no_hello'), got.length]).to.deep.equal([3, 0]);
  });

  it('takes no more connections than it may have, and goes on when some have ended', async () => {
    const held = Array.from({ length: 4 }, () => open());
    await eventually(() => expect(got).to.have.length(4));
    await once(open(), 'close');
    expect([reading('passthroughRefused', 'web', 'too_many'), reading('passthroughOpen', 'shop')]).to.deep.equal([1, 4]);
    for (const one of [...held, ...got]) one.destroy();
    await eventually(() => expect(reading('passthroughOpen', 'shop')).to.equal(0));
    await eventually(() => {
      open();
      expect(got.length).to.be.at.least(5);
    });
  });

  it('reads no faster than the other side does', async () => {
    const client = open();
    await atBackend();
    const most = 64 * 1024 * 1024;
    let sent = 0;
    const block = Buffer.alloc(256 * 1024);
    while (sent < most && await Promise.race([new Promise<boolean>((resolve) => { client.write(block, () => resolve(true)); }), new Promise<boolean>((resolve) => { setTimeout(() => resolve(false), 500); })])) sent += block.length;
    expect(sent).to.be.lessThan(most);
    expect(process.memoryUsage().arrayBuffers).to.be.lessThan(most);
  });

  it('an end is an end: what comes the other way still comes', async () => {
    const client = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true }, () => client.end(helloFor('pass.test')));
    const socket = await atBackend();
    let text = '';
    client.on('data', (part: Buffer) => { text += String(part); });
    socket.resume();
    await once(socket, 'end');
    socket.end('after the end');
    await once(client, 'end');
    expect(text).to.equal('after the end');
    await eventually(() => expect(reading('passthroughOpen', 'shop')).to.equal(0));
  });

  it('a break is a break, to both sides', async () => {
    const ended: string[] = [];
    const client = connect(listener.port, '127.0.0.1', () => client.write(helloFor('pass.test')));
    client.on('error', (error: NodeJS.ErrnoException) => ended.push(error.code!));
    (await atBackend()).resetAndDestroy();
    await once(client.resume(), 'close').catch(() => undefined);
    expect(ended).to.deep.equal(['ECONNRESET']);
    got.length = 0;
    const other = open();
    const socket = await atBackend();
    socket.on('error', (error: NodeJS.ErrnoException) => ended.push(`backend ${error.code}`)).resume();
    other.resetAndDestroy();
    await eventually(() => expect(ended).to.include('backend ECONNRESET'));
  });

  it('waits for nginx for a while, tells it whose the connection is, and gives up', async () => {
    const client = open(helloFor('other.test'));
    await new Promise((resolve) => { setTimeout(resolve, 150); });
    let seen = '';
    const engine = createServer((socket) => socket.on('data', (part: Buffer) => { seen += part.toString('latin1'); socket.end('answer'); })).listen(listener.engine);
    const [answer] = await once(client, 'data') as [Buffer];
    expect(String(answer)).to.equal('answer');
    expect(seen).to.equal(`PROXY TCP4 127.0.0.1 127.0.0.1 ${client.localPort} ${listener.port}\r\n${helloFor('other.test').toString('latin1')}`);
    engine.close();
    client.destroy();
    await once(open(helloFor('other.test')), 'close');
    expect(reading('passthroughRefused', 'web', 'engine_unreachable')).to.equal(1);
  });

  it('forgets the figures of what is passed through no more, once its connections have ended', async () => {
    const client = open();
    await atBackend();
    front.takeChanges({ class: 'red', hosts: [['pass.test', 'engine']], services: [['service/shop/a/443', undefined]] });
    expect(reading('passthroughOpen', 'shop')).to.equal(1);
    client.destroy();
    got[0]!.destroy();
    await eventually(() => expect(reading('passthroughOpen', 'shop')).to.equal(undefined));
  });

  it('says which listener it can not open, keeps the others, and closes what is asked for no more', async () => {
    const taken = { ...listener, name: 'taken', port: (backend.address() as AddressInfo).port };
    expect(await front.listen([listener, taken], limits)).to.deep.equal([{ listener: 'taken', code: 'EADDRINUSE' }]);
    open();
    await atBackend();
    await front.listen([], limits);
    const [error] = await once(connect(listener.port, '127.0.0.1'), 'error') as [NodeJS.ErrnoException];
    expect([error.code, got[0]!.destroyed]).to.deep.equal(['ECONNREFUSED', false]);
  });
});

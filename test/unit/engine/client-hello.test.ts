// The server name in the first bytes of a connection: as real clients send it, cut in every way, and what is none.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { connect } from 'node:tls';
import { expect } from 'chai';
import fc from 'fast-check';
import { longestHello, readHello } from '../../../src/engine/client-hello.js';

const number = (value: number, size: number): Buffer => Buffer.from(Array.from({ length: size }, (_, at) => Math.floor(value / 256 ** (size - 1 - at)) % 256));
const vector = (size: number, content: Buffer): Buffer => Buffer.concat([number(content.length, size), content]);
const extension = (kind: number, content: Buffer): Buffer => Buffer.concat([number(kind, 2), vector(2, content)]);
const nameOf = (name: string | Buffer, kind = 0): Buffer => extension(0, vector(2, Buffer.concat([number(kind, 1), vector(2, Buffer.from(name))])));
/** Of RFC 8701: what nobody knows and everybody has to pass over. */
const grease = extension(0x2a2a, Buffer.from('x'));
const record = (part: Buffer, kind = 22, version = 3): Buffer => Buffer.concat([Buffer.from([kind, version, 1]), vector(2, part)]);
const message = (extensions: readonly Buffer[] | 'none'): Buffer => {
  const body = Buffer.concat([Buffer.from([3, 3]), Buffer.alloc(32, 7), vector(1, Buffer.alloc(32, 8)), vector(2, Buffer.from('2a2a1301c02b', 'hex')), vector(1, Buffer.from([0])),
    ...(extensions === 'none' ? [] : [vector(2, Buffer.concat([...extensions]))])]);
  return Buffer.concat([Buffer.from([1]), vector(3, body)]);
};
const hello = (...extensions: Buffer[]): Buffer => record(message(extensions));
const usual = hello(grease, nameOf('Shop.Example.com'), grease);
const nothing = {};

describe('readHello', () => {
  it('finds the name in what a real client sends', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    for (const [servername, expected] of [['shop.example.com', { name: 'shop.example.com' }], ['', nothing]] as const) {
      const client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ...(servername && { servername }), ALPNProtocols: ['h2', 'http/1.1'] });
      client.on('error', () => undefined);
      const [socket] = await once(server, 'connection') as [import('node:net').Socket];
      const [bytes] = await once(socket, 'data') as [Buffer];
      expect(readHello(bytes)).to.deep.equal(expected);
      client.destroy();
      socket.destroy();
    }
    server.close();
  });

  it('finds it in lower case beside extensions that nobody knows, and says so when there is none', () => {
    expect(readHello(usual)).to.deep.equal({ name: 'shop.example.com' });
    for (const none of [hello(), hello(grease), record(message('none'))]) expect(readHello(none)).to.deep.equal(nothing);
  });

  it('wants more for every part of it, and is not moved by what comes after', () => {
    for (let length = 0; length < usual.length; length++) expect(readHello(usual.subarray(0, length)), String(length)).to.equal(undefined);
    expect(readHello(Buffer.concat([usual, Buffer.from('anything')]))).to.deep.equal({ name: 'shop.example.com' });
  });

  it('puts it together from records of any length', () => {
    const whole = message([grease, nameOf('a.example.com')]);
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: whole.length - 1 }), { maxLength: 40 }), fc.nat(), (cuts, more) => {
      const places = [0, ...[...new Set(cuts)].sort((a, b) => a - b), whole.length];
      const bytes = Buffer.concat(places.slice(1).map((end, at) => record(whole.subarray(places[at], end))));
      expect(readHello(bytes)).to.deep.equal({ name: 'a.example.com' });
      expect(readHello(bytes.subarray(0, more % bytes.length))).to.equal(undefined);
    }));
  });

  it('has no name for what is no ClientHello, as soon as that is seen', () => {
    for (const bytes of [Buffer.from('G'), Buffer.from('GET / HTTP/1.1\r\n'), Buffer.from([22, 2]), Buffer.from([0x80, 0x2e, 1]), record(message([]), 23), record(message([]), 22, 2), Buffer.from('1603010000', 'hex'), Buffer.from('160301ffff', 'hex'), record(Buffer.from([2])), Buffer.from('16030100040100ffff', 'hex')]) {
      expect(readHello(bytes), bytes.toString('hex', 0, 12)).to.deep.equal(nothing);
    }
  });

  it('has no name where lengths do not fit into one another, where there are two, or where it can be none', () => {
    const odd = [
      hello(nameOf('a.test'), nameOf('b.test')), hello(nameOf('a.test', 1)), hello(nameOf('')), hello(nameOf('a test')), hello(nameOf('a\0.test')), hello(nameOf(Buffer.from([0xc3, 0xa4]))), hello(nameOf('a'.repeat(256))),
      hello(extension(0, Buffer.alloc(0))), hello(extension(0, Buffer.from([0, 9, 0, 0, 1, 97]))), hello(extension(0, Buffer.concat([vector(2, Buffer.concat([Buffer.from([0]), vector(2, Buffer.from('a.test'))])), Buffer.from('x')]))),
      hello(nameOf('a.test'), Buffer.from([0, 1])), hello(nameOf('a.test'), Buffer.from([0, 1, 0, 9, 1])), record(Buffer.concat([Buffer.from([1]), vector(3, Buffer.from('short'))])),
    ];
    for (const [at, bytes] of odd.entries()) expect(readHello(bytes), String(at)).to.deep.equal(nothing);
  });

  it('stops to look after a bound, whoever sends more', () => {
    const drip = Buffer.concat(Array.from({ length: longestHello / 6 + 1 }, (_, at) => record(Buffer.from([[1, 0, 0x3f, 0xf0][at] ?? 0]))));
    expect(readHello(drip.subarray(0, 30))).to.equal(undefined);
    expect(readHello(Buffer.concat([Buffer.from([22, 3, 1]), number(16_384, 2), Buffer.from([1, 0, 0x3f, 0xf0]), Buffer.alloc(longestHello)]))).not.to.equal(undefined);
    expect(readHello(drip)).to.deep.equal(nothing);
  });

  it('says something of any bytes, and never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const said = readHello(Buffer.from(bytes));
      expect(said === undefined || Object.keys(said).length <= 1).to.equal(true);
    }));
    fc.assert(fc.property(fc.nat(usual.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
      const changed = Buffer.from(usual);
      changed[at] = byte;
      const said = readHello(changed);
      if (said?.name !== undefined) expect(said.name).to.match(/^[-_.a-z0-9]{1,255}$/);
    }));
  });
});

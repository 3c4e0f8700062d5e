// One way to an endpoint over TLS, when the endpoint or the machine does not do what it should: nobody waits for ever, no
// descriptor is left behind, and the ways of others go on. Real sockets, real TLS.

import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls, { createServer as createTlsServer } from 'node:tls';
import { expect } from 'chai';
import { type HopOrder, openHop } from '../../../src/engine/tls-hop.js';
import { eventually } from '../../fixtures/eventually.js';
import { selfSigned } from '../../fixtures/self-signed.js';

describe('engine: one way to a backend over TLS', function () {
  this.timeout(20_000);
  let folder: string;
  let made: { certificate: string; key: string };
  const servers: Server[] = [];
  let failures: string[];

  before(async () => { made = await selfSigned('backend.internal'); });
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-hop-'));
    failures = [];
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const listening = async (server: Server): Promise<number> => {
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const overTls = (serve: (socket: Socket) => void): Promise<number> => {
    const server = createTlsServer({ cert: made.certificate, key: made.key }, (socket) => serve(socket.on('error', () => undefined)));
    return listening(server.on('tlsClientError', () => undefined));
  };
  const open = async (port: number, more: Partial<HopOrder> = {}, most?: number): Promise<{ hop: Server; path: string }> => {
    const socket = path.join(folder, `hop-${servers.length}`);
    const hop = await openHop({ path: socket, address: '127.0.0.1', port, ...more }, { failed: (code) => { failures.push(code); }, usualSeconds: () => 10, ...(most !== undefined && { most }) });
    servers.push(hop);
    return { hop, path: socket };
  };
  const connections = (server: Server): Promise<number> => new Promise((resolve) => { server.getConnections((_error, count) => resolve(count)); });
  const expectNothingLeft = (hop: Server): Promise<unknown> => eventually(async () => expect(await connections(hop)).to.equal(0));
  /** Whatever it ends with. */
  const end = (client: Socket): Promise<void> => new Promise((resolve) => { client.on('error', () => undefined).once('close', () => resolve()); });
  /** What comes until the other side ends; the requester writes nothing but `word` before. */
  const ask = async (socket: string, word: string): Promise<string> => {
    const client = connect(socket);
    let text = '';
    client.on('data', (part: Buffer) => { text += part.toString(); });
    client.write(word);
    await end(client);
    return text;
  };

  it('an endpoint that ends the connection in the handshake ends the request, too', async () => {
    const { hop, path: socket } = await open(await listening(createServer((pod) => pod.on('error', () => undefined).end())));
    expect(await ask(socket, 'hello')).to.equal('');
    expect(failures).to.deep.equal(['ECONNRESET']);
    await expectNothingLeft(hop);
  });

  it('an endpoint that stalls holds a bounded number of connections, over all ways, and they count no more when they have ended', async () => {
    const stalled = await listening(createServer((pod) => pod.on('error', () => undefined)));
    const [one, other] = [await open(stalled, { seconds: 3 }, 3), await open(stalled, { seconds: 3 }, 3)];
    const waiting = [one, other, one].map(({ path: socket }) => connect(socket).on('error', () => undefined));
    await eventually(async () => expect(await connections(one.hop) + await connections(other.hop)).to.equal(3));
    expect(await ask(other.path, 'hello')).to.equal('');
    expect(failures).to.deep.equal(['TOO_MANY_CONNECTIONS']);
    await Promise.all(waiting.map(end));
    await expectNothingLeft(one.hop);
    const answering = await open(await overTls((pod) => pod.end('back')), {}, 3);
    expect(await ask(answering.path, 'hello')).to.equal('back');
  });

  it('an endpoint that answers and ends in the middle of an upload leaves nothing behind, and its answer comes whole', async () => {
    for (const reads of [true, false]) {
      const { hop, path: socket } = await open(await overTls((pod) => pod.once('data', () => {
        if (!reads) pod.pause();
        pod.end('too large');
      })));
      const client = connect(socket).on('error', () => undefined);
      let text = '';
      client.on('data', (part: Buffer) => { text += part.toString(); });
      client.write(Buffer.alloc(16 * 1024 * 1024));
      await once(client, 'end');
      expect(text).to.equal('too large');
      client.destroy();
      await expectNothingLeft(hop);
    }
    // It proved who it is, and got what it wanted of the request.
    expect(failures).to.deep.equal([]);
  });

  it('an answer that breaks off ends the request', async () => {
    const { hop, path: socket } = await open(await overTls((pod) => pod.once('data', () => pod.write('half', () => pod.destroy()))));
    await ask(socket, 'hello');
    await expectNothingLeft(hop);
  });

  it('what a socket can\'t take, again and again, ends nothing', async () => {
    const { hop, path: socket } = await open(await overTls((pod) => pod.pipe(pod)));
    for (let round = 0; round < 3; round++) hop.emit('error', Object.assign(new Error('accept'), { code: 'EMFILE' }));
    expect(failures).to.deep.equal(['EMFILE', 'EMFILE', 'EMFILE']);
    const client = connect(socket);
    client.write('hello');
    expect(String((await once(client, 'data'))[0])).to.equal('hello');
    client.destroy();
    await expectNothingLeft(hop);
  });

  it('an endpoint to which no connection can be begun ends its request only', async () => {
    const { hop, path: socket } = await open(70_000);
    for (let round = 0; round < 2; round++) expect(await ask(socket, 'hello')).to.equal('');
    expect(failures).to.deep.equal(['ERR_SOCKET_BAD_PORT', 'ERR_SOCKET_BAD_PORT']);
    await expectNothingLeft(hop);
  });

  it('lets every account in that its directory lets in', async () => {
    const before = process.umask(0o077);
    try {
      expect(statSync((await open(1)).path).mode & 0o666).to.equal(0o666);
    } finally {
      process.umask(before);
    }
  });

  it('reads certificates once for all endpoints with the same settings', async () => {
    const before = tls.createSecureContext;
    let contexts = 0;
    tls.createSecureContext = (options) => {
      contexts += 1;
      return before(options);
    };
    syncBuiltinESMExports();
    try {
      const shown = { pair: { chain: made.certificate, key: made.key } };
      for (let port = 1; port <= 20; port++) await open(port, shown);
      expect(contexts).to.equal(1);
      await open(21, { ...shown, most: 'TLSv1.2' });
      expect(contexts).to.equal(2);
    } finally {
      tls.createSecureContext = before;
      syncBuiltinESMExports();
    }
  });
});

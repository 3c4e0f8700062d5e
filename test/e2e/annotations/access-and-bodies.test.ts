// Who may come in, how much they may send, how long they may wait: through kubectl and the real nginx.

import { request } from 'node:http';
import { connect, constants } from 'node:http2';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type DevSession, ingress, seen, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';

const KB = 1024;

describe('e2e: annotations of access, bodies and waits', function () {
  this.timeout(60_000);
  let session: DevSession;
  before(async () => {
    session = await startDevSession({ web: 1 });
    const web = (name: string, annotations: Record<string, string>): string => ingress({ name, host: `${name}.example.com`, service: 'web', annotations });
    await session.apply([
      web('allowed', { 'whitelist-source-range': '10.0.0.0/8, 127.0.0.0/8' }),
      web('not-allowed', { 'allowlist-source-range': '10.0.0.0/8,127.0.0.2/32' }),
      web('denied', { 'denylist-source-range': '127.0.0.1', 'whitelist-source-range': '127.0.0.0/8' }),
      web('not-denied', { 'denylist-source-range': '127.0.0.2' }),
      web('bad-list', { 'whitelist-source-range': '127.0.0.0/8, 0.0.0.0/0 ; deny' }),
      web('empty-list', { 'whitelist-source-range': '' }),
      web('usual', {}), web('small', { 'proxy-body-size': '100k' }), web('large', { 'proxy-body-size': '3m' }), web('unlimited', { 'proxy-body-size': '0' }),
    ].join(''));
    await session.served('usual.example.com');
    await session.served('unlimited.example.com');
  });
  after(() => session?.close());

  for (const [name, status] of [['allowed', 200], ['not-allowed', 403], ['denied', 403], ['not-denied', 200], ['bad-list', 503], ['empty-list', 503]] as const) {
    it(`address lists: ${name} answers ${status}`, async () => {
      await session.served(`${name}.example.com`, status);
      // The address counts that connects, not one that a client claims.
      expect((await session.ask(`${name}.example.com`, '/', { headers: { 'x-forwarded-for': '10.0.0.1', 'x-real-ip': '10.0.0.1' } })).status).to.equal(status);
    });
  }

  /** Sends a body of unknown length over HTTP/1.1. */
  const chunked = (host: string, bytes: number): Promise<{ status: number; text: string }> => new Promise((resolve, reject) => {
    const send = request({ host: '127.0.0.1', port: session.settings.ports.external.http, method: 'POST', headers: { host, 'transfer-encoding': 'chunked' }, agent: false }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => { text += String(part); }).on('end', () => resolve({ status: response.statusCode!, text }));
    });
    // nginx may close while the body is still on its way.
    send.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error); });
    for (let sent = 0; sent < bytes; sent += 64 * KB) send.write(Buffer.alloc(Math.min(64 * KB, bytes - sent), 'x'));
    send.end();
  });
  const post = (host: string, bytes: number): Promise<{ status: number; text: string }> => session.ask(host, '/', { method: 'POST', body: 'x'.repeat(bytes) });

  for (const [name, fits, exceeds] of [['small', 100 * KB, 100 * KB + 1], ['usual', KB * KB, KB * KB + 1], ['large', 3 * KB * KB, 3 * KB * KB + 1]] as const) {
    it(`proxy-body-size: ${name} takes ${fits} bytes and answers 413 to one more, of known length and not`, async () => {
      for (const send of [post, chunked]) {
        const answer = await send(`${name}.example.com`, fits);
        expect(answer.status, answer.text).to.equal(200);
        expect((JSON.parse(answer.text) as { bodyLength: number }).bodyLength).to.equal(fits);
        expect((await send(`${name}.example.com`, exceeds)).status).to.equal(413);
      }
    });
  }
  it('proxy-body-size: 413 far above the limit, without limit for 0', async () => {
    for (const send of [post, chunked]) {
      expect((await send('small.example.com', 4 * KB * KB)).status).to.equal(413);
      expect((await send('unlimited.example.com', 6 * KB * KB)).status).to.equal(200);
    }
  });

  it('proxy-body-size over HTTP/2, where nothing tells that a body comes', async () => {
    const client = connect(`https://127.0.0.1:${session.settings.ports.external.https}`, { rejectUnauthorized: false });
    const ask = (method: string, host: string, bytes: number): Promise<{ status: number; bodyLength?: number }> => new Promise((resolve, reject) => {
      const stream = client.request({ ':method': method, ':path': '/', ':authority': host }, { endStream: bytes === 0 });
      let status = 0;
      let text = '';
      stream.on('response', (headers) => { status = headers[':status']!; }).on('data', (part: Buffer) => { text += String(part); })
        .on('end', () => resolve({ status, ...(status === 200 ? { bodyLength: (JSON.parse(text) as { bodyLength: number }).bodyLength } : {}) }))
        .on('error', (error: NodeJS.ErrnoException) => { if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) reject(error); });
      if (bytes > 0) stream.end(Buffer.alloc(bytes, 'x'));
    });
    try {
      expect(await ask('POST', 'small.example.com', 100 * KB)).to.deep.equal({ status: 200, bodyLength: 100 * KB });
      expect((await ask('POST', 'small.example.com', 100 * KB + 1)).status).to.equal(413);
      expect(await ask('POST', 'small.example.com', 0)).to.deep.equal({ status: 200, bodyLength: 0 });
      expect(await ask('GET', 'small.example.com', 0)).to.deep.equal({ status: 200, bodyLength: 0 });
      // A body where none has a meaning is not passed on.
      expect(await ask('GET', 'small.example.com', 10)).to.deep.equal({ status: 200, bodyLength: 0 });
    } finally {
      client.close();
    }
  });

  it('proxy-read-timeout: 504 from a backend that is silent for longer, and only there', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    try {
      await session.apply(`
apiVersion: v1
kind: Service
metadata: {name: silent}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: silent, labels: {kubernetes.io/service-name: silent}}
addressType: IPv4
endpoints: [{addresses: [127.0.0.1]}]
ports: [{name: http, port: ${port}}]
---
${ingress({ name: 'silent', host: 'silent.example.com', service: 'silent', annotations: { 'proxy-read-timeout': '1', 'proxy-connect-timeout': '1', 'proxy-send-timeout': '99999999999' } })}`);
      await eventually(async () => {
        const started = performance.now();
        expect((await session.ask('silent.example.com', '/', { method: 'POST' })).status).to.equal(504);
        expect(performance.now() - started).to.be.within(900, 5000);
      }, 10_000);
    } finally {
      silent.close();
    }
    expect(seen(await session.ask('usual.example.com')).deployment).to.equal('web');
  });
});

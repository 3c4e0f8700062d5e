// A listener serves its own classes only, whatever a client puts where: Host, server name, one connection for two hosts, a TLS
// session of the other listener.

import { once } from 'node:events';
import { connect as http2Connect } from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { type DevRig, ingress, INTERNAL, service, startDevRig, tlsSecret } from '../fixtures/dev-rig.js';
import { type EchoBackend, startEchoBackend } from '../fixtures/echo-backend.js';
import { eventually } from '../fixtures/eventually.js';
import { httpGet } from '../fixtures/http-get.js';
import { selfSigned } from '../fixtures/self-signed.js';

const DEFAULT = 'ingress-arbiter default certificate';

describe('e2e: isolation of classes', function () {
  this.timeout(30_000);
  let rig: DevRig;
  const backends: EchoBackend[] = [];

  before(async () => {
    rig = await startDevRig();
    const [outside, inside] = await Promise.all([startEchoBackend('outside'), startEchoBackend('inside')]);
    backends.push(outside, inside);
    const [out, into, both] = await Promise.all([selfSigned('out.test'), selfSigned('in.test'), selfSigned('both.test')]);
    rig.create(...service('outside', [outside.port]), ...service('inside', [inside.port]), tlsSecret('out', out), tlsSecret('in', into), tlsSecret('both', both),
      ingress('out', 'out.test', 'outside', { secret: 'out' }), ingress('in', 'in.test', 'inside', { secret: 'in', class: INTERNAL }),
      ingress('both-out', 'both.test', 'outside', { secret: 'both' }), ingress('both-in', 'both.test', 'inside', { class: INTERNAL }),
      ingress('any-in', '*.in.test', 'inside', { class: INTERNAL }),
      { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'default' }, spec: { ingressClassName: INTERNAL, defaultBackend: { service: { name: 'inside', port: { number: 80 } } } } });
    await eventually(async () => {
      expect((await httpGet({ port: rig.externalTls, host: 'out.test', https: true })).commonName).to.equal('out.test');
      expect((await httpGet({ port: rig.internalTls, host: 'in.test', https: true })).commonName).to.equal('in.test');
      expect((await httpGet({ port: rig.internal, host: 'whatever.test' })).headers['x-backend']).to.equal('inside');
      expect((await httpGet({ port: rig.internal, host: 'both.test' })).headers['x-backend']).to.equal('inside');
      expect((await httpGet({ port: rig.external, host: 'both.test' })).headers['x-backend']).to.equal('outside');
    });
  });
  after(async () => {
    for (const backend of backends) backend.close();
    await rig?.stop();
  });

  for (const host of ['in.test', 'IN.TEST.', 'in.test:9443', 'x.in.test', 'whatever.test', '']) {
    it(`knows no host of the internal class on the external listener: ${JSON.stringify(host)}`, async () => {
      for (const https of [false, true]) {
        const { status, headers } = await httpGet({ port: https ? rig.externalTls : rig.external, host: host || 'localhost', https });
        expect(status).to.equal(404);
        expect(headers['x-backend']).to.equal(undefined);
      }
    });
  }

  it('serves no certificate of the other class, whatever name is asked for', async () => {
    for (const host of ['in.test', 'x.in.test']) expect((await httpGet({ port: rig.externalTls, host, https: true })).commonName).to.equal(DEFAULT);
    for (const host of ['out.test', 'both.test']) expect((await httpGet({ port: rig.internalTls, host, https: true })).commonName).to.equal(DEFAULT);
  });

  it('takes the class from the listener, not from the server name or the Host', async () => {
    const ask = async (port: number, servername: string, authority: string): Promise<string> => {
      const session = http2Connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, servername });
      const stream = session.request({ ':authority': authority, ':path': '/' });
      const [headers] = await once(stream, 'response') as [Record<string, unknown>];
      stream.resume();
      session.close();
      return `${String(headers[':status'])} ${String(headers['x-backend'] ?? '')}`.trim();
    };
    expect(await ask(rig.externalTls, 'out.test', 'in.test')).to.equal('404');
    expect(await ask(rig.externalTls, 'in.test', 'in.test')).to.equal('404');
    expect(await ask(rig.externalTls, 'in.test', 'both.test')).to.equal('200 outside');
    expect(await ask(rig.internalTls, 'out.test', 'both.test')).to.equal('200 inside');
  });

  it('resumes no TLS session of the other listener', async () => {
    const open = (port: number, session?: Buffer): TLSSocket => connect({
      host: '127.0.0.1', port, servername: 'both.test', rejectUnauthorized: false, maxVersion: 'TLSv1.2', ...(session === undefined ? {} : { session }),
    });
    const first = open(rig.externalTls);
    await once(first, 'secureConnect');
    const session = first.getSession()!;
    // In order: OpenSSL forgets the session of a connection that is broken off.
    first.end();
    await once(first, 'close');
    for (const [port, reused] of [[rig.externalTls, true], [rig.internalTls, false]] as const) {
      const next = open(port, session);
      await once(next, 'secureConnect');
      expect(next.isSessionReused(), String(port)).to.equal(reused);
      next.destroy();
    }
  });
});

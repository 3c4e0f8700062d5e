// One way to an endpoint that nginx can't take itself: takes what comes in the clear on a socket of its own to the endpoint over
// TLS, with the settings that an Ingress asks for. Bytes only: it reads nothing of them. Before the endpoint has proven what
// it has to prove, it gets no byte.

import { chmodSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { type SecureContext, type SecureVersion, type TLSSocket, checkServerIdentity, connect, createSecureContext } from 'node:tls';

/** A socket and what it leads to. Plain data: it crosses threads. */
export interface HopOrder {
  path: string;
  address: string;
  port: number;
  /** For connection and handshake together. */
  seconds: number;
  /** PEM of the authorities and of what they have revoked, certificates between, and the name; absent: nothing is judged. */
  verify?: { trusted: string; lists?: string; depth: number; name: string };
  serverName?: string;
  pair?: { chain: string; key: string };
  least?: SecureVersion;
  most?: SecureVersion;
  ciphers?: string;
  http2?: true;
}

/** Why an endpoint got nothing, as a code. */
export type HopFailed = (order: HopOrder, code: string) => void;

const usualCiphers = 'DEFAULT';
/** Whoever speaks without keys proves nothing. */
const never = '!aNULL:!eNULL';

/** Resolves when the socket takes connections. Rejects when the settings are none that OpenSSL knows, or the socket can't be made. */
export async function openHop(order: HopOrder, failed: HopFailed): Promise<Server> {
  const { verify, pair, least = 'TLSv1.2', most = 'TLSv1.3', ciphers = usualCiphers } = order;
  const context = createSecureContext({
    minVersion: least, maxVersion: most, ciphers: `${ciphers}:${never}`,
    ...(verify && { ca: verify.trusted, ...(verify.lists !== undefined && { crl: verify.lists }) }), ...(pair && { cert: pair.chain, key: pair.key }),
  });
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (inbound) => join(inbound, order, context, failed));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(order.path, () => resolve());
  });
  // The directory lets nobody else through (work-directory.ts).
  chmodSync(order.path, 0o666);
  return server;
}

function join(inbound: Socket, order: HopOrder, secureContext: SecureContext, failed: HopFailed): void {
  const { verify } = order;
  const outbound = connect({
    host: order.address, port: order.port, secureContext, rejectUnauthorized: verify !== undefined,
    ...(verify && { checkServerIdentity: (_host, certificate) => checkServerIdentity(verify.name, certificate) }),
    ...(order.serverName !== undefined && { servername: order.serverName }), ...(order.http2 && { ALPNProtocols: ['h2'] }),
  });
  const deadline = setTimeout(() => outbound.destroy(Object.assign(new Error('too late'), { code: 'ETIMEDOUT' })), order.seconds * 1000);
  outbound.once('secureConnect', () => {
    clearTimeout(deadline);
    outbound.setNoDelay(true);
    if (verify !== undefined && !provesEnough(outbound, verify.depth)) {
      outbound.destroy(Object.assign(new Error('too deep'), { code: 'CERT_CHAIN_TOO_LONG' }));
      return;
    }
    inbound.pipe(outbound);
    outbound.pipe(inbound);
  });
  outbound.on('error', (error: NodeJS.ErrnoException) => failed(order, error.code ?? 'UNKNOWN'));
  inbound.on('error', () => outbound.destroy());
  inbound.on('close', () => outbound.destroy());
  outbound.on('close', () => {
    clearTimeout(deadline);
    // An answer that is whole is on its way out still; one that broke off must not look whole.
    if (!outbound.readableEnded) inbound.destroy();
  });
}

/** Whether it was judged and found right, with no more certificates between its own and its authority's than `depth`. */
function provesEnough(outbound: TLSSocket, depth: number): boolean {
  if (!outbound.authorized) return false;
  let certificates = 1;
  let one = outbound.getPeerCertificate(true);
  while (one.issuerCertificate !== undefined && one.issuerCertificate !== one && one.issuerCertificate.fingerprint256 !== one.fingerprint256) {
    certificates += 1;
    one = one.issuerCertificate;
  }
  return certificates - 2 <= depth;
}

// One way to an endpoint that nginx can't take itself: takes what comes in the clear on a socket of its own to the endpoint over
// TLS, with the settings that an Ingress asks for, or to a name outside of the cluster. Bytes only: it reads nothing of them.
// Before the endpoint has proven what it has to prove, it gets no byte.

import { type LookupFunction, type Server, type Socket, connect as connectInTheClear, createServer } from 'node:net';
import { type SecureContext, type SecureVersion, type TLSSocket, checkServerIdentity, connect } from 'node:tls';
import { codeFrom } from './engine-error.js';
import { contextOf } from './hop-contexts.js';
import type { OutsideNames } from './outside-names.js';

/** A socket and what it leads to. Plain data: it crosses threads. */
export interface HopOrder {
  path: string;
  /** With `resolve` a name, else an address. */
  address: string;
  port: number;
  resolve?: true;
  /** Without TLS. */
  inTheClear?: true;
  /** For connection and handshake together; absent: the usual ones. */
  seconds?: number;
  /** PEM of the authorities (absent: those that Node.js has) and of what they have revoked, certificates between, and the name; absent: nothing is judged. */
  verify?: { trusted?: string; lists?: string; depth: number; name: string };
  serverName?: string;
  pair?: { chain: string; key: string };
  least?: SecureVersion;
  most?: SecureVersion;
  ciphers?: string;
  http2?: true;
}

/** Connections of all ways together, joined or not yet. Each takes two descriptors of the agent's process, which needs some itself. */
const MOST_CONNECTIONS = 8000;
let connections = 0;

export interface HopOptions {
  /** Why a request got nowhere, as a code. */
  failed: (code: string) => void;
  /** Asked at each connection: the engine's settings may change. */
  usualSeconds: () => number;
  /** Needed by orders to resolve a name. */
  names?: Pick<OutsideNames, 'addressesOf'>;
  /** More than these together are turned away; MOST_CONNECTIONS when left out. */
  most?: number;
}

/** Resolves when the socket takes connections. Rejects when the settings are none that OpenSSL knows, or the socket can't be made. */
export async function openHop(order: HopOrder, options: HopOptions): Promise<Server> {
  const context = order.inTheClear ? undefined : contextOf(order);
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (inbound) => join(inbound, { order, context, ...options }));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // For everybody: the directory lets nobody else through (work-directory.ts).
    server.listen({ path: order.path, readableAll: true, writableAll: true }, () => resolve());
  });
  // What it can't take (no descriptor is free), nobody else may take down.
  server.on('error', (error) => options.failed(codeFrom(error)));
  return server;
}

function join(inbound: Socket, { order, context, failed, usualSeconds, names, most = MOST_CONNECTIONS }: HopOptions & { order: HopOrder; context: SecureContext | undefined }): void {
  // Before the endpoint has proven itself nothing is read here, so not even that the requester has gone is seen.
  if (connections >= most) {
    failed('TOO_MANY_CONNECTIONS');
    inbound.destroy();
    return;
  }
  connections += 1;
  inbound.on('close', () => { connections -= 1; });
  let outbound: Socket;
  try {
    outbound = connectTo(order, { context, names });
  } catch (error) {
    failed(codeFrom(error));
    inbound.destroy();
    return;
  }
  let joined = false;
  const deadline = setTimeout(() => outbound.destroy(failure('ETIMEDOUT')), (order.seconds ?? usualSeconds()) * 1000);
  outbound.once(context === undefined ? 'connect' : 'secureConnect', () => {
    clearTimeout(deadline);
    outbound.setNoDelay(true);
    if (order.verify !== undefined && !provesEnough(outbound as TLSSocket, order.verify.depth)) {
      outbound.destroy(failure('CERT_CHAIN_TOO_LONG'));
      return;
    }
    joined = true;
    pass(inbound, outbound);
  });
  outbound.on('error', (error) => { if (!joined) failed(codeFrom(error)); });
  inbound.on('error', () => outbound.destroy());
  inbound.on('close', () => outbound.destroy());
  outbound.on('close', () => {
    clearTimeout(deadline);
    // An answer that is whole is on its way out still; one that broke off must not look whole. An end before it began is none.
    if (!joined || !outbound.readableEnded) inbound.destroy();
  });
}

function connectTo({ address, port, resolve, verify, serverName, http2 }: HopOrder, { context: secureContext, names }: { context: SecureContext | undefined; names: HopOptions['names'] }): Socket {
  const to = { host: address, port, ...(resolve && { lookup: lookupIn(names!) }) };
  if (secureContext === undefined) return connectInTheClear(to);
  return connect({
    ...to, secureContext, rejectUnauthorized: verify !== undefined,
    ...(verify && { checkServerIdentity: (_host, certificate) => checkServerIdentity(verify.name, certificate) }),
    ...(serverName !== undefined && { servername: serverName }), ...(http2 && { ALPNProtocols: ['h2'] }),
  });
}

/** What node:net asks for addresses of a name: it tries them one after the other. */
function lookupIn(names: Pick<OutsideNames, 'addressesOf'>): LookupFunction {
  return (name, { all }, done) => {
    names.addressesOf(name).then(
      (addresses) => (all ? done(null, addresses) : done(null, addresses[0]!.address, addresses[0]!.family)),
      (error: NodeJS.ErrnoException) => done(error, []),
    );
  };
}

function pass(inbound: Socket, outbound: Socket): void {
  inbound.pipe(outbound);
  outbound.pipe(inbound);
  // Whoever has answered to the end takes no more: what comes still is read away, for who does not read sees no end.
  outbound.once('end', () => inbound.unpipe(outbound).resume());
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
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

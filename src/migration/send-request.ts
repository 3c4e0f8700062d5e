// Puts one request to one address, as a client does who was told that address: Host and server name of the request, connection
// to the address. It follows no redirect, trusts any certificate (which one it was is part of the answer), and reads the body
// only to hash it.

import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { CheckRequest, Outcome } from './check-request.js';

/** Where a listener is, by scheme; a scheme without an address is not asked. */
export type ListenerAddress = Partial<Record<'http' | 'https', { host: string; port: number }>>;

const TIMEOUT_MS = 10_000;
/** The part of a body that is looked at. */
const MOST_BYTES = 8 * 1024 * 1024;

/** The answer, or in words why there was none. Never rejects. */
export function sendRequest(request: CheckRequest, address: { host: string; port: number }, timeoutMs = TIMEOUT_MS): Promise<Outcome> {
  const { method, scheme, host, path, headers } = request;
  return new Promise((resolve) => {
    const options: https.RequestOptions = {
      host: address.host, port: address.port, method, path, agent: false, setHost: false,
      headers: { host, 'user-agent': 'ingress-arbiter-verify', accept: '*/*', ...headers, connection: 'close' },
      ...(scheme === 'https' && { rejectUnauthorized: false, ...(isIP(host) === 0 && { servername: host }) }),
    };
    const call = (scheme === 'https' ? https : http).request(options, (response) => { readAnswer(response, resolve); });
    const timer = setTimeout(() => { call.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)); }, timeoutMs);
    call.on('error', (error) => { resolve({ failed: error.message || error.name }); });
    call.on('close', () => { clearTimeout(timer); });
    call.end();
  });
}

function readAnswer(response: http.IncomingMessage, resolve: (outcome: Outcome) => void): void {
  const hash = createHash('sha256');
  const fingerprint = (response.socket as TLSSocket).getPeerCertificate?.().fingerprint256;
  let bytes = 0;
  const end = (): void => {
    resolve({
      status: response.statusCode ?? 0, headers: headersOf(response), bodyHash: hash.digest('hex'), bodyBytes: bytes,
      ...(fingerprint !== undefined && { certificate: fingerprint }),
    });
  };
  response.on('data', (part: Buffer) => {
    hash.update(part);
    bytes += part.length;
    if (bytes <= MOST_BYTES) return;
    response.removeAllListeners('end');
    end();
    response.destroy();
  });
  response.on('end', end);
  response.on('error', (error) => { resolve({ failed: `the answer ended too soon: ${error.message}` }); });
}

function headersOf({ rawHeaders }: http.IncomingMessage): Record<string, string[]> {
  const headers: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) (headers[rawHeaders[at]!.toLowerCase()] ??= []).push(rawHeaders[at + 1]!);
  return { ...headers };
}

// The pooled connections to one API server. It knows TLS and proxies and nothing of requests.
import { createHash } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { Agent, ProxyAgent } from 'undici';
import type { Dispatcher } from 'undici';
import { OperationalError } from './operational-error.js';

export interface TlsMaterial {
  ca?: Buffer | string;
  cert?: Buffer | string;
  key?: Buffer | string;
  servername?: string;
  rejectUnauthorized?: boolean;
}

const KEEP_ALIVE_MS = 30_000;

/** Throws when the material does not fit together, such as a certificate whose key is not written yet. */
export function createApiAgent(tls: TlsMaterial, proxyUrl?: string): Dispatcher {
  createSecureContext({ ca: tls.ca, cert: tls.cert, key: tls.key });
  const pool = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: 2 * KEEP_ALIVE_MS,
    // Every call has its own deadline, and a quiet watch is watched by the watchdog of its list-watch.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const connect = { ...tls, timeout: 10_000, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
  if (!proxyUrl) return new Agent({ ...pool, connect });
  if (!/^https?:/.test(proxyUrl)) {
    throw new OperationalError('bad-configuration', `proxy-url ${proxyUrl}: only http and https proxies are supported`);
  }
  return new ProxyAgent({ uri: proxyUrl, ...pool, requestTls: connect });
}

/** Equal for equal material, so that a rewritten but unchanged file does not cost the connections. */
export function tlsFingerprint(tls: TlsMaterial): string {
  const hash = createHash('sha256');
  for (const part of [tls.ca, tls.cert, tls.key, tls.servername ?? '', String(tls.rejectUnauthorized)]) {
    hash.update(part ?? '').update('\0');
  }
  return hash.digest('hex');
}

// What TLS to endpoints is spoken with, once for each set of settings: reading certificates and authorities costs more than a
// socket does, and a Service has many endpoints.

import { createHash } from 'node:crypto';
import { type SecureContext, createSecureContext } from 'node:tls';
import type { HopOrder } from './tls-hop.js';

const usualCiphers = 'DEFAULT';
/** Whoever speaks without keys proves nothing. */
const never = '!aNULL:!eNULL';

/** By a hash of all that they are made of, for an id is only what somebody says; as long as a socket has them. */
const contexts = new Map<string, WeakRef<SecureContext>>();
const ended = new FinalizationRegistry((key: string) => {
  if (contexts.get(key)?.deref() === undefined) contexts.delete(key);
});

/** The context of these settings. Throws when they are none that OpenSSL knows. */
export function contextOf({ verify, pair, least = 'TLSv1.2', most = 'TLSv1.3', ciphers = usualCiphers }: HopOrder): SecureContext {
  const settings = {
    minVersion: least, maxVersion: most, ciphers: `${ciphers}:${never}`,
    ...(verify?.trusted !== undefined && { ca: verify.trusted, ...(verify.lists !== undefined && { crl: verify.lists }) }), ...(pair && { cert: pair.chain, key: pair.key }),
  };
  const key = createHash('sha256').update(JSON.stringify(settings)).digest('base64');
  const known = contexts.get(key)?.deref();
  if (known !== undefined) return known;
  const context = createSecureContext(settings);
  contexts.set(key, new WeakRef(context));
  ended.register(context, key);
  return context;
}

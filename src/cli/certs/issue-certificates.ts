// A private authority and the certificates by which controllers and engines know each other. Whoever holds a class's
// certificate may publish that class and no other. It makes them; where they are kept is for others.

import { generate } from 'selfsigned';
import { engineUri, publisherUri } from '../../core/stream-protocol.js';

/** PEM texts. */
export interface Pair {
  cert: string;
  private: string;
}

const DAY_MS = 24 * 3600 * 1000;
const AUTHORITY_DAYS = 3650;

function validity(days: number): { notBeforeDate: Date; notAfterDate: Date } {
  // A minute back, for clocks that are a little behind.
  return { notBeforeDate: new Date(Date.now() - 60_000), notAfterDate: new Date(Date.now() + days * DAY_MS) };
}

export function makeAuthority(): Promise<Pair> {
  return generate([{ name: 'commonName', value: 'ingress-arbiter authority' }], {
    keyType: 'ec', algorithm: 'sha256', ...validity(AUTHORITY_DAYS),
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }, { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true }],
  });
}

/** The engines' certificate. */
export function issueEngine(authority: Pair, days: number): Promise<Pair> {
  return issue(authority, { name: 'engine', uris: [engineUri], days });
}

/**
 * The certificate of the controllers of a class, or of several that one process holds: it may publish each of them.
 * `hosts` are names of the Service at which the API server asks them.
 */
export function issuePublisher(authority: Pair, classes: readonly string[], days: number, hosts: readonly string[] = []): Promise<Pair> {
  return issue(authority, { name: `class ${classes[0]!}${classes.length === 1 ? '' : ` and ${classes.length - 1} more`}`, uris: classes.map(publisherUri), days, hosts });
}

function issue(authority: Pair, { name, uris, days, hosts = [] }: { name: string; uris: readonly string[]; days: number; hosts?: readonly string[] }): Promise<Pair> {
  return generate([{ name: 'commonName', value: `ingress-arbiter ${name}` }], {
    keyType: 'ec', algorithm: 'sha256', ...validity(days), ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      { name: 'subjectAltName', altNames: [...uris.map((value) => ({ type: 6 as const, value })), ...hosts.map((value) => ({ type: 2 as const, value }))] },
    ],
  });
}

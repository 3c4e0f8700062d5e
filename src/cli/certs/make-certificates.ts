// A private authority and the certificates by which controllers and engines know each other, for those who have none.
// Whoever holds a class's certificate may publish that class and no other.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generate } from 'selfsigned';
import { engineUri, publisherUri } from '../../core/stream-protocol.js';

export interface CertificateRequest {
  folder: string;
  /** Each gets a certificate that may publish it. */
  classes: readonly string[];
  days: number;
}

interface Pair {
  cert: string;
  private: string;
}

const DAY_MS = 24 * 3600 * 1000;
const AUTHORITY_DAYS = 3650;

/** Writes the files, an authority only when there is none yet, and returns their names. Keys get mode 0600. */
export async function makeCertificates({ folder, classes, days }: CertificateRequest): Promise<string[]> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const written: string[] = [];
  const save = (name: string, { cert, private: key }: Pair): void => {
    for (const [ending, text, mode] of [['key', key, 0o600], ['crt', cert, 0o644]] as const) {
      const file = path.join(folder, `${name}.${ending}`);
      writeFileSync(`${file}.new`, text, { mode });
      renameSync(`${file}.new`, file);
      written.push(file);
    }
  };
  const authority = readAuthority(folder) ?? await makeAuthority();
  if (!existsSync(path.join(folder, 'ca.crt'))) save('ca', authority);
  save('engine', await makeLeaf(authority, { name: 'engine', uris: [engineUri], days }));
  for (const className of classes) {
    save(`class-${className}`, await makeLeaf(authority, { name: `class ${className}`, uris: [publisherUri(className)], days }));
  }
  return written;
}

function readAuthority(folder: string): Pair | undefined {
  const [certificate, key] = [path.join(folder, 'ca.crt'), path.join(folder, 'ca.key')];
  if (!existsSync(certificate) || !existsSync(key)) return undefined;
  return { cert: readFileSync(certificate, 'utf8'), private: readFileSync(key, 'utf8') };
}

function validity(days: number): { notBeforeDate: Date; notAfterDate: Date } {
  // A minute back, for clocks that are a little behind.
  return { notBeforeDate: new Date(Date.now() - 60_000), notAfterDate: new Date(Date.now() + days * DAY_MS) };
}

function makeAuthority(): Promise<Pair> {
  return generate([{ name: 'commonName', value: 'ingress-arbiter authority' }], {
    keyType: 'ec', algorithm: 'sha256', ...validity(AUTHORITY_DAYS),
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }, { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true }],
  });
}

interface Leaf {
  name: string;
  uris: readonly string[];
  days: number;
}

function makeLeaf(authority: Pair, { name, uris, days }: Leaf): Promise<Pair> {
  return generate([{ name: 'commonName', value: `ingress-arbiter ${name}` }], {
    keyType: 'ec', algorithm: 'sha256', ...validity(days), ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      { name: 'subjectAltName', altNames: uris.map((value) => ({ type: 6 as const, value })) },
    ],
  });
}

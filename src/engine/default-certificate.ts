// The certificate that answers for server names nobody has one for. Self-signed: it proves nothing and is meant to be seen as
// such. One that was made before is used again while it is good, for making one takes time at a start.

import { X509Certificate, createPrivateKey } from 'node:crypto';

export interface DefaultCertificate {
  chain: string;
  key: string;
}

const DAY = 24 * 3600 * 1000;
const YEAR = 365 * DAY;
/** It has to last as long as an engine runs without a restart. */
const LONG_ENOUGH = 300 * DAY;

export async function createDefaultCertificate(now: Date): Promise<DefaultCertificate> {
  const { generate } = await import('selfsigned');
  const made = await generate([{ name: 'commonName', value: 'ingress-arbiter default certificate' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // A clock of a client that is a little behind should not be one more riddle.
    notBeforeDate: new Date(now.getTime() - DAY),
    notAfterDate: new Date(now.getTime() + YEAR),
  });
  return { chain: made.cert, key: made.private };
}

/** Whether these two texts are a certificate and its key that can go on to be used. */
export function isUsable({ chain, key }: DefaultCertificate, now: Date): boolean {
  try {
    const certificate = new X509Certificate(chain);
    return Date.parse(certificate.validFrom) <= now.getTime() && Date.parse(certificate.validTo) >= now.getTime() + LONG_ENOUGH && certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

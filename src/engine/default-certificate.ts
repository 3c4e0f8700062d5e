// Makes the certificate that answers for server names nobody has one for. Self-signed and new at every start: it proves
// nothing and is meant to be seen as such.

import { generate } from 'selfsigned';

export interface DefaultCertificate {
  chain: string;
  key: string;
}

const YEAR = 365 * 24 * 3600 * 1000;

export async function createDefaultCertificate(now: Date): Promise<DefaultCertificate> {
  const made = await generate([{ name: 'commonName', value: 'ingress-arbiter default certificate' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // A clock of a client that is a little behind should not be one more riddle.
    notBeforeDate: new Date(now.getTime() - 24 * 3600 * 1000),
    notAfterDate: new Date(now.getTime() + YEAR),
  });
  return { chain: made.cert, key: made.private };
}

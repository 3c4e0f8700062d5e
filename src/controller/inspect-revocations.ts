// The lists of revoked certificates beside the authorities of a Secret: whose they are, that these have signed them, and for which
// authorities they are enough. As OpenSSL with X509_V_FLAG_CRL_CHECK_ALL, which nginx sets for `ssl_crl`: each certificate on the
// way to the root needs a list of its issuer. When they count is told with them: the controller's clock decides nothing here.

import type { X509Certificate } from 'node:crypto';
import type { InspectedRevocations } from '../core/inspect-certificate.js';
import { longestLists, mostCertificates, mostRevoked } from '../core/limits.js';
import { type CertificateParts, certificateParts } from '../route-table/certificate-parts.js';
import type { RevokedBy } from '../route-table/types.js';
import { blockBytes, pemBlocks } from './pem-blocks.js';
import { type RevocationList, readRevocationList } from './read-revocation-list.js';

interface Authority extends CertificateParts {
  certificate: X509Certificate;
}

/** `pem`: `ca.crl`. Authorities without a list of their own, and of all above them, are not in the answer: nothing of theirs counts. */
export function inspectRevocations(pem: string, certificates: readonly X509Certificate[]): Omit<InspectedRevocations, 'id'> | { problem: string } {
  const blocks = pemBlocks(pem, 'X509 CRL', mostCertificates);
  if (blocks.length === 0) return { problem: 'its ca.crl holds no list (PEM, X509 CRL)' };
  if (blocks.length > mostCertificates || blocks.join('\n').length >= longestLists) return { problem: `its ca.crl has more than ${mostCertificates} lists, or ${longestLists} bytes` };
  const authorities = certificates.map((certificate) => ({ certificate, ...certificateParts(certificate.raw.toString('latin1'))! }));
  const twins = authorities.find((one) => authorities.some((other) => other.subject === one.subject && !sameKey(one, other)));
  if (twins !== undefined) return { problem: 'its ca.crt has two authorities of one name, and a list does not say which of them it is of' };
  const newest = newestLists(blocks, authorities);
  if ('problem' in newest) return newest;
  const lists = [...newest.keys()].map((name) => countingFor(name, authorities, newest)).filter((one) => one !== undefined);
  if (lists.length === 0) return { problem: 'its ca.crl has no list of an authority in ca.crt, or none of one above it' };
  if (lists.reduce((sum, { serials }) => sum + serials.length, 0) > mostRevoked) return { problem: `its ca.crl names more than ${mostRevoked} certificates` };
  return { lists, pem: `${blocks.join('\n')}\n` };
}

/** The newest list of each authority, by its name. What is of somebody else is left: nothing that it says is asked for. */
function newestLists(blocks: readonly string[], authorities: readonly Authority[]): Map<string, RevocationList> | { problem: string } {
  const newest = new Map<string, RevocationList>();
  for (const block of blocks) {
    const list = readRevocationList(blockBytes(block));
    if (list === undefined) return { problem: 'its ca.crl can not be parsed, or has parts that are not carried out: a list for some certificates only, changes to another list, an algorithm other than RSA, ECDSA or Ed25519 with SHA-2' };
    const authority = authorities.find(({ subject }) => subject === list.issuer);
    if (authority === undefined) continue;
    if (!list.isSignedBy(authority.certificate)) return { problem: 'a list in its ca.crl is not signed by the authority that it names' };
    if (list.from >= (newest.get(list.issuer)?.from ?? 0)) newest.set(list.issuer, list);
  }
  return newest;
}

function sameKey(one: Authority, other: Authority): boolean {
  return one.certificate.publicKey.equals(other.certificate.publicKey);
}

/** The list of one authority, for as long as those above it count as well; undefined when one is missing, or has revoked what is below it. */
function countingFor(name: string, authorities: readonly Authority[], newest: ReadonlyMap<string, RevocationList>): RevokedBy | undefined {
  const own = newest.get(name)!;
  let { from, until } = own;
  // Each has its place in the chain once: who leads back to itself leads to no root.
  for (let at = name, left = authorities.length; ; left -= 1) {
    const authority = authorities.find(({ subject }) => subject === at)!;
    const above = newest.get(authority.issuer);
    if (left === 0 || above === undefined || above.serials.includes(authority.serial)) return undefined;
    from = Math.max(from, above.from);
    until = Math.min(until, above.until);
    if (authority.issuer === at) break;
    at = authority.issuer;
  }
  return { issuer: encoded(name), from, until, serials: own.serials.map(encoded) };
}

function encoded(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('base64');
}

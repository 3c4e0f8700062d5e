// The lists of revoked certificates beside the authorities of a Secret: whose they are, that these have signed them, and for which
// authorities they are enough. As OpenSSL with X509_V_FLAG_CRL_CHECK_ALL, which nginx sets for `ssl_crl`: each certificate on the
// way to the root needs a list of its issuer. When they count is told with them: the controller's clock decides nothing here.

import type { X509Certificate } from 'node:crypto';
import maxBy from 'lodash/maxBy.js';
import orderBy from 'lodash/orderBy.js';
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
  const read = readLists(blocks, authorities);
  if ('problem' in read) return read;
  const lists = asTheyCount(read, authorities);
  if (lists.length === 0) return { problem: 'its ca.crl has no list of an authority in ca.crt, or none of one above it' };
  const kept = newestThatFit(lists);
  if (kept === undefined) return { problem: `its ca.crl names more than ${mostRevoked} certificates` };
  return { lists: kept, ...(kept.length < lists.length && { leftOut: lists.length - kept.length }), pem: `${blocks.join('\n')}\n` };
}

/** The lists of these authorities. What is of somebody else is left: nothing that it says is asked for. */
function readLists(blocks: readonly string[], authorities: readonly Authority[]): RevocationList[] | { problem: string } {
  const lists: RevocationList[] = [];
  for (const block of blocks) {
    const list = readRevocationList(blockBytes(block));
    if (list === undefined) return { problem: 'its ca.crl can not be parsed, or has parts that are not carried out: a list for some certificates only, changes to another list, an algorithm other than RSA, ECDSA or Ed25519 with SHA-2' };
    const authority = authorities.find(({ subject }) => subject === list.issuer);
    if (authority === undefined) continue;
    if (!list.isSignedBy(authority.certificate)) return { problem: 'a list in its ca.crl is not signed by the authority that it names' };
    lists.push(list);
  }
  return lists;
}

function sameKey(one: Authority, other: Authority): boolean {
  return one.certificate.publicKey.equals(other.certificate.publicKey);
}

/**
 * What counts for each authority, and when: of its lists the newest one that has begun and not ended (as OpenSSL chooses), as long as
 * each authority above it has such a list, too, that does not name what is below it. No two of one authority count at the same time.
 */
function asTheyCount(lists: readonly RevocationList[], authorities: readonly Authority[]): RevokedBy[] {
  const counting: RevokedBy[] = [];
  const turns = [...new Set(lists.flatMap(({ from, until }) => [from, until]))].sort((one, other) => one - other);
  for (const name of new Set(lists.map(({ issuer }) => issuer))) {
    let last: { list: RevocationList; entry: RevokedBy } | undefined;
    turns.slice(0, -1).forEach((from, at) => {
      const until = turns[at + 1]!;
      const list = countingAt(from, name, { lists, authorities });
      if (list !== undefined && list === last?.list && last.entry.until === from) last.entry.until = until;
      else if (list !== undefined) {
        last = { list, entry: { issuer: encoded(name), from, until, serials: list.serials.map(encoded) } };
        counting.push(last.entry);
      }
    });
  }
  return counting;
}

/** The list of one authority at this time; undefined when it has none, or one above it is missing or has revoked what is below it. */
function countingAt(time: number, name: string, { lists, authorities }: { lists: readonly RevocationList[]; authorities: readonly Authority[] }): RevocationList | undefined {
  const newestOf = (issuer: string): RevocationList | undefined => maxBy(lists.filter((one) => one.issuer === issuer && one.from <= time && time < one.until), ({ from }) => from);
  const own = newestOf(name);
  // Each has its place in the chain once: who leads back to itself leads to no root.
  for (let at = name, left = authorities.length; left > 0; left -= 1) {
    const authority = authorities.find(({ subject }) => subject === at)!;
    const above = newestOf(authority.issuer);
    if (above === undefined || above.serials.includes(authority.serial)) return undefined;
    if (authority.issuer === at) return own;
    at = authority.issuer;
  }
  return undefined;
}

/** All, or without the oldest, where these are too many together; undefined when some authority's newest has no room. */
function newestThatFit(lists: readonly RevokedBy[]): RevokedBy[] | undefined {
  const kept: RevokedBy[] = [];
  let room = mostRevoked;
  for (const list of orderBy(lists, ({ from }) => from, 'desc')) {
    if (list.serials.length <= room) {
      room -= list.serials.length;
      kept.push(list);
    } else if (!kept.some(({ issuer }) => issuer === list.issuer)) return undefined;
  }
  return kept;
}

function encoded(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('base64');
}

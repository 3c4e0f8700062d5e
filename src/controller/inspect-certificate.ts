// Looks into the certificate of a TLS Secret: what the core may not do itself, for it needs cryptography. Answers are kept by
// content, because the same Secret is asked about at every decision.

import { X509Certificate, createHash, createPrivateKey } from 'node:crypto';
import type { InspectCertificate } from '../core/inspect-certificate.js';
import { longestChain, longestKey, mostCertificates } from '../core/limits.js';
import { inspectRevocations } from './inspect-revocations.js';
import { pemBlocks } from './pem-blocks.js';

const MOST_KEPT = 20_000;

/**
 * An InspectCertificate with a cache of its own. A usable pair has a parsable chain, an unencrypted key that belongs to the
 * first certificate, and a validity that has not ended at `now` (ms since the epoch).
 */
export function certificateInspector(now: () => number): InspectCertificate {
  const kept = new Map<string, ReturnType<InspectCertificate> & { endsAt?: number }>();
  return (chain, key, lists) => {
    const id = idOf(chain, key === undefined ? '\x01' : '\0', key ?? '');
    const withLists = lists === undefined ? id : idOf(id, '\x02', lists);
    let answer = kept.get(withLists);
    if (answer === undefined) {
      answer = key === undefined ? inspectAuthorities(id, chain, lists === undefined ? undefined : { id: withLists, pem: lists }) : inspect(id, chain, key);
      if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value!);
      kept.set(withLists, answer);
    }
    if (answer.endsAt !== undefined && answer.endsAt < now()) return { problem: `its certificate has expired on ${new Date(answer.endsAt).toISOString()}; renew it` };
    return answer;
  };
}

function idOf(...parts: string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 32);
}

function inspect(id: string, chain: string, key: string): ReturnType<InspectCertificate> & { endsAt?: number } {
  const blocks = pemBlocks(chain, 'CERTIFICATE', mostCertificates);
  const problem = sizeProblem(blocks, key);
  if (problem !== undefined) return { problem };
  try {
    const certificates = blocks.map((block) => new X509Certificate(block));
    const leaf = certificates[0]!;
    const privateKey = createPrivateKey(key);
    if (!leaf.checkPrivateKey(privateKey)) return { problem: 'tls.key does not belong to the first certificate of tls.crt' };
    const texts = { chain: certificates.map(String).join(''), key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
    // Written out in the usual line length a text may have grown.
    if (texts.chain.length > longestChain || texts.key.length > longestKey) return { problem: TOO_LONG };
    return { id, names: namesOf(leaf), endsAt: Date.parse(leaf.validTo), ...texts };
  } catch {
    // The message of the parser may quote key material, so it is not passed on.
    return { problem: 'tls.crt or tls.key can not be parsed (PEM, the key not encrypted)' };
  }
}

function inspectAuthorities(id: string, chain: string, lists: { id: string; pem: string } | undefined): ReturnType<InspectCertificate> {
  const blocks = pemBlocks(chain, 'CERTIFICATE', mostCertificates);
  if (blocks.length === 0) return { problem: 'it holds no PEM certificate' };
  if (blocks.length > mostCertificates) return { problem: `it has more than ${mostCertificates} certificates` };
  try {
    const authorities = blocks.map((block) => new X509Certificate(block));
    const texts = authorities.map(String).join('');
    if (texts.length > longestChain) return { problem: `it may have ${longestChain} bytes` };
    if (lists === undefined) return { id, chain: texts, key: '', names: [] };
    const revoked = inspectRevocations(lists.pem, authorities);
    return 'problem' in revoked ? revoked : { id, chain: texts, key: '', names: [], revocations: { id: lists.id, ...revoked } };
  } catch {
    return { problem: 'it can not be parsed (PEM)' };
  }
}

const TOO_LONG = `tls.crt may have ${longestChain} bytes of certificates and tls.key ${longestKey} bytes; leave out what no client needs`;

/** What the engine would refuse must not get to it: one refused entry stops all changes of its class. */
function sizeProblem(blocks: readonly string[], key: string): string | undefined {
  if (blocks.length === 0) return 'tls.crt holds no PEM certificate';
  if (blocks.length > mostCertificates) return `tls.crt has more than ${mostCertificates} certificates; leave out what no client needs`;
  return blocks.join('').length > longestChain || key.length > longestKey ? TOO_LONG : undefined;
}

/** DNS names of the certificate; the common name counts only without them (RFC 6125, section 6.4.4). */
function namesOf(certificate: X509Certificate): string[] {
  const alternative = certificate.subjectAltName?.split(', ').filter((name) => name.startsWith('DNS:')).map((name) => name.slice(4)) ?? [];
  if (alternative.length > 0) return alternative;
  return certificate.subject?.split('\n').filter((line) => line.startsWith('CN=')).map((line) => line.slice(3)) ?? [];
}

// Looks into the certificate of a TLS Secret: what the core may not do itself, for it needs cryptography. Answers are kept by
// content, because the same Secret is asked about at every decision.

import { X509Certificate, createHash, createPrivateKey } from 'node:crypto';
import type { InspectCertificate } from '../core/inspect-certificate.js';

const MOST_KEPT = 20_000;
const certificateBlock = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * An InspectCertificate with a cache of its own. A usable pair has a parsable chain, an unencrypted key that belongs to the
 * first certificate, and a validity that has not ended at `now` (ms since the epoch).
 */
export function certificateInspector(now: () => number): InspectCertificate {
  const kept = new Map<string, ReturnType<InspectCertificate> & { endsAt?: number }>();
  return (chain, key) => {
    const id = createHash('sha256').update(chain).update('\0').update(key).digest('hex').slice(0, 32);
    let answer = kept.get(id);
    if (answer === undefined) {
      answer = inspect(id, chain, key);
      if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value!);
      kept.set(id, answer);
    }
    if (answer.endsAt !== undefined && answer.endsAt < now()) return { problem: `its certificate has expired on ${new Date(answer.endsAt).toISOString()}; renew it` };
    return answer;
  };
}

function inspect(id: string, chain: string, key: string): ReturnType<InspectCertificate> & { endsAt?: number } {
  const blocks = chain.match(certificateBlock) ?? [];
  if (blocks.length === 0) return { problem: 'tls.crt holds no PEM certificate' };
  try {
    const certificates = blocks.map((block) => new X509Certificate(block));
    const leaf = certificates[0]!;
    const privateKey = createPrivateKey(key);
    if (!leaf.checkPrivateKey(privateKey)) return { problem: 'tls.key does not belong to the first certificate of tls.crt' };
    return {
      id, names: namesOf(leaf), endsAt: Date.parse(leaf.validTo),
      chain: certificates.map(String).join(''), key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    };
  } catch {
    // The message of the parser may quote key material, so it is not passed on.
    return { problem: 'tls.crt or tls.key can not be parsed (PEM, the key not encrypted)' };
  }
}

/** DNS names of the certificate; the common name counts only without them (RFC 6125, section 6.4.4). */
function namesOf(certificate: X509Certificate): string[] {
  const alternative = certificate.subjectAltName?.split(', ').filter((name) => name.startsWith('DNS:')).map((name) => name.slice(4)) ?? [];
  if (alternative.length > 0) return alternative;
  return certificate.subject?.split('\n').filter((line) => line.startsWith('CN=')).map((line) => line.slice(3)) ?? [];
}

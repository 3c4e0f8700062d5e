// The Secret with certificates that an annotation names, and why one can't be used. What is not there may come later, so it is
// another kind of finding than what is never carried out.

import type { FindingKind } from './finding.js';
import type { InspectCertificate } from './inspect-certificate.js';
import type { Secret } from './kubernetes-objects.js';
import { decodeSecret } from './plan-certificates.js';

/** The kind of the finding, and why: `Secret shop/ca …`. */
export interface SecretProblem {
  kind: FindingKind;
  problem: string;
}

/** `secrets`: of type kubernetes.io/tls, and of type Opaque. */
export function secretOf(key: string, secrets: readonly ReadonlyMap<string, Secret>[]): Secret | SecretProblem {
  return secrets.map((kind) => kind.get(key)).find((one) => one !== undefined)
    ?? { kind: 'secret-missing', problem: `Secret ${key} does not exist, or is neither of type kubernetes.io/tls nor Opaque` };
}

/** The authorities of a Secret that has `ca.crt`, with the lists of what these have revoked: left out, they would let go on who is locked out. */
export function inspectAuthorities(data: NonNullable<Secret['data']>, inspect: InspectCertificate): ReturnType<InspectCertificate> {
  const lists = data['ca.crl'];
  return inspect(decodeSecret(data['ca.crt']), undefined, lists === undefined ? undefined : decodeSecret(lists));
}

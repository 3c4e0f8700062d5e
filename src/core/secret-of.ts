// The Secret with certificates that an annotation names, and why one can't be used. What is not there may come later, so it is
// another kind of finding than what is never carried out.

import type { FindingKind } from './finding.js';
import type { Secret } from './kubernetes-objects.js';

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

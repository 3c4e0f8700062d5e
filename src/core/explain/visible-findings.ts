// Which findings are told, and with what added: from files nobody can know what the cluster has, and a name that is almost
// right gets the right one beside it.

import { type Finding, type FindingKind } from '../finding.js';
import type { Snapshot } from '../snapshot.js';
import type { Claim } from '../claim.js';
import type { Facts } from './facts.js';
import { suggestName } from './suggest-name.js';
import type { Reference } from '../resolve-reference.js';

/** What only a cluster can tell. */
const needsCluster: ReadonlySet<FindingKind> = new Set([
  'service-missing', 'service-port-missing', 'secret-missing', 'config-map-missing',
  'settings-missing', 'default-backend-missing', 'default-certificate-missing', 'publish-service-missing',
]);

/** Findings without those that nobody can know of from where the objects come. */
export function visibleFindings(findings: readonly Finding[], { fromFiles, secretsKnown }: Pick<Facts, 'fromFiles' | 'secretsKnown'>): Finding[] {
  return findings.filter(({ kind }) => !(fromFiles && needsCluster.has(kind)) && (secretsKnown || kind !== 'secret-missing'));
}

/** Every name that would be a class: IngressClasses, claims and their annotation values. */
export function classNames({ ingressClasses }: Pick<Snapshot, 'ingressClasses'>, claims: readonly Claim[]): Set<string> {
  return new Set([...ingressClasses.keys(), ...claims.flatMap((claim) => [claim.class, ...claim.annotationValues])]);
}

/** The class that a reference may have meant; undefined when there is none like it, or the reference is right. */
export function suggestClass(reference: Reference, known: ReadonlySet<string>): string | undefined {
  if (reference.by === 'nothing' || known.has(reference.value)) return undefined;
  return suggestName(reference.value, known);
}

// What is wrong in manifests, each thing at the place where its object is written, and who would own each Ingress. It asks no
// cluster, so it does not complain of Services and Secrets that are not in the files.

import { certificateInspector } from '../../controller/inspect-certificate.js';
import type { Claim } from '../../core/claim.js';
import { decide } from '../../core/decide.js';
import { classNames, suggestClass, visibleFindings } from '../../core/explain/visible-findings.js';
import { type Severity, quote } from '../../core/finding.js';
import { compareText } from '../../core/order.js';
import type { OwnerRule } from '../../core/resolve-owner.js';
import { type Position, type ReadManifests, renderPosition } from '../sources/read-manifests.js';

export interface PlacedFinding extends Partial<Position> {
  severity: Severity;
  code: string;
  object: string;
  message: string;
}

export interface LintedIngress extends Position {
  ingress: string;
  owner?: string;
  rule: OwnerRule;
}

export interface LintResult {
  ingresses: LintedIngress[];
  findings: PlacedFinding[];
  /** Files or objects that cannot be read; what they hold is not judged. */
  problems: (Position & { message: string })[];
}

/** The code of a finding that only files can have: one object written twice. */
const definedTwice = 'IA190';

/** Judges the objects of files as the controller with these claims would. */
export function lintManifests(manifests: ReadManifests, claims: readonly Claim[], now: number): LintResult {
  const { snapshot, positions, repetitions, problems } = manifests;
  const decision = decide(snapshot, claims, certificateInspector(() => now));
  const known = classNames(snapshot, claims);
  const place = (object: string): Partial<Position> => positions.get(object) ?? {};
  const findings = visibleFindings(decision.findings, { fromFiles: true, secretsKnown: false }).map(({ kind, code, severity, object, message }): PlacedFinding => {
    const reference = kind === 'unknown-class' ? decision.ownership.get(object.slice('Ingress '.length))?.reference : undefined;
    const suggestion = reference && suggestClass(reference, known);
    return { ...place(object), severity, code, object, message: suggestion === undefined ? message : `${message}; did you mean ${quote(suggestion)}?` };
  });
  const twice = repetitions.map(({ object, counts, ignored }): PlacedFinding => (
    { ...ignored, severity: 'warning', code: definedTwice, object, message: `is defined again at ${renderPosition(counts)}, which counts; remove one of the two` }));
  const ingresses = [...decision.ownership].map(([ingress, { owner, rule }]) => (
    { ...positions.get(`Ingress ${ingress}`)!, ingress, ...(owner !== undefined && { owner }), rule }));
  return { ingresses: ingresses.sort(byPlace), findings: [...findings, ...twice].sort(byPlace), problems };
}

function byPlace(a: Partial<Position>, b: Partial<Position>): number {
  return compareText(a.file ?? '\uffff', b.file ?? '\uffff') || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

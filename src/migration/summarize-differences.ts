// What we do otherwise than the controller that these annotations were written for, annotation by annotation: from the registry
// and its findings, whether or not a request has met it.

import type { Decided } from '../core/explain/facts.js';
import { visibleFindings } from '../core/explain/visible-findings.js';
import type { FindingKind, Severity } from '../core/finding.js';
import { compareText } from '../core/order.js';

export interface AnnotationDifference {
  annotation: string;
  code: string;
  severity: Severity;
  ingresses: string[];
  /** What is said of the first of them. */
  what: string;
}

const aboutAnnotations: ReadonlySet<FindingKind> = new Set(['invalid-annotation', 'unsupported-annotation', 'refused-annotation', 'protection-not-supported', 'unknown-annotation']);

/** By annotation and code; those of most Ingresses first. */
export function summarizeDifferences(decided: Decided, keys: readonly string[]): AnnotationDifference[] {
  const wanted = new Set(keys.map((key) => `Ingress ${key}`));
  const rows = new Map<string, AnnotationDifference>();
  for (const { kind, code, severity, object, message } of visibleFindings(decided.findings, decided)) {
    const annotation = /^annotation ([^\s:]+)/.exec(message)?.[1];
    if (!wanted.has(object) || !aboutAnnotations.has(kind) || annotation === undefined) continue;
    const row = rows.get(`${annotation} ${code}`) ?? { annotation, code, severity, ingresses: [], what: message };
    row.ingresses.push(object.slice('Ingress '.length));
    rows.set(`${annotation} ${code}`, row);
  }
  return [...rows.values()].sort((a, b) => b.ingresses.length - a.ingresses.length || compareText(a.annotation, b.annotation));
}

// How much of what the Ingresses of files ask for is carried out: per annotation, and for how many Ingresses everything is. Each
// Ingress is looked at as if it were served, whatever its class, by listeners that do all there is.

import { certificateInspector } from '../../controller/inspect-certificate.js';
import { claimOf } from '../../core/claim.js';
import { decide } from '../../core/decide.js';
import type { Finding, FindingKind } from '../../core/finding.js';
import type { Ingress } from '../../core/kubernetes-objects.js';
import { compareText } from '../../core/order.js';
import { classAnnotation } from '../../core/resolve-reference.js';
import type { Snapshot } from '../../core/snapshot.js';

const prefix = 'nginx.ingress.kubernetes.io/';

export interface AnnotationCount {
  annotation: string;
  ingresses: number;
  /** In how many of them it is carried out as written. */
  carriedOut: number;
  /** In how many it is not, and no harm is known. */
  ignored: number;
  /** In how many its route, or the whole Ingress, is not served for it, so that nothing is let through. */
  refused: number;
}

export interface AnnotationSummary {
  ingresses: number;
  /** Ingresses of which everything is carried out. */
  fullySupported: number;
  annotations: AnnotationCount[];
}

/** Findings that say something about the manifest itself, not about its class, its neighbours or the cluster. */
const aboutManifest = /^IA(?:12[0-3]|13[03]|15[0-9])$/;
const ignoring: ReadonlySet<FindingKind> = new Set(['unsupported-annotation', 'unknown-annotation']);

/** Counts over all Ingresses of a snapshot. */
export function summarizeAnnotations(snapshot: Snapshot, now: number): AnnotationSummary {
  const findings = findingsAsIfServed(snapshot, now);
  const counts = new Map<string, AnnotationCount>();
  let fullySupported = 0;
  for (const [key, ingress] of snapshot.ingresses) {
    const own = findings.filter(({ object, code }) => object === `Ingress ${key}` && aboutManifest.test(code));
    if (own.length === 0) fullySupported += 1;
    for (const name of annotationsOf(ingress)) countOne(counts, name, own);
  }
  const annotations = [...counts.values()].sort((a, b) => b.ingresses - a.ingresses || compareText(a.annotation, b.annotation));
  return { ingresses: snapshot.ingresses.size, fullySupported, annotations };
}

/** What is wrong with each Ingress when one class has them all. */
export function findingsAsIfServed(snapshot: Snapshot, now: number): Finding[] {
  const ingresses = new Map([...snapshot.ingresses].map(([key, ingress]) => [key, classless(ingress)]));
  return decide({ ...snapshot, ingresses, ingressClasses: new Map() }, [claimOf('lint', { claimClassless: true, sslPassthrough: true })], certificateInspector(() => now)).findings;
}

/** An Ingress that everything is read of: no class that could belong to somebody else. */
function classless({ metadata, spec = {}, ...rest }: Ingress): Ingress {
  return { ...rest, metadata: { ...metadata, annotations: { ...metadata.annotations, [classAnnotation]: '' } }, spec: { ...spec, ingressClassName: '' } };
}

function annotationsOf({ metadata }: Ingress): string[] {
  return Object.keys(metadata.annotations ?? {}).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}

function countOne(counts: Map<string, AnnotationCount>, annotation: string, findings: readonly Finding[]): void {
  const entry = counts.get(annotation) ?? { annotation, ingresses: 0, carriedOut: 0, ignored: 0, refused: 0 };
  counts.set(annotation, entry);
  entry.ingresses += 1;
  const about = findings.find((one) => namesAnnotation(one, annotation));
  if (about === undefined) entry.carriedOut += 1;
  else if (ignoring.has(about.kind)) entry.ignored += 1;
  else entry.refused += 1;
}

/** Findings of annotations begin with the annotation's name (see src/core/annotations). */
export function namesAnnotation({ message }: Pick<Finding, 'message'>, annotation: string): boolean {
  return message.startsWith(`annotation ${annotation} `) || message.startsWith(`annotation ${annotation}:`);
}

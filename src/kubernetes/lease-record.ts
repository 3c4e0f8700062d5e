// The content of a Lease, read with distrust and written exactly. Anybody who may write Leases may write nonsense, so no
// field here can make a claim last for ever, and no remote clock is believed: only that a record changed, never when.
import type { KubeObject, ObjectMeta } from './kube-object.js';
import { apiVersionOf } from './kube-object.js';
import { leases } from './resources.js';

export interface LeaseRecord {
  /** '' when nobody holds it. */
  holder: string;
  /** The epoch: grows with every change of holder. 0 when it was never held. */
  transitions: number;
  /** As stated by the holder; bounded by whoever uses it. */
  durationMs: number;
  /** Equal while the holder has done nothing; other fields of the object do not count as a sign of life. */
  sign: string;
}

export interface LeaseTerms {
  namespace: string;
  name: string;
  holder: string;
  durationSeconds: number;
  transitions: number;
  now: Date;
  /** Since when this holder has it; the same through all its renewals. */
  acquired: Date;
  marks?: LeaseMarks;
}

/** What a holder tells others about itself, in the Lease's metadata. */
export interface LeaseMarks {
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** The largest value that the API takes (int32). */
export const MAX_TRANSITIONS = 2_147_483_647;

export function readLease(lease: KubeObject): LeaseRecord {
  const spec = (typeof lease['spec'] === 'object' && lease['spec'] !== null ? lease['spec'] : {}) as Record<string, unknown>;
  const holder = typeof spec['holderIdentity'] === 'string' ? spec['holderIdentity'] : '';
  const transitions = wholeNumber(spec['leaseTransitions']);
  return {
    holder, transitions, durationMs: wholeNumber(spec['leaseDurationSeconds']) * 1000,
    sign: JSON.stringify([holder, spec['renewTime'] ?? '', spec['acquireTime'] ?? '', transitions]),
  };
}

/** The Lease as it is to be written; what others keep in it stays. */
export function buildLease(terms: LeaseTerms, over?: KubeObject): KubeObject {
  const spec = typeof over?.['spec'] === 'object' && over['spec'] !== null ? over['spec'] : {};
  return {
    ...over,
    apiVersion: apiVersionOf(leases), kind: leases.kind,
    metadata: marked(over?.metadata ?? { name: terms.name, namespace: terms.namespace }, terms.marks),
    spec: {
      ...spec,
      holderIdentity: terms.holder,
      leaseDurationSeconds: terms.durationSeconds,
      acquireTime: microTime(terms.acquired),
      renewTime: microTime(terms.now),
      leaseTransitions: terms.transitions,
    },
  };
}

function marked(metadata: ObjectMeta, marks: LeaseMarks | undefined): ObjectMeta {
  if (marks === undefined) return metadata;
  return { ...metadata, labels: { ...metadata.labels, ...marks.labels }, annotations: { ...metadata.annotations, ...marks.annotations } };
}

/** The API refuses anything but six digits after the point. */
export function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}

function wholeNumber(value: unknown): number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX_TRANSITIONS ? value : 0;
}

// The whole decision at once, for who has all objects and no memory: lint, explain, tests. It is the arbiter's, taken from
// nothing, so there is no second way to decide.

import type { ClassTable } from '../route-table/types.js';
import { type Arbiter, type ArbiterMemory, createArbiter } from './arbiter.js';
import type { Claim } from './claim.js';
import { type Finding, compareFindings } from './finding.js';
import type { InspectCertificate } from './inspect-certificate.js';
import { compareText } from './order.js';
import type { StatusWrite } from './plan-status.js';
import type { Ownership } from './resolve-owner.js';
import type { Snapshot } from './snapshot.js';

export interface Decision {
  /** By `namespace/name`: every Ingress of the snapshot. */
  ownership: Map<string, Ownership>;
  /** By class: what the engine is to serve. Every claim has one, if an empty one. */
  tables: Map<string, ClassTable>;
  statusWrites: StatusWrite[];
  /** Sorted, so that the order of events can't be seen in them. */
  findings: Finding[];
}

const kinds = ['ingressClasses', 'configMaps', 'namespaces', 'services', 'endpointSlices', 'secrets', 'ingresses'] as const;

export interface DecideOptions {
  /** ms since the epoch. */
  now?: number;
  /** What an arbiter remembers that has seen more than these objects. */
  memory?: ArbiterMemory;
}

/** Decides for all claims at once. `inspect` looks into certificates (see InspectCertificate). */
export function decide(snapshot: Snapshot, claims: readonly Claim[], inspect: InspectCertificate, { now = 0, memory }: DecideOptions = {}): Decision {
  const arbiter = createArbiter(claims, inspect);
  for (const kind of kinds) {
    for (const [key, object] of snapshot[kind]) arbiter.take(kind, key, object as never);
  }
  // After the objects, for taking one ends its grace.
  for (const [id, kept] of memory?.kept ?? []) arbiter.memory.kept.set(id, kept);
  for (const [key, writes] of memory?.foreignWrites ?? []) arbiter.memory.foreignWrites.set(key, writes);
  arbiter.settle(now);
  return decisionOf(arbiter);
}

/** What an arbiter has decided. */
export function decisionOf(arbiter: Arbiter): Decision {
  return {
    ownership: new Map([...arbiter.plans].map(([key, plan]) => [key, plan.ownership])),
    tables: new Map(arbiter.tables),
    statusWrites: [...arbiter.statusWrites.values()].sort((a, b) => compareText(a.ingress, b.ingress)),
    findings: arbiter.findings().sort(compareFindings),
  };
}

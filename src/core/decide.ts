// The whole decision at once, for who has all objects and no memory: lint, explain, tests. It is the arbiter's, taken from
// nothing, so there is no second way to decide.

import type { ClassTable } from '../route-table/types.js';
import { type Arbiter, type ArbiterMemory, createArbiter } from './arbiter.js';
import type { Claim } from './claim.js';
import { type Finding, compareFindings } from './finding.js';
import type { HandOver } from './hand-over/hand-over.js';
import type { Neighbour } from './hand-over/neighbours.js';
import type { RecordWrite } from './hand-over/settle-hand-overs.js';
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
  /** By `namespace/name`. */
  handOvers: Map<string, HandOver>;
  recordWrites: RecordWrite[];
  /** Sorted, so that the order of events can't be seen in them. */
  findings: Finding[];
}

const kinds = ['ingressClasses', 'configMaps', 'namespaces', 'services', 'endpointSlices', 'secrets', 'passwordSecrets', 'ingresses'] as const;

export interface DecideOptions {
  /** ms since the epoch. */
  now?: number;
  /** What an arbiter remembers that has seen more than these objects. */
  memory?: ArbiterMemory;
  /** Classes of ours that other processes claim. */
  neighbours?: readonly Neighbour[];
}

/** Decides for all claims at once. `inspect` looks into certificates (see InspectCertificate). */
export function decide(snapshot: Snapshot, claims: readonly Claim[], inspect: InspectCertificate, { now = 0, memory, neighbours = [] }: DecideOptions = {}): Decision {
  const arbiter = createArbiter(claims, inspect);
  for (const kind of kinds) {
    for (const [key, object] of snapshot[kind]) arbiter.take(kind, key, object as never);
  }
  // After the objects, for taking one ends its grace.
  for (const [name, remembered] of Object.entries(memory ?? {}) as [keyof ArbiterMemory, ReadonlyMap<string, unknown>][]) {
    for (const [key, value] of remembered) (arbiter.memory[name] as Map<string, unknown>).set(key, value);
  }
  arbiter.takeNeighbours(neighbours);
  arbiter.settle(now);
  return decisionOf(arbiter);
}

/** What an arbiter has decided. */
export function decisionOf(arbiter: Arbiter): Decision {
  return {
    ownership: new Map([...arbiter.plans].map(([key, plan]) => [key, plan.ownership])),
    tables: new Map(arbiter.tables),
    handOvers: new Map(arbiter.handOvers),
    recordWrites: [...arbiter.recordWrites.values()].sort((a, b) => compareText(a.ingress, b.ingress)),
    statusWrites: [...arbiter.statusWrites.values()].sort((a, b) => compareText(a.ingress, b.ingress)),
    findings: arbiter.findings().sort(compareFindings),
  };
}

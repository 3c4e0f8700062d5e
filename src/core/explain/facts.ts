// What explanations are made from: the objects, who claims what, and the decision that follows. Explanations are data; words
// are made of them elsewhere.

import type { ClassTable } from '../../route-table/types.js';
import { createArbiter } from '../arbiter.js';
import type { HandOver } from '../hand-over/hand-over.js';
import { toldAfterMs } from '../hand-over/blockers.js';
import type { Claim } from '../claim.js';
import type { Finding } from '../finding.js';
import type { InspectCertificate } from '../inspect-certificate.js';
import type { IngressPlan } from '../plan-ingress.js';
import type { Snapshot } from '../snapshot.js';

/** A class's Lease as the API shows it. */
export interface LeaseView {
  /** '' when nobody holds it. */
  holder: string;
  epoch: number;
  /** Milliseconds since the last sign of life by the clock of whoever asks; undefined when it cannot be told. */
  ageMs: number | undefined;
  durationMs: number;
}

export interface Facts {
  snapshot: Snapshot;
  claims: readonly Claim[];
  inspect: InspectCertificate;
  /** Milliseconds since the epoch. */
  now: number;
  /** By class. Undefined: not known, because nobody was asked. */
  leases: ReadonlyMap<string, LeaseView> | undefined;
  /** Objects come from files: what is not among them may exist all the same. */
  fromFiles: boolean;
  /** Whether a Secret that is not in the snapshot does not exist. */
  secretsKnown: boolean;
}

/** Facts and what is decided from them. */
export interface Decided extends Facts {
  plans: ReadonlyMap<string, IngressPlan>;
  tables: ReadonlyMap<string, ClassTable>;
  findings: readonly Finding[];
  /** Ingresses on their way from class to class. */
  handOvers: ReadonlyMap<string, HandOver>;
}

const kinds = ['ingressClasses', 'namespaces', 'services', 'endpointSlices', 'secrets', 'configMaps', 'ingresses'] as const;

/** Decides as the controller does, from nothing, and keeps what it was decided from. */
export function decideFacts(facts: Facts): Decided {
  const arbiter = createArbiter(facts.claims, facts.inspect);
  for (const kind of kinds) for (const [key, object] of facts.snapshot[kind]) arbiter.take(kind, key, object as never);
  arbiter.settle(facts.now);
  // What a hand-over waits for is told once it has lasted: whoever asks wants to know at once.
  arbiter.settle(facts.now + toldAfterMs);
  return { ...facts, plans: arbiter.plans, tables: arbiter.tables, handOvers: arbiter.handOvers, findings: arbiter.findings() };
}

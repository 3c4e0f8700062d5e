// What the arbiter holds between changes, and the index of who depends on what. It decides nothing.

import { type ClassContext, resolveClassContext } from './class-context.js';
import { type ClassState, createClassState } from './class-state.js';
import { type Claim, byClass } from './claim.js';
import { type Decision, emptyDecision } from './decision.js';
import { type DependencyIndex, createDependencyIndex } from './dependency-index.js';
import { type DueTimes, createDueTimes } from './due-times.js';
import type { Finding } from './finding.js';
import type { ForeignHistory } from './foreign-writes.js';
import type { HandOver } from './hand-over/hand-over.js';
import { type HandOverMemories, emptyHandOverMemories } from './hand-over/memory.js';
import type { KnownClass, Neighbour } from './hand-over/neighbours.js';
import type { HandOverQuestion } from './hand-over/ask-engines.js';
import type { RecordWrite } from './hand-over/settle-hand-overs.js';
import type { InspectCertificate, InspectedCertificate } from './inspect-certificate.js';
import type { KeptObjects } from './kept-objects.js';
import { type NamedConfigMaps, createNamedConfigMaps } from './named-config-maps.js';
import { type NamespaceBudgets, createNamespaceBudgets } from './namespace-budgets.js';
import type { IngressPlan } from './plan-ingress.js';
import type { Failure } from './plan-safely.js';
import type { StatusWrite } from './plan-status.js';
import { type SharedListeners, createSharedListeners } from './shared-listeners.js';
import { type Snapshot, type SnapshotObject, emptySnapshot } from './snapshot.js';

/** What can't be seen in the objects as they are: how it came to them. */
export interface ArbiterMemory extends HandOverMemories {
  kept: KeptObjects;
  foreignWrites: ForeignHistory;
  /** By key of a TLS Secret: the last pair of it that was good, for the time when it is broken. */
  lastGood: Map<string, InspectedCertificate>;
}

export interface ArbiterState {
  /** Of the last decision; ms since the epoch. */
  now: number;
  inspect: InspectCertificate;
  given: readonly Claim[];
  /** The claims as they are now, in the order of their classes. */
  claims: readonly Claim[];
  snapshot: { [Kind in keyof Snapshot]: Map<string, SnapshotObject<Kind>> };
  memory: ArbiterMemory;
  contexts: Map<string, ClassContext>;
  classes: Map<string, ClassState>;
  budgets: Map<string, NamespaceBudgets>;
  shared: SharedListeners;
  plans: Map<string, IngressPlan>;
  /** Those with findings in their plans: few, and asked for after every decision. */
  faulty: Set<string>;
  statusWrites: Map<string, StatusWrite>;
  /** Classes that other processes claim, as last told. */
  neighbours: readonly Neighbour[];
  /** Every class of ours, with its addresses as they are now. */
  known: ReadonlyMap<string, KnownClass>;
  /** By Ingress, as all of the following. */
  handOvers: Map<string, HandOver>;
  recordWrites: Map<string, RecordWrite>;
  /** Findings about the hand-over. */
  told: Map<string, readonly Finding[]>;
  /** What is to be asked of engines. */
  questions: Map<string, readonly HandOverQuestion[]>;
  /** When the hand-over has to be looked at though nothing happens; ms since the epoch. */
  due: DueTimes;
  /** Those with a record that can't be read. */
  unreadable: Set<string>;
  /** Those of whose next step it was told that it can not be found. */
  stepless: Set<string>;
  /** Ingresses by what they depend on: `<kind> <key>`, or `class <name>`. */
  dependents: DependencyIndex;
  /** Classes by what their contexts depend on. */
  contextsBy: DependencyIndex;
  /** EndpointSlices by Service. */
  slices: DependencyIndex;
  /** ConfigMaps that annotations name. */
  named: NamedConfigMaps;
  /** What has been decided since the last time that a decision was told. */
  decision: Decision;
  touched: {
    ingresses: Set<string>;
    /** Ingresses of which only the status may have to be written. */
    statuses: Set<string>;
    classes: Set<string>;
    /** Objects that have gone and are to be kept for their grace: `<kind> <key>`, and for how long. */
    keep: Map<string, number>;
    foreign: { key: string; class: string; by: string }[];
    /** Ingresses about which something was told that only their hand-over depends on. */
    handOvers: Set<string>;
    /** Ingresses whose next step, or what keeps them from it, may be another one. */
    steps: Set<string>;
    /** Classes that have lost an Ingress since the last decision. */
    left: Map<string, Set<string>>;
    /** Whether other classes, or their addresses, may have changed. */
    known: boolean;
    /** What went wrong and was not told yet. */
    failures: Failure[];
  };
}

/** Kinds by which a change reaches Ingresses, and the name of the dependency in their plans. */
export const reachedThrough = ['ingressClasses', 'namespaces', 'services', 'secrets', 'configMaps'] as const;

export function createArbiterState(given: readonly Claim[], inspect: InspectCertificate): ArbiterState {
  const claims = [...given].sort(byClass);
  const snapshot = emptySnapshot() as ArbiterState['snapshot'];
  const contexts = new Map(claims.map((claim) => [claim.class, resolveClassContext(claim, snapshot, inspect)]));
  const classes = new Map(claims.map((claim) => [claim.class, createClassState(claim)]));
  return {
    now: 0, inspect, snapshot, contexts, classes, given: claims,
    claims: [...contexts.values()].map(({ claim }) => claim),
    memory: { kept: new Map(), foreignWrites: new Map(), lastGood: new Map(), ...emptyHandOverMemories() },
    budgets: new Map(claims.map((claim) => [claim.class, createNamespaceBudgets()])),
    shared: createSharedListeners(claims, new Map([...classes].map(([name, { table }]) => [name, table]))),
    plans: new Map(), faulty: new Set(), statusWrites: new Map(),
    neighbours: [], known: new Map(), handOvers: new Map(), recordWrites: new Map(), questions: new Map(), told: new Map(), due: createDueTimes(), unreadable: new Set(), stepless: new Set(),
    dependents: createDependencyIndex(), contextsBy: createDependencyIndex(), slices: createDependencyIndex(), named: createNamedConfigMaps(claims),
    decision: emptyDecision(),
    touched: {
      ingresses: new Set(), statuses: new Set(), classes: new Set(claims.map((claim) => claim.class)), keep: new Map(), foreign: [],
      handOvers: new Set(), steps: new Set(), left: new Map(), known: true, failures: [],
    },
  };
}

/** The plans of an Ingress by the class that serves it: its owner, and who serves it besides. */
export function placedOf({ budgets }: Pick<ArbiterState, 'budgets'>, key: string): Map<string, IngressPlan> {
  const placed = new Map<string, IngressPlan>();
  for (const [name, budget] of budgets) {
    const plan = budget.planOf(key);
    if (plan !== undefined) placed.set(name, plan);
  }
  return placed;
}

/** Everything that depends on an object is to be looked at again. */
export function touchDependents({ dependents, contextsBy, touched }: ArbiterState, kind: keyof Snapshot, key: string): void {
  for (const ingress of dependents.dependentsOf(`${kind} ${key}`)) touched.ingresses.add(ingress);
  for (const name of contextsBy.dependentsOf(`${kind} ${key}`)) touched.classes.add(name);
}

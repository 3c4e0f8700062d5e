// What the arbiter holds between changes, and the index of who depends on what. It decides nothing.

import { type ClassContext, resolveClassContext } from './class-context.js';
import { type ClassState, createClassState } from './class-state.js';
import { type Claim, byClass } from './claim.js';
import { type DependencyIndex, createDependencyIndex } from './dependency-index.js';
import type { ForeignHistory } from './foreign-writes.js';
import type { InspectCertificate } from './inspect-certificate.js';
import type { KeptObjects } from './kept-objects.js';
import { type NamespaceBudgets, createNamespaceBudgets } from './namespace-budgets.js';
import type { IngressPlan } from './plan-ingress.js';
import type { StatusWrite } from './plan-status.js';
import { type SharedListeners, createSharedListeners } from './shared-listeners.js';
import { type Snapshot, type SnapshotObject, emptySnapshot } from './snapshot.js';

/** What can't be seen in the objects as they are: how it came to them. */
export interface ArbiterMemory {
  kept: KeptObjects;
  foreignWrites: ForeignHistory;
}

export interface ArbiterState {
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
  statusWrites: Map<string, StatusWrite>;
  /** Ingresses by what they depend on: `<kind> <key>`, or `class <name>`. */
  dependents: DependencyIndex;
  /** Classes by what their contexts depend on. */
  contextsBy: DependencyIndex;
  /** EndpointSlices by Service. */
  slices: DependencyIndex;
  touched: {
    ingresses: Set<string>;
    /** Ingresses of which only the status may have to be written. */
    statuses: Set<string>;
    classes: Set<string>;
    /** Objects that have gone and are to be kept for their grace: `<kind> <key>`, and for how long. */
    keep: Map<string, number>;
    foreign: { key: string; class: string; by: string }[];
  };
}

/** Kinds by which a change reaches Ingresses, and the name of the dependency in their plans. */
export const reachedThrough = ['ingressClasses', 'namespaces', 'services', 'secrets'] as const;

export function createArbiterState(given: readonly Claim[], inspect: InspectCertificate): ArbiterState {
  const claims = [...given].sort(byClass);
  const snapshot = emptySnapshot() as ArbiterState['snapshot'];
  const contexts = new Map(claims.map((claim) => [claim.class, resolveClassContext(claim, snapshot, inspect)]));
  const classes = new Map(claims.map((claim) => [claim.class, createClassState(claim)]));
  return {
    inspect, snapshot, contexts, classes, given: claims,
    claims: [...contexts.values()].map(({ claim }) => claim),
    memory: { kept: new Map(), foreignWrites: new Map() },
    budgets: new Map(claims.map((claim) => [claim.class, createNamespaceBudgets()])),
    shared: createSharedListeners(claims, new Map([...classes].map(([name, { table }]) => [name, table]))),
    plans: new Map(), statusWrites: new Map(),
    dependents: createDependencyIndex(), contextsBy: createDependencyIndex(), slices: createDependencyIndex(),
    touched: { ingresses: new Set(), statuses: new Set(), classes: new Set(claims.map((claim) => claim.class)), keep: new Map(), foreign: [] },
  };
}

/** Everything that depends on an object is to be looked at again. */
export function touchDependents({ dependents, contextsBy, touched }: ArbiterState, kind: keyof Snapshot, key: string): void {
  for (const ingress of dependents.dependentsOf(`${kind} ${key}`)) touched.ingresses.add(ingress);
  for (const name of contextsBy.dependentsOf(`${kind} ${key}`)) touched.classes.add(name);
}

export function setOrDelete<Value>(map: Map<string, Value>, key: string, value: Value | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

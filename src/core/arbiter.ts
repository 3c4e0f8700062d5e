// The core's memory between changes: it holds the objects, the plan of each Ingress and the table of each class, and
// recomputes what a changed object touches. Deterministic: the same objects give the same result, in whatever order they came.

import isEqual from 'lodash/isEqual.js';
import { type ClassState, createClassState } from './class-state.js';
import { type Claim, byClass } from './claim.js';
import { findDefaultClasses } from './default-class.js';
import { createDependencyIndex } from './dependency-index.js';
import { serviceNameLabel } from './build-endpoints.js';
import type { Finding } from './finding.js';
import type { InspectCertificate } from './inspect-certificate.js';
import type { EndpointSlice, Ingress } from './kubernetes-objects.js';
import { type IngressPlan, planIngress } from './plan-ingress.js';
import { type StatusWrite, planStatus } from './plan-status.js';
import { type Snapshot, type SnapshotObject, emptySnapshot } from './snapshot.js';

export interface ArbiterChanges {
  /** By class: keys of the entries of its table that are different now. Only classes with any. */
  entries: Map<string, Set<string>>;
  /** Keys of the Ingresses that were planned anew, or are gone. */
  ingresses: Set<string>;
}

export interface Arbiter {
  /** Takes an object as it is now; undefined: it is gone. Nothing is decided before settle. */
  take<Kind extends keyof Snapshot>(kind: Kind, key: string, object: SnapshotObject<Kind> | undefined): void;
  /** Decides what the objects taken since the last time have touched. Costs what they touch, not what exists. */
  settle(): ArbiterChanges;
  readonly snapshot: Snapshot;
  /** The plan of every Ingress, by key. */
  readonly plans: ReadonlyMap<string, IngressPlan>;
  /** What the engine is to serve, by class. The maps live on: they change with settle. */
  readonly tables: ReadonlyMap<string, ClassState['table']>;
  /** Wanted status writes by Ingress. */
  readonly statusWrites: ReadonlyMap<string, StatusWrite>;
  /** Everything that is wrong now, in no particular order. */
  findings(): Finding[];
}

/** Kinds by which a change reaches Ingresses, and the name of the dependency in their plans. */
const reachedThrough = ['ingressClasses', 'namespaces', 'services', 'secrets'] as const;
type ReachedThrough = (typeof reachedThrough)[number];

/** An arbiter for `claims`, in whatever order, that has seen nothing yet. */
export function createArbiter(given: readonly Claim[], inspect: InspectCertificate): Arbiter {
  const claims = [...given].sort(byClass);
  const snapshot = emptySnapshot() as { [Kind in keyof Snapshot]: Map<string, SnapshotObject<Kind>> };
  const plans = new Map<string, IngressPlan>();
  const statusWrites = new Map<string, StatusWrite>();
  const classes = new Map(claims.map((claim) => [claim.class, createClassState(claim)]));
  const dependents = createDependencyIndex();
  const slices = createDependencyIndex();
  const touched = new Set<string>();

  const touchDependents = (kind: ReachedThrough, key: string): void => {
    for (const ingress of dependents.dependentsOf(`${kind} ${key}`)) touched.add(ingress);
  };
  const touchSlice = (key: string, slice: EndpointSlice | undefined): void => {
    const before = serviceOf(snapshot.endpointSlices.get(key));
    const after = serviceOf(slice);
    for (const service of new Set([before, after])) {
      if (service !== undefined) for (const state of classes.values()) state.touchService(service);
    }
    slices.set(key, after === undefined ? [] : [after]);
  };
  const slicesOf = (service: string): EndpointSlice[] =>
    [...slices.dependentsOf(service)].sort().map((key) => snapshot.endpointSlices.get(key)!);

  const replan = (key: string): void => {
    const ingress = snapshot.ingresses.get(key);
    const before = plans.get(key);
    const plan = ingress === undefined ? undefined : planIngress(ingress, { claims, snapshot, inspect });
    const owner = plan?.ownership.owner;
    if (before?.ownership.owner !== undefined && before.ownership.owner !== owner) classes.get(before.ownership.owner)!.setPlan(key, undefined);
    if (owner !== undefined) classes.get(owner)!.setPlan(key, plan);
    dependents.set(key, plan === undefined ? [] : reachedThrough.flatMap((kind) => plan.dependsOn[kind].map((name) => `${kind} ${name}`)));
    setOrDelete(plans, key, plan);
    setOrDelete(statusWrites, key, ingress === undefined ? undefined : planStatus(ingress, owner, claims));
  };

  return {
    snapshot, plans, statusWrites,
    tables: new Map([...classes].map(([name, state]) => [name, state.table])),
    take(kind, key, object) {
      if (kind === 'ingresses') {
        const before = snapshot.ingresses.get(key);
        if (object === undefined || before === undefined || !sameWish(before, object as Ingress)) touched.add(key);
        else takeStatus(plans, statusWrites, claims, { key, ingress: object as Ingress });
      } else if (kind === 'endpointSlices') touchSlice(key, object as EndpointSlice | undefined);
      else touchDependents(kind === 'passwordSecrets' ? 'secrets' : kind as ReachedThrough, key);
      setOrDelete(snapshot[kind] as Map<string, unknown>, key, object);
    },
    settle() {
      const ingresses = new Set(touched);
      for (const key of touched) replan(key);
      touched.clear();
      const entries = new Map([...classes].map(([name, state]) => [name, state.settle(slicesOf)] as const).filter(([, keys]) => keys.size > 0));
      return { entries, ingresses };
    },
    findings: () => [
      ...findDefaultClasses(snapshot.ingressClasses),
      ...[...plans.values()].flatMap((plan) => plan.findings),
      ...[...classes.values()].flatMap((state) => state.findings()),
    ],
  };
}

/** Somebody wrote a status and nothing else: no plan changes, only whether the status is what it should be. */
function takeStatus(
  plans: Map<string, IngressPlan>, statusWrites: Map<string, StatusWrite>, claims: readonly Claim[], { key, ingress }: { key: string; ingress: Ingress },
): void {
  const plan = plans.get(key);
  if (plan === undefined) return;
  plans.set(key, { ...plan, ingress });
  setOrDelete(statusWrites, key, planStatus(ingress, plan.ownership.owner, claims));
}

function sameWish(a: Ingress, b: Ingress): boolean {
  return a.metadata.uid === b.metadata.uid && a.metadata.creationTimestamp === b.metadata.creationTimestamp &&
    isEqual(a.spec, b.spec) && isEqual(a.metadata.annotations, b.metadata.annotations);
}

function serviceOf(slice: EndpointSlice | undefined): string | undefined {
  const name = slice?.metadata.labels?.[serviceNameLabel];
  return name === undefined ? undefined : `${slice!.metadata.namespace}/${name}`;
}

function setOrDelete<Value>(map: Map<string, Value>, key: string, value: Value | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

// Takes one changed object into the arbiter's state and marks what it touches. Nothing is decided here.

import isEqual from 'lodash/isEqual.js';
import { type ArbiterState, touchDependents } from './arbiter-state.js';
import { serviceNameLabel } from './build-endpoints.js';
import { overwrittenBy } from './foreign-writes.js';
import { type KeptKind, defaultGraceMs } from './kept-objects.js';
import type { EndpointSlice, Ingress } from './kubernetes-objects.js';
import { setOrDelete } from './set-or-delete.js';
import type { Snapshot, SnapshotObject } from './snapshot.js';

/** The object as it is now; undefined: it is gone. */
export function takeObject<Kind extends keyof Snapshot>(state: ArbiterState, kind: Kind, key: string, object: SnapshotObject<Kind> | undefined): void {
  if (kind === 'ingresses') return takeIngress(state, key, object as Ingress | undefined);
  if (kind === 'ingressClasses' || kind === 'configMaps') {
    const grace = object === undefined ? graceOf(state, kind, key) : undefined;
    if (grace !== undefined) {
      // A grace that has begun goes on: it does not begin anew.
      if (!state.memory.kept.has(`${kind} ${key}`)) state.touched.keep.set(`${kind} ${key}`, grace);
      return;
    }
    state.touched.keep.delete(`${kind} ${key}`);
    state.memory.kept.delete(`${kind} ${key}`);
  }
  if (kind === 'services' && state.neighbours.some(({ publish }) => publish === key)) state.touched.known = true;
  if (kind === 'endpointSlices') touchSlice(state, key, object as EndpointSlice | undefined);
  else touchDependents(state, kind === 'passwordSecrets' ? 'secrets' : kind, key);
  setOrDelete(state.snapshot[kind] as Map<string, unknown>, key, object);
  forgetCertificate(state, `${kind} ${key}`, object);
}

/** Who deletes a Secret does not want it to be served any longer. */
function forgetCertificate({ memory }: ArbiterState, id: string, object: unknown): void {
  if (object === undefined && id.startsWith('secrets ')) memory.lastGood.delete(id.slice('secrets '.length));
}

/** For how long an object that has gone still counts; undefined: it does not. */
function graceOf(state: ArbiterState, kind: KeptKind, key: string): number | undefined {
  if (!state.snapshot[kind].has(key)) return undefined;
  const names = kind === 'configMaps'
    ? [...state.contextsBy.dependentsOf(`configMaps ${key}`)]
    : [...state.dependents.dependentsOf(`ingressClasses ${key}`)].some((ingress) => isHeldByField(state, ingress, key)) ? [key] : [];
  // Of another process's class it keeps what a hand-over goes to: nobody may stop because of a slip.
  if (kind === 'ingressClasses' && names.length === 0 && [...state.handOvers.values()].some(({ destination }) => destination === key)) return defaultGraceMs;
  const graces = state.given.filter((claim) => names.includes(claim.class)).map(({ deletedGraceMs = defaultGraceMs }) => deletedGraceMs);
  return graces.length === 0 ? undefined : Math.max(...graces);
}

function isHeldByField({ plans }: ArbiterState, ingress: string, name: string): boolean {
  const ownership = plans.get(ingress)?.ownership;
  return ownership?.owner === name && ownership.rule === 'field';
}

function takeIngress(state: ArbiterState, key: string, ingress: Ingress | undefined): void {
  const before = state.snapshot.ingresses.get(key);
  setOrDelete(state.snapshot.ingresses, key, ingress);
  state.named.set(key, ingress);
  const plan = state.plans.get(key);
  if (ingress !== undefined && plan?.speaksFor === true) {
    const owner = plan.ownership.owner ?? '';
    const by = overwrittenBy(before, ingress, state.contexts.get(owner)?.claim.addresses ?? []);
    if (by !== undefined) state.touched.foreign.push({ key, class: owner, by });
  }
  if (ingress === undefined || before === undefined || plan === undefined || !sameWish(before, ingress)) {
    state.touched.ingresses.add(key);
    return;
  }
  // Somebody wrote a status and nothing else: no plan changes, only whether the status is what it should be.
  // In the plan itself, which the classes have too: none of them keeps the object as it was before.
  plan.ingress = ingress;
  state.touched.statuses.add(key);
}

function sameWish(a: Ingress, b: Ingress): boolean {
  return a.metadata.uid === b.metadata.uid && a.metadata.creationTimestamp === b.metadata.creationTimestamp &&
    isEqual(a.spec, b.spec) && isEqual(a.metadata.annotations, b.metadata.annotations);
}

function touchSlice({ snapshot, classes, slices }: ArbiterState, key: string, slice: EndpointSlice | undefined): void {
  const before = serviceOf(snapshot.endpointSlices.get(key));
  const after = serviceOf(slice);
  for (const service of new Set([before, after])) {
    if (service !== undefined) for (const state of classes.values()) state.touchService(service);
  }
  slices.set(key, after === undefined ? [] : [after]);
}

function serviceOf(slice: EndpointSlice | undefined): string | undefined {
  const name = slice?.metadata.labels?.[serviceNameLabel];
  return name === undefined ? undefined : `${slice!.metadata.namespace}/${name}`;
}

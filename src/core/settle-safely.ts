// The steps of the arbiter that touch one object, each so that a bug of ours met there is noted and ends nothing. What is thrown
// goes on as data; what the step would have changed stays as it was, or is looked at as a whole.

import { type ArbiterState, touchDependents } from './arbiter-state.js';
import type { Claim } from './claim.js';
import { type ClassContext, resolveClassContext } from './class-context.js';
import type { ClassState } from './class-state.js';
import type { IngressPlan } from './plan-ingress.js';
import { planningFinding } from './plan-safely.js';
import { type StatusWrite, planStatus } from './plan-status.js';
import { readClassSettings } from './read-class-settings.js';
import { setOrDelete } from './set-or-delete.js';
import type { Snapshot, SnapshotObject } from './snapshot.js';
import { takeObject } from './take-object.js';

/** What `work` gives, or `instead` of it when it throws; the error is noted. */
export function safely<Result, Other>({ touched }: Pick<ArbiterState, 'touched'>, object: string, { work, instead }: { work: () => Result; instead: Other }): Result | Other {
  try {
    return work();
  } catch (error) {
    touched.failures.push({ object, error });
    return instead;
  }
}

/** An object that can not be taken as it should be is known all the same, and what depends on it is looked at. */
export function takeSafely<Kind extends keyof Snapshot>(state: ArbiterState, kind: Kind, key: string, object: SnapshotObject<Kind> | undefined): void {
  try {
    takeObject(state, kind, key, object);
  } catch (error) {
    setOrDelete(state.snapshot[kind] as Map<string, unknown>, key, object);
    if (kind === 'ingresses') state.touched.ingresses.add(key);
    else touchDependents(state, kind, key);
    state.touched.failures.push({ object: kind === 'ingresses' ? `Ingress ${key}` : `${kind} ${key}`, error });
  }
}

/** A class whose settings can not be found out keeps those that it has. */
export function contextSafely(state: ArbiterState, name: string, before: ClassContext): ClassContext {
  try {
    return resolveClassContext(state.given.find((claim) => claim.class === name)!, state.snapshot, state.inspect, state.memory.lastGood);
  } catch (error) {
    const object = `IngressClass ${name}`;
    state.touched.failures.push({ object, error });
    return { ...before, findings: [...before.findings.filter(({ kind }) => kind !== 'planning-failed'), planningFinding(object, 'kept')] };
  }
}

/** What a class that can not be read named before, it goes on naming. Nothing is noted: its context tells of it. */
export function parametersSafely({ snapshot, contexts }: ArbiterState, claim: Claim): string[] {
  try {
    return [readClassSettings(claim, snapshot).configMap ?? []].flat();
  } catch {
    return contexts.get(claim.class)!.dependsOn.filter((one) => one.startsWith('configMaps ')).map((one) => one.slice('configMaps '.length));
  }
}

/** An Ingress whose wishes can not be compared with those that it had is taken for a new one. */
export function setPlanSafely({ touched }: ArbiterState, one: ClassState, key: string, plan: IngressPlan | undefined): void {
  try {
    one.setPlan(key, plan);
  } catch (error) {
    touched.failures.push({ object: `Ingress ${key}`, error });
    one.setPlan(key, undefined);
    one.setPlan(key, plan);
  }
}

/** A status that can not be judged is left as it is. */
export function statusSafely({ claims, handOvers, touched }: ArbiterState, key: string, { ingress, ownership: { owner } }: IngressPlan): StatusWrite | undefined {
  try {
    return planStatus(ingress, owner, { claims, handOver: handOvers.get(key) });
  } catch (error) {
    touched.failures.push({ object: `Ingress ${key}`, error });
    return undefined;
  }
}

// Hand-overs among what an arbiter decides: which class tables an Ingress is in, beside its owner's, and what its record is
// to become. The views first, because tables follow from them; the steps last, because they depend on the tables.

import { type ArbiterState, placedOf, reachedThrough } from '../arbiter-state.js';
import { type Ingress, objectKey } from '../kubernetes-objects.js';
import type { IngressPlan } from '../plan-ingress.js';
import { planForSafely } from '../plan-safely.js';
import { shows } from '../publish-addresses.js';
import { setOrDelete } from '../set-or-delete.js';
import { safely } from '../settle-safely.js';
import { sharedAfter } from '../shared-values.js';
import { hasHost, speakingHost } from '../shard.js';
import { dueAfter, questionsAbout } from './ask-engines.js';
import { blockersOf, findingsAbout } from './blockers.js';
import { type Draining, drainEnd } from './drain-end.js';
import { type HandOver, recordProblem, viewHandOver } from './hand-over.js';
import { type HandOverMemory, factKey } from './memory.js';
import { type KnownClass, isOurs, knownClasses, sameClasses } from './neighbours.js';
import { type HandOverStep, type StepFacts, nextStep } from './next-record.js';
import { classesOf, renderHandOver } from './record.js';

/** A wanted change of the annotation of one Ingress. */
export interface RecordWrite {
  /** `namespace/name` of the Ingress. */
  ingress: string;
  step: HandOverStep['name'];
  /** Classes in whose name it may be written: the first one whose claim is held. */
  by: readonly string[];
  /** The annotation's text; undefined: it is to go. */
  text: string | undefined;
  /** Of the Ingress that it was decided from. */
  resourceVersion: string | undefined;
}

/** Who is known has changed: looks again at every Ingress for which that can make a difference. */
export function settleKnown(state: ArbiterState): void {
  state.touched.known = false;
  const work = (): ReadonlyMap<string, KnownClass> => knownClasses(state.claims, state.neighbours, state.snapshot.services);
  const known = safely(state, 'the classes that are known', { work, instead: state.known });
  if (sameClasses(known, state.known)) return;
  state.known = known;
  for (const [key, { ingress, ownership: { owner } }] of state.plans) {
    const home = owner === undefined ? undefined : known.get(owner)?.addresses;
    if (home === undefined || state.handOvers.has(key) || !safely(state, `Ingress ${key}`, { work: () => shows(ingress, home), instead: false })) state.touched.handOvers.add(key);
  }
}

/** Brings the touched Ingresses of `keys` into the tables of all classes that are to serve them. */
export function settleViews(state: ArbiterState, keys: Iterable<string>, now: number): void {
  const { touched, plans } = state;
  for (const key of keys) {
    const plan = plans.get(key);
    // What can't be seen anew is seen as before: a class that still has requests goes on.
    safely(state, `Ingress ${key}`, { work: () => settleView(state, key, { plan, now }), instead: undefined });
    place(state, key, plan);
  }
  touched.left.clear();
}

function settleView(state: ArbiterState, key: string, { plan, now }: { plan: IngressPlan | undefined; now: number }): void {
  const left = leftOf(state, key, plan?.ingress);
  const view = plan === undefined ? undefined : viewHandOver(plan.ingress, plan.ownership.owner, left, state);
  remember(state, key, { view, left, now });
  if (view !== undefined || state.handOvers.has(key)) state.touched.steps.add(key);
  setOrDelete(state.handOvers, key, view);
}

/** What left a class here: now or before, or by a record that can't be read any more. */
function leftOf({ touched, memory, handOvers, claims, known }: ArbiterState, key: string, ingress: Ingress | undefined): string[] {
  const before = handOvers.get(key);
  const forgotten = ingress !== undefined && before?.written === true && recordProblem(ingress) !== undefined
    ? [...before.record.from, ...(before.destination === before.record.to ? [before.record.to] : [])].filter((name) => claims.some((claim) => claim.class === name)) : [];
  // A class that has not even begun to take over is not left.
  const lost = [...touched.left.get(key) ?? []].filter((name) => known.has(name) && (before === undefined || before.written || before.record.to !== name));
  return classesOf([...(memory.handOvers.get(key)?.left ?? []), ...lost, ...forgotten]);
}

function remember(state: ArbiterState, key: string, { view, left, now }: { view: HandOver | undefined; left: readonly string[]; now: number }): void {
  const { memory } = state;
  if (view === undefined) return forget(state, key);
  const { phase, written, destination } = view;
  const before = memory.handOvers.get(key);
  const next: HandOverMemory = {
    left: written ? view.left : destination === undefined ? [] : left, phase, since: before?.phase === phase ? before.since : now,
  };
  if (phase === 'draining' && !isStillShown(state, key, view)) next.drainsSince = before?.drainsSince ?? now;
  if (before?.step !== undefined) next.step = before.step;
  memory.handOvers.set(key, next);
}

function forget({ memory, claims }: ArbiterState, key: string): void {
  if (!memory.handOvers.delete(key)) return;
  for (const { class: name } of claims) for (const facts of [memory.served, memory.traffic]) facts.delete(factKey(name, key));
}

/** Whether the status shows the address of a class that drains, though the class that has taken over has one to show. */
function isStillShown({ plans, known }: ArbiterState, key: string, { record }: HandOver): boolean {
  const { ingress } = plans.get(key)!;
  const next = known.get(record.to)?.addresses ?? [];
  if (next.length === 0 || shows(ingress, next)) return false;
  return record.from.some((name) => shows(ingress, known.get(name)?.addresses ?? []) && (known.get(name)?.addresses ?? []).length > 0);
}

/** The tables that an Ingress is in, by class: its owner's plan, and one for each class that serves it besides. */
function place(state: ArbiterState, key: string, plan: IngressPlan | undefined): void {
  const { budgets, handOvers, dependents } = state;
  const before = placedOf(state, key);
  const after = plan === undefined ? new Map<string, IngressPlan>() : plansOf(state, key, { plan, before });
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    if (before.get(name)?.wants !== after.get(name)?.wants) budgets.get(name)!.setPlan(key, after.get(name));
  }
  dependents.set(key, plan === undefined ? [] : dependenciesOf(plan, after, handOvers.get(key)));
}

function plansOf(state: ArbiterState, key: string, { plan, before }: { plan: IngressPlan; before: ReadonlyMap<string, IngressPlan> }): Map<string, IngressPlan> {
  const { handOvers, touched, claims } = state;
  const { ingress, ownership } = plan;
  const planned = (name: string): IngressPlan => {
    const as = { ownership, claim: claims.find((claim) => claim.class === name) };
    const { plan: one, failure } = planForSafely(ingress, key, { as, context: { ...state, lastGood: state.memory.lastGood }, before: { before: plan, placed: before } });
    if (failure !== undefined) touched.failures.push(failure);
    return one;
  };
  const plans = new Map<string, IngressPlan>(ownership.owner === undefined ? [] : [[ownership.owner, plan]]);
  for (const name of handOvers.get(key)?.serving.filter((one) => one !== ownership.owner) ?? []) {
    const known = before.get(name);
    // An Ingress that only its status has changed of asks for the same as before.
    const same = known !== undefined && known.ownership === ownership && !touched.ingresses.has(key);
    plans.set(name, same ? known : planned(name));
  }
  return plans;
}

const dependency = { ingressClasses: sharedAfter('ingressClasses'), namespaces: sharedAfter('namespaces'), services: sharedAfter('services'), secrets: sharedAfter('secrets'), configMaps: sharedAfter('configMaps') };
const ofClass = sharedAfter('class');

function dependenciesOf(plan: IngressPlan, placed: ReadonlyMap<string, IngressPlan>, view: HandOver | undefined): string[] {
  const all = new Set<string>();
  // That of the owner is the plan itself.
  for (const { dependsOn } of new Set([plan, ...placed.values()])) {
    for (const kind of reachedThrough) for (const name of dependsOn[kind]) all.add(dependency[kind](name));
  }
  for (const name of [...plan.classes, ...placed.keys()]) all.add(ofClass(name));
  // A class that its record names may come to refuse its namespace, or to take it again.
  for (const name of view === undefined ? [] : [...view.record.from, view.record.to]) all.add(dependency.ingressClasses(name)).add(ofClass(name));
  return [...all];
}

/** Something that the next step depends on, and the Ingress itself does not, is other than it was: `Ingress <key>`, or what is no Ingress. */
export function touchStep({ handOvers, touched }: ArbiterState, object: string): void {
  const key = object.slice('Ingress '.length);
  if (handOvers.has(key)) touched.steps.add(key);
}

/** Something that all next steps depend on is other than it was. */
export function touchSteps({ handOvers, touched }: ArbiterState): void {
  for (const key of handOvers.keys()) touched.steps.add(key);
}

/**
 * What is to be written into the records now, of the hand-overs that were touched or are due. After the tables, for what is
 * not in them is not served. Returns the Ingresses that were looked at.
 */
export function settleSteps(state: ArbiterState, now: number): Set<string> {
  const { handOvers, stepless, touched, due } = state;
  const looked = touched.steps;
  touched.steps = new Set();
  for (const key of due.take(now)) looked.add(key);
  for (const key of looked) {
    const view = handOvers.get(key);
    try {
      settleStep(state, key, { view, now });
      stepless.delete(key);
    } catch (error) {
      // Without a step the record stays, and so does what is served. It is told once, however often it is looked for.
      state.recordWrites.delete(key);
      if (!stepless.has(key)) touched.failures.push({ object: `Ingress ${key}`, error });
      stepless.add(key);
    }
    setOrDelete(state.questions, key, view && questionsAbout(state, key, view));
    setOrDelete(state.told, key, view && findingsAbout(state, key, { view, now }));
    due.set(key, view && dueAfter(state, key, { view, now }));
  }
  return looked;
}

function settleStep(state: ArbiterState, key: string, { view, now }: { view: HandOver | undefined; now: number }): void {
  const { recordWrites, memory } = state;
  if (view === undefined) {
    recordWrites.delete(key);
    return;
  }
  const { step: before, ...rest } = memory.handOvers.get(key)!;
  const step = steadyStep(state, key, { view, before, now });
  memory.handOvers.set(key, step === undefined ? rest : { ...rest, step: { name: step.name, since: step.since } });
  setOrDelete(recordWrites, key, step && writeOf(state.plans.get(key)!.ingress, step));
}

/** What it writes tells when it was first wanted, so that the same decision is the same text. */
function steadyStep(state: ArbiterState, key: string, { view, before, now }: { view: HandOver; before: HandOverMemory['step']; now: number }): HandOverStep & { since: number } | undefined {
  const facts = factsOf(state, key, { view, now });
  const stepAt = (since: number): HandOverStep | undefined => nextStep(view, { ...facts, now: new Date(since).toISOString() });
  const step = stepAt(now);
  if (step === undefined || before?.name !== step.name) return step && { ...step, since: now };
  return { ...stepAt(before.since)!, since: before.since };
}

function writeOf({ metadata }: Ingress, { name, by, record }: HandOverStep): RecordWrite {
  return {
    ingress: objectKey({ metadata }), step: name, by, text: record === undefined ? undefined : renderHandOver(record), resourceVersion: metadata.resourceVersion,
  };
}

function factsOf(state: ArbiterState, key: string, { view, now }: { view: HandOver; now: number }): Omit<StepFacts, 'now'> {
  const { ingress } = state.plans.get(key)!;
  const own = state.claims.filter((claim) => claim.observe !== true && hasHost(claim.shard, speakingHost(ingress))).map((claim) => claim.class);
  const { to, from } = view.record;
  const fact = state.memory.served.get(factKey(to, key));
  const served = own.includes(to) && fact !== undefined && 'since' in fact && blockersOf(state, key, to).length === 0;
  const memory = state.memory.handOvers.get(key)!;
  const drained = from.filter((name) => own.includes(name) && (view.refusing.includes(name) || isDrained(state, { key, name, memory, now })));
  return { own, served, drained, isOurs: (name) => isOurs(name, state.known, state.snapshot) };
}

function isDrained(state: ArbiterState, { now, ...draining }: Draining & { now: number }): boolean {
  const end = drainEnd(state, draining);
  return end !== undefined && end <= now;
}

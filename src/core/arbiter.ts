// The core's memory between changes: it holds the objects, the plan of each Ingress and the table of each class, and
// recomputes what a changed object touches. Deterministic: the same objects give the same result, in whatever order they
// came; what depends on how they came (a grace, somebody else's writes) is in its memory, which can be handed on.

import isEqual from 'lodash/isEqual.js';
import { type ArbiterMemory, type ArbiterState, createArbiterState, placedOf, touchDependents } from './arbiter-state.js';
import { type ClassContext, defaultsKey } from './class-context.js';
import type { ClassState } from './class-state.js';
import type { Claim } from './claim.js';
import { type Decision, addEntries, emptyDecision, firstOf } from './decision.js';
import { findDefaultClasses } from './default-class.js';
import type { Finding } from './finding.js';
import { foreignFinding, isForgotten, isPaused, nextChange, noteForeignWrite } from './foreign-writes.js';
import { handOverFindings } from './hand-over/blockers.js';
import { type HandOver, recordProblem } from './hand-over/hand-over.js';
import type { ServedFact, TrafficFact } from './hand-over/memory.js';
import type { Neighbour } from './hand-over/neighbours.js';
import { type HandOverQuestion, takeFact } from './hand-over/ask-engines.js';
import { type RecordWrite, settleKnown, settleSteps, settleViews, touchStep, touchSteps } from './hand-over/settle-hand-overs.js';
import type { InspectCertificate } from './inspect-certificate.js';
import { type KeptKind, expire, keptFinding } from './kept-objects.js';
import { type EndpointSlice, objectKey } from './kubernetes-objects.js';
import type { IngressPlan } from './plan-ingress.js';
import { type Failure, type SafePlan, planSafely } from './plan-safely.js';
import type { StatusWrite } from './plan-status.js';
import { type IngressWrite, type Review, reviewIngress } from './review-ingress.js';
import { setOrDelete } from './set-or-delete.js';
import { contextSafely, parametersSafely, safely, setPlanSafely, statusSafely, takeSafely } from './settle-safely.js';
import type { Snapshot, SnapshotObject } from './snapshot.js';

export type { ArbiterMemory } from './arbiter-state.js';
export type { HandOverQuestion } from './hand-over/ask-engines.js';

export interface ArbiterChanges extends Decision {
  /** Keys of the Ingresses whose hand-over was looked at, or is over: of no others the phase, the questions or the wanted record is another one. */
  handOvers: ReadonlySet<string>;
  /** Statuses that somebody else has overwritten, each time: the class that had written them, and who it was. */
  foreignWrites: readonly { key: string; class: string; by: string }[];
  /** Bugs of ours that were met, each told once: what they concern has a finding, and stays as it was or is closed. */
  failures: readonly Failure[];
  /** When something changes by itself: settle is to be called again then. ms since the epoch. */
  wakeAt: number | undefined;
}

export interface Arbiter {
  /** Takes an object as it is now; undefined: it is gone. Nothing is decided before settle. */
  take<Kind extends keyof Snapshot>(kind: Kind, key: string, object: SnapshotObject<Kind> | undefined): void;
  /**
   * Decides what the objects taken since the last time, and the time, have touched. Costs what they touch, not what exists.
   * `now`: ms since the epoch; never goes back.
   */
  settle(now: number): ArbiterChanges;
  /**
   * The same for `most` Ingresses at most. Undefined: there are more, and until they are decided as well tables and all else are of no
   * use to anybody, since one Ingress may have lost what another one is yet to get. What is taken meanwhile is decided along.
   */
  settleSome(now: number, most: number): ArbiterChanges | undefined;
  /** The objects that count: as they were taken, and those that were deleted and are kept for their grace. */
  readonly snapshot: Snapshot;
  readonly memory: ArbiterMemory;
  /** The plan of every Ingress, by key. */
  readonly plans: ReadonlyMap<string, IngressPlan>;
  /** What the engine is to serve, by class. The maps live on: they change with settle. */
  readonly tables: ReadonlyMap<string, ClassState['table']>;
  /** Each claim's addresses and settings as they are now. */
  readonly contexts: ReadonlyMap<string, ClassContext>;
  /** Keys of the ConfigMaps that the IngressClasses as they were taken name as parameters: what has to be taken as well. */
  parameters(): string[];
  /** Keys of those that annotations of Ingresses name, as far as they are read: to be taken as well, soon. */
  namedConfigMaps(): readonly string[];
  /** Wanted status writes by Ingress. */
  readonly statusWrites: ReadonlyMap<string, StatusWrite>;
  /** Ingresses on their way from class to class, as this process sees them. */
  readonly handOvers: ReadonlyMap<string, HandOver>;
  /** Wanted writes of their records. */
  readonly recordWrites: ReadonlyMap<string, RecordWrite>;
  /** Takes the classes of ours that other processes claim, all of them. */
  takeNeighbours(neighbours: readonly Neighbour[]): void;
  /**
   * Takes what is known of the engines about one Ingress in one class (see HandOverQuestion); undefined: nothing any more.
   * Returns whether it is another fact than before, so that there is something to decide.
   */
  takeServed(className: string, ingress: string, fact: ServedFact | undefined): boolean;
  takeTraffic(className: string, ingress: string, fact: TrafficFact | undefined): boolean;
  /** What each hand-over depends on and nobody but the engines can tell, by Ingress. */
  readonly questions: ReadonlyMap<string, readonly HandOverQuestion[]>;
  /** What would become of an Ingress if it were written as it is given. Changes nothing. */
  review(write: IngressWrite): Review;
  /** Everything that is wrong now, in no particular order. */
  findings(): Finding[];
}

/** An arbiter for `claims`, in whatever order, that has seen nothing yet. */
export function createArbiter(claims: readonly Claim[], inspect: InspectCertificate): Arbiter {
  const state = createArbiterState(claims, inspect);
  const { snapshot, plans, statusWrites, classes, contexts, budgets, shared } = state;
  return {
    snapshot, plans, statusWrites, contexts, memory: state.memory,
    tables: new Map([...classes].map(([name, { table }]) => [name, table])),
    take: (kind, key, object) => takeSafely(state, kind, key, object),
    settle: (now) => settle(state, now, Infinity)!,
    settleSome: (now, most) => settle(state, now, most),
    handOvers: state.handOvers, recordWrites: state.recordWrites,
    takeNeighbours(neighbours) {
      if (neighbours === state.neighbours) return;
      state.neighbours = neighbours;
      state.touched.known = true;
      touchSteps(state);
    },
    takeServed: (name, key, fact) => takeFact(state, state.memory.served, { name, key, fact }),
    takeTraffic: (name, key, fact) => takeFact(state, state.memory.traffic, { name, key, fact }),
    questions: state.questions,
    parameters: () => state.given.flatMap((claim) => parametersSafely(state, claim)),
    namedConfigMaps: () => state.named.keys(),
    review: (write) => reviewIngress(write, { claims: state.claims, snapshot, inspect, askers: (name, entry) => classes.get(name)?.askers(entry) ?? [] }),
    findings: () => [
      ...findDefaultClasses(snapshot.ingressClasses),
      ...[...state.memory.kept.values()].map(keptFinding),
      ...[...contexts.values()].flatMap((context) => context.findings),
      ...[...state.faulty].flatMap((key) => plans.get(key)!.findings),
      ...[...budgets].flatMap(([name, budget]) => ofOwner(plans, name, budget.findings())),
      // Those of a class's own defaults are about no Ingress.
      ...[...classes].flatMap(([name, one]) => ofOwner(plans, name, one.findings())).filter(({ object }) => !/^Ingress .*\/$/.test(object)),
      ...[...classes.keys()].flatMap((name) => ofOwner(plans, name, shared.findings(name))),
      ...[...state.memory.foreignWrites].flatMap(([key, writes]) => foreignFinding(key, writes)),
      ...handOverFindings(state),
    ],
  };
}

/** What is wrong with an Ingress in a class that serves it for a hand-over only is that hand-over's matter. */
function ofOwner(plans: ArbiterState['plans'], name: string, findings: readonly Finding[]): Finding[] {
  return findings.filter(({ object }) => {
    const plan = object.startsWith('Ingress ') ? plans.get(object.slice('Ingress '.length)) : undefined;
    return plan === undefined || plan.ownership.owner === name;
  });
}

/** Each slice is a whole decision about some of the Ingresses: what depends on what is known when it is over. */
function settle(state: ArbiterState, now: number, most: number): ArbiterChanges | undefined {
  state.now = now;
  const { touched, classes, budgets, decision } = state;
  settleKept(state, now);
  settleContexts(state);
  if (touched.known) settleKnown(state);
  const looked = [touched.ingresses, touched.statuses, touched.handOvers];
  const slice = firstOf(looked, most);
  for (const key of slice) if (touched.ingresses.has(key)) replan(state, key);
  settleViews(state, slice, now);
  for (const key of slice) for (const set of looked) set.delete(key);
  const isLast = looked.every((set) => set.size === 0);
  const foreignWrites = isLast ? touched.foreign.splice(0) : [];
  settleStatuses(state, isLast ? [...slice, ...settleForeign(state, foreignWrites, now)] : slice, now);
  const slicesOf = (service: string): EndpointSlice[] =>
    [...state.slices.dependentsOf(service)].sort().map((key) => state.snapshot.endpointSlices.get(key)!);
  const entries = new Map<string, Set<string>>();
  const failed = (failure: Failure): void => { touched.failures.push(failure); };
  const told = (object: string): void => touchStep(state, object);
  for (const [name, one] of classes) {
    for (const [key, plan] of budgets.get(name)!.settle(failed)) {
      setPlanSafely(state, one, key, plan);
      told(`Ingress ${key}`);
    }
    const keys = one.settle(slicesOf, failed, told);
    if (keys.size > 0) entries.set(name, keys);
  }
  state.shared.settle(entries, failed, told);
  addEntries(decision, entries);
  if (!isLast) return undefined;
  const handOvers = settleSteps(state, now);
  state.decision = emptyDecision();
  return { ...decision, handOvers, foreignWrites, failures: touched.failures.splice(0), wakeAt: wakeAt(state, now) };
}

/** Lets go of what was kept long enough, and begins the grace of what has gone since. */
function settleKept(state: ArbiterState, now: number): void {
  const { kept } = state.memory;
  for (const { kind, key } of expire(kept, now)) {
    state.snapshot[kind].delete(key);
    touchDependents(state, kind, key);
  }
  for (const [id, graceMs] of state.touched.keep) {
    const [kind, key] = id.split(' ') as [KeptKind, string];
    kept.set(id, { kind, key, until: now + graceMs });
  }
  state.touched.keep.clear();
}

/** The classes themselves: their settings touch their Ingresses, their addresses only the statuses. */
function settleContexts(state: ArbiterState): void {
  const { touched, contexts } = state;
  for (const name of touched.classes) {
    const before = contexts.get(name)!;
    const after = contextSafely(state, name, before);
    contexts.set(name, after);
    state.contextsBy.set(name, after.dependsOn);
    state.budgets.get(name)!.setLimits(after.claim.settings);
    state.classes.get(name)!.setPlan(defaultsKey, after.defaults);
    if (!isEqual(before.claim.settings, after.claim.settings)) {
      for (const key of state.dependents.dependentsOf(`class ${name}`)) touched.ingresses.add(key);
    }
    // Also those of nobody: they may show the address that is ours from now on, or no more.
    if (!isEqual(before.claim.addresses, after.claim.addresses)) {
      const concerned = [...state.plans].filter(([, { ownership: { owner } }]) => owner === name || owner === undefined);
      for (const [key] of concerned) touched.statuses.add(key);
    }
  }
  if (touched.classes.size > 0) {
    state.claims = [...contexts.values()].map(({ claim }) => claim);
    touched.known = true;
    touchSteps(state);
  }
  touched.classes.clear();
}

/** Plans one Ingress anew; notes when it has come to a class. */
function replan(state: ArbiterState, key: string): void {
  const { snapshot, plans, claims, inspect, touched, decision } = state;
  const ingress = snapshot.ingresses.get(key);
  const before = plans.get(key);
  const lost = before?.ownership.owner;
  const context = { claims, snapshot, inspect, lastGood: state.memory.lastGood };
  const { plan, failure }: Partial<SafePlan> = ingress === undefined ? {} : planSafely(ingress, key, context, { before, placed: placedOf(state, key) });
  if (failure !== undefined) touched.failures.push(failure);
  const owner = plan?.ownership.owner;
  if (lost !== owner) noteLeft(touched.left, before, plan);
  keepPlan(state, key, plan);
  const problem = ingress && safely(state, `Ingress ${key}`, { work: () => recordProblem(ingress), instead: undefined });
  if (problem !== undefined) state.unreadable.add(key);
  else state.unreadable.delete(key);
  decision.ingresses.add(key);
  if (owner !== undefined && owner !== lost && plan!.speaksFor) decision.taken.push({ ingress: key, class: owner });
}

function keepPlan({ plans, faulty }: ArbiterState, key: string, plan: IngressPlan | undefined): void {
  setOrDelete(plans, key, plan);
  if (plan !== undefined && plan.findings.length > 0) faulty.add(key);
  else faulty.delete(key);
}

/** A class has lost an Ingress that goes on to exist: it may have to be handed over. */
function noteLeft(left: Map<string, Set<string>>, before: IngressPlan | undefined, after: IngressPlan | undefined): void {
  const lost = before?.ownership.owner;
  if (lost === undefined || after === undefined || before!.ingress.metadata.uid !== after.ingress.metadata.uid) return;
  const key = objectKey(after.ingress);
  left.set(key, (left.get(key) ?? new Set()).add(lost));
}

/** Notes who overwrote what, and forgets what is long ago. Returns the Ingresses whose status may be another matter now. */
function settleForeign({ plans, memory: { foreignWrites } }: ArbiterState, foreign: ArbiterChanges['foreignWrites'], now: number): string[] {
  for (const { key, class: name, by } of foreign) noteForeignWrite(foreignWrites, key, { class: name, by, now });
  const concerned = [...foreignWrites.keys()];
  for (const [key, writes] of foreignWrites) {
    if (isForgotten(writes, now) || plans.get(key)?.ownership.owner !== writes.class) foreignWrites.delete(key);
  }
  return concerned;
}

function settleStatuses(state: ArbiterState, keys: Iterable<string>, now: number): void {
  const { plans, statusWrites, memory: { foreignWrites }, decision } = state;
  for (const key of keys) {
    decision.statuses.add(key);
    const plan = plans.get(key);
    const paused = isPaused(foreignWrites.get(key), now);
    setOrDelete(statusWrites, key, plan === undefined || paused ? undefined : statusSafely(state, key, plan));
  }
}

function wakeAt(state: ArbiterState, now: number): number | undefined {
  const { memory: { kept, foreignWrites }, due } = state;
  const times = [...[...kept.values()].map(({ until }) => until), ...[...foreignWrites.values()].map((writes) => nextChange(writes, now)), due.next() ?? Infinity];
  const first = times.reduce((a, b) => Math.min(a, b));
  return first === Infinity ? undefined : first;
}

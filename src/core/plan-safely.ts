// Planning one Ingress must never end the process or harm others, so what is thrown there, a bug of ours, becomes a finding of
// that Ingress. What was served of it before stays where that is no less strict than what it asks for now; else it is closed,
// and without anything before it gets no route. The error goes on as data, for the log.

import isEqual from 'lodash/isEqual.js';
import omit from 'lodash/omit.js';
import { passthroughKey } from '../route-table/entry-keys.js';
import { type BuiltEntry, type EndpointSource, buildEntry } from './build-entry.js';
import { closeWants } from './close-wants.js';
import { type Finding, finding } from './finding.js';
import { handOverAnnotation } from './hand-over/record.js';
import { type Ingress, objectKey } from './kubernetes-objects.js';
import { type IngressPlan, type Notes, type PlannedAs, type PlanningContext, type Want, planFor, planIngress } from './plan-ingress.js';
import { type Ownership, resolveOwner } from './resolve-owner.js';
import { classAnnotation } from './resolve-reference.js';

/** Something of ours that went wrong about one object. */
export interface Failure {
  /** `Ingress shop/web`. */
  object: string;
  error: unknown;
}

export interface SafePlan {
  plan: IngressPlan;
  failure?: Failure;
}

export interface PlansBefore {
  /** The plan that the Ingress had, good or not. */
  before: IngressPlan | undefined;
  /** By class, those that were served. */
  placed: ReadonlyMap<string, IngressPlan> | undefined;
}

/** The plan of an Ingress, or what takes its place. */
export function planSafely(ingress: Ingress, key: string, context: PlanningContext, before: PlansBefore): SafePlan {
  const notes: Notes = { findings: [], services: [], secrets: [], configMaps: [] };
  try {
    return { plan: planIngress(ingress, context, notes) };
  } catch (error) {
    const ownership = ownershipOf(ingress, context) ?? before.before?.ownership ?? { rule: 'planning-failed', reference: { by: 'nothing' }, findings: [] };
    return { plan: planInstead(ingress, key, { ownership, served: ownership.owner, before, notes }), failure: { object: `Ingress ${key}`, error } };
  }
}

/** The same as if `claim` had the Ingress, whoever its owner is. */
export function planForSafely(ingress: Ingress, key: string, { as, context, before }: { as: PlannedAs; context: PlanningContext; before: PlansBefore }): SafePlan {
  const notes: Notes = { findings: [], services: [], secrets: [], configMaps: [] };
  try {
    return { plan: planFor(ingress, as, context, notes) };
  } catch (error) {
    return { plan: planInstead(ingress, key, { ownership: as.ownership, served: as.claim?.class, before, notes }), failure: { object: `Ingress ${key}`, error } };
  }
}

interface Rest {
  ownership: Ownership;
  /** The class that serves the plan. */
  served: string | undefined;
  before: PlansBefore;
  /** What planning had asked for when it failed: a change of it is a reason to try again. */
  notes: Notes;
}

function planInstead(ingress: Ingress, key: string, rest: Rest): IngressPlan {
  const { ownership, served, before: { before } } = rest;
  const good = lastGood(ingress, rest);
  const { wants, fate } = wantsInstead(ingress, good);
  return {
    ingress, ownership, wants,
    findings: [...ownership.findings, planningFinding(`Ingress ${key}`, fate)],
    speaksFor: before?.speaksFor ?? true,
    dependsOn: dependenciesOf(key, rest),
    classes: both(served === undefined ? [] : [served], before?.classes),
    failed: { good },
  };
}

/** The last plan of the same object in the class that could be made. */
function lastGood({ metadata }: Ingress, { served = '', before: { placed } }: Rest): IngressPlan | undefined {
  const last = placed?.get(served);
  const good = last?.failed === undefined ? last : last.failed.good;
  return good?.ingress.metadata.uid === metadata.uid ? good : undefined;
}

function wantsInstead(ingress: Ingress, good: IngressPlan | undefined): { wants: ReadonlyMap<string, Want>; fate: keyof typeof fates } {
  if (good === undefined || good.wants.size === 0) return { wants: new Map(), fate: 'none' };
  return asksTheSame(good.ingress, ingress) // A map of its own: who shares a target has to see that this is another plan.
    ? { wants: new Map(good.wants), fate: 'kept' } : { wants: closeWants(good.wants), fate: 'closed' };
}

/** Neither says anything about how requests are served. */
const silentAnnotations = [classAnnotation, handOverAnnotation, 'kubectl.kubernetes.io/last-applied-configuration'];

/** Whether no annotation has changed: one that has may be a protection. */
function asksTheSame(before: Ingress, after: Ingress): boolean {
  try {
    return isEqual(omit(before.metadata.annotations, silentAnnotations), omit(after.metadata.annotations, silentAnnotations));
  } catch {
    return false;
  }
}

/** All that the plan before was made from, and what this one had come to. */
function dependenciesOf(key: string, { ownership: { reference }, before: { before }, notes }: Rest): IngressPlan['dependsOn'] {
  const known = before?.dependsOn;
  return {
    ingressClasses: both(reference.by === 'nothing' ? [] : [reference.value], known?.ingressClasses), namespaces: both([key.slice(0, key.indexOf('/'))], known?.namespaces),
    services: both(notes.services, known?.services), secrets: both(notes.secrets, known?.secrets), configMaps: both(notes.configMaps, known?.configMaps),
  };
}

function both(one: readonly string[], other: readonly string[] = []): string[] {
  return [...new Set([...one, ...other])];
}

function ownershipOf(ingress: Ingress, { claims, snapshot }: PlanningContext): Ownership | undefined {
  try {
    return resolveOwner(ingress, claims, snapshot);
  } catch {
    // What is thrown here was thrown in planning already, and is told from there.
    return undefined;
  }
}

const fates = {
  kept: 'what was served of it stays as it was', closed: 'its paths answer 503, since what has changed may be what protects them,', none: 'it gets no routes',
};

/** `fate`: what is served of the object instead. */
export function planningFinding(object: string, fate: keyof typeof fates): Finding {
  const message = 'can not be planned because of a bug of ingress-arbiter, not of the object; ' +
    `${fates[fate]} until it changes. Report the bug with this object and the log's error about it`;
  return finding('planning-failed', object, message);
}

export interface SafeEntry {
  /** Undefined: it can not be built. */
  built: BuiltEntry | undefined;
  findings: Finding[];
  failures: Failure[];
}

/** An entry in which those Ingresses that it can't be built with are closed, or left out where that fails as well. */
export function buildEntrySafely(key: string, plans: readonly IngressPlan[], source: EndpointSource): SafeEntry {
  try {
    return { built: buildEntry(key, plans, source), findings: [], failures: [] };
  } catch (error) {
    if (key.startsWith(passthroughKey(''))) return notPassed(key, plans, error);
    const build = (some: readonly IngressPlan[]): BuiltEntry => buildEntry(key, some, source);
    const good = plans.filter((plan) => attempt(() => build([plan])) !== undefined);
    const closed = attempt(() => build(plans.map((plan) => (good.includes(plan) || plan.wants.get(key)?.of !== 'host' ? plan : { ...plan, wants: closeWants(plan.wants) }))));
    const built = closed ?? (good.length === 0 ? undefined : attempt(() => build(good)));
    const bad = plans.filter((plan) => built === undefined || !good.includes(plan));
    const objects = bad.map(({ ingress }) => `Ingress ${objectKey(ingress)}`);
    const fate = bad.some(({ wants }) => wants.get(key)?.of === 'host') && (closed !== undefined || built === undefined) ? 'closed' : built === undefined ? 'kept' : 'none';
    return { built, findings: objects.map((object) => planningFinding(object, fate)), failures: objects.map((object) => ({ object, error })) };
  }
}

/** Without one of the host's Ingresses nobody knows what it keeps out: nothing is passed through. */
function notPassed(key: string, plans: readonly IngressPlan[], error: unknown): SafeEntry {
  const objects = plans.filter(({ wants }) => wants.has(key)).map(({ ingress }) => `Ingress ${objectKey(ingress)}`);
  return { built: { value: undefined, findings: [] }, findings: objects.map((object) => planningFinding(object, 'none')), failures: objects.map((object) => ({ object, error })) };
}

function attempt(work: () => BuiltEntry): BuiltEntry | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

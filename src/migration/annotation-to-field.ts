// From the annotation kubernetes.io/ingress.class to spec.ingressClassName, with a proof for each Ingress: nobody who has it
// now loses it and nobody gets it, neither our classes nor any other controller that is known to be there. What cannot be
// proven is left, with the reason.

import { readClassSettings } from '../core/read-class-settings.js';
import { acceptsClass, resolveOwner } from '../core/resolve-owner.js';
import type { Decided } from '../core/explain/facts.js';
import type { Ingress } from '../core/kubernetes-objects.js';
import type { RunningPeer } from '../core/peers/peers.js';
import { compareText } from '../core/order.js';
import type { LeftIngress } from './plan-migration.js';
import { decideWith } from './plan-migration.js';
import { type ClassPatch, classNamesOf, namesPatch, patched } from './retarget.js';
import { type Selection, selectIngresses } from './select-ingresses.js';

export interface Rewrite {
  ingress: string;
  /** Value of the annotation, and of the field from then on. */
  annotation: string;
  field: string;
  /** Who has it now and then: our class, and other controllers. */
  owner?: string;
  takers: string[];
  patch: ClassPatch;
}

export interface AnnotationPlan {
  rewrites: Rewrite[];
  left: LeftIngress[];
  /** Whose selection was looked at. */
  proofFor: string[];
}

/** Plans the rewrite of every selected Ingress that has the annotation. `unknown`: controller values whose choice is not known. */
export function planAnnotationToField(now: Decided, selection: Selection, peers: { running: readonly RunningPeer[]; unknown: readonly string[] }): AnnotationPlan {
  const rewrites: Rewrite[] = [];
  const left: LeftIngress[] = [];
  const keys = selectIngresses(now.plans, selection).filter((key) => classNamesOf(now.snapshot.ingresses.get(key)!).annotation !== undefined);
  for (const key of keys) {
    const result = rewriteOf(now, key, peers);
    if (typeof result === 'string') left.push({ ingress: key, why: result });
    else rewrites.push(result);
  }
  // One by one they change nobody's owner; together they must not either, nor who has which path.
  const together = decideWith(now, new Map(rewrites.map(({ ingress, patch }) => [ingress, patch])));
  const changed = rewrites.filter(({ ingress }) => together.plans.get(ingress)!.ownership.owner !== now.plans.get(ingress)!.ownership.owner);
  for (const { ingress } of changed) left.push({ ingress, why: 'its owner changes when the others are rewritten too' });
  const proofFor = ['ingress-arbiter', ...peers.running.map(({ label }) => label)];
  return { rewrites: rewrites.filter((one) => !changed.includes(one)), left: left.sort((a, b) => compareText(a.ingress, b.ingress)), proofFor };
}

/** The rewrite that proves right, or why there is none. */
function rewriteOf(now: Decided, key: string, { running, unknown }: { running: readonly RunningPeer[]; unknown: readonly string[] }): Rewrite | string {
  const ingress = now.snapshot.ingresses.get(key)!;
  const names = classNamesOf(ingress);
  const annotation = names.annotation!;
  const { owner } = now.plans.get(key)!.ownership;
  const holders = takersOf(now, ingress, running);
  if (owner === undefined && holders.size === 0) {
    const controller = now.snapshot.ingressClasses.get(annotation)?.spec?.controller;
    if (controller !== undefined && unknown.includes(controller)) return `class "${annotation}" belongs to controller "${controller}", and how that one chooses is not known`;
    return `nobody who is known takes it now (annotation "${annotation}")`;
  }
  const candidates = [...new Set([owner, annotation, ...classesOf(now, holders, running)].filter((name) => name !== undefined))];
  let why = `there is no IngressClass ${candidates.map((name) => `"${name}"`).join(' or ')}: create it first`;
  for (const field of candidates) {
    if (!now.snapshot.ingressClasses.has(field)) continue;
    const patch = namesPatch(names, { field });
    const changed = changedOwners(now, { key, patch, running, holders });
    if (changed === undefined) return { ingress: key, annotation, field, ...(owner !== undefined && { owner }), takers: [...holders].sort(compareText), patch };
    if (why.startsWith('there is no')) why = `with spec.ingressClassName "${field}" ${changed}`;
  }
  return why;
}

/** Classes whose controller is that of a peer which has the Ingress now. */
function classesOf({ snapshot }: Decided, holders: ReadonlySet<string>, running: readonly RunningPeer[]): string[] {
  const controllers = new Set(running.filter(({ label }) => holders.has(label)).flatMap(({ settings }) => [settings['controllerClass'], settings['controllerName']]));
  return [...snapshot.ingressClasses.values()].filter(({ spec }) => controllers.has(spec?.controller) && !acceptsClass(undefined, { metadata: { name: '' }, spec: spec! }))
    .map(({ metadata }) => metadata.name).sort(compareText);
}

interface Trial {
  key: string;
  patch: ClassPatch;
  running: readonly RunningPeer[];
  /** Peers that take it now. */
  holders: ReadonlySet<string>;
}

/** What would change, as the end of a sentence; undefined: nothing. */
function changedOwners(now: Decided, { key, patch, running, holders }: Trial): string | undefined {
  const before = now.plans.get(key)!.ownership.owner;
  const ingress = patched(now.snapshot.ingresses.get(key)!, patch);
  const claims = now.claims.map((claim) => ({ ...claim, settings: readClassSettings(claim, now.snapshot).settings }));
  const after = resolveOwner(ingress, claims, now.snapshot).owner;
  if (before !== after) return `${after === undefined ? 'nobody here' : `class ${after}`} has it, and now ${before === undefined ? 'nobody here' : `class ${before}`}`;
  const takers = takersOf(now, ingress, running);
  const [gained] = [...takers].filter((label) => !holders.has(label));
  if (gained !== undefined) return `${gained} takes it too`;
  const [lost] = [...holders].filter((label) => !takers.has(label));
  return lost === undefined ? undefined : `${lost} lets it go`;
}

function takersOf({ snapshot }: Decided, ingress: Ingress, running: readonly RunningPeer[]): Set<string> {
  const answers = running.map(({ peer, settings, label }) => ({ label, answer: peer.select(ingress, snapshot.ingressClasses, settings) }));
  // An answer that depends on chance counts as another one than either.
  return new Set(answers.filter(({ answer }) => answer.takes || answer.uncertain !== undefined)
    .map(({ label, answer }) => (answer.uncertain === undefined ? label : `${label} (perhaps)`)));
}

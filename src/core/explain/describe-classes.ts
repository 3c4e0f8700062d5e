// All classes beside each other: whose each one is, who holds it, how many Ingresses it has and by which way, and which
// Ingresses nobody serves.

import { type Claim, ownController } from '../claim.js';
import { defaultClassAnnotation } from '../default-class.js';
import { compareText } from '../order.js';
import type { OwnerRule } from '../resolve-owner.js';
import type { Reference } from '../resolve-reference.js';
import type { Decided } from './facts.js';
import { type Holder, holderOf } from './holder.js';
import { classNames, suggestClass } from './visible-findings.js';

/** 'ok': claimed here; 'foreign': another controller's; 'unclaimed': ours by its controller, but nobody serves it. */
export type ClassState = 'ok' | 'foreign' | 'unclaimed' | 'conflict';

export interface ClassRow {
  class: string;
  /** spec.controller; left out when there is no IngressClass of that name. */
  controller?: string;
  holder: Holder;
  /** Ingresses by the way in which they name the class; `default`: they name none and get it. */
  ingresses: { field: number; annotation: number; default: number };
  isDefault: boolean;
  state: ClassState;
  /** Why it is in conflict. */
  conflicts: string[];
}

export interface UnservedIngress {
  ingress: string;
  rule: OwnerRule;
  reference: Reference;
  suggestion?: string;
}

export interface ClassesDescription {
  classes: ClassRow[];
  unserved: UnservedIngress[];
}

/** Rules under which no controller is known to serve the Ingress; the others without an owner lead to somebody else's class. */
const unservedRules: ReadonlySet<OwnerRule> = new Set([
  'no-reference', 'unknown-class', 'class-not-claimed', 'annotation-not-claimed', 'namespace-not-allowed', 'classless-claimed-twice', 'planning-failed',
]);

/** Describes every IngressClass and every claim. */
export function describeClasses(decided: Decided): ClassesDescription {
  const { snapshot, claims, plans } = decided;
  const names = new Set([...snapshot.ingressClasses.keys(), ...claims.map((claim) => claim.class)]);
  const known = classNames(snapshot, claims);
  return {
    classes: [...names].sort(compareText).map((name) => classRow(decided, name)),
    unserved: [...plans].sort(([a], [b]) => compareText(a, b))
      .filter(([, { ownership }]) => unservedRules.has(ownership.rule) && !namesForeignClass(decided, ownership.reference))
      .map(([ingress, { ownership: { rule, reference } }]) => {
        const suggestion = suggestClass(reference, known);
        return { ingress, rule, reference, ...(suggestion !== undefined && { suggestion }) };
      }),
  };
}

/** An annotation that no claim means may name a class of another controller, which then serves it. */
function namesForeignClass({ snapshot }: Decided, reference: Reference): boolean {
  return reference.by === 'annotation' && snapshot.ingressClasses.has(reference.value);
}

function classRow(decided: Decided, name: string): ClassRow {
  const { snapshot, claims } = decided;
  const ingressClass = snapshot.ingressClasses.get(name);
  const claim = claims.find((candidate) => candidate.class === name);
  const controller = ingressClass === undefined ? undefined : ingressClass.spec?.controller ?? '';
  const conflicts = conflictsOf(decided, name, claim, controller);
  const holder: Holder = claim === undefined ? { state: 'nobody' } : holderOf(decided, name);
  return {
    class: name, ...(controller !== undefined && { controller }), holder,
    ingresses: countIngresses(decided, name, claim !== undefined), isDefault: isDefault(decided, name),
    state: conflicts.length > 0 ? 'conflict' : stateOf(decided, claim, controller, holder), conflicts,
  };
}

function stateOf({ claims }: Decided, claim: Claim | undefined, controller: string | undefined, holder: Holder): ClassState {
  if (claim !== undefined) return holder.state === 'nobody' || holder.state === 'silent' ? 'unclaimed' : 'ok';
  const ours = controller === ownController || claims.some((one) => one.acceptedControllers.includes(controller ?? ''));
  return ours ? 'unclaimed' : 'foreign';
}

function conflictsOf({ snapshot, claims }: Decided, name: string, claim: Claim | undefined, controller: string | undefined): string[] {
  const conflicts: string[] = [];
  if (claim !== undefined && controller !== undefined && controller !== ownController && !claim.acceptedControllers.includes(controller)) {
    conflicts.push(`claimed here, but its controller is "${controller}", which the claim does not accept`);
  }
  for (const value of claim === undefined ? [] : [claim.class, ...claim.annotationValues]) {
    const others = claims.filter((other) => other !== claim && (other.class === value || other.annotationValues.includes(value)));
    if (others.length > 0) conflicts.push(`annotation value "${value}" is claimed by ${others.map((other) => other.class).join(' and ')} too`);
  }
  const defaults = [...snapshot.ingressClasses.keys()].filter((one) => isDefault({ snapshot }, one));
  if (defaults.length > 1 && defaults.includes(name)) conflicts.push(`one of ${defaults.length} default classes (${defaults.sort(compareText).join(', ')})`);
  return conflicts;
}

function isDefault({ snapshot }: Pick<Decided, 'snapshot'>, name: string): boolean {
  return snapshot.ingressClasses.get(name)?.metadata.annotations?.[defaultClassAnnotation] === 'true';
}

function countIngresses({ plans }: Decided, name: string, claimed: boolean): ClassRow['ingresses'] {
  const count = { field: 0, annotation: 0, default: 0 };
  for (const { ownership: { owner, reference } } of plans.values()) {
    if (claimed ? owner !== name : owner !== undefined || reference.by === 'nothing' || reference.value !== name) continue;
    count[reference.by === 'nothing' ? 'default' : reference.by] += 1;
  }
  return count;
}

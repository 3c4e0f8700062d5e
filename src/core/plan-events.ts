// What is told of an Ingress at the Ingress itself, as Events: each thing that is wrong, once by its kind, and that a class
// has taken it. Only of Ingresses that a class here owns; of all others nothing is said.

import { type Finding, type FindingKind, compareFindings } from './finding.js';
import type { HandOver } from './hand-over/hand-over.js';
import type { IngressPlan } from './plan-ingress.js';

/** An Event that is wanted. Of one Ingress and one reason there is one at a time. */
export interface IngressEvent {
  /** `namespace/name` of the Ingress. */
  ingress: string;
  /** The class in whose name it is written. */
  class: string;
  type: 'Normal' | 'Warning';
  /** One word in CamelCase. */
  reason: string;
  message: string;
}

/** What was decided about every Ingress, by `namespace/name`. */
export interface Decided {
  plans: ReadonlyMap<string, IngressPlan>;
  handOvers: ReadonlyMap<string, HandOver>;
}

const prefix = 'Ingress ';

/** The Events for everything that is wrong now, in no particular order. */
export function planEvents(findings: readonly Finding[], decided: Decided): IngressEvent[] {
  const kinds = new Map<string, { ingress: string; class: string; first: Finding; more: number }>();
  for (const one of findings) {
    const ingress = one.object.startsWith(prefix) ? one.object.slice(prefix.length) : '';
    const owner = speakerOf(ingress, decided);
    if (owner === undefined) continue;
    const id = `${ingress} ${one.kind}`;
    const known = kinds.get(id);
    if (known === undefined) kinds.set(id, { ingress, class: owner, first: one, more: 0 });
    else kinds.set(id, { ...known, first: compareFindings(one, known.first) < 0 ? one : known.first, more: known.more + 1 });
  }
  return [...kinds.values()].map(({ ingress, class: name, first: { kind, severity, message, code }, more }) => ({
    ingress, class: name, type: severity === 'info' ? 'Normal' : 'Warning', reason: reasonOf(kind),
    message: `${message} (${code})${more === 0 ? '' : `, and ${more} more of the kind`}`,
  }));
}

/** Who tells of an Ingress: its owner; else the class here that goes on serving it until the owner, elsewhere, has taken over. */
function speakerOf(ingress: string, { plans, handOvers }: Decided): string | undefined {
  const { phase, serving, record } = handOvers.get(ingress) ?? {};
  return plans.get(ingress)?.ownership.owner ?? (phase === undefined || phase === 'shadow' ? undefined : serving?.find((name) => name !== record?.to));
}

/** The Event that an Ingress has come to a class. */
export function takenEvent(ingress: string, { ownership: { owner, rule } }: IngressPlan): IngressEvent {
  return { ingress, class: owner ?? '', type: 'Normal', reason: 'ClassTaken', message: `is served by class "${owner}" (rule ${rule})` };
}

/** `route-taken` as `RouteTaken`: Events of Kubernetes have such reasons. */
export function reasonOf(kind: FindingKind): string {
  return kind.split('-').map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}

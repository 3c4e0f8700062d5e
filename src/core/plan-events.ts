// What is told of an Ingress at the Ingress itself, as Events: each thing that is wrong, once by its kind, and that a class
// has taken it. Only of Ingresses that a class here owns; of all others nothing is said.

import { type Finding, type FindingKind, compareFindings } from './finding.js';
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

const prefix = 'Ingress ';

/** The Events for everything that is wrong now. */
export function planEvents(findings: readonly Finding[], plans: ReadonlyMap<string, IngressPlan>): IngressEvent[] {
  const events = new Map<string, IngressEvent>();
  const more = new Map<string, number>();
  for (const { object, kind, severity, code, message } of [...findings].sort(compareFindings)) {
    const ingress = object.startsWith(prefix) ? object.slice(prefix.length) : '';
    const owner = plans.get(ingress)?.ownership.owner;
    if (owner === undefined) continue;
    const id = `${ingress} ${kind}`;
    if (events.has(id)) more.set(id, (more.get(id) ?? 0) + 1);
    else events.set(id, { ingress, class: owner, type: severity === 'info' ? 'Normal' : 'Warning', reason: reasonOf(kind), message: `${message} (${code})` });
  }
  return [...events].map(([id, event]) => (more.has(id) ? { ...event, message: `${event.message}, and ${more.get(id)} more of the kind` } : event));
}

/** The Event that an Ingress has come to a class. */
export function takenEvent(ingress: string, { ownership: { owner, rule } }: IngressPlan): IngressEvent {
  return { ingress, class: owner ?? '', type: 'Normal', reason: 'ClassTaken', message: `is served by class "${owner}" (rule ${rule})` };
}

/** `route-taken` as `RouteTaken`: Events of Kubernetes have such reasons. */
export function reasonOf(kind: FindingKind): string {
  return kind.split('-').map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}

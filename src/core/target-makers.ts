// Whose want each target of a class table was made of: the oldest Ingress's whose plan could be made. All of these ask for the
// same, so with thousands who share a Service a change of one of them costs nothing there, unless it is the oldest. It builds
// nothing itself.

import { type Ingress, objectKey } from './kubernetes-objects.js';
import { byAge } from './order.js';

/** As much of an Ingress's plan as counts here. */
interface Asker {
  ingress: Ingress;
  wants: ReadonlyMap<string, unknown>;
  /** It could not be planned: what it asks for is of an earlier time. */
  failed?: unknown;
}

export interface TargetMakers<Plan extends Asker> {
  /**
   * Whether the target was made of the want of an older Ingress than `key`, which has now `plan`: that changes nothing then.
   * Otherwise who makes it is chosen again.
   */
  passesBy(entry: string, key: string, plan: Plan | undefined): boolean;
  /** Whose want a target is made of, in a list; `askers` are the keys of all. Nobody: an empty one. */
  choose(entry: string, askers: Iterable<string>): Plan[];
  /** The target goes. */
  forget(entry: string): void;
}

/** `plans`: of the class, by key of the Ingress; it lives on. */
export function createTargetMakers<Plan extends Asker>(plans: ReadonlyMap<string, Plan>): TargetMakers<Plan> {
  const makers = new Map<string, string>();
  return {
    passesBy(entry, key, plan) {
      const maker = makers.get(entry);
      const older = maker === undefined || maker === key ? undefined : plans.get(maker);
      if (older !== undefined && older.failed === undefined && older.wants.has(entry) && (plan === undefined || comesBefore(older, plan))) return true;
      makers.delete(entry);
      return false;
    },
    choose(entry, askers) {
      const known = plans.get(makers.get(entry) ?? '');
      if (known?.wants.has(entry)) return [known];
      let first: Plan | undefined;
      for (const key of askers) {
        const plan = plans.get(key)!;
        if (first === undefined || comesBefore(plan, first)) first = plan;
      }
      if (first !== undefined) makers.set(entry, objectKey(first.ingress));
      return first === undefined ? [] : [first];
    },
    forget: (entry) => { makers.delete(entry); },
  };
}

function comesBefore(one: Asker, other: Asker): boolean {
  if ((one.failed === undefined) !== (other.failed === undefined)) return one.failed === undefined;
  return byAge(one.ingress, other.ingress) < 0;
}

// Whose want each target of a class table was made of: the oldest Ingress's. All who ask for a target ask for the same, so with
// thousands who share a Service a change of one of them costs nothing there, unless it is the oldest. It builds nothing itself.

import { type Ingress, objectKey } from './kubernetes-objects.js';
import { byAge } from './order.js';

/** As much of an Ingress's plan as counts here. */
interface Asker {
  ingress: Ingress;
  wants: ReadonlyMap<string, unknown>;
}

export interface TargetMakers<Plan extends Asker> {
  /** Whether the target was made of the want of an older Ingress than `key`, which has now `plan`: that changes nothing then. */
  isMadeBefore(entry: string, key: string, plan: Plan | undefined): boolean;
  /** The oldest of those who ask for a target, by key, in a list; it is the maker from now on. Nobody: an empty one. */
  choose(entry: string, askers: Iterable<string>): Plan[];
}

/** `plans`: of the class, by key of the Ingress; it lives on. */
export function createTargetMakers<Plan extends Asker>(plans: ReadonlyMap<string, Plan>): TargetMakers<Plan> {
  const makers = new Map<string, string>();
  return {
    isMadeBefore(entry, key, plan) {
      const maker = makers.get(entry);
      const older = maker === undefined || maker === key ? undefined : plans.get(maker);
      return older !== undefined && older.wants.has(entry) && (plan === undefined || byAge(older.ingress, plan.ingress) < 0);
    },
    choose(entry, askers) {
      let oldest: Plan | undefined;
      for (const key of askers) {
        const plan = plans.get(key)!;
        if (oldest === undefined || byAge(plan.ingress, oldest.ingress) < 0) oldest = plan;
      }
      if (oldest === undefined) makers.delete(entry);
      else makers.set(entry, objectKey(oldest.ingress));
      return oldest === undefined ? [] : [oldest];
    },
  };
}

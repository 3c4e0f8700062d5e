// How many Ingresses each class owns by each rule, kept up to date by what has changed.

import type { IngressPlan } from '../core/plan-ingress.js';
import type { Metrics } from '../metrics/metrics.js';

/** Returns what is to be called with the keys of the Ingresses that were planned anew. */
export function countIngresses(metrics: Metrics, plans: ReadonlyMap<string, IngressPlan>): (changed: Iterable<string>) => void {
  const counted = new Map<string, readonly [string, string]>();
  const counts = new Map<string, { labels: readonly [string, string]; count: number }>();
  return (changed) => {
    const told = new Set<{ labels: readonly [string, string]; count: number }>();
    const add = (labels: readonly [string, string], by: number): void => {
      const name = labels.join(' ');
      const one = counts.get(name) ?? { labels, count: 0 };
      one.count += by;
      counts.set(name, one);
      told.add(one);
    };
    for (const key of changed) {
      const before = counted.get(key);
      if (before !== undefined) add(before, -1);
      counted.delete(key);
      const plan = plans.get(key);
      const { owner, rule } = plan?.ownership ?? {};
      if (owner === undefined || rule === undefined || !plan!.speaksFor) continue;
      counted.set(key, [owner, rule]);
      add([owner, rule], 1);
    }
    for (const { labels, count } of told) metrics.set('ingresses', labels, count);
  };
}

// How long changes took from the watch event to the engine's answer, as the controller counts them: bounds of its histogram, so a
// quantile is the bound below which it lies.

import { CLASS } from './cluster.js';
import type { ControllerProcess } from './installation.js';

export interface ServedTimes {
  changes: number;
  /** Milliseconds within which so many were served. */
  p50: number;
  p99: number;
}

interface Counted extends ServedTimes {
  buckets: { withinMs: number; count: number }[];
  since(earlier: Counted): ServedTimes;
}

/** Those of one class so far. */
export async function servedTimes(controller: Pick<ControllerProcess, 'metrics'>, className = CLASS): Promise<Counted> {
  const pattern = /^ingress_arbiter_change_to_served_seconds_bucket\{([^}]*)\} (\d+)/gm;
  const buckets = [...(await controller.metrics()).matchAll(pattern)].filter(([, labels]) => labels!.includes(`"${className}"`))
    .map(([, labels, count]) => ({ withinMs: 1000 * Number(/le="([^"]*)"/.exec(labels!)![1]!.replace('+Inf', 'Infinity')), count: Number(count) }));
  return { ...summarize(buckets), buckets, since: (earlier) => summarize(buckets.map(({ withinMs, count }, at) => ({ withinMs, count: count - (earlier.buckets[at]?.count ?? 0) }))) };
}

function summarize(buckets: readonly { withinMs: number; count: number }[]): ServedTimes {
  const changes = buckets.at(-1)?.count ?? 0;
  const within = (share: number): number => buckets.find(({ count }) => count >= share * changes)?.withinMs ?? NaN;
  return { changes, p50: within(0.5), p99: within(0.99) };
}

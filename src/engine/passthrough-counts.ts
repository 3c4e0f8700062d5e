// Counts connections that are passed through, and those that a listener in front of nginx has turned away. Labels come from class
// tables and closed lists. What an Ingress had is told as long as a table passes something through for it, or a connection lasts.

import type { PassedHost } from '../route-table/types.js';
import type { Found, PassedClass } from './passed-hosts.js';
import type { Reading } from './traffic-counters.js';

/** How a connection that is to be passed through began. */
const results = ['joined', 'no_endpoint', 'unreachable'] as const;
export type PassResult = typeof results[number];
/** Why a listener has turned one away. */
const refusals = ['no_hello', 'no_proxy_header', 'too_many', 'engine_unreachable'] as const;
export type Refusal = typeof refusals[number];

interface OriginCounts {
  labels: readonly [className: string, namespace: string, ingress: string];
  open: number;
  results: Map<PassResult, number>;
}

export class PassthroughCounts {
  private readonly origins = new Map<string, OriginCounts>();
  private readonly refusals = new Map<string, { labels: readonly [listener: string, reason: Refusal]; count: number }>();

  began(found: Found, result: PassResult): void {
    const counts = this.of(found);
    counts.results.set(result, counts.results.get(result)! + 1);
    if (result === 'joined') counts.open += 1;
  }

  /** One that was joined is over. */
  ended(found: Found): void {
    this.of(found).open -= 1;
  }

  refused(listener: string, reason: Refusal, by = 1): void {
    const key = `${listener} ${reason}`;
    const known = this.refusals.get(key) ?? { labels: [listener, reason] as const, count: 0 };
    known.count += by;
    this.refusals.set(key, known);
  }

  /** `classes`: what the tables say now; `listeners`: those that are open. What has not happened yet is told as 0. */
  readings(classes: ReadonlyMap<string, PassedClass>, listeners: Iterable<string>): Reading[] {
    const named = new Set<string>();
    for (const [className, { hosts }] of classes) {
      for (const to of hosts.values()) {
        if (to === 'engine') continue;
        named.add(keyOf(className, to));
        this.of({ class: className, to });
      }
    }
    for (const listener of listeners) for (const reason of refusals) this.refused(listener, reason, 0);
    for (const [key, { open }] of this.origins) if (open === 0 && !named.has(key)) this.origins.delete(key);
    return [
      ...[...this.origins.values()].flatMap(({ labels, open, results: counted }) => [
        { name: 'passthroughOpen', labels, values: [open] },
        ...[...counted].map(([result, count]) => ({ name: 'passthroughConnections', labels: [...labels, result], values: [count] })),
      ]),
      ...[...this.refusals.values()].map(({ labels, count }) => ({ name: 'passthroughRefused', labels, values: [count] })),
    ];
  }

  private of({ class: className, to }: Found): OriginCounts {
    const key = keyOf(className, to);
    const known = this.origins.get(key) ?? { labels: [className, to.namespace, to.ingress] as const, open: 0, results: new Map(results.map((result) => [result, 0])) };
    this.origins.set(key, known);
    return known;
  }
}

/** Names hold no space. */
function keyOf(className: string, { namespace, ingress }: PassedHost): string {
  return `${className} ${namespace} ${ingress}`;
}

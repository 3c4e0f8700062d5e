// In which order Ingresses are moved, and which at the same time. Ingresses that share a host go together: a host in two
// classes has half of its paths at each address. The same Ingresses give the same batches, so a run can go on where one ended.

import type { Ingress } from '../core/kubernetes-objects.js';
import { normalizeHost } from '../core/host-name.js';
import { compareText } from '../core/order.js';

/** Hosts that an Ingress speaks of; '' for a rule without one. Only a default backend: none. */
export function hostsOf({ spec }: Ingress): string[] {
  return [...new Set((spec?.rules ?? []).map(({ host }) => (host === undefined || host === '' ? '' : normalizeHost(host) ?? host)))];
}

/** Groups of keys that share hosts, directly or through others: the smallest group first, then by name. */
export function groupByHost(ingresses: ReadonlyMap<string, Ingress>): string[][] {
  const groupOf = new Map<string, Set<string>>();
  const ofHost = new Map<string, Set<string>>();
  for (const [key, ingress] of ingresses) {
    const group = new Set([key]);
    groupOf.set(key, group);
    for (const host of hostsOf(ingress)) {
      const other = ofHost.get(host);
      if (other !== undefined && other !== groupOf.get(key)) merge(other, groupOf.get(key)!, groupOf, ofHost);
      ofHost.set(host, groupOf.get(key)!);
    }
  }
  return [...new Set(groupOf.values())].map((group) => [...group].sort(compareText))
    .sort((a, b) => a.length - b.length || compareText(a[0]!, b[0]!));
}

function merge(small: Set<string>, into: Set<string>, groupOf: Map<string, Set<string>>, ofHost: Map<string, Set<string>>): void {
  for (const key of small) {
    into.add(key);
    groupOf.set(key, into);
  }
  for (const [host, group] of ofHost) if (group === small) ofHost.set(host, into);
}

/** Whole groups up to `size` Ingresses in each batch; a group that is larger is a batch of its own. */
export function batchGroups(groups: readonly (readonly string[])[], size: number): string[][] {
  const batches: string[][] = [];
  for (const group of groups) {
    const last = batches.at(-1);
    if (last !== undefined && last.length + group.length <= size) last.push(...group);
    else batches.push([...group]);
  }
  return batches;
}

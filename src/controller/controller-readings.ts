// What a controller instance knows at the moment of a scrape: what is wrong, what nobody owns, how its watches are. Findings
// about Ingresses that nobody here owns are counted with those Ingresses, by the rule, and not a second time.

import type { Arbiter } from '../core/arbiter.js';
import type { Claim } from '../core/claim.js';
import type { Finding } from '../core/finding.js';
import type { Reading } from '../metrics/metrics.js';
import type { ListWatch } from '../kubernetes/list-watch.js';
import type { ClaimWatch } from './watch-claims.js';
import type { ClusterWatches } from './watch-cluster.js';

const INGRESS = 'Ingress ';

export interface ReadingSources {
  arbiter: Pick<Arbiter, 'plans' | 'handOvers'>;
  /** Everything that is wrong now. */
  findings: () => readonly Finding[];
  cluster: ClusterWatches;
  leases: Pick<ClaimWatch, 'watch' | 'heartbeat'>;
}

/** Returns what gives the readings, named by the keys of the catalogue. Its cost is that of a look at every plan. */
export function controllerReadings(claims: readonly Claim[], { arbiter, findings, cluster, leases }: ReadingSources): () => Reading[] {
  const name = claims.map((claim) => claim.class).sort().join(',');
  return () => [
    ...findingReadings(name, findings(), arbiter),
    ...unownedReadings(name, arbiter.plans),
    ...Object.entries(cluster.watches).flatMap(([resource, watch]) => watchReadings([name, resource], watch)),
    ...watchReadings([name, 'leases'], leases.watch),
    { name: 'leaseWatchLag', labels: [name], values: [leases.heartbeat.lagMs / 1000] },
    { name: 'leaseWatchMisses', labels: [name], values: [leases.heartbeat.misses] },
  ];
}

/** A finding that is no Ingress's counts for all classes of the instance together. */
function findingReadings(name: string, findings: readonly Finding[], { plans, handOvers }: Pick<Arbiter, 'plans' | 'handOvers'>): Reading[] {
  const counts = new Map<string, Reading & { values: [number] }>();
  for (const { object, code, severity } of findings) {
    const owner = object.startsWith(INGRESS) ? plans.get(object.slice(INGRESS.length))?.ownership.owner ?? handOvers.get(object.slice(INGRESS.length))?.serving[0] : name;
    if (owner === undefined) continue;
    const labels = [owner, code, severity];
    const key = labels.join(' ');
    const reading = counts.get(key) ?? { name: 'findings', labels, values: [0] };
    reading.values[0] += 1;
    counts.set(key, reading);
  }
  return [...counts.values()];
}

function unownedReadings(name: string, plans: Arbiter['plans']): Reading[] {
  const counts = new Map<string, number>();
  for (const { ownership: { owner, rule } } of plans.values()) {
    if (owner === undefined) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  }
  return [...counts].map(([rule, count]) => ({ name: 'ingressesUnowned', labels: [name, rule], values: [count] }));
}

function watchReadings(labels: readonly [claims: string, resource: string], watch: ListWatch): Reading[] {
  const { counters } = watch;
  const { listFailures, watchFailures, droppedLines, staleEvents, staleLists, massDeleteBrakes, driftRepairs, listenerErrors } = counters;
  const troubles = { listFailures, watchFailures, droppedLines, staleEvents, staleLists, massDeleteBrakes, driftRepairs, listenerErrors };
  const age = (name: string, at: number | undefined): Reading[] =>
    (at === undefined ? [] : [{ name, labels, values: [Math.max(0, performance.now() - at) / 1000] }]);
  const heardAt = Math.max(watch.lastEventAt ?? 0, watch.lastListAt ?? 0);
  return [
    { name: 'watchObjects', labels, values: [watch.size] },
    { name: 'watchUp', labels, values: [watch.state === 'watch' ? 1 : 0] },
    ...age('watchSilence', heardAt === 0 ? undefined : heardAt),
    ...age('watchEventAge', watch.lastEventAt),
    ...age('watchListAge', watch.lastListAt),
    // A version is a number of 64 bits; what gets lost of it here is less than anybody could see in a graph.
    ...(watch.resourceVersion === undefined ? [] : [{ name: 'watchVersion', labels, values: [Number(watch.resourceVersion)] }]),
    { name: 'watchEvents', labels, values: [counters.events] },
    { name: 'watchReopened', labels, values: [counters.reconnects] },
    { name: 'watchStreamedLists', labels, values: [counters.streamedLists] },
    { name: 'watchChecks', labels, values: [counters.consistencyChecks] },
    ...Object.entries(counters.relists).map(([reason, count]) => ({ name: 'watchRelists', labels: [...labels, reason], values: [count] })),
    ...Object.entries(troubles).map(([kind, count]) => ({ name: 'watchTroubles', labels: [...labels, snakeCase(kind)], values: [count] })),
  ];
}

function snakeCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

// Somebody else overwrites the status of an Ingress that is ours. Two controllers that answer each other would write for
// ever, so each time the pause before our next write grows, and a person is told who it is.

import { type Finding, finding, quote } from './finding.js';
import type { Ingress, LoadBalancerIngress } from './kubernetes-objects.js';
import { shows } from './publish-addresses.js';

/** How one Ingress's status was overwritten. */
export interface ForeignWrites {
  /** The class that owns the Ingress. */
  class: string;
  /** Name of the last writer as the API server keeps it; '' when it is not known. */
  by: string;
  count: number;
  /** Of the last one; ms since the epoch. */
  at: number;
}

/** By `namespace/name` of the Ingress. */
export type ForeignHistory = Map<string, ForeignWrites>;

/** Our own name among the writers of a status: what the API server makes of the requests' user agent. */
export const ownWriter = 'ingress-arbiter';

const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 600_000;
const REMEMBERED_MS = 1_800_000;
/** Writes under our own name that are no reason for doubt: an instance that knows a new address before this one does. */
const OWN_TOLERATED = 2;

/** Who overwrote `addresses` with something else; undefined when nobody did. */
export function overwrittenBy(before: Ingress | undefined, after: Ingress, addresses: readonly LoadBalancerIngress[]): string | undefined {
  if (before === undefined || addresses.length === 0 || before.metadata.uid !== after.metadata.uid) return undefined;
  return shows(before, addresses) && !shows(after, addresses) ? after.metadata.statusWriter ?? '' : undefined;
}

/** Adds one foreign write, seen at `now`. */
export function noteForeignWrite(history: ForeignHistory, key: string, { class: name, by, now }: { class: string; by: string; now: number }): void {
  const known = history.get(key);
  const count = known?.class === name ? known.count + 1 : 1;
  history.set(key, { class: name, by, count, at: now });
}

/** Whether our next write has to wait at `now`. */
export function isPaused(writes: ForeignWrites | undefined, now: number): boolean {
  return writes !== undefined && now < pauseEnd(writes);
}

function pauseEnd(writes: ForeignWrites): number {
  return isDispute(writes) ? writes.at + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(writes.count - 1, 20)) : writes.at;
}

function isDispute({ by, count }: ForeignWrites): boolean {
  return by !== ownWriter || count > OWN_TOLERATED;
}

/** When something about it changes by itself: the pause ends, or it is long enough ago to be forgotten. */
export function nextChange(writes: ForeignWrites, now: number): number {
  const end = pauseEnd(writes);
  return end > now ? end : writes.at + REMEMBERED_MS;
}

/** Whether it is so long ago that it counts no more. */
export function isForgotten(writes: ForeignWrites, now: number): boolean {
  return now >= writes.at + REMEMBERED_MS;
}

/** The finding that names the writer; none while it may be ourselves. */
export function foreignFinding(key: string, writes: ForeignWrites): Finding[] {
  if (!isDispute(writes)) return [];
  const who = writes.by === '' ? 'somebody whose name is not known' : writes.by === ownWriter ? 'another installation of ingress-arbiter' : quote(writes.by);
  const message = `${who} overwrites the address of class "${writes.class}" in its status (${writes.count === 1 ? 'once' : `${writes.count} times`}); ` +
    `it is written again after ${new Date(pauseEnd(writes)).toISOString()} at the earliest. Let only one of the two publish an address`;
  return [finding('foreign-status-writer', `Ingress ${key}`, message)];
}

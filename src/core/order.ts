// The order in which Ingresses are heard: the oldest first, so that what exists is never displaced by what comes later.

import { type Ingress, objectKey } from './kubernetes-objects.js';

/** Compares by creationTimestamp, then namespace/name: the same order whatever the order of events. */
export function byAge(a: Ingress, b: Ingress): number {
  return compareText(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') || compareText(objectKey(a), objectKey(b));
}

/** Compares by code units, not by locale: the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

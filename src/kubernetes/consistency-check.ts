// Compares what the watch has built with a fresh list, to prove that nothing was missed. It only counts; the repair is an
// ordinary relist. The count must stay 0.
import type { Clock } from './clock.js';
import { sleepUnless } from './clock.js';
import { inSlices } from './in-slices.js';
import type { KubeApi } from './kube-api.js';
import { listAll } from './list-all.js';
import type { ObjectStore } from './object-store.js';
import type { Selection } from './resource-path.js';
import { compareVersions, isNewer } from './resource-version.js';

export interface ConsistencyCheckOptions {
  api: Pick<KubeApi, 'listPage'>;
  selection: Selection;
  store: ObjectStore;
  clock: Clock;
  /** The version that the watch has reached. */
  reached: () => string;
  signal: AbortSignal;
}

/** How long the watch may need to deliver what the list already shows. */
const SETTLE_MS = 5000;

interface Seen {
  uid: string;
  version: string;
}

/** How many objects the watch has missed. */
export async function countDrift({ api, selection, store, clock, reached, signal }: ConsistencyCheckOptions): Promise<number> {
  const list = await listAll<Seen>({
    api, selection, signal, notOlderThan: reached(),
    keep: ({ metadata }) => ({ uid: metadata.uid!, version: metadata.resourceVersion! }),
  });
  const caughtUp = (): boolean => compareVersions(reached(), list.resourceVersion) >= 0;
  await sleepUnless(clock, SETTLE_MS, caughtUp, signal);
  signal.throwIfAborted();
  let drift = 0;
  // The watch goes on between the slices: each comparison holds whenever it is made.
  await inSlices(list.objects, ([key, { uid, version }]) => {
    const kept = store.get(key)?.metadata;
    const missed = kept?.uid === uid
      ? isNewer(version, kept.resourceVersion!)
      : !supersededBy(kept?.resourceVersion, version) && !store.wasDeleted(uid);
    if (missed) drift += 1;
  });
  await inSlices(store.entries(), ([key, { metadata }]) => {
    if (!list.objects.has(key) && !isNewer(metadata.resourceVersion!, list.resourceVersion)) drift += 1;
  });
  return drift;
}

function supersededBy(kept: string | undefined, version: string): boolean {
  return kept !== undefined && isNewer(kept, version);
}

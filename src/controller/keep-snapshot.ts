// Holds what the watches deliver, as the core wants to see it, and tells that something has changed. It keeps everything:
// what belongs to whom is decided from the whole, never while an event arrives.

import type { EndpointSlice, Ingress, IngressClass, Namespace, Secret, Service } from '../core/kubernetes-objects.js';
import type { Snapshot } from '../core/snapshot.js';
import type { Change } from '../kubernetes/list-watch.js';
import { ingressWatches } from '../kubernetes/start-watches.js';

/** What a controller watches, by the name of its place in the snapshot. */
export const snapshotWatches = {
  ingresses: ingressWatches.ingresses,
  ingressClasses: ingressWatches.ingressClasses,
  services: ingressWatches.services,
  endpointSlices: ingressWatches.endpointSlices,
  secrets: ingressWatches.tlsSecrets,
  namespaces: ingressWatches.namespaces,
};

export interface KeptSnapshot {
  snapshot: Snapshot;
  take(name: keyof Snapshot, change: Change): void;
}

/** A snapshot that follows the watches. `onChange` is called after each change that is in it. */
export function keepSnapshot(onChange: () => void): KeptSnapshot {
  const maps = {
    ingresses: new Map<string, Ingress>(), ingressClasses: new Map<string, IngressClass>(),
    services: new Map<string, Service>(), endpointSlices: new Map<string, EndpointSlice>(),
    secrets: new Map<string, Secret>(), namespaces: new Map<string, Namespace>(),
  };
  return {
    snapshot: maps,
    take(name, { type, key, object }) {
      // The API server has validated each kind's shape; whatever it lets through, the core treats as untrusted.
      if (type === 'set') (maps[name] as Map<string, unknown>).set(key, object);
      else maps[name].delete(key);
      onChange();
    },
  };
}

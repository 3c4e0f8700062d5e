// Brings what the watches deliver to the arbiter. Everything is kept: what belongs to whom is decided from the whole, never
// while an event arrives.

import type { Arbiter } from '../core/arbiter.js';
import type { KubeApi } from '../kubernetes/kube-api.js';
import { type WatchSet, ingressWatches, startWatches } from '../kubernetes/start-watches.js';
import type { Log } from './controller.js';

const watches = {
  ingresses: ingressWatches.ingresses,
  ingressClasses: ingressWatches.ingressClasses,
  services: ingressWatches.services,
  endpointSlices: ingressWatches.endpointSlices,
  secrets: ingressWatches.tlsSecrets,
  passwordSecrets: ingressWatches.opaqueSecrets,
  namespaces: ingressWatches.namespaces,
};

export type ClusterWatches = WatchSet<keyof typeof watches>;

/** Starts the watches; `onChange` is called after each change that the arbiter has taken. */
export function watchCluster(arbiter: Arbiter, { api, log, onChange }: { api: KubeApi; log: Log; onChange: () => void }): ClusterWatches {
  return startWatches({
    api, watches,
    onChange: (name, { type, key, object }) => {
      // The API server has validated each kind's shape; whatever else it lets through, the core treats as untrusted.
      arbiter.take(name, key, type === 'set' ? object as never : undefined);
      onChange();
    },
    onFault: (name, fault) => log('warn', `watch of ${name}: ${fault.error instanceof Error ? fault.error.message : String(fault.error)}`),
  });
}

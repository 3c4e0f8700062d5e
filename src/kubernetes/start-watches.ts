// Starts several list-watches together and says when all of them have the whole picture: before that nobody may decide
// anything, because an Ingress without its class, Service or Secret looks like one that lost them.
import type { Clock } from './clock.js';
import type { KubeApi } from './kube-api.js';
import type { ListWatch, WatchFault } from './list-watch.js';
import { startListWatch } from './list-watch.js';
import type { Change } from './object-store.js';
import type { Selection } from './resource-path.js';
import { configMaps, endpointSlices, ingressClasses, ingresses, namespaces, secrets, services } from './resources.js';

export interface StartWatchesOptions<Name extends string> {
  api: Pick<KubeApi, 'listPage' | 'watch' | 'credentialsChanged'>;
  /** What to watch, each under a name of the caller's choice. */
  watches: Record<Name, Selection>;
  onChange: (name: Name, change: Change) => void;
  onFault?: (name: Name, fault: WatchFault) => void;
  clock?: Clock;
  random?: () => number;
}

export interface WatchSet<Name extends string> {
  readonly watches: Readonly<Record<Name, ListWatch>>;
  /** Resolves when every one has listed once; also for a cluster that has nothing. Rejects when stopped before. */
  readonly synced: Promise<void>;
  readonly isSynced: boolean;
  /** The names that still wait for their first list, for whoever asks why nothing happens. */
  waitingFor(): Name[];
  stop(): Promise<void>;
}

/** Everything that a decision about Ingresses can depend on. */
export const ingressWatches = {
  ingresses: { resource: ingresses },
  ingressClasses: { resource: ingressClasses },
  services: { resource: services },
  endpointSlices: { resource: endpointSlices },
  tlsSecrets: { resource: secrets, fieldSelector: 'type=kubernetes.io/tls' },
  opaqueSecrets: { resource: secrets, fieldSelector: 'type=Opaque' },
  namespaces: { resource: namespaces },
  configMaps: { resource: configMaps },
} as const satisfies Record<string, Selection>;

export function startWatches<Name extends string>(options: StartWatchesOptions<Name>): WatchSet<Name> {
  const { api, onChange, onFault, clock, random } = options;
  const names = Object.keys(options.watches) as Name[];
  const started = names.map((name) => [name, startListWatch({
    api, ...options.watches[name],
    onChange: (change) => onChange(name, change),
    ...(onFault ? { onFault: (fault: WatchFault) => onFault(name, fault) } : {}),
    ...(clock ? { clock } : {}), ...(random ? { random } : {}),
  })] as const);
  const all = started.map(([, watch]) => watch);
  const synced = Promise.all(all.map((watch) => watch.synced)).then(() => undefined);
  synced.catch(() => undefined);
  return {
    watches: Object.fromEntries(started) as Record<Name, ListWatch>,
    synced,
    get isSynced() { return all.every((watch) => watch.isSynced); },
    waitingFor: () => started.filter(([, watch]) => !watch.isSynced).map(([name]) => name),
    async stop() { await Promise.all(all.map((watch) => watch.stop())); },
  };
}

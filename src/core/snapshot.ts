// Everything that is known of the cluster at one moment. The core reads it and keeps nothing of it.

import type { ConfigMap, EndpointSlice, Ingress, IngressClass, Namespace, Secret, Service } from './kubernetes-objects.js';

/** Objects by key (`namespace/name`, or `name`), as the watches hold them. */
export interface Snapshot {
  ingresses: ReadonlyMap<string, Ingress>;
  ingressClasses: ReadonlyMap<string, IngressClass>;
  services: ReadonlyMap<string, Service>;
  endpointSlices: ReadonlyMap<string, EndpointSlice>;
  secrets: ReadonlyMap<string, Secret>;
  /** Of type Opaque: what passwords are kept in. */
  passwordSecrets: ReadonlyMap<string, Secret>;
  namespaces: ReadonlyMap<string, Namespace>;
  /** Only those that an IngressClass of ours names as its parameters. */
  configMaps: ReadonlyMap<string, ConfigMap>;
}

/** What a place of the snapshot holds. */
export type SnapshotObject<Kind extends keyof Snapshot> = Snapshot[Kind] extends ReadonlyMap<string, infer Value> ? Value : never;

/** A snapshot of a cluster with nothing in it. */
export function emptySnapshot(): Snapshot {
  return {
    ingresses: new Map(), ingressClasses: new Map(), services: new Map(),
    endpointSlices: new Map(), secrets: new Map(), passwordSecrets: new Map(), namespaces: new Map(), configMaps: new Map(),
  };
}

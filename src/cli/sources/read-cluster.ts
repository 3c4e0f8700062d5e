// Lists a cluster once: everything that a decision depends on, and who holds the claims. It watches nothing and writes nothing.

import type { LeaseView } from '../../core/explain/facts.js';
import type { Ingress, IngressClass } from '../../core/kubernetes-objects.js';
import { createNamedConfigMaps } from '../../core/named-config-maps.js';
import { parametersKey } from '../../core/read-class-settings.js';
import type { Snapshot } from '../../core/snapshot.js';
import { connectToApi } from '../../kubernetes/api-connection.js';
import { type KubeApi, createKubeApi } from '../../kubernetes/kube-api.js';
import type { KubeConfigSource } from '../../kubernetes/kube-config.js';
import { type KubeObject, stripBulk } from '../../kubernetes/kube-object.js';
import { readLease } from '../../kubernetes/lease-record.js';
import { listAll } from '../../kubernetes/list-all.js';
import { hasCode } from '../../kubernetes/operational-error.js';
import type { Selection } from '../../kubernetes/resource-path.js';
import { configMaps, leases } from '../../kubernetes/resources.js';
import { ingressWatches } from '../../kubernetes/start-watches.js';

export interface ReadCluster {
  snapshot: Snapshot;
  leases: Map<string, LeaseView> | undefined;
  /** False when Secrets may not be read. */
  secretsKnown: boolean;
  /** What could not be read and what that means, for people. */
  notes: string[];
}

export interface ClusterSource {
  kubeConfig: KubeConfigSource;
  leaseNamespace: string;
  /** Of all claims that are asked about. */
  annotationPrefixes: readonly string[];
  /** Milliseconds since the epoch. */
  now: number;
}

/** Reads the cluster. Fails with an OperationalError when it cannot be reached or does not let us read. */
export async function readCluster({ kubeConfig, leaseNamespace, annotationPrefixes, now }: ClusterSource): Promise<ReadCluster> {
  const connection = await connectToApi({ source: kubeConfig });
  try {
    const api = createKubeApi({ connection });
    const notes: string[] = [];
    const list = (selection: Selection): Promise<Map<string, KubeObject>> => listOnce(api, selection);
    const optional = (selection: Selection, note: string): Promise<Map<string, KubeObject> | undefined> => list(selection).catch((error: unknown) => {
      if (!hasCode(error, 'forbidden')) throw error;
      notes.push(note);
      return undefined;
    });
    const [ingresses, ingressClasses, services, endpointSlices, namespaces, secrets, claims] = await Promise.all([
      list(ingressWatches.ingresses), list(ingressWatches.ingressClasses), list(ingressWatches.services), list(ingressWatches.endpointSlices),
      list(ingressWatches.namespaces), optional(ingressWatches.tlsSecrets, 'Secrets may not be read: certificates are not known'),
      optional({ resource: leases, namespace: leaseNamespace }, `Leases of namespace ${leaseNamespace} may not be read: holders are not known`),
    ]);
    const configMaps = await readConfigMaps(api, [...parametersOf(ingressClasses, leaseNamespace), ...namedOf(ingresses, annotationPrefixes)], notes);
    const snapshot = { configMaps, ingresses, ingressClasses, services, endpointSlices, namespaces, secrets: secrets ?? new Map() } as unknown as Snapshot;
    return { snapshot, secretsKnown: secrets !== undefined, notes, leases: claims && new Map([...claims.values()].map((one) => [one.metadata.name, leaseView(one, now)])) };
  } finally {
    await connection.close();
  }
}

/** Keys of the ConfigMaps that IngressClasses name as parameters. */
function parametersOf(ingressClasses: Map<string, KubeObject>, leaseNamespace: string): string[] {
  return [...ingressClasses.values() as Iterable<IngressClass>].flatMap(({ spec }) => (spec?.parameters && parametersKey(spec.parameters, { parametersNamespace: leaseNamespace })) ?? []);
}

/** Keys of those that annotations name. */
function namedOf(ingresses: Map<string, KubeObject>, annotationPrefixes: readonly string[]): readonly string[] {
  const named = createNamedConfigMaps([{ annotationPrefixes }]);
  for (const [key, ingress] of ingresses) named.set(key, ingress as Ingress);
  return named.keys();
}

/** One that does not exist or may not be read is left out. */
async function readConfigMaps(api: KubeApi, keys: readonly string[], notes: string[]): Promise<Map<string, KubeObject>> {
  const found = new Map<string, KubeObject>();
  for (const key of new Set(keys)) {
    const [namespace, name] = key.split('/') as [string, string];
    try {
      found.set(key, await api.get({ resource: configMaps, namespace, name }));
    } catch (error) {
      if (!hasCode(error, 'forbidden', 'not-found')) throw error;
      if (hasCode(error, 'forbidden')) notes.push(`ConfigMap ${key} may not be read: what it says is not known`);
    }
  }
  return found;
}

async function listOnce(api: KubeApi, selection: Selection): Promise<Map<string, KubeObject>> {
  const { signal } = new AbortController();
  return (await listAll({ api, selection, signal, keep: (object) => stripBulk(object, selection.resource) })).objects;
}

function leaseView(lease: KubeObject, now: number): LeaseView {
  const { holder, transitions, durationMs } = readLease(lease);
  const renewed = Date.parse(String((lease['spec'] as { renewTime?: unknown } | undefined)?.renewTime));
  return { holder, epoch: transitions, durationMs, ageMs: Number.isNaN(renewed) ? undefined : Math.max(0, now - renewed) };
}

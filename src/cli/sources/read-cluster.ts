// Lists a cluster once: everything that a decision depends on, and who holds the claims. It watches nothing and writes nothing.

import type { LeaseView } from '../../core/explain/facts.js';
import type { IngressClass } from '../../core/kubernetes-objects.js';
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
  /** Milliseconds since the epoch. */
  now: number;
}

/** Reads the cluster. Fails with an OperationalError when it cannot be reached or does not let us read. */
export async function readCluster({ kubeConfig, leaseNamespace, now }: ClusterSource): Promise<ReadCluster> {
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
    const configMaps = await readParameters(api, { ingressClasses, leaseNamespace, notes });
    const snapshot = { configMaps, ingresses, ingressClasses, services, endpointSlices, namespaces, secrets: secrets ?? new Map() } as unknown as Snapshot;
    return { snapshot, secretsKnown: secrets !== undefined, notes, leases: claims && new Map([...claims.values()].map((one) => [one.metadata.name, leaseView(one, now)])) };
  } finally {
    await connection.close();
  }
}

/** The ConfigMaps that IngressClasses name as parameters; one that does not exist or may not be read is left out. */
async function readParameters(
  api: KubeApi, { ingressClasses, leaseNamespace, notes }: { ingressClasses: Map<string, KubeObject>; leaseNamespace: string; notes: string[] },
): Promise<Map<string, KubeObject>> {
  const found = new Map<string, KubeObject>();
  for (const { spec } of ingressClasses.values() as Iterable<IngressClass>) {
    const key = spec?.parameters && parametersKey(spec.parameters, { parametersNamespace: leaseNamespace });
    if (key === undefined) continue;
    const [namespace, name] = key.split('/') as [string, string];
    try {
      found.set(key, await api.get({ resource: configMaps, namespace, name }));
    } catch (error) {
      if (!hasCode(error, 'forbidden', 'not-found')) throw error;
      if (hasCode(error, 'forbidden')) notes.push(`ConfigMap ${key} may not be read: settings of its class are not known`);
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

// Makes the EndpointSlices of the sample workloads in the API equal to the planned ones: creates, updates, deletes.
// It touches only slices that carry its own managed-by label.
import isEqual from 'lodash/isEqual.js';
import pick from 'lodash/pick.js';
import type { KubeObject } from '../resources.js';
import type { ApiClient } from './api-client.js';
import { ApiError, objectKey } from './api-client.js';
import { MANAGED_BY, MANAGED_BY_LABEL } from './endpoint-slices.js';

const GROUP = '/apis/discovery.k8s.io/v1';
export const OWN_SLICES = `${GROUP}/endpointslices?labelSelector=${encodeURIComponent(`${MANAGED_BY_LABEL}=${MANAGED_BY}`)}`;

/** `live` is the watched collection; what was just written is put there at once, so that it is not written again. */
export async function writeSlices(api: ApiClient, live: Map<string, KubeObject>, planned: readonly KubeObject[]): Promise<void> {
  const wanted = new Map(planned.map((slice) => [objectKey(slice), slice]));
  for (const [key, slice] of wanted) await writeSlice(api, live, { key, slice });
  for (const [key, slice] of [...live]) {
    if (wanted.has(key)) continue;
    await api.request('DELETE', pathOf(slice)).catch(unless(404));
    live.delete(key);
  }
}

async function writeSlice(api: ApiClient, live: Map<string, KubeObject>, { key, slice }: { key: string; slice: KubeObject }): Promise<void> {
  const existing = live.get(key);
  if (existing !== undefined && isEqual(matter(existing), matter(slice))) return;
  const resourceVersion = existing?.metadata.resourceVersion;
  const written = existing === undefined
    ? await api.request('POST', collectionOf(slice), slice)
    : await api.request('PUT', pathOf(slice), { ...slice, metadata: { ...slice.metadata, resourceVersion } });
  const known = live.get(key);
  // The watch may have been faster, with a later version than the answer.
  if (known === existing) live.set(key, written);
}

const matter = (slice: KubeObject): object => ({
  endpoints: slice['endpoints'] ?? [], ports: slice['ports'] ?? [], ...pick(slice.metadata, ['labels', 'ownerReferences']),
});

const collectionOf = (slice: KubeObject): string => `${GROUP}/namespaces/${slice.metadata.namespace ?? ''}/endpointslices`;
const pathOf = (slice: KubeObject): string => `${collectionOf(slice)}/${slice.metadata.name}`;

function unless(code: number): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof ApiError && error.code === code) return undefined;
    throw error;
  };
}

// The way to a Service by its own address (annotation service-upstream), where something else in the cluster chooses among its
// endpoints. A Service without an address keeps its endpoints.

import { clusterIpKey } from '../route-table/entry-keys.js';
import { finding } from './finding.js';
import type { Service } from './kubernetes-objects.js';
import type { ResolvedBackend } from './resolve-backend.js';

export interface ClusterIpSource {
  /** Names the Ingress in findings. */
  object: string;
  namespace: string;
  services: ReadonlyMap<string, Service>;
}

/** The backend by the address of its Service; as it is when there is none. */
export function throughClusterIp(backend: ResolvedBackend, { object, namespace, services }: ClusterIpSource): ResolvedBackend {
  const { port, service, findings } = backend;
  if (port === undefined) return backend;
  const { type, clusterIP: address = '' } = services.get(`${namespace}/${service}`)?.spec ?? {};
  if (type === 'ExternalName' || address === '' || address === 'None') {
    const message = `annotation service-upstream: Service ${namespace}/${service} has no cluster IP; requests go to its endpoints`;
    return { ...backend, findings: [...findings, finding('unsupported-annotation', object, message)] };
  }
  return { ...backend, key: clusterIpKey(namespace, service, String(port.port)), clusterIp: address };
}

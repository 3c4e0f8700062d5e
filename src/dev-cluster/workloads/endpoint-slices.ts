// Plans the EndpointSlices of one Service from the sample pods behind it: pure, no writes.
// Pods with the same ports share a slice, as the endpoint slice controller of a real cluster does it.
import { createHash } from 'node:crypto';
import get from 'lodash/get.js';
import groupBy from 'lodash/groupBy.js';
import type { KubeObject } from '../resources.js';
import type { ContainerPort, PodState } from './sample-pod.js';

export const MANAGED_BY = 'ingress-arbiter-dev';
export const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';
const SERVICE_LABEL = 'kubernetes.io/service-name';

/** What of a pod matters for a slice. */
export interface PodView {
  name: string;
  uid: string;
  namespace: string;
  address: string;
  state: PodState;
  labels: Record<string, string>;
  containerPorts: readonly ContainerPort[];
  listeningPort: (port: number) => number | undefined;
}

interface ServicePort { name?: string; port: number; targetPort?: number | string; protocol?: string; appProtocol?: string }

export function selects(service: KubeObject, pod: Pick<PodView, 'labels' | 'namespace'>): boolean {
  const selector = Object.entries((get(service, 'spec.selector') ?? {}) as Record<string, string>);
  return selector.length > 0 && get(service, 'spec.type') !== 'ExternalName' &&
    service.metadata.namespace === pod.namespace && selector.every(([label, value]) => pod.labels[label] === value);
}

/** Ports of the pod that the Service leads to. A name that no container port has leads nowhere. */
export function targetPorts(service: KubeObject, pod: Pick<PodView, 'containerPorts'>): { servicePort: ServicePort; target: number }[] {
  return servicePorts(service).flatMap((servicePort) => {
    const wanted = servicePort.targetPort ?? servicePort.port;
    const target = typeof wanted === 'number' ? wanted : pod.containerPorts.find((port) => port.name === wanted)?.port;
    return target === undefined || target === 0 ? [] : [{ servicePort, target }];
  });
}

const servicePorts = (service: KubeObject): ServicePort[] =>
  ((get(service, 'spec.ports') ?? []) as ServicePort[]).filter((port) => (port.protocol ?? 'TCP') === 'TCP');

/** Empty for a Service that the sample workloads do not keep: without a selector, or a mere name. */
export function planEndpointSlices(service: KubeObject, pods: readonly PodView[]): KubeObject[] {
  if (Object.keys((get(service, 'spec.selector') ?? {}) as object).length === 0 || get(service, 'spec.type') === 'ExternalName') return [];
  const shown = pods.filter((pod) => selects(service, pod) && (pod.state === 'ready' || pod.state === 'terminating'));
  const groups = Object.values(groupBy(shown, (pod) => JSON.stringify(slicePorts(service, pod))));
  if (groups.length === 0) return [slice(service, [], [])];
  return groups.map((group) => slice(service, slicePorts(service, group[0]!), group));
}

interface SlicePort { name: string; port: number; protocol: string; appProtocol?: string }

function slicePorts(service: KubeObject, pod: PodView): SlicePort[] {
  return targetPorts(service, pod).flatMap(({ servicePort, target }) => {
    const port = pod.listeningPort(target);
    if (port === undefined) return [];
    const { name = '', appProtocol } = servicePort;
    return [{ name, port, protocol: 'TCP', ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

function slice(service: KubeObject, ports: SlicePort[], pods: readonly PodView[]): KubeObject {
  const { name, namespace, uid } = service.metadata;
  const suffix = createHash('sha256').update(`${uid ?? ''} ${JSON.stringify(ports)}`).digest('hex').slice(0, 5);
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${suffix}`,
      namespace,
      labels: { [SERVICE_LABEL]: name, [MANAGED_BY_LABEL]: MANAGED_BY },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid, controller: true, blockOwnerDeletion: true }],
    },
    addressType: 'IPv4',
    endpoints: pods.map(endpoint),
    ports,
  };
}

function endpoint(pod: PodView): object {
  const ready = pod.state === 'ready';
  return {
    addresses: [pod.address],
    conditions: { ready, serving: true, terminating: !ready },
    nodeName: 'dev',
    targetRef: { kind: 'Pod', namespace: pod.namespace, name: pod.name, uid: pod.uid },
  };
}

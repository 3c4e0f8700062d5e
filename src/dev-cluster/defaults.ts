// Fills in what a client left out, per kind, with the values of a real API server. Returns a new object; validates nothing.
import type { KubeObject, ResourceType } from './resources.js';
import { fieldsAt, isFields, listAt } from './field-access.js';

const fillers: Record<string, (object: KubeObject) => KubeObject> = {
  Namespace: defaultNamespace,
  Service: defaultService,
  Secret: defaultSecret,
  EndpointSlice: defaultEndpointSlice,
  Ingress: (object) => ({ ...object, status: { loadBalancer: {}, ...fieldsAt(object, 'status') } }),
  IngressClass: (object) => object,
  Deployment: defaultDeployment,
};

export function applyDefaults(type: ResourceType, object: KubeObject): KubeObject {
  return fillers[type.kind]?.(object) ?? object;
}

function defaultNamespace(object: KubeObject): KubeObject {
  const labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name };
  return {
    ...object,
    metadata: { ...object.metadata, labels },
    spec: { finalizers: ['kubernetes'], ...fieldsAt(object, 'spec') },
    status: { phase: 'Active', ...fieldsAt(object, 'status') },
  };
}

function defaultService(object: KubeObject): KubeObject {
  const given = fieldsAt(object, 'spec');
  const type = given.type ?? 'ClusterIP';
  const ports = listAt(given, 'ports').map((port) => ({ protocol: 'TCP', ...port, targetPort: port['targetPort'] ?? port['port'] }));
  const external = type === 'NodePort' || type === 'LoadBalancer';
  const spec = {
    ...(type === 'ExternalName' ? {} : { internalTrafficPolicy: 'Cluster', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }),
    ...(external ? { externalTrafficPolicy: 'Cluster' } : {}),
    ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
    sessionAffinity: 'None',
    ...given,
    type,
    ...(given.ports === undefined ? {} : { ports }),
  };
  return { ...object, spec, status: { loadBalancer: {}, ...fieldsAt(object, 'status') } };
}

/** stringData is write-only: it ends up in data, and wins over it. */
function defaultSecret(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object;
  const type = object.type ?? 'Opaque';
  if (!isFields(stringData)) return { ...rest, type } as KubeObject;
  const encoded = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]);
  return { ...rest, type, data: Object.fromEntries([...Object.entries(fieldsAt(object, 'data')), ...encoded]) } as KubeObject;
}

function defaultEndpointSlice(object: KubeObject): KubeObject {
  const ports = listAt(object, 'ports').map((port) => ({ ...port, name: port['name'] ?? '', protocol: port['protocol'] ?? 'TCP' }));
  // A real server prints both lists even when they are empty: null.
  return { ...object, endpoints: object.endpoints ?? null, ports: Array.isArray(object.ports) ? ports : object.ports ?? null };
}

function defaultDeployment(object: KubeObject): KubeObject {
  const given = fieldsAt(object, 'spec');
  const rollingUpdate = { maxSurge: '25%', maxUnavailable: '25%' };
  const spec = { replicas: 1, progressDeadlineSeconds: 600, revisionHistoryLimit: 10, strategy: { type: 'RollingUpdate', rollingUpdate }, ...given };
  return { ...object, spec: { ...spec, replicas: given.replicas ?? 1 }, status: fieldsAt(object, 'status') };
}

// The kinds that the embedded API server serves, and the shapes shared by its parts.
// It knows nothing of ingress-arbiter: to it, every client is just a client.

/** One served kind. `group` is '' for the core group, whose paths start with /api instead of /apis. */
export interface ResourceType {
  group: string;
  version: string;
  kind: string;
  plural: string;
  singular: string;
  shortNames: string[];
  namespaced: boolean;
  /** Whether `/status` exists as a subresource: writes there change status only, other writes never do. */
  hasStatus: boolean;
  /** Whether metadata.generation is kept: it grows when anything outside metadata and status changes. */
  hasGeneration: boolean;
}

export interface ObjectMeta {
  name: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  finalizers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  managedFields?: unknown[];
  ownerReferences?: unknown[];
}

/** Any Kubernetes object as plain JSON. Unknown fields are kept as they came. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

const type = (
  group: string, kind: string, plural: string,
  rest: Partial<Omit<ResourceType, 'group' | 'kind' | 'plural'>> = {},
): ResourceType => ({
  group, version: 'v1', kind, plural, singular: kind.toLowerCase(), shortNames: [], namespaced: true,
  hasStatus: false, hasGeneration: false, ...rest,
});

export const resourceTypes: readonly ResourceType[] = [
  type('', 'Namespace', 'namespaces', { shortNames: ['ns'], namespaced: false, hasStatus: true }),
  type('', 'Service', 'services', { shortNames: ['svc'], hasStatus: true }),
  type('', 'Secret', 'secrets'),
  type('', 'ConfigMap', 'configmaps', { shortNames: ['cm'] }),
  type('', 'Event', 'events', { shortNames: ['ev'] }),
  type('events.k8s.io', 'Event', 'events', { shortNames: ['ev'] }),
  type('discovery.k8s.io', 'EndpointSlice', 'endpointslices', { hasGeneration: true }),
  type('networking.k8s.io', 'Ingress', 'ingresses', { shortNames: ['ing'], hasStatus: true, hasGeneration: true }),
  type('networking.k8s.io', 'IngressClass', 'ingressclasses', { namespaced: false, hasGeneration: true }),
  type('coordination.k8s.io', 'Lease', 'leases'),
  type('apps', 'Deployment', 'deployments', { shortNames: ['deploy'], hasStatus: true, hasGeneration: true }),
  type('apps', 'DaemonSet', 'daemonsets', { shortNames: ['ds'], hasStatus: true, hasGeneration: true }),
  type('batch', 'Job', 'jobs', { hasStatus: true, hasGeneration: true }),
  type('batch', 'CronJob', 'cronjobs', { shortNames: ['cj'], hasStatus: true, hasGeneration: true }),
  type('', 'ServiceAccount', 'serviceaccounts', { shortNames: ['sa'] }),
  type('rbac.authorization.k8s.io', 'Role', 'roles'),
  type('rbac.authorization.k8s.io', 'RoleBinding', 'rolebindings'),
  type('rbac.authorization.k8s.io', 'ClusterRole', 'clusterroles', { namespaced: false }),
  type('rbac.authorization.k8s.io', 'ClusterRoleBinding', 'clusterrolebindings', { namespaced: false }),
  type('networking.k8s.io', 'NetworkPolicy', 'networkpolicies', { shortNames: ['netpol'], hasGeneration: true }),
  type('policy', 'PodDisruptionBudget', 'poddisruptionbudgets', { shortNames: ['pdb'], hasStatus: true, hasGeneration: true }),
  type('autoscaling', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', { version: 'v2', shortNames: ['hpa'], hasStatus: true }),
  type('admissionregistration.k8s.io', 'ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', { namespaced: false, hasGeneration: true }),
  type('admissionregistration.k8s.io', 'ValidatingAdmissionPolicy', 'validatingadmissionpolicies', { namespaced: false, hasStatus: true, hasGeneration: true }),
  type('admissionregistration.k8s.io', 'ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings', { namespaced: false, hasGeneration: true }),
];

// The kinds that ingress-arbiter reads or writes, and where the API serves them.
import type { Resource } from './kube-object.js';

export const ingresses: Resource = { group: 'networking.k8s.io', version: 'v1', plural: 'ingresses', kind: 'Ingress' };
export const ingressClasses: Resource = { group: 'networking.k8s.io', version: 'v1', plural: 'ingressclasses', kind: 'IngressClass' };
export const endpointSlices: Resource = { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', kind: 'EndpointSlice' };
export const leases: Resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease' };
export const services: Resource = { group: '', version: 'v1', plural: 'services', kind: 'Service' };
export const secrets: Resource = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret' };
export const configMaps: Resource = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' };
export const webhookConfigurations: Resource = { group: 'admissionregistration.k8s.io', version: 'v1', plural: 'validatingwebhookconfigurations', kind: 'ValidatingWebhookConfiguration' };
export const namespaces: Resource = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace' };
export const events: Resource = { group: '', version: 'v1', plural: 'events', kind: 'Event' };

// The objects of the benchmarks of change: many Ingresses of one class, each with a host of its own, on one Service; and one
// Ingress on a Service of its own, whose endpoints change.

export const CLASS = 'bench';
const NAMESPACE = 'default';

export interface Named {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; [more: string]: unknown };
}

/** The class, both Services and their endpoint at a port of 127.0.0.1, and the Ingress `changing`. */
export function sharedObjects(port: number): Named[] {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'arbiter' } },
    { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: CLASS }, spec: { controller: 'ingress-arbiter.io/controller' } } as Named,
    ...['web', 'changing'].flatMap((name) => [{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: NAMESPACE }, spec: { ports: [{ name: 'web', port: 80 }] } } as Named, slice(name, [port])]),
    ingress('changing', 'changing'),
  ];
}

/** The endpoints of a Service, at ports of 127.0.0.1; the last one's port counts for all. */
export function slice(service: string, ports: readonly number[]): Named {
  return {
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4',
    metadata: { name: `${service}-1`, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': service } },
    endpoints: ports.map(() => ({ addresses: ['127.0.0.1'], conditions: { ready: true } })), ports: [{ name: 'web', port: ports[0] ?? 1, protocol: 'TCP' }],
  } as Named;
}

/** About as large as what `kubectl apply` leaves: 1.1 KB of what the user wrote, once more in an annotation. */
export function ingress(name: string, service = 'web'): Named {
  const spec = { ingressClassName: CLASS, rules: [{ host: hostOf(name), http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: 80 } } } }] } }] };
  return {
    apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', spec,
    metadata: { name, namespace: NAMESPACE, annotations: { 'nginx.ingress.kubernetes.io/proxy-read-timeout': '60', 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec }) } },
  } as Named;
}

export const hostOf = (name: string): string => `${name}.example.com`;

// The objects of the benchmarks of change: many Ingresses of one class, each with a host of its own, on one Service; and one
// Ingress on a Service of its own, whose endpoints change.

export const CLASS = 'bench';
export const NAMESPACE = 'default';

export interface Named {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; [more: string]: unknown };
  [more: string]: unknown;
}

/** The classes; the Services `web`, with pods at all of these ports of 127.0.0.1, and `changing`, with one; the Ingress `changing`. */
export function sharedObjects(ports: readonly number[], classes: readonly string[] = [CLASS]): Named[] {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'arbiter' } },
    ...classes.map((name) => ({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name }, spec: { controller: 'ingress-arbiter.io/controller' } })),
    service('web'), ...ports.map((port, at) => slice('web', [port], at)),
    service('changing'), slice('changing', ports.slice(0, 1)), ingress('changing', 'changing', classes[0]),
  ];
}

export const service = (name: string): Named => ({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: NAMESPACE }, spec: { ports: [{ name: 'web', port: 80 }] } });

/** A slice with the endpoints of a Service, at ports of 127.0.0.1; the first one's port counts for all. */
export function slice(of: string, ports: readonly number[], number = 0): Named {
  return {
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4',
    metadata: { name: `${of}-${number}`, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': of } },
    endpoints: ports.map(() => ({ addresses: ['127.0.0.1'], conditions: { ready: true } })), ports: [{ name: 'web', port: ports[0] ?? 1, protocol: 'TCP' }],
  };
}

/** About as large as what `kubectl apply` leaves: 1.1 KB of what the user wrote, once more in an annotation. */
export function ingress(name: string, to = 'web', className = CLASS, { at = '/', annotations = {} }: { at?: string; annotations?: Record<string, string> } = {}): Named {
  const spec = { ingressClassName: className, rules: [{ host: hostOf(name), http: { paths: [{ path: at, pathType: 'Prefix', backend: { service: { name: to, port: { number: 80 } } } }] } }] };
  return {
    apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', spec,
    metadata: { name, namespace: NAMESPACE, annotations: { 'nginx.ingress.kubernetes.io/proxy-read-timeout': '60', 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec }), ...annotations } },
  };
}

export const hostOf = (name: string): string => `${name}.example.com`;

/** What names an object to the dev cluster's store. */
export const idOf = ({ apiVersion, kind, metadata: { name, namespace } }: Named): { apiVersion: string; kind: string; name: string; namespace?: string } =>
  ({ apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) });

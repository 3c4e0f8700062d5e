// Which port of which Service a backend of an Ingress means. A backend that means none is a finding; its route answers 503
// rather than falling through to another one.

import { serviceKey } from '../route-table/entry-keys.js';
import { type Finding, finding, quote } from './finding.js';
import { isPortNumber } from './build-endpoints.js';
import type { IngressBackend, Service, ServicePort } from './kubernetes-objects.js';

export interface ResolvedBackend {
  /** Name of the Service, or '' when the backend names none. */
  service: string;
  /** Key of the endpoints' entry in the class table; '' or a key without an entry when the backend can't be resolved. */
  key: string;
  /** The Service's own port, when it exists. */
  port?: ServicePort;
  /** The Service's address, when requests go there and not to its endpoints. */
  clusterIp?: string;
  findings: Finding[];
}

/** DNS label (RFC 1123): what Services are called, and ports, whether by name or by number. */
const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** Resolves a backend in its Ingress's namespace (the API has no others). `object` names the Ingress in findings. */
export function resolveBackend(
  backend: IngressBackend | undefined, namespace: string, services: ReadonlyMap<string, Service>, object: string,
): ResolvedBackend {
  const reference = backend?.service;
  if (reference === undefined) {
    const message = 'has a backend without a service; resource backends are not supported, requests are answered with 503';
    return { service: '', key: '', findings: [finding('resource-backend', object, message)] };
  }
  const name = `${namespace}/${reference.name}`;
  const wanted = reference.port?.name ?? String(reference.port?.number ?? '');
  const service = services.get(name);
  const port = service === undefined ? undefined : findPort(service, wanted);
  if (service === undefined || port === undefined) {
    const why = explainUnresolved(object, name, service, wanted);
    if (!isKeyPart(reference.name, wanted)) return { service: '', key: '', findings: [why] };
    return { service: reference.name, key: serviceKey(namespace, reference.name, wanted), findings: [why] };
  }
  return resolvedTo(port, reference.name, serviceKey(namespace, reference.name, String(port.port)));
}

/** By a Service's own port: all paths that lead to it share what they lead to. */
const resolved = new WeakMap<ServicePort, ResolvedBackend>();

function resolvedTo(port: ServicePort, service: string, key: string): ResolvedBackend {
  const known = resolved.get(port);
  if (known?.key === key) return known;
  const made: ResolvedBackend = { service, key, port, findings: [] };
  resolved.set(port, made);
  return made;
}

/** Only what is a name becomes part of the class table: an entry that the engine refuses would stop the whole class. */
function isKeyPart(name: string, port: string): boolean {
  return label.test(name) && label.test(port) && (!/^[0-9]+$/.test(port) || isPortNumber(Number(port)));
}

function findPort({ spec = {} }: Service, wanted: string): ServicePort | undefined {
  if (spec.type === 'ExternalName') return undefined;
  const ports = spec.ports?.filter(({ protocol = 'TCP', port }) => protocol === 'TCP' && isPortNumber(port));
  return ports?.find((candidate) => candidate.name === wanted || String(candidate.port) === wanted);
}

function explainUnresolved(object: string, name: string, service: Service | undefined, wanted: string): Finding {
  if (service === undefined) {
    return finding('service-missing', object, `backend Service ${quote(name)} does not exist; requests are answered with 503 until it does`);
  }
  if (service.spec?.type === 'ExternalName') {
    return finding('external-name', object, `backend Service ${name} is of type ExternalName, which is not allowed; use a Service with endpoints`);
  }
  return finding('service-port-missing', object, `backend Service ${name} has no TCP port ${quote(wanted)}; it has ${portNames(service)}`);
}

function portNames(service: Service): string {
  const ports = service.spec?.ports ?? [];
  return ports.map((port) => (port.name ? `${port.port} (${port.name})` : String(port.port))).join(', ') || 'none';
}

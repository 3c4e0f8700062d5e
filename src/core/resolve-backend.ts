// Which port of which Service a backend of an Ingress means. A backend that means none is a finding; its route answers 503
// rather than falling through to another one.

import { serviceKey } from '../route-table/entry-keys.js';
import { type Finding, finding } from './finding.js';
import type { IngressBackend, Service, ServicePort } from './kubernetes-objects.js';

export interface ResolvedBackend {
  /** Name of the Service, or '' when the backend names none. */
  service: string;
  /** Key of the endpoints' entry in the class table; nothing lies under it when the backend can't be resolved. */
  key: string;
  /** The Service's own port, when it exists. */
  port?: ServicePort;
  findings: Finding[];
}

/** Resolves a backend in its Ingress's namespace (the API has no others). `object` names the Ingress in findings. */
export function resolveBackend(
  backend: IngressBackend | undefined, namespace: string, services: ReadonlyMap<string, Service>, object: string,
): ResolvedBackend {
  const reference = backend?.service;
  if (reference === undefined) {
    const message = 'has a backend without a service; resource backends are not supported, requests are answered with 503';
    return { service: '', key: serviceKey(namespace, '', ''), findings: [finding('resource-backend', object, message)] };
  }
  const name = `${namespace}/${reference.name}`;
  const wanted = reference.port?.name ?? String(reference.port?.number ?? '');
  const service = services.get(name);
  const port = service === undefined ? undefined : findPort(service, wanted);
  if (service === undefined || port === undefined) {
    const why = explainUnresolved(object, name, service, wanted);
    return { service: reference.name, key: serviceKey(namespace, reference.name, wanted), findings: [why] };
  }
  return { service: reference.name, key: serviceKey(namespace, reference.name, String(port.port)), port, findings: [] };
}

function findPort({ spec = {} }: Service, wanted: string): ServicePort | undefined {
  if (spec.type === 'ExternalName') return undefined;
  return spec.ports?.find((candidate) => candidate.name === wanted || String(candidate.port) === wanted);
}

function explainUnresolved(object: string, name: string, service: Service | undefined, wanted: string): Finding {
  if (service === undefined) {
    return finding('service-missing', object, `backend Service ${name} does not exist; requests are answered with 503 until it does`);
  }
  if (service.spec?.type === 'ExternalName') {
    return finding('external-name', object, `backend Service ${name} is of type ExternalName, which is not allowed; use a Service with endpoints`);
  }
  return finding('service-port-missing', object, `backend Service ${name} has no port "${wanted}"; it has ${portNames(service)}`);
}

function portNames(service: Service): string {
  const ports = service.spec?.ports ?? [];
  return ports.map((port) => (port.name ? `${port.port} (${port.name})` : String(port.port))).join(', ') || 'none';
}

// Which port of which Service a backend of an Ingress means. A backend that means none is a finding; its route answers 503
// rather than falling through to another one.

import { serviceKey } from '../route-table/entry-keys.js';
import { type Finding, finding, quote } from './finding.js';
import { isPortNumber } from './build-endpoints.js';
import type { ClassSettings } from './class-settings.js';
import { externalNameOf, externalProblem, isExternal, unlistedPort } from './external-name.js';
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
  /** The name outside of the cluster that requests go to. */
  externalName?: string;
  findings: Finding[];
}

/** DNS label (RFC 1123): what Services are called, and ports, whether by name or by number. */
const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

export interface BackendSource {
  /** Names the Ingress in findings. */
  object: string;
  /** The Ingress's: the API has no backends elsewhere. */
  namespace: string;
  services: ReadonlyMap<string, Service>;
  settings: Pick<ClassSettings, 'externalNames'> | undefined;
}

export function resolveBackend(backend: IngressBackend | undefined, source: BackendSource): ResolvedBackend {
  const { object, namespace, services, settings } = source;
  const reference = backend?.service;
  if (reference === undefined) {
    const message = 'has a backend without a service; resource backends are not supported, requests are answered with 503';
    return { service: '', key: '', findings: [finding('resource-backend', object, message)] };
  }
  const name = `${namespace}/${reference.name}`;
  const wanted = portText(reference);
  const service = services.get(name);
  const problem = externalProblem(service, settings);
  const port = problem === undefined ? findPort(service, wanted) : undefined;
  if (service === undefined || port === undefined) {
    const why = problem === undefined ? explainUnresolved(object, name, service, wanted) : finding('external-name', object, `backend Service ${name} ${problem}; requests are answered with 503`);
    if (!isKeyPart(reference.name, wanted)) return { service: '', key: '', findings: [why] };
    return { service: reference.name, key: serviceKey(namespace, reference.name, wanted), findings: [why] };
  }
  const key = serviceKey(namespace, reference.name, String(port.port));
  return isExternal(service) ? { service: reference.name, key, port, externalName: externalNameOf(service), findings: [] } : resolvedTo(port, reference.name, key);
}

/** The port by name or by number; '' when it is left out. */
function portText({ port }: NonNullable<IngressBackend['service']>): string {
  return port?.name ?? String(port?.number ?? '');
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

function findPort(service: Service | undefined, wanted: string): ServicePort | undefined {
  const ports = service?.spec?.ports?.filter(({ protocol = 'TCP', port }) => protocol === 'TCP' && isPortNumber(port));
  const port = ports?.find((candidate) => candidate.name === wanted || String(candidate.port) === wanted);
  return port ?? (isExternal(service) ? unlistedPort(wanted) : undefined);
}

function explainUnresolved(object: string, name: string, service: Service | undefined, wanted: string): Finding {
  if (service === undefined) {
    return finding('service-missing', object, `backend Service ${quote(name)} does not exist; requests are answered with 503 until it does`);
  }
  return finding('service-port-missing', object, `backend Service ${name} has no TCP port ${quote(wanted)}; it has ${portNames(service)}`);
}

function portNames(service: Service): string {
  const ports = service.spec?.ports ?? [];
  return ports.map((port) => (port.name ? `${port.port} (${port.name})` : String(port.port))).join(', ') || 'none';
}

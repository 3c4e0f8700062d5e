// Gives Services their cluster IPs (10.96.0.0/12) and node ports (30000–32767), as a real API server does on create.
// Which are taken is learnt from the store's own changes, so a removed Service gives its own back.
import type { KubeObject, ResourceType } from './resources.js';
import type { ObjectStore } from './object-store.js';
import type { Change } from './watch-window.js';
import { invalidValue } from './field-error.js';
import { objectKey } from './object-store.js';
import { resourceTypes } from './resources.js';
import { invalid } from './status-error.js';

interface ServicePort { nodePort?: number; [field: string]: unknown }
interface ServiceSpec { type?: string; clusterIP?: string; clusterIPs?: string[]; ports?: ServicePort[]; [field: string]: unknown }

const FIRST_ADDRESS = (10 << 24) | (96 << 16);
const ADDRESSES = 1 << 20;
const FIRST_NODE_PORT = 30000;
const NODE_PORTS = 2768;

const serviceType = resourceTypes.find((type) => type.kind === 'Service')!;

export class ServiceAddresses {
  /** Addresses and node ports to the key of the Service that has them. */
  private readonly takenAddresses = new Map<string, string>();
  private readonly takenPorts = new Map<number, string>();
  /** Where the next search begins, so that a removed Service's address is not given away again at once. */
  private nextAddress = 10;
  private nextNodePort = 0;

  constructor(store: ObjectStore) {
    store.listen(serviceType, (change) => this.note(change));
  }

  assign(type: ResourceType, service: KubeObject, live: KubeObject | undefined): KubeObject {
    const spec = specOf(service);
    if (spec === undefined) return service;
    if (spec.type === 'ExternalName') return { ...service, spec: withoutAddress(spec) };
    const clusterIP = this.clusterIpFor(type, service, live);
    const ports = needsNodePorts(spec) ? this.withNodePorts(spec.ports ?? [], specOf(live)?.ports ?? []) : spec.ports;
    return { ...service, spec: { ...spec, clusterIP, clusterIPs: [clusterIP], ...(ports === undefined ? {} : { ports }) } };
  }

  private clusterIpFor(type: ResourceType, service: KubeObject, live: KubeObject | undefined): string {
    const spec = specOf(service)!;
    const given = spec.clusterIP || spec.clusterIPs?.[0];
    if (!given) return specOf(live)?.clusterIP ?? this.freeAddress();
    const holder = this.takenAddresses.get(given);
    if (holder !== undefined && holder !== keyOf(service)) {
      throw invalid(type, service.metadata.name, [invalidValue('spec.clusterIPs', [given], `failed to allocate IP ${given}: provided IP is already allocated`)]);
    }
    return given;
  }

  private freeAddress(): string {
    for (let tried = 0; tried < ADDRESSES; tried += 1) {
      const address = printAddress(FIRST_ADDRESS + this.nextAddress);
      this.nextAddress = (this.nextAddress + 1) % ADDRESSES;
      if (!this.takenAddresses.has(address)) return address;
    }
    throw new Error('Service: every address of 10.96.0.0/12 is taken');
  }

  private withNodePorts(ports: ServicePort[], before: ServicePort[]): ServicePort[] {
    const given = new Set(ports.map((port) => port.nodePort));
    return ports.map((port, index) => {
      if (port.nodePort) return port;
      const nodePort = before[index]?.nodePort ?? this.freeNodePort(given);
      given.add(nodePort);
      return { ...port, nodePort };
    });
  }

  private freeNodePort(given: ReadonlySet<number | undefined>): number {
    for (let tried = 0; tried < NODE_PORTS; tried += 1) {
      const port = FIRST_NODE_PORT + this.nextNodePort;
      this.nextNodePort = (this.nextNodePort + 1) % NODE_PORTS;
      if (!this.takenPorts.has(port) && !given.has(port)) return port;
    }
    throw new Error('Service: every node port of 30000-32767 is taken');
  }

  private note({ type, key, object, previous }: Change): void {
    const before = specOf(previous);
    this.takenAddresses.delete(before?.clusterIP ?? '');
    for (const port of nodePortsOf(before)) this.takenPorts.delete(port);
    const now = type === 'DELETED' ? undefined : specOf(object);
    if (now?.clusterIP !== undefined && now.clusterIP !== 'None') this.takenAddresses.set(now.clusterIP, key);
    for (const port of nodePortsOf(now)) this.takenPorts.set(port, key);
  }
}

const nodePortsOf = (spec: ServiceSpec | undefined): number[] =>
  (spec?.ports ?? []).map((port) => port.nodePort).filter((port) => port !== undefined);

const specOf = (service: KubeObject | undefined): ServiceSpec | undefined => {
  const spec = service?.['spec'];
  return typeof spec === 'object' && spec !== null ? spec as ServiceSpec : undefined;
};

const keyOf = ({ metadata }: KubeObject): string => objectKey(metadata.namespace, metadata.name);

const needsNodePorts = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);

function withoutAddress(spec: ServiceSpec): ServiceSpec {
  const rest = { ...spec };
  delete rest.clusterIP;
  delete rest.clusterIPs;
  return rest;
}

const printAddress = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

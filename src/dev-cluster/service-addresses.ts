// Gives Services their cluster IPs (10.96.0.0/12) and node ports (30000–32767), as a real API server does on create.
// What is taken is read from the stored Services: there is no second book that could disagree.
import type { KubeObject, ResourceType } from './resources.js';
import type { ObjectStore } from './object-store.js';
import { invalid } from './status-error.js';
import { invalidValue } from './field-error.js';

interface ServicePort { nodePort?: number; [field: string]: unknown }
interface ServiceSpec { type?: string; clusterIP?: string; clusterIPs?: string[]; ports?: ServicePort[]; [field: string]: unknown }

const FIRST_ADDRESS = (10 << 24) | (96 << 16);
const ADDRESSES = 1 << 20;
const FIRST_NODE_PORT = 30000;
const NODE_PORTS = 2768;

export class ServiceAddresses {
  /** Where the next search begins, so that a removed Service's address is not given away again at once. */
  private nextAddress = 10;
  private nextNodePort = 0;

  constructor(private readonly store: ObjectStore) {}

  assign(type: ResourceType, service: KubeObject, live: KubeObject | undefined): KubeObject {
    const spec = service.spec as ServiceSpec | undefined;
    if (typeof spec !== 'object' || spec === null) return service;
    if (spec.type === 'ExternalName') return { ...service, spec: withoutAddress(spec) };
    const others = this.others(type, live ?? service);
    const clusterIP = this.clusterIpFor(type, service, { live, others });
    const ports = needsNodePorts(spec) ? this.withNodePorts(spec.ports ?? [], { others, before: portsOf(live) }) : spec.ports;
    return { ...service, spec: { ...spec, clusterIP, clusterIPs: [clusterIP], ...(ports === undefined ? {} : { ports }) } };
  }

  private clusterIpFor(type: ResourceType, service: KubeObject, { live, others }: { live: KubeObject | undefined; others: ServiceSpec[] }): string {
    const spec = service.spec as ServiceSpec;
    const given = spec.clusterIP || spec.clusterIPs?.[0];
    const taken = new Set(others.map((other) => other.clusterIP));
    if (!given) return (live?.spec as ServiceSpec | undefined)?.clusterIP ?? this.freeAddress(taken);
    if (given !== 'None' && taken.has(given)) {
      throw invalid(type, service.metadata.name, [invalidValue('spec.clusterIPs', [given], `failed to allocate IP ${given}: provided IP is already allocated`)]);
    }
    return given;
  }

  private freeAddress(taken: ReadonlySet<string | undefined>): string {
    for (let tried = 0; tried < ADDRESSES; tried += 1) {
      const address = printAddress(FIRST_ADDRESS + this.nextAddress);
      this.nextAddress = (this.nextAddress + 1) % ADDRESSES;
      if (!taken.has(address)) return address;
    }
    throw new Error('Service: every address of 10.96.0.0/12 is taken');
  }

  private withNodePorts(ports: ServicePort[], { others, before }: { others: ServiceSpec[]; before: ServicePort[] }): ServicePort[] {
    const taken = new Set([...others.flatMap((other) => other.ports ?? []), ...ports].map((port) => port.nodePort));
    return ports.map((port, index) => {
      if (port.nodePort) return port;
      const nodePort = before[index]?.nodePort ?? this.freeNodePort(taken);
      taken.add(nodePort);
      return { ...port, nodePort };
    });
  }

  private freeNodePort(taken: ReadonlySet<number | undefined>): number {
    for (let tried = 0; tried < NODE_PORTS; tried += 1) {
      const port = FIRST_NODE_PORT + this.nextNodePort;
      this.nextNodePort = (this.nextNodePort + 1) % NODE_PORTS;
      if (!taken.has(port)) return port;
    }
    throw new Error('Service: every node port of 30000-32767 is taken');
  }

  private others(type: ResourceType, self: KubeObject): ServiceSpec[] {
    const stored = this.store.list(type);
    return stored.keys.map((key) => stored.at(key)!).filter((each) => each.metadata.uid !== self.metadata.uid).map((each) => each.spec as ServiceSpec);
  }
}

const portsOf = (service: KubeObject | undefined): ServicePort[] => (service?.spec as ServiceSpec | undefined)?.ports ?? [];

const needsNodePorts = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);

function withoutAddress(spec: ServiceSpec): ServiceSpec {
  const rest = { ...spec };
  delete rest.clusterIP;
  delete rest.clusterIPs;
  return rest;
}

const printAddress = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

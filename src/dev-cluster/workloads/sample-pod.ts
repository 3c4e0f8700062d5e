// One sample pod: its names, its loopback address and a server per port, from start to graceful end.
// It knows nothing of Services or slices; who wants it gone says so.
import { createHash, randomBytes } from 'node:crypto';
import get from 'lodash/get.js';
import type { KubeObject } from '../resources.js';
import type { LoopbackAddresses } from './loopback-addresses.js';
import type { PodIdentity, PodServer } from './pod-server.js';
import { startPodServer } from './pod-server.js';

/** ready: gets traffic. terminating: shown as such. removed: in no slice any more, waits for its servers to end. */
export type PodState = 'starting' | 'ready' | 'terminating' | 'removed';

export interface ContainerPort { name: string; port: number }

/** Added to a port that only root may have, when we are not root. */
const UNPRIVILEGED_OFFSET = 10_000;
const ADDRESSES_TO_TRY = 20;

export class SamplePod {
  state: PodState = 'starting';
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  readonly deployment: string;
  readonly templateHash: string;
  readonly labels: Record<string, string>;
  readonly containerPorts: readonly ContainerPort[];
  address = '';
  /** What a port of the pod is really served on; nearly always itself. */
  readonly #servers = new Map<number, PodServer>();

  constructor(deployment: KubeObject, private readonly serviceOf: (pod: SamplePod, port: number) => string | undefined) {
    this.templateHash = templateHash(deployment);
    this.deployment = deployment.metadata.name;
    this.namespace = deployment.metadata.namespace ?? '';
    this.name = `${this.deployment}-${this.templateHash}-${randomBytes(3).toString('hex')}`;
    this.uid = randomBytes(16).toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    this.labels = (get(deployment, 'spec.template.metadata.labels') ?? {}) as Record<string, string>;
    this.containerPorts = containerPortsOf(deployment);
  }

  /** The port that clients must use for a port of the pod; undefined while it does not listen there. */
  listeningPort(port: number): number | undefined {
    return this.#servers.get(port)?.port;
  }

  /** Takes an address and listens on the ports; another address is tried when somebody else has a port of this one. */
  async start(addresses: LoopbackAddresses, ports: readonly number[]): Promise<void> {
    for (let left = ADDRESSES_TO_TRY; ; left -= 1) {
      this.address = addresses.take();
      try {
        for (const port of ports) await this.listen(port);
        this.state = 'ready';
        return;
      } catch (error) {
        await this.close(0);
        // An address with a foreign listener is not given back: it would only be tried again.
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || left === 0) {
          addresses.release(this.address);
          throw error;
        }
      }
    }
  }

  async listen(port: number): Promise<void> {
    if (this.#servers.has(port)) return;
    const at = (actual: number): Promise<PodServer> =>
      startPodServer({ address: this.address, port: actual, identity: () => this.#identity(port) });
    const server = await at(port).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EACCES') throw error;
      return at(port + UNPRIVILEGED_OFFSET);
    });
    this.#servers.set(port, server);
  }

  async close(grace: number): Promise<void> {
    const servers = [...this.#servers.values()];
    this.#servers.clear();
    await Promise.all(servers.map((server) => server.close(grace)));
  }

  #identity(port: number): PodIdentity {
    const service = this.serviceOf(this, port);
    return { pod: this.name, deployment: this.deployment, namespace: this.namespace, ...(service === undefined ? {} : { service }) };
  }
}

/** Changes whenever the pods of a Deployment have to be replaced. */
export function templateHash(deployment: KubeObject): string {
  return createHash('sha256').update(JSON.stringify(get(deployment, 'spec.template') ?? {})).digest('hex').slice(0, 8);
}

function containerPortsOf(deployment: KubeObject): ContainerPort[] {
  const containers = (get(deployment, 'spec.template.spec.containers') ?? []) as { ports?: { name?: string; containerPort?: number; protocol?: string }[] }[];
  return containers.flatMap((container) => container.ports ?? [])
    .filter((port) => typeof port.containerPort === 'number' && (port.protocol ?? 'TCP') === 'TCP')
    .map((port) => ({ name: port.name ?? '', port: port.containerPort! }));
}

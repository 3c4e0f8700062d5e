// Services of the stand-in: their addresses on the bridge, and a relay from each of their ports to a pod. What kube-proxy and a
// cloud's load balancer do, for connections of TCP.

import { type Server, connect, createServer } from 'node:net';
import get from 'lodash/get.js';
import type { KubeObject } from '../../src/dev-cluster/resources.js';
import { selects, targetPorts } from '../../src/dev-cluster/workloads/endpoint-slices.js';
import { addAddress } from './network.js';
import type { RunningPod } from './pod.js';

export class Relays {
  private readonly servers = new Map<string, Server>();
  private readonly addresses = new Set<string>();
  private turn = 0;

  constructor(private readonly pods: () => readonly RunningPod[], private readonly serviceOf: (key: string) => KubeObject | undefined) {}

  /** Listens for a Service at an address. The pods behind it are looked up for each connection. */
  relay(key: string, address: string, ports: readonly number[]): void {
    if (!this.addresses.has(address)) {
      addAddress(address);
      this.addresses.add(address);
    }
    for (const port of ports) this.listen(address, port, () => this.targetOf(key, port));
  }

  /** A relay to one fixed port of this machine. */
  forward(address: string, port: number, to: number): void {
    addAddress(address);
    this.listen(address, port, () => ({ host: '127.0.0.1', port: to }));
  }

  close(): void {
    for (const server of this.servers.values()) server.close();
  }

  private listen(address: string, port: number, target: () => { host: string; port: number } | undefined): void {
    const at = `${address}:${port}`;
    if (this.servers.has(at)) return;
    const server = createServer((client) => {
      const to = target();
      if (to === undefined) return client.destroy();
      const pod = connect(to);
      const end = (): void => { client.destroy(); pod.destroy(); };
      client.once('error', end).once('close', end);
      pod.once('error', end).once('close', end);
      client.pipe(pod).pipe(client);
      return undefined;
    });
    server.on('error', (error) => process.stderr.write(`stand-in: ${at}: ${error.message}\n`));
    server.listen(port, address);
    this.servers.set(at, server);
  }

  private targetOf(key: string, port: number): { host: string; port: number } | undefined {
    const service = this.serviceOf(key);
    if (service === undefined) return undefined;
    const unreadyToo = get(service, 'spec.publishNotReadyAddresses') === true;
    const behind = this.pods().filter((pod) => pod.running && selects(service, pod) && (pod.state === 'ready' || (unreadyToo && pod.state === 'starting')));
    const pod = behind[(this.turn += 1) % behind.length];
    if (pod === undefined) return undefined;
    const found = targetPorts(service, pod).find(({ servicePort }) => servicePort.port === port);
    return found === undefined ? undefined : { host: pod.address, port: found.target };
  }
}

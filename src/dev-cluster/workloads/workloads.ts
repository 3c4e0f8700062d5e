// Runs the sample workloads: watches Deployments and Services of the dev cluster, keeps that many local HTTP servers running,
// and keeps EndpointSlices and Deployment status true to them. It stands for kubelet and controllers, not for real pods.
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import get from 'lodash/get.js';
import isMatch from 'lodash/isMatch.js';
import type { KubeObject } from '../resources.js';
import type { ApiAccess } from './api-client.js';
import { ApiClient, ApiError, objectKey } from './api-client.js';
import { planEndpointSlices, selects, targetPorts } from './endpoint-slices.js';
import { LoopbackAddresses } from './loopback-addresses.js';
import { SamplePod, templateHash } from './sample-pod.js';
import { OWN_SLICES, writeSlices } from './slice-writer.js';
import { deploymentStatus } from './deployment-status.js';

export interface WorkloadOptions extends ApiAccess {
  /** Milliseconds that a stopping pod is shown as terminating, and then goes on serving outside any slice. */
  drain?: number;
  /** Milliseconds that running requests get when a pod's servers close. */
  grace?: number;
  /** Told what could not be done; it is tried again. */
  onProblem?: (message: string) => void;
}

export interface Workloads {
  pods(): readonly SamplePod[];
  /** Ends every server, socket, watch and timer. */
  close(): Promise<void>;
}

const DEFAULT_DRAIN = 250;
const DEFAULT_GRACE = 2_000;
const RETRY = 500;
const RETRY_AT_ONCE = 20;
const MOST_PODS_PER_DEPLOYMENT = 100;

export function startWorkloads(options: WorkloadOptions): Workloads {
  const runner = new WorkloadRunner(options);
  runner.start();
  return { pods: () => [...runner.pods], close: () => runner.close() };
}

class WorkloadRunner {
  readonly pods = new Set<SamplePod>();
  readonly #api: ApiClient;
  readonly #addresses = new LoopbackAddresses(process.pid);
  readonly #deployments = new Map<string, KubeObject>();
  readonly #services = new Map<string, KubeObject>();
  readonly #slices = new Map<string, KubeObject>();
  readonly #ending = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  /** Collections not listed yet: acting before would delete what is only not seen. */
  readonly #unlisted = new Set(['deployments', 'services', 'slices']);
  #wanted = false;
  #running: Promise<void> | undefined;

  constructor(private readonly options: WorkloadOptions) {
    this.#api = new ApiClient(options);
    // Every pod that is stopping listens for the end of it all.
    setMaxListeners(0, this.#stop.signal);
  }

  start(): void {
    this.#watch('deployments', '/apis/apps/v1/deployments', this.#deployments);
    this.#watch('services', '/api/v1/services', this.#services);
    this.#watch('slices', OWN_SLICES, this.#slices);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#api.close();
    await Promise.all([...this.#ending.values()]);
    await Promise.all([...this.pods].map((pod) => pod.close(0)));
    this.pods.clear();
  }

  #watch(name: string, path: string, objects: Map<string, KubeObject>): void {
    this.#api.watch(path, { objects, changed: () => {
      this.#unlisted.delete(name);
      this.#reconcileSoon();
    } });
  }

  /** One run at a time; whatever changes meanwhile causes exactly one more. */
  #reconcileSoon(): void {
    this.#wanted = true;
    this.#running ??= this.#reconcileWhileWanted().finally(() => { this.#running = undefined; });
  }

  async #reconcileWhileWanted(): Promise<void> {
    await new Promise(setImmediate);
    while (this.#wanted && this.#unlisted.size === 0 && !this.#stop.signal.aborted) {
      this.#wanted = false;
      try {
        await this.#reconcile();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#wanted = true;
        // Somebody else wrote in between: what they wrote is about to arrive, or has.
        if (error instanceof ApiError && [404, 409].includes(error.code)) await this.#pause(RETRY_AT_ONCE);
        else await this.#report(error as Error);
      }
    }
  }

  async #report(error: Error): Promise<void> {
    this.options.onProblem?.(`sample workloads: ${error.message}; trying again`);
    await this.#pause(RETRY);
  }

  async #reconcile(): Promise<void> {
    await Promise.all([...this.#deployments.values()].map((deployment) => this.#scale(deployment)));
    for (const pod of this.pods) {
      if (!this.#deployments.has(`${pod.namespace}/${pod.deployment}`)) this.#terminate(pod);
    }
    await this.#listenOnServicePorts();
    await this.#publishSlices();
    for (const deployment of [...this.#deployments.values()]) await this.#writeStatus(deployment);
  }

  async #scale(deployment: KubeObject): Promise<void> {
    const hash = templateHash(deployment);
    const own = [...this.pods].filter((pod) => isPodOf(pod, deployment) && pod.state === 'ready');
    const current = own.filter((pod) => pod.templateHash === hash);
    const replicas = Math.min(Number(get(deployment, 'spec.replicas') ?? 1), MOST_PODS_PER_DEPLOYMENT);
    for (const pod of current.slice(replicas)) this.#terminate(pod);
    await Promise.all(Array.from({ length: Math.max(0, replicas - current.length) }, () => this.#startPod(deployment)));
    for (const pod of own) if (pod.templateHash !== hash) this.#terminate(pod);
  }

  async #startPod(deployment: KubeObject): Promise<void> {
    const pod = new SamplePod(deployment, (self, port) => this.#serviceOf(self, port));
    await pod.start(this.#addresses, this.#portsOf(pod));
    this.pods.add(pod);
  }

  #portsOf(pod: SamplePod): number[] {
    const fromServices = [...this.#services.values()].filter((service) => selects(service, pod))
      .flatMap((service) => targetPorts(service, pod).map(({ target }) => target));
    return [...new Set([...pod.containerPorts.map(({ port }) => port), ...fromServices])];
  }

  #serviceOf(pod: SamplePod, port: number): string | undefined {
    const leading = [...this.#services.values()].filter((service) =>
      selects(service, pod) && targetPorts(service, pod).some(({ target }) => target === port));
    return leading.map((service) => service.metadata.name).sort()[0];
  }

  async #listenOnServicePorts(): Promise<void> {
    for (const pod of this.pods) {
      if (pod.state !== 'ready') continue;
      for (const port of this.#portsOf(pod)) {
        // Somebody else has that port of this address: another pod will get another address.
        await pod.listen(port).catch(() => this.#replace(pod));
      }
    }
  }

  #replace(pod: SamplePod): void {
    this.#terminate(pod);
    this.#wanted = true;
  }

  async #publishSlices(): Promise<void> {
    const pods = [...this.pods];
    const stopping = pods.filter((pod) => pod.state === 'terminating');
    const removed = pods.filter((pod) => pod.state === 'removed');
    const planned = [...this.#services.values()].flatMap((service) => planEndpointSlices(service, pods));
    await writeSlices(this.#api, this.#slices, planned);
    for (const pod of stopping) this.#once(pod, 'terminating', () => this.#remove(pod));
    for (const pod of removed) this.#once(pod, 'removed', () => this.#end(pod));
  }

  /** Shown as terminating, then in no slice, then closed, each after the slices say so: a proxy that follows them loses no request. */
  #terminate(pod: SamplePod): void {
    if (pod.state === 'ready') pod.state = 'terminating';
  }

  #once(pod: SamplePod, step: string, act: () => Promise<void>): void {
    const key = `${pod.name} ${step}`;
    if (this.#ending.has(key)) return;
    this.#ending.set(key, act().finally(() => this.#ending.delete(key)));
  }

  async #remove(pod: SamplePod): Promise<void> {
    await this.#pause(this.options.drain ?? DEFAULT_DRAIN);
    pod.state = 'removed';
    this.#reconcileSoon();
  }

  async #end(pod: SamplePod): Promise<void> {
    await this.#pause(this.options.drain ?? DEFAULT_DRAIN);
    await pod.close(this.#stop.signal.aborted ? 0 : this.options.grace ?? DEFAULT_GRACE);
    this.pods.delete(pod);
    this.#addresses.release(pod.address);
  }

  async #writeStatus(deployment: KubeObject): Promise<void> {
    const pods = [...this.pods].filter((pod) => isPodOf(pod, deployment) && pod.state === 'ready');
    const status = deploymentStatus(deployment, pods.length);
    if (isMatch((deployment['status'] ?? {}) as object, status)) return;
    const { namespace = '', name } = deployment.metadata;
    const written = await this.#api.request('PATCH', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}/status`, { status });
    if (this.#deployments.get(objectKey(deployment)) === deployment) this.#deployments.set(objectKey(deployment), written);
  }

  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}

const isPodOf = (pod: SamplePod, deployment: KubeObject): boolean =>
  pod.deployment === deployment.metadata.name && pod.namespace === deployment.metadata.namespace;

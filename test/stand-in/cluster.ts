// A cluster on one machine that runs pods: the dev cluster's API server, and in place of kubelet, controllers and cloud a loop
// that starts what Deployments, DaemonSets and Jobs ask for, each pod in a sandbox of its own. It enforces the roles. Needs
// root, a network namespace of its own, and `ip`, `unshare`, `setpriv`. It knows no Pod objects, no limits, no schedule.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import get from 'lodash/get.js';
import isMatch from 'lodash/isMatch.js';
import { startApiServer } from '../../src/dev-cluster/api-server.js';
import type { KubeObject } from '../../src/dev-cluster/resources.js';
import { deploymentStatus } from '../../src/dev-cluster/workloads/deployment-status.js';
import { planEndpointSlices } from '../../src/dev-cluster/workloads/endpoint-slices.js';
import { type Pod, podsIn } from '../feature/install/pods.js';
import { createNetwork } from './network.js';
import { type Image, RunningPod } from './pod.js';
import { Relays } from './services.js';

export interface StandIn {
  kubeconfig: string;
  stop(): Promise<void>;
}

export interface StandInOptions {
  /** Folder for the kubeconfig, logs and sandboxes. */
  state: string;
  imageFor: (name: string) => Image;
}

const LOOP_MS = 100;
const kinds = [['apps/v1', 'Deployment'], ['apps/v1', 'DaemonSet'], ['batch/v1', 'Job']] as const;

export async function startStandIn({ state, imageFor }: StandInOptions): Promise<StandIn> {
  createNetwork();
  mkdirSync(state, { recursive: true });
  const refused = (code: number, what: string): void => { if (code === 403) process.stderr.write(`stand-in: refused: ${what}\n`); };
  const api = await startApiServer({ rbac: true, onRequest: ({ user, verb, resource, name, namespace, code }) => refused(code, `${user}: ${verb} ${resource} ${namespace ?? ''}/${name ?? ''}`) });
  const kubeconfig = path.join(state, 'kubeconfig');
  writeFileSync(kubeconfig, api.kubeconfig(), { mode: 0o600 });
  const hosts = path.join(state, 'hosts');
  writeFileSync(hosts, '127.0.0.1 localhost\n', { mode: 0o644 });
  const pods = new Set<RunningPod>();
  const services = (): KubeObject[] => api.store.list({ apiVersion: 'v1', kind: 'Service' });
  const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace}/${metadata.name}`;
  const relays = new Relays(() => [...pods], (key) => services().find((service) => keyOf(service) === key));
  relays.forward('10.96.0.1', 443, api.port);
  let numbers = 0;
  let balancers = 0;

  const wantedPods = (): { owner: KubeObject; pod: Pod; count: number }[] => kinds.flatMap(([apiVersion, kind]) => api.store.list({ apiVersion, kind })).map((owner) => ({
    owner, pod: podsIn([owner])[0]!, count: owner.kind === 'Deployment' ? Number(get(owner, 'spec.replicas')) : 1,
  }));
  const templateOf = (pod: Pod): string => JSON.stringify([pod.labels, pod.spec]);
  const isOf = (one: RunningPod, owner: KubeObject): boolean => one.owner.owner.kind === owner.kind && one.namespace === owner.metadata.namespace && one.owner.owner.metadata.name === owner.metadata.name;

  const start = (owner: KubeObject, pod: Pod): void => {
    const number = (numbers += 1);
    const name = `${owner.metadata.name.slice(0, 50)}-${number}`;
    pods.add(new RunningPod({ number, name, pod, image: imageFor(pod.spec.containers[0]!.image), state, hosts, api, namespace: owner.metadata.namespace! }));
  };
  const end = (one: RunningPod): void => { void one.stop().finally(() => pods.delete(one)); };

  const settle = ({ owner, pod, count }: ReturnType<typeof wantedPods>[number]): void => {
    const own = [...pods].filter((one) => isOf(one, owner) && one.state !== 'terminating' && one.state !== 'removed');
    if (owner.kind === 'Job') return settleJob(owner, pod, own);
    for (const one of own.filter(({ exitCode }) => exitCode !== undefined)) end(one);
    const living = own.filter(({ exitCode }) => exitCode === undefined);
    const current = living.filter((one) => templateOf(one.owner) === templateOf(pod));
    for (let at = current.length; at < count; at += 1) start(owner, pod);
    for (const one of current.slice(count)) end(one);
    // The old ones go when the new ones serve.
    if (current.filter(({ state: now }) => now === 'ready').length >= count) for (const one of living) if (!current.includes(one)) end(one);
    if (owner.kind === 'Deployment') showStatus(owner, deploymentStatus(owner, current.filter(({ state: now }) => now === 'ready').length));
  };
  const settleJob = (owner: KubeObject, pod: Pod, own: readonly RunningPod[]): void => {
    if (get(owner, 'status.succeeded') === 1) return;
    const [one] = own;
    if (one === undefined) return start(owner, pod);
    if (one.exitCode === undefined) return;
    pods.delete(one);
    if (one.exitCode === 0) showStatus(owner, { succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] });
  };
  const showStatus = (owner: KubeObject, status: object): void => {
    const live = api.store.get({ apiVersion: owner.apiVersion, kind: owner.kind, namespace: owner.metadata.namespace!, name: owner.metadata.name });
    if (live !== undefined && !isMatch((live['status'] ?? {}) as object, status)) api.store.updateStatus({ ...live, status });
  };

  const settleServices = (): void => {
    const names: string[] = ['127.0.0.1 localhost', '10.96.0.1 kubernetes.default.svc'];
    for (const service of services()) {
      const { metadata: { name, namespace } } = service;
      const address = get(service, 'spec.clusterIP') as string | undefined;
      const ports = ((get(service, 'spec.ports') ?? []) as { port: number }[]).map(({ port }) => port);
      if (address !== undefined && address !== 'None') {
        relays.relay(keyOf(service), address, ports);
        names.push(`${address} ${name}.${namespace}.svc ${name}.${namespace}`);
      }
      if (get(service, 'spec.type') === 'LoadBalancer') {
        const shown = get(service, 'status.loadBalancer.ingress[0].ip') as string | undefined;
        if (shown === undefined) api.store.updateStatus({ ...service, status: { loadBalancer: { ingress: [{ ip: `203.0.113.${(balancers += 1)}` }] } } });
        else relays.relay(keyOf(service), shown, ports);
      }
      settleSlices(service);
    }
    writeFileSync(hosts, `${names.join('\n')}\n`);
  };
  const settleSlices = (service: KubeObject): void => {
    for (const slice of planEndpointSlices(service, [...pods])) {
      const id = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', namespace: slice.metadata.namespace!, name: slice.metadata.name };
      const live = api.store.get(id);
      if (live === undefined) api.store.create(slice);
      else if (!isMatch(live, { endpoints: slice['endpoints'], ports: slice['ports'] }) || (live['endpoints'] as unknown[] | null ?? []).length !== (slice['endpoints'] as unknown[]).length) api.store.update({ ...live, endpoints: slice['endpoints'], ports: slice['ports'] });
    }
  };

  const loop = setInterval(() => {
    try {
      settleServices();
      const wanted = wantedPods();
      for (const one of wanted) settle(one);
      for (const pod of pods) {
        if (pod.state === 'starting' && !pod.running && pod.exitCode === undefined) pod.start();
        if (pod.state !== 'terminating' && pod.state !== 'removed' && !wanted.some(({ owner }) => isOf(pod, owner))) end(pod);
      }
    } catch (error) {
      process.stderr.write(`stand-in: ${(error as Error).message}\n`);
    }
  }, LOOP_MS);
  return {
    kubeconfig,
    async stop() {
      clearInterval(loop);
      await Promise.all([...pods].map((pod) => pod.stop()));
      relays.close();
      await api.close();
    },
  };
}

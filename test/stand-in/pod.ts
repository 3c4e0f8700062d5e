// One pod of the stand-in: its program in a sandbox, its probes, its end. It knows nothing of Deployments or Services.

import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import type { PodView } from '../../src/dev-cluster/workloads/endpoint-slices.js';
import type { Pod } from '../feature/install/pods.js';
import { GATEWAY, connectPod } from './network.js';
import { type VolumeContext, prepareVolumes } from './volumes.js';

export interface Image {
  /** The file system that its root is. */
  root: string;
  /** What runs, before the pod's arguments. */
  entrypoint: string[];
  /** Further read-only mounts: what, where, how. */
  mounts: string[];
}

export interface PodOptions extends Omit<VolumeContext, 'folder' | 'group'> {
  number: number;
  name: string;
  pod: Pod;
  image: Image;
  /** Where folders of pods and their logs are. */
  state: string;
  hosts: string;
}

interface Probe { httpGet: { path: string; port: string }; periodSeconds?: number; failureThreshold?: number }

const NOBODY = 65534;

export class RunningPod implements PodView {
  state: 'starting' | 'ready' | 'terminating' | 'removed' = 'starting';
  readonly uid: string;
  readonly namespace: string;
  readonly labels: Record<string, string>;
  readonly containerPorts: { name: string; port: number; protocol: string }[];
  readonly address: string;
  exitCode: number | string | undefined;
  private child: ChildProcess | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failures = 0;

  constructor(private readonly options: PodOptions) {
    const { number, pod, namespace } = options;
    this.uid = `${options.name}-uid`;
    this.namespace = namespace;
    this.labels = pod.labels;
    this.containerPorts = (pod.spec.containers[0]!.ports ?? []).map(({ name, containerPort }) => ({ name, port: containerPort, protocol: 'TCP' }));
    this.address = `10.244.${Math.floor(number / 250)}.${(number % 250) + 2}`;
  }

  get name(): string { return this.options.name; }
  get owner(): Pod { return this.options.pod; }
  get running(): boolean { return this.child !== undefined && this.exitCode === undefined; }
  listeningPort(port: number): number { return port; }

  /** Starts it when its volumes are there; true when it runs. */
  start(): boolean {
    const { pod, state, name, image, hosts, number } = this.options;
    const folder = path.join(state, 'pods', name);
    mkdirSync(folder, { recursive: true });
    const { securityContext: context, containers: [container] } = pod.spec;
    const account = Number(context?.['runAsUser'] ?? NOBODY);
    const group = Number(context?.['fsGroup'] ?? context?.['runAsGroup'] ?? account);
    const mounts = prepareVolumes(pod, { ...this.options, folder, group });
    if (mounts === undefined) return false;
    writeFileSync(path.join(folder, 'mounts'), [...mounts, ...image.mounts, `${hosts}\t/etc/hosts\tread`, ''].join('\n'));
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', POD_IP: this.address, KUBERNETES_SERVICE_HOST: 'kubernetes.default.svc', KUBERNETES_SERVICE_PORT: '443', PORT: String(this.containerPorts[0]?.port ?? 0) };
    const args = (container!.args ?? []).map((arg) => arg.replaceAll('$(POD_IP)', this.address));
    const sandbox = path.resolve('test/stand-in/pod-sandbox.sh');
    const child = spawn('unshare', ['--net', '--mount', '--pid', '--uts', '--fork', '--kill-child', '--propagation', 'private', sandbox,
      ...Object.entries(env).map(([key, value]) => `${key}=${value}`), ...image.entrypoint, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', STATE: folder, IMAGE: image.root, ADDRESS: this.address, GATEWAY, ACCOUNT: String(account), GROUP: String(group) },
    });
    this.child = child;
    const log = createWriteStream(path.join(state, `${name}.log`), { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.once('exit', (code, signal) => { this.exitCode = code ?? signal!; });
    this.connectWhenApart(number, child);
    const probe = (container as unknown as { readinessProbe?: Probe }).readinessProbe;
    if (probe !== undefined) this.timer = setInterval(() => void this.probe(probe), Math.min(1000, (probe.periodSeconds ?? 10) * 1000));
    else if (this.containerPorts.length > 0) this.timer = setInterval(() => void this.probe({ httpGet: { path: '/', port: this.containerPorts[0]!.name } }), 250);
    return true;
  }

  /** Its cable can be moved into its namespace only when that is another one than ours. */
  private connectWhenApart(number: number, child: ChildProcess): void {
    const attempt = (left: number): void => {
      if (this.exitCode !== undefined) return;
      try {
        if (netOf(child.pid!) === netOf('self')) throw new Error('not yet');
        connectPod(number, child.pid!);
        child.stdin!.end('go\n');
      } catch (error) {
        if (left === 0) throw error;
        setTimeout(() => attempt(left - 1), 20);
      }
    };
    attempt(500);
  }

  private async probe({ httpGet, failureThreshold = 1 }: Probe): Promise<void> {
    const port = this.containerPorts.find(({ name }) => name === httpGet.port)?.port ?? Number(httpGet.port);
    const fine = await answers(this.address, port, httpGet.path);
    this.failures = fine ? 0 : this.failures + 1;
    if (this.state === 'starting' && fine) this.state = 'ready';
    else if (this.state === 'ready' && this.failures >= failureThreshold) this.state = 'starting';
  }

  /** SIGTERM, then its grace, then SIGKILL. Resolves when it has ended. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    if (this.state !== 'removed') this.state = 'terminating';
    const { child } = this;
    if (child !== undefined && this.exitCode === undefined) {
      const ended = new Promise((resolve) => { child.once('exit', resolve); });
      // The child of unshare is the pod's first process.
      const [first] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
      if (first) process.kill(Number(first), 'SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), (this.options.pod.spec.terminationGracePeriodSeconds ?? 30) * 1000);
      await ended;
      clearTimeout(late);
    }
    this.state = 'removed';
  }
}

const netOf = (pid: number | string): string => readlinkSync(`/proc/${pid}/ns/net`);

function answers(host: string, port: number, at: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host, port, path: at, timeout: 3000 }, (response) => {
      response.resume();
      resolve((response.statusCode ?? 500) < 400);
    });
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve(false));
    asked.end();
  });
}

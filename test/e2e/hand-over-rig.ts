// Two classes with a controller process each, engines as processes of their own, and the dev cluster's API server, whose
// request log is the judge of who wrote what. Class settings make a hand-over short.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { makeCertificates } from '../../src/cli/certs/make-certificates.js';
import type { KubeObject } from '../../src/dev-cluster/resources.js';
import { type ApiServer, type RequestRecord, startApiServer } from '../../src/dev-cluster/api-server.js';
import { ingress, service } from '../fixtures/dev-rig.js';
import { type EchoBackend, startEchoBackend } from '../fixtures/echo-backend.js';
import { eventually } from '../fixtures/eventually.js';
import { freePorts } from '../fixtures/free-ports.js';
import { httpGet } from '../fixtures/http-get.js';
import { type Load, type Target, startLoad } from '../fixtures/open-loop-load.js';
import { type Program, mainScript, startProgram } from '../fixtures/program.js';

export const A = 'class-a';
export const B = 'class-b';
export const annotation = 'ingress-arbiter.io/hand-over';
export const addressOf = (className: string): string => `${className}.lb.test`;

export interface EngineSettings extends Program {
  ports: Record<string, number>;
  admin: number;
}

type Stored = KubeObject & { spec: { ingressClassName?: string }; status?: { loadBalancer?: { ingress?: { hostname?: string }[] } } };

export class HandOverRig {
  readonly records: RequestRecord[] = [];
  /** Asked of every request when it has been answered, before anybody hears of it. */
  onRecord: (record: RequestRecord) => void = () => undefined;
  readonly programs: Program[] = [];
  api!: ApiServer;
  backend!: EchoBackend;
  private folder = '';
  private readonly streams = new Map<string, number>();
  private readonly loads: Load[] = [];

  constructor(private readonly settings: Record<string, string> = { 'hand-over-grace': '1s', 'hand-over-quiet': '1s' }) {}

  async start(classes: readonly string[] = [A, B]): Promise<void> {
    this.folder = mkdtempSync(path.join(tmpdir(), 'ia-hand-over-'));
    mkdirSync(this.file('tls'));
    await makeCertificates({ folder: this.file('tls'), classes: [...classes], days: 2 });
    this.api = await startApiServer({ allowLoopbackEndpoints: true, watchWindow: 50_000, onRequest: (record) => {
      this.records.push(record);
      this.onRecord(record);
    } });
    this.backend = await startEchoBackend('one');
    const ports = await freePorts(classes.length);
    classes.forEach((name, at) => this.streams.set(name, ports[at]!));
    this.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'arbiter' } }, ...service('web', [this.backend.port]));
    for (const name of classes) this.createClass(name);
  }

  createClass(name: string): void {
    this.create(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'arbiter' }, data: this.settings },
      { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name }, spec: { controller: 'ingress-arbiter.io/controller', parameters: { kind: 'ConfigMap', name, namespace: 'arbiter', scope: 'Namespace' } } },
    );
  }

  /** Loads of tests that failed go on until here. */
  async stop(): Promise<void> {
    await Promise.all(this.loads.map((load) => load.stop()));
    for (const one of this.programs) await one.kill();
    this.backend?.close();
    await this.api?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  file(name: string): string { return path.join(this.folder, name); }

  create(...objects: object[]): void { for (const object of objects) this.api.store.create(object as KubeObject); }

  /** A controller process of one class. */
  startController(name: string, { claim = {}, statusWritesPerSecond = 5 }: { claim?: object; statusWritesPerSecond?: number } = {}): Program {
    const file = `controller-${name}-${this.programs.length}.yaml`;
    const user = `controller-${name}`;
    writeFileSync(this.file(`${user}.kubeconfig`), this.api.kubeconfig({ user, token: this.api.addUser(user) }), { mode: 0o600 });
    writeFileSync(this.file(file), stringify({
      claims: [{ class: name, addresses: [{ hostname: addressOf(name) }], ...claim }], leaseNamespace: 'arbiter', kubeconfig: `${user}.kubeconfig`, admin: { port: 0 }, statusWritesPerSecond,
      stream: { address: '127.0.0.1', port: this.streams.get(name), tls: { certificate: `tls/class-${name}.crt`, key: `tls/class-${name}.key`, authority: 'tls/ca.crt' } },
    }));
    return this.run('dist/test/e2e/loopback-controller.js', this.file(file));
  }

  async startEngine(name: string, { classes = [A, B], listeners = classes, ports }: { classes?: readonly string[]; listeners?: readonly string[]; ports?: Record<string, number> } = {}): Promise<EngineSettings> {
    const free = await freePorts(1 + 2 * listeners.length);
    const admin = free.pop()!;
    const http = ports ?? Object.fromEntries(listeners.map((one, at) => [one, free[at]!]));
    writeFileSync(this.file(`${name}.yaml`), stringify({
      name, unreadySeconds: 0, admin: { address: '127.0.0.1', port: admin },
      controllers: Object.fromEntries(classes.map((one) => [one, [`https://127.0.0.1:${this.streams.get(one)}`]])),
      tls: { certificate: 'tls/engine.crt', key: 'tls/engine.key', authority: 'tls/ca.crt' },
      engine: {
        workDirectory: `work-${name}`, workers: 1, allowLoopbackEndpoints: true, limits: { drainSeconds: 2 },
        listeners: listeners.map((one, at) => ({ name: one, address: '127.0.0.1', httpPort: http[one], httpsPort: free[listeners.length + at], classes: [one] })),
        ...(process.getuid?.() === 0 ? { workerUser: 'root' } : {}),
      },
    }));
    return { ...this.run(mainScript, 'engine', '--config', this.file(`${name}.yaml`)), ports: http, admin };
  }

  /** `count` Ingresses of a class, each with a host of its own; they are all the same but for their names. */
  createIngresses(count: number, className: string, options: { namespace?: string; prefix?: string } = {}): Target[] {
    const { prefix = 'web' } = options;
    const names = Array.from({ length: count }, (_, at) => `${prefix}-${at}`);
    this.create(...names.map((name) => ingress(name, `${name}.test`, 'web', { class: className, ...(options.namespace === undefined ? {} : { namespace: options.namespace }) })));
    return names.map((name) => ({ host: `${name}.test`, backends: ['one'] }));
  }

  ingresses(): Stored[] {
    return this.api.store.list({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' }) as Stored[];
  }

  find(name: string): Stored {
    return this.api.store.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: 'default', name }) as Stored;
  }

  change(name: string, edit: (ingress: Stored) => void): void {
    const object = structuredClone(this.find(name));
    edit(object);
    this.api.store.update(object);
  }

  /** Gives an Ingress to a class, as `kubectl edit` does. */
  move(name: string, className: string): void {
    this.change(name, (one) => { one.spec.ingressClassName = className; });
  }

  shown(one: Stored): string { return (one.status?.loadBalancer?.ingress ?? []).map(({ hostname }) => hostname).join(','); }

  record(one: Stored): string | undefined { return one.metadata.annotations?.[annotation]; }

  /** Waits until every Ingress shows the address of the class and has no record any more. */
  async arrived(className: string, withinMs = 30_000): Promise<void> {
    await this.eventually(() => {
      for (const one of this.ingresses()) expect([one.metadata.name, this.shown(one), this.record(one)]).to.deep.equal([one.metadata.name, addressOf(className), undefined]);
    }, withinMs);
  }

  async answers(port: number, host: string, status: number, withinMs = 20_000): Promise<void> {
    await this.eventually(async () => expect((await httpGet({ port, host })).status, host).to.equal(status), withinMs);
  }

  /** As `eventually`; when it does not happen, the error has the last lines of all programs. */
  eventually<T>(check: () => T | Promise<T>, withinMs?: number): Promise<T> {
    return eventually(check, withinMs).catch((error: Error) => { throw new Error(`${error.message}\n${this.tail()}`); });
  }

  /** As `startLoad`; it ends with the rig at the latest. */
  load(port: number, targets: readonly Target[], perSecond: number): Load {
    const load = startLoad(port, targets, perSecond);
    this.loads.push(load);
    return load;
  }

  tail(): string { return this.programs.map((one) => one.output().split('\n').slice(-12).join('\n')).join('\n---\n'); }

  private run(...command: [string, ...string[]]): Program {
    const program = startProgram(command);
    this.programs.push(program);
    return program;
  }
}

interface Written {
  metadata: { name: string; annotations?: Record<string, string> };
  status?: { loadBalancer?: { ingress?: { hostname?: string }[] } };
}

/** Every Ingress that was written, in the order of the writes. */
export function writtenIngresses(records: readonly RequestRecord[]): { object: Written; user: string; resource: string }[] {
  return records.filter(({ resource, code }) => resource.startsWith('ingresses') && code < 300)
    .flatMap(({ written: object, user, resource }) => (object === undefined ? [] : [{ object: object as unknown as Written, user, resource }]));
}

/** Everything that was ever written to the statuses and records shows the order of a hand-over, and each status was written once. */
export function judgeWrites(records: readonly RequestRecord[], { from, to, names }: { from: string; to: string; names: readonly string[] }): void {
  const moved: string[] = [];
  for (const { object: { metadata, status }, user, resource } of writtenIngresses(records)) {
    if (!names.includes(metadata.name)) continue;
    const shown = (status?.loadBalancer?.ingress ?? []).map(({ hostname }) => hostname);
    expect(shown, `${metadata.name} by ${user}`).to.have.length(1);
    if (resource !== 'ingresses/status') continue;
    moved.push(metadata.name);
    expect([user, shown[0]], metadata.name).to.deep.equal([`controller-${to}`, addressOf(to)]);
    const record = JSON.parse(metadata.annotations![annotation]!) as { from: string[]; to: string; movedAt?: string };
    expect([record.from, record.to], metadata.name).to.deep.equal([[from], to]);
    expect(record.movedAt, metadata.name).to.be.a('string');
  }
  expect(moved.sort(), 'each status is written once').to.deep.equal([...names].sort());
}

// Controllers and engines as processes of their own around the dev cluster's API server: two controllers for each class, any
// number of engines that serve all classes. Each host has a backend of its own, so that an answer tells whether it was right.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { makeCertificates } from '../../../src/cli/certs/make-certificates.js';
import { type ApiServer, startApiServer } from '../../../src/dev-cluster/api-server.js';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import { ingress, service } from '../../fixtures/dev-rig.js';
import { type EchoBackend, startEchoBackend } from '../../fixtures/echo-backend.js';
import { type EngineProgram, startEngineProgram } from '../../fixtures/engine-program.js';
import { eventually } from '../../fixtures/eventually.js';
import { freePorts } from '../../fixtures/free-ports.js';
import { httpGet } from '../../fixtures/http-get.js';
import type { Target } from '../../fixtures/open-loop-load.js';
import { type Program, startProgram } from '../../fixtures/program.js';
import { type TcpRelay, startTcpRelay } from '../../fixtures/tcp-relay.js';

/** Where a program runs and what it is reached at; all of it this machine when left out. */
export interface Place {
  netns?: string;
  /** Of the table stream, and of the admin port or the listeners. */
  stream?: string;
  own?: string;
}

export interface ControllerProgram extends Program {
  class: string;
  /** Where engines reach it. */
  stream: string;
  admin: { address: string; port: number };
  again(): ControllerProgram;
  metrics(): Promise<string>;
}

export interface ApartRigOptions {
  hosts?: number;
  /** Places of the two controllers of each class. */
  controllers?: Record<string, readonly Place[]>;
  /** Address of this machine at which controllers reach the API server, and engines the backends. */
  apiAddress?: string;
  backendAddress?: string;
}

export const CLASSES = ['red', 'blue'] as const;
const PER_CLASS = 2;

export class ApartRig {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'ia-apart-'));
  readonly engines: EngineProgram[] = [];
  readonly controllers: ControllerProgram[] = [];
  api!: ApiServer;
  /** What controllers know the API server by. */
  relay!: TcpRelay;
  private readonly running = new Set<Program>();
  private readonly backends: EchoBackend[] = [];
  private streams: Record<string, string[]> = {};

  constructor(private readonly options: ApartRigOptions = {}) {}

  async start(): Promise<void> {
    const { apiAddress = '127.0.0.1', controllers = {} } = this.options;
    await this.certify(2);
    this.api = await startApiServer({ allowLoopbackEndpoints: true, watchWindow: 50_000 });
    this.relay = await startTcpRelay(this.api.port, apiAddress);
    this.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'arbiter' } });
    for (const name of CLASSES) {
      this.create({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name }, spec: { controller: 'ingress-arbiter.io/controller' } });
      for (let at = 0; at < (this.options.hosts ?? 3); at++) await this.serve(name, `h${at}`);
      const ports = await freePorts(PER_CLASS);
      this.streams[name] = ports.map((port, at) => `https://${controllers[name]?.[at]?.stream ?? '127.0.0.1'}:${port}`);
    }
  }

  async stop(): Promise<void> {
    for (const program of this.running) await program.kill();
    for (const backend of this.backends) backend.close();
    await this.relay?.stop();
    await this.api?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** New certificates of the same authority for everybody. */
  async certify(days: number): Promise<void> {
    mkdirSync(this.file('tls'), { recursive: true });
    await makeCertificates({ folder: this.file('tls'), classes: [...CLASSES], days });
  }

  file(name: string): string { return path.join(this.folder, name); }

  create(...objects: object[]): void { for (const object of objects) this.api.store.create(object as KubeObject); }

  /** One more host of a class, with a backend of its own that has its name. */
  async serve(className: string, name: string): Promise<Target> {
    const { backendAddress = '127.0.0.1' } = this.options;
    const whole = `${className}-${name}`;
    const backend = await startEchoBackend(whole, backendAddress);
    this.backends.push(backend);
    this.create(...service(whole, [backend.port], 'default', backendAddress), ingress(whole, `${name}.${className}.test`, whole, { class: className }));
    return { host: `${name}.${className}.test`, backends: [whole] };
  }

  targets(className: string): Target[] {
    return Array.from({ length: this.options.hosts ?? 3 }, (_, at) => ({ host: `h${at}.${className}.test`, backends: [`${className}-h${at}`] }));
  }

  async startController(className: string, at: number): Promise<ControllerProgram> {
    const { netns, own = '127.0.0.1' } = this.options.controllers?.[className]?.[at] ?? {};
    const name = `${className}-${at}`;
    const [admin] = await freePorts(1) as [number];
    const kubeconfig = this.api.kubeconfig({ user: name, token: this.api.addUser(name) });
    // The certificate of the API server names this machine only.
    writeFileSync(this.file(`${name}.kubeconfig`), kubeconfig.replace(/( *)server: .*/, `$1server: https://${this.relay.address}:${this.relay.port}\n$1tls-server-name: localhost`), { mode: 0o600 });
    const stream = this.streams[className]![at]!;
    writeFileSync(this.file(`controller-${name}.yaml`), stringify({
      claims: [{ class: className, addresses: [{ hostname: `${className}.lb.test` }] }], leaseNamespace: 'arbiter', kubeconfig: `${name}.kubeconfig`, admin: { address: own, port: admin },
      stream: { address: new URL(stream).hostname, port: Number(new URL(stream).port), tls: { certificate: `tls/class-${className}.crt`, key: `tls/class-${className}.key`, authority: 'tls/ca.crt' } },
    }));
    const begin = (): ControllerProgram => {
      const program = startProgram(['dist/test/e2e/loopback-controller.js', this.file(`controller-${name}.yaml`)], { netns });
      this.running.add(program);
      return {
        ...program, class: className, stream, admin: { address: own, port: admin }, again: () => this.replace(this.controllers, name, begin()),
        metrics: async () => (await httpGet({ address: own, port: admin, host: 'localhost', path: '/metrics' })).text,
      };
    };
    return this.replace(this.controllers, name, begin());
  }

  /** In the place of the one before. */
  private replace(list: ControllerProgram[], name: string, controller: ControllerProgram): ControllerProgram {
    const before = list.findIndex((one) => `${one.class}-${this.streams[one.class]!.indexOf(one.stream)}` === name);
    list.splice(before < 0 ? list.length : before, before < 0 ? 0 : 1, controller);
    return controller;
  }

  async startControllers(): Promise<void> {
    for (const name of CLASSES) for (let at = 0; at < PER_CLASS; at++) await this.startController(name, at);
  }

  controllersOf(className: string): ControllerProgram[] { return this.controllers.filter((one) => one.class === className); }

  /** Of the two of a class, the one that has it. */
  async holder(className: string, withinMs = 40_000): Promise<ControllerProgram> {
    return eventually(async () => {
      const shown = await Promise.all(this.controllersOf(className).map((one) => one.metrics().catch(() => '')));
      const at = shown.findIndex((text) => new RegExp(`^ingress_arbiter_claim_held\\{ingress_class="${className}"\\} 1$`, 'm').test(text));
      if (at < 0) throw new Error(`nobody holds ${className}:\n${this.controllersOf(className).map(({ output }) => output().slice(-500)).join('\n')}`);
      return this.controllersOf(className)[at]!;
    }, withinMs);
  }

  async startEngine(name: string, { netns, own, settings, engine }: Place & { settings?: object; engine?: object } = {}): Promise<EngineProgram> {
    const program = await startEngineProgram({
      folder: this.folder, name, controllers: this.streams, ...(netns === undefined ? {} : { netns }), ...(own === undefined ? {} : { address: own }),
      ...(settings === undefined ? {} : { settings }), ...(engine === undefined ? {} : { engine }),
    });
    this.track(program);
    this.engines.push(program);
    return program;
  }

  /** Another start of an engine that has ended. */
  restart(engine: EngineProgram): EngineProgram {
    const next = this.track(engine.again());
    this.engines.splice(this.engines.indexOf(engine), 1, next);
    return next;
  }

  private track<One extends Program>(program: One): One {
    this.running.add(program);
    void program.ended.then(() => this.running.delete(program));
    return program;
  }

  async allReady(withinMs = 60_000): Promise<void> {
    for (const engine of this.engines) await eventually(() => engine.expectReady(), withinMs);
  }

  /** A change is made now for each of these classes, and engines come to serve it. */
  async expectChange(name: string, { classes = CLASSES as readonly string[], engines = this.engines, withinMs = 40_000 } = {}): Promise<void> {
    for (const className of classes) await this.serve(className, name);
    for (const className of classes) {
      for (const engine of engines) {
        await eventually(async () => expect((await engine.get(className, `${name}.${className}.test`)).headers['x-backend'], `${className} ${name}`).to.equal(`${className}-${name}`), withinMs);
      }
    }
  }
}

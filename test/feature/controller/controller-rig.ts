// A dev cluster with controllers on it, each under a user of its own, and a sink that keeps what would go to an engine. The
// server's own log of requests says who wrote what.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Controller, startController } from '../../../src/controller/controller.js';
import { type Claim, claimName } from '../../../src/core/claim.js';
import { type ApiServer, type RequestRecord, startApiServer } from '../../../src/dev-cluster/api-server.js';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import { connectToApi } from '../../../src/kubernetes/api-connection.js';
import { createKubeApi } from '../../../src/kubernetes/kube-api.js';
import { createMetrics } from '../../../src/metrics/metrics.js';
import type { ClassTable, TableUpdate } from '../../../src/route-table/types.js';
import { shippedAccess } from '../../fixtures/shipped-access.js';

export const leaseNamespace = 'edge';

export interface RunningController {
  controller: Controller;
  /** What an engine would serve now, by class. */
  tables: Map<string, ClassTable>;
  updates: TableUpdate[];
  /** The value of a metric's series, 0 when there is none; `series` as Prometheus writes it. */
  metric(series: string): Promise<number>;
  stop(): Promise<void>;
}

export interface ControllerRig {
  server: ApiServer;
  /** Every request so far. */
  log: RequestRecord[];
  /** Successful writes of a user, without those to Leases. */
  writesOf(user: string): RequestRecord[];
  /** Starts one and waits until it has seen the cluster. `user` names it in the log. */
  start(user: string, claims: readonly Claim[]): Promise<RunningController>;
  close(): Promise<void>;
}

export async function startControllerRig(): Promise<ControllerRig> {
  const log: RequestRecord[] = [];
  const access = shippedAccess();
  const server = await startApiServer({ authorize: access.authorize, onRequest: (record) => log.push(record) });
  server.store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: leaseNamespace } });
  const folder = mkdtempSync(path.join(tmpdir(), 'controller-rig-'));
  const running = new Set<RunningController>();
  let starts = 0;
  return {
    server, log,
    writesOf: (user) => log.filter((one) => one.user === user && one.code < 300 && one.resource !== 'leases' && !['get', 'list', 'watch'].includes(one.verb)),
    async start(user, claims) {
      starts += 1;
      access.admit(user, { namespace: leaseNamespace, leases: claims.map(claimName) });
      const kubeconfig = path.join(folder, `${user}-${starts}`);
      writeFileSync(kubeconfig, server.kubeconfig({ user, token: server.addUser(user) }));
      const one = await startOne({ kubeconfig, identity: `${user}-${starts}`, claims, onStop: () => running.delete(one) });
      running.add(one);
      return one;
    },
    async close() {
      await Promise.all([...running].map((one) => one.stop()));
      await server.close();
      rmSync(folder, { recursive: true, force: true });
      access.expectNoRefusal();
    },
  };
}

interface StartOne {
  kubeconfig: string;
  identity: string;
  claims: readonly Claim[];
  onStop: () => void;
}

async function startOne({ kubeconfig, identity, claims, onStop }: StartOne): Promise<RunningController> {
  const connection = await connectToApi({ source: { kind: 'path', path: kubeconfig } });
  const metrics = createMetrics({ readings: async () => [], version: '0', nodeVersion: '0' });
  const updates: TableUpdate[] = [];
  const tables = new Map<string, ClassTable>();
  const apply = async (update: TableUpdate): Promise<{ applied: true }> => {
    updates.push(structuredClone(update));
    const table: ClassTable = update.full ? new Map() : tables.get(update.class)!;
    for (const { key, value } of update.set) table.set(key, structuredClone(value));
    for (const key of update.remove) table.delete(key);
    tables.set(update.class, table);
    return { applied: true };
  };
  const controller = startController({ claims, api: createKubeApi({ connection }), sink: { apply }, metrics, leaseNamespace, identity, log: () => undefined });
  await controller.synced;
  return {
    controller, tables, updates,
    async metric(series) {
      const line = (await metrics.render({ format: 'text' })).pieces.join('').split('\n').find((one) => one.startsWith(`${series} `));
      return line === undefined ? 0 : Number(line.slice(series.length + 1));
    },
    async stop() {
      onStop();
      await controller.stop();
      await connection.close();
    },
  };
}

export const ownClass = (name: string, more: object = {}): KubeObject =>
  ({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name }, spec: { controller: 'ingress-arbiter.io/controller', ...more } });

export const foreignClass = (name: string): KubeObject =>
  ({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name }, spec: { controller: 'haproxy.org/ingress-controller' } });

export const webService: KubeObject = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' }, spec: { ports: [{ port: 80 }] } };

/** An Ingress of `className` for `<name>.example.com`, or the host given. */
export const ingressOf = (className: string, name: string, { host = `${name}.example.com`, service = 'web' } = {}): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name, namespace: 'default' },
  spec: {
    ingressClassName: className,
    rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: 80 } } } }] } }],
  },
});

/** The addresses in the status of an Ingress of the namespace `default`. */
export function shownBy(server: ApiServer, name: string): unknown {
  const object = server.store.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: 'default', name });
  return (object?.['status'] as { loadBalancer?: { ingress?: unknown } } | undefined)?.loadBalancer?.ingress ?? [];
}

export interface SeenEvent {
  about: string;
  type: string;
  reason: string;
  message: string;
}

/** All Events of the namespace `default`. */
export function eventsIn(server: ApiServer): SeenEvent[] {
  return server.store.list({ apiVersion: 'v1', kind: 'Event', namespace: 'default' }).map((event) => {
    const { involvedObject, type, reason, message } = event as unknown as SeenEvent & { involvedObject: { kind: string; name: string } };
    return { about: `${involvedObject.kind} ${involvedObject.name}`, type, reason, message };
  });
}

// Controller instances in this process against a dev cluster, each under a user and a connection of its own, with a sink that
// records instead of an engine.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Instance, startInstance } from '../../../src/cli/installation/start-instance.js';
import { type Claim, claimName } from '../../../src/core/claim.js';
import { type ApiServer, type ApiServerOptions, type RequestRecord, startApiServer } from '../../../src/dev-cluster/api-server.js';
import { createMetrics } from '../../../src/metrics/metrics.js';
import { type CheckedSink, checkedSink } from '../../fixtures/checked-sink.js';
import { shippedAccess } from '../../fixtures/shipped-access.js';

export interface Member extends Instance {
  user: string;
  sink: CheckedSink;
  log: string[];
  /** Value of a metric; undefined when it has no such series. */
  metric(name: string, labels: Record<string, string>): Promise<number | undefined>;
}

export interface MemberOptions {
  claims: Claim[];
  namespace?: string;
  installation?: string;
  /** An engine that several share. */
  sink?: CheckedSink;
}

export interface Rig {
  api: ApiServer;
  records: RequestRecord[];
  start(user: string, options: MemberOptions): Promise<Member>;
  /** Successful writes of a user. */
  writesBy(user: string): RequestRecord[];
  stop(): Promise<void>;
}

const writes = new Set(['create', 'update', 'patch', 'delete']);

/** A dev cluster with the namespaces of Leases, and whoever is started on it, with the rights that are shipped. */
export async function startRig(options: ApiServerOptions = {}): Promise<Rig> {
  const records: RequestRecord[] = [];
  const folder = mkdtempSync(path.join(tmpdir(), 'ia-instances-'));
  const access = shippedAccess();
  const api = await startApiServer({
    ...options, allowLoopbackEndpoints: true, onRequest: (record) => records.push(record),
    authorize: (request) => access.authorize(request) && (options.authorize?.(request) ?? true),
  });
  for (const name of ['arbiter', 'elsewhere', 'foreign']) api.store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const members: Member[] = [];
  return {
    api, records,
    async start(user, { claims, namespace = 'arbiter', installation = 'default', sink = checkedSink() }) {
      access.admit(user, { namespace, leases: claims.map(claimName) });
      const kubeconfig = path.join(folder, user);
      writeFileSync(kubeconfig, api.kubeconfig({ user, token: api.addUser(user) }));
      const log: string[] = [];
      const metrics = createMetrics({ readings: async () => [], version: '0', nodeVersion: '0' });
      const instance = await startInstance({
        claims, identity: `${user}-identity`, installation: { name: installation, namespace }, kubeconfig: { kind: 'path', path: kubeconfig },
        sink, metrics, log: (_level, message) => log.push(message),
      });
      const metric = async (name: string, labels: Record<string, string>): Promise<number | undefined> => {
        const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
        const line = (await metrics.render({ format: 'text' })).pieces.join('').split('\n').find((one) => one.startsWith(`${name}{`) && wanted.every((label) => one.includes(label)));
        return line === undefined ? undefined : Number(line.split(' ').at(-1));
      };
      const member = { ...instance, user, sink, log, metric };
      members.push(member);
      return member;
    },
    writesBy: (user) => records.filter((one) => one.user === user && writes.has(one.verb) && one.code < 300),
    async stop() {
      await Promise.all(members.map((member) => member.stop()));
      await api.close();
      rmSync(folder, { recursive: true, force: true });
      access.expectNoRefusal();
    },
  };
}

/** An Ingress of a class in namespace `default`. */
export function ingressFor(className: string, name: string, hosts: string[], namespace = 'default'): never {
  return {
    apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name, namespace },
    spec: {
      ingressClassName: className,
      rules: hosts.map((host) => ({ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } })),
    },
  } as never;
}

/** An IngressClass of ours, or of the controller that is named. */
export function classNamed(name: string, controller = 'ingress-arbiter.io/controller'): never {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name }, spec: { controller } } as never;
}

// Two real processes for one class: one is killed, one told to end, one frozen and woken again. The dev cluster's own request
// log is the judge of who wrote what and when. 500 Ingresses of somebody else are there all the time.

import { mkdtempSync, rmSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import isEqual from 'lodash/isEqual.js';
import { type ApiServer, type RequestRecord, startApiServer } from '../../src/dev-cluster/api-server.js';
import { eventually } from '../fixtures/eventually.js';
import { stoppedInWait } from '../fixtures/process-figures.js';
import { shippedAccess } from '../fixtures/shipped-access.js';
import { type RunProcess, startRun } from './run-process.js';

const LEASE_MS = 15_000;
const FREEZE_MS = 40_000;
const TAKEOVER_AFTER_KILL_MS = 17_000;
const TAKEOVER_AFTER_STOP_MS = 3000;
const FOREIGN = 500;
/** More than the writer's burst and what it writes in the seconds before a process ends: there is always something left. */
const INGRESSES = 90;
const writes = new Set(['create', 'update', 'patch', 'delete']);

interface Takeover {
  /** From the signal to the first write of a status by the standby, and to its first good answer. */
  statusMs: number;
  servedMs: number;
}

describe('e2e: claims, two processes for each class', function () {
  this.timeout(240_000);
  const access = shippedAccess();
  let api: ApiServer;
  let backend: Server;
  let folder: string;
  let slowRequests = 0;
  const records: RequestRecord[] = [];
  const processes: RunProcess[] = [];
  const scenarios: Record<'kill' | 'stop' | 'freeze', Promise<void>> = {} as never;
  const measured: Record<string, Takeover> = {};
  const notes: Record<string, { endedAt: number; holder: RunProcess; standby: RunProcess }> = {};

  const writesBy = ({ user }: RunProcess): RequestRecord[] => records.filter((one) => one.user === user && writes.has(one.verb) && one.code < 300);
  const statusesBy = (process: RunProcess): RequestRecord[] => writesBy(process).filter(({ resource }) => resource === 'ingresses/status');
  const leaseWrites = (name: string): RequestRecord[] => records.filter((one) => one.resource === 'leases' && one.name === name && one.written !== undefined && one.code < 300);
  const ingressesIn = (namespace: string): ReturnType<ApiServer['store']['list']> => api.store.list({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace });
  const isShown = (ingress: { status?: { loadBalancer?: { ingress?: unknown[] } } }): boolean => (ingress.status?.loadBalancer?.ingress?.length ?? 0) > 0;

  const seed = (name: string, from: number, count: number): void => {
    for (let at = from; at < from + count; at += 1) api.store.create(ingressOf(name, at));
  };
  const start = async (name: string, which: string): Promise<RunProcess> => {
    const process = await startRun({ api, access, folder, user: `${name}-${which}`, class: name });
    processes.push(process);
    return process;
  };
  const pair = async (name: string): Promise<{ holder: RunProcess; standby: RunProcess }> => {
    const holder = await start(name, 'first');
    await eventually(async () => expect(await holder.readiness(), holder.messages().join('\n')).to.equal('ok'), 40_000);
    const standby = await start(name, 'second');
    await eventually(async () => expect(await standby.readiness(), standby.messages().join('\n')).to.match(/^standby: /), 40_000);
    expect((await holder.get(`${name}-0.test`)).status).to.equal(200);
    expect((await standby.get(`${name}-0.test`)).status).to.equal(503);
    return { holder, standby };
  };
  /** Enough unwritten statuses for the rest of the scenario, so that the signal comes while they are being written. */
  const untilBusy = async (name: string, { holder }: { holder: RunProcess }): Promise<void> => {
    seed(name, 1, INGRESSES);
    const before = statusesBy(holder).length;
    // What is under way to its own nginx when the signal comes may be told of later; there is nothing more of that kind.
    await eventually(async () => expect((await holder.get(`${name}-${INGRESSES}.test`)).status).to.equal(200), 20_000);
    await eventually(() => expect(statusesBy(holder).length).to.be.greaterThan(before + 5), 20_000);
  };
  const signalTo = ({ holder }: { holder: RunProcess }, signal: NodeJS.Signals): number => {
    holder.child.kill(signal);
    return performance.now();
  };
  /**
   * Stops it while it waits for something to happen. No process can ask whether it may write and hand the bytes to the kernel
   * in one instant: a request stopped between the two goes out when the process wakes, and its resourceVersion is what refuses it.
   */
  const freezeWaiting = (both: { holder: RunProcess }): Promise<number> => eventually(async () => {
    const frozenAt = signalTo(both, 'SIGSTOP');
    const waits = await stoppedInWait(both.holder.child.pid!);
    if (!waits) both.holder.child.kill('SIGCONT');
    expect(waits, 'stopped while it waited').to.equal(true);
    return frozenAt;
  });
  const takeover = async (name: string, standby: RunProcess, since: number, withinMs: number): Promise<Takeover> => {
    const served = eventually(async () => {
      expect((await standby.get(`${name}-0.test`)).status).to.equal(200);
      return performance.now() - since;
    }, withinMs + 5000);
    const written = eventually(() => {
      expect(statusesBy(standby)).to.not.be.empty;
      return statusesBy(standby)[0]!.at - since;
    }, withinMs + 5000);
    const [servedMs, statusMs] = await Promise.all([served, written]);
    return measured[name] = { servedMs, statusMs };
  };

  const kill = async (): Promise<void> => {
    const both = await pair('kill');
    await untilBusy('kill', both);
    const endedAt = signalTo(both, 'SIGKILL');
    notes['kill'] = { ...both, endedAt };
    await takeover('kill', both.standby, endedAt, TAKEOVER_AFTER_KILL_MS);
  };
  const stop = async (): Promise<void> => {
    const both = await pair('stop');
    await untilBusy('stop', both);
    const slow = both.holder.get('stop-0.test', '/slow');
    await eventually(() => expect(slowRequests).to.equal(1));
    const endedAt = signalTo(both, 'SIGTERM');
    notes['stop'] = { ...both, endedAt };
    await takeover('stop', both.standby, endedAt, TAKEOVER_AFTER_STOP_MS);
    expect((await slow).status).to.equal(200);
    expect(await both.holder.ended, both.holder.messages().join('\n')).to.equal(0);
  };
  const freeze = async (): Promise<void> => {
    const both = await pair('freeze');
    await untilBusy('freeze', both);
    const endedAt = await freezeWaiting(both);
    notes['freeze'] = { ...both, endedAt };
    await takeover('freeze', both.standby, endedAt, TAKEOVER_AFTER_KILL_MS);
    await sleep(endedAt + FREEZE_MS - performance.now());
    // Something new to write for whoever believes to hold the class.
    seed('freeze', 1 + INGRESSES, 20);
    both.holder.child.kill('SIGCONT');
    const wokenAt = performance.now();
    await eventually(() => {
      const reads = records.filter((one) => one.user === both.holder.user && one.resource === 'leases' && one.verb === 'get' && one.at > wokenAt);
      expect(reads.length).to.be.at.least(3);
    }, 20_000);
    expect(await both.holder.readiness()).to.match(/^standby: /);
  };

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-claims-'));
    backend = createServer((request, response) => {
      const slow = request.url === '/slow';
      if (slow) slowRequests += 1;
      setTimeout(() => response.end('pod'), slow ? 1500 : 0);
    });
    await new Promise<void>((resolve) => { backend.listen(0, '127.0.0.1', resolve); });
    api = await startApiServer({ allowLoopbackEndpoints: true, authorize: access.authorize, onRequest: (record) => records.push(record) });
    for (const name of ['arbiter', 'foreign']) api.store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    for (const object of workload((backend.address() as AddressInfo).port)) api.store.create(object);
    for (let at = 0; at < FOREIGN; at += 1) api.store.create(foreignIngress(at));
    for (const name of ['kill', 'stop', 'freeze']) {
      api.store.create({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name }, spec: { controller: 'ingress-arbiter.io/controller' } });
      seed(name, 0, 1);
    }
    Object.assign(scenarios, { kill: kill(), stop: stop(), freeze: freeze() });
    for (const scenario of Object.values(scenarios)) scenario.catch(() => undefined);
  });

  after(async () => {
    await Promise.allSettled(Object.values(scenarios));
    await Promise.all(processes.map((process) => process.end()));
    await api?.close();
    const closed = new Promise((done) => { backend.close(done); });
    // An answer that a scenario that failed still owes would hold it open.
    backend.closeAllConnections();
    await closed;
    rmSync(folder, { recursive: true, force: true });
    access.expectNoRefusal();
  });

  const allShown = (name: string, count: number): Promise<void> => eventually(() => {
    const ingresses = ingressesIn('default').filter((one) => one.metadata.name.startsWith(`${name}-`));
    expect(ingresses.filter((one) => isShown(one as never))).to.have.length(count);
  }, 40_000);

  it('SIGTERM: the standby writes statuses and serves within 3 s; the holder finishes its requests and ends with 0', async () => {
    await scenarios.stop;
    expect(measured['stop']!.statusMs).to.be.at.most(TAKEOVER_AFTER_STOP_MS);
    expect(measured['stop']!.servedMs).to.be.at.most(TAKEOVER_AFTER_STOP_MS);
    await allShown('stop', INGRESSES + 1);
  });

  it('SIGTERM: nothing is written after the claim was handed back, and no status is blanked', async () => {
    await scenarios.stop;
    const { holder } = notes['stop']!;
    const last = writesBy(holder).at(-1)!;
    expect([last.resource, (last.written?.['spec'] as { holderIdentity: string }).holderIdentity]).to.deep.equal(['leases', '']);
    for (const { written } of statusesBy(holder)) expect(isShown(written as never)).to.equal(true);
  });

  it('SIGKILL: the standby writes statuses and serves within 17 s', async () => {
    await scenarios.kill;
    expect(measured['kill']!.statusMs).to.be.at.most(TAKEOVER_AFTER_KILL_MS);
    expect(measured['kill']!.servedMs).to.be.at.most(TAKEOVER_AFTER_KILL_MS);
    await allShown('kill', INGRESSES + 1);
  });

  it('SIGSTOP for 40 s: the standby takes over within 17 s, and the woken one writes nothing after its Lease ended', async () => {
    await scenarios.freeze;
    expect(measured['freeze']!.statusMs).to.be.at.most(TAKEOVER_AFTER_KILL_MS);
    await allShown('freeze', INGRESSES + 21);
    const { holder } = notes['freeze']!;
    const renewals = leaseWrites('freeze').filter((one) => one.user === holder.user && one.verb !== 'patch');
    const leaseEnd = renewals.at(-1)!.at + LEASE_MS;
    expect(statusesBy(holder).length, 'it had written before').to.be.greaterThan(5);
    expect(writesBy(holder).filter((one) => one.at > leaseEnd && !isAnnouncement(one))).to.deep.equal([]);
    const refused = records.filter((one) => one.user === holder.user && one.at > leaseEnd && writes.has(one.verb) && one.code >= 300);
    expect(refused, 'nor did it try').to.deep.equal([]);
    const messages = holder.messages();
    const lost = messages.findIndex((line) => line.includes('gives the claim up'));
    expect(lost).to.be.greaterThan(0);
    expect(messages.slice(lost).filter((line) => line.includes('entries served'))).to.deep.equal([]);
  });

  it('never were there two writers of one class at a time, and epochs only grow', async () => {
    await Promise.allSettled(Object.values(scenarios));
    for (const name of ['kill', 'stop', 'freeze']) {
      const { holder, standby } = notes[name]!;
      const [lastOfHolder, firstOfStandby] = [statusesBy(holder).at(-1)!.at, statusesBy(standby)[0]!.at];
      expect(firstOfStandby, name).to.be.greaterThan(lastOfHolder);
      const epochs = leaseWrites(name).map(({ written }) => (written!['spec'] as { leaseTransitions: number }).leaseTransitions);
      expect(epochs).to.deep.equal([...epochs].sort((a, b) => a - b));
      expect(new Set(epochs)).to.deep.equal(new Set([1, 2]));
    }
  });

  it('nobody wrote to any of the 500 foreign Ingresses, or about them', async () => {
    await Promise.allSettled(Object.values(scenarios));
    expect(records.filter((one) => writes.has(one.verb) && one.namespace === 'foreign')).to.deep.equal([]);
    expect(ingressesIn('foreign').filter((one) => isShown(one as never))).to.have.length(0);
    expect(ingressesIn('foreign')).to.have.length(FOREIGN);
  });

  /** A standby saying that it waits: its own annotation, and nothing of the claim. */
  function isAnnouncement(record: RequestRecord): boolean {
    if (record.resource !== 'leases' || record.verb !== 'patch') return false;
    const before = leaseWrites(record.name!).filter((one) => one.at < record.at).at(-1)!;
    return isEqual(before.written!['spec'], record.written!['spec']);
  }
});

const ingressOf = (name: string, at: number): never => ({
  apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: `${name}-${at}`, namespace: 'default' },
  spec: { ingressClassName: name, rules: [{ host: `${name}-${at}.test`, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] },
} as never);

const foreignIngress = (at: number): never => ({
  apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: `foreign-${at}`, namespace: 'foreign' },
  spec: { ingressClassName: 'foreign', rules: [{ host: `kill-${at}.test`, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] },
} as never);

const workload = (port: number): never[] => [
  { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'foreign' }, spec: { controller: 'example.com/other' } },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' }, spec: { ports: [{ name: 'http', port: 80 }] } },
  {
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4', endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }], ports: [{ name: 'http', port }],
  },
] as never[];

// Everything changes while requests come at a fixed rate: nothing that a change does not touch may notice it. The judge knows
// by construction which backend belongs to which host; it shares no code with the product.

import { X509Certificate } from 'node:crypto';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { expect } from 'chai';
import { type DevRig, EXTERNAL, ingress, INTERNAL, service, startDevRig, tlsSecret } from '../fixtures/dev-rig.js';
import { type EchoBackend, startEchoBackend } from '../fixtures/echo-backend.js';
import { eventually } from '../fixtures/eventually.js';
import { httpGet } from '../fixtures/http-get.js';
import { type Load, type LoadReport, startLoad, type Target } from '../fixtures/open-loop-load.js';
import { type OpenWebSocket, openWebSocket } from '../fixtures/open-websocket.js';
import { selfSigned } from '../fixtures/self-signed.js';

const PER_SECOND = 250;
const HOSTS = 10;
const UPDATES = 1200;
/** Of each class at least, while things change. */
const REQUESTS = 1000;
const WEBSOCKETS = 200;
/** Updates between two turns of the event loop, which the requests need too. */
const BATCH = 2;

describe('e2e: change under load', function () {
  this.timeout(90_000);
  let rig: DevRig;
  const backends = new Map<string, EchoBackend>();
  const names = ['ext', 'int', 'gen0', 'gen1', 'scaled0', 'scaled1', 'scaled2', 'mover', 'churn'];
  const steady = (className: string, backend: string): Target[] => Array.from({ length: HOSTS }, (_, index) => ({ host: `steady-${index}.${className}.test`, backends: [backend] }));
  const urlOf = (backend: string): string => `/${backend}`;
  const targets = { external: [...steady('ext', 'ext'), { host: 'flip.test', backends: ['gen0', 'gen1'], urlOf }, { host: 'scaled.test', backends: ['scaled0', 'scaled1', 'scaled2'] }], internal: steady('int', 'int') };

  const flip = (to: 0 | 1): object => ingress('flip', 'flip.test', `gen${to}`, { annotations: { 'nginx.ingress.kubernetes.io/rewrite-target': `/gen${to}` } });
  const scaled = (...ports: number[]): object => ({ ...service('scaled', [1])[1], endpoints: ports.map((_, at) => ({ addresses: [`127.0.1.${at + 1}`] })), ports: [{ name: 'web', port: 5000, protocol: 'TCP' }] });

  const startLoads = (): Load[] => [startLoad(rig.external, targets.external, PER_SECOND), startLoad(rig.internal, targets.internal, PER_SECOND)];
  const ended = async (loads: Load[]): Promise<LoadReport[]> => {
    const reports = await Promise.all(loads.map((load) => load.stop()));
    for (const { sent, planned, answered } of reports) {
      expect(sent).to.be.at.least(planned * 0.99);
      expect(answered).to.equal(sent);
    }
    return reports;
  };
  const served = async (port: number, { host, backends: allowed }: Target): Promise<void> => {
    expect((await httpGet({ port, host })).headers['x-backend']).to.be.oneOf(allowed);
  };
  const allServed = (): Promise<unknown> => eventually(async () => {
    for (const target of targets.external) await served(rig.external, target);
    for (const target of targets.internal) await served(rig.internal, target);
  }, 10_000);

  before(async () => {
    rig = await startDevRig();
    for (const name of names) backends.set(name, await startEchoBackend(name));
    const extra = await Promise.all([0, 1, 2].map((at) => startEchoBackend(`scaled${at}`, `127.0.1.${at + 1}`, 5000)));
    extra.forEach((one, at) => backends.set(`extra${at}`, one));
    for (const name of names) rig.create(...service(name, [backends.get(name)!.port]));
    for (const { host } of targets.external.slice(0, HOSTS)) rig.create(ingress(host, host, 'ext'));
    for (const { host } of targets.internal) rig.create(ingress(host, host, 'int', { class: INTERNAL }));
    rig.create(flip(0), service('scaled', [1])[0], scaled(1, 2, 3), ingress('scaled', 'scaled.test', 'scaled'));
    await allServed();
  });
  after(async () => {
    for (const backend of backends.values()) backend.close();
    await rig?.stop();
  });

  it('fails no request and ends no WebSocket while everything around changes, and mixes nothing', async () => {
    const sockets = await Promise.all(Array.from({ length: WEBSOCKETS }, (_, at) => (at % 2 === 0
      ? openWebSocket(rig.external, targets.external[0]!.host) : openWebSocket(rig.internal, targets.internal[0]!.host))));
    const certificates = await Promise.all(Array.from({ length: 4 }, () => selfSigned('tls.test')));
    rig.create(tlsSecret('tls', certificates[0]!), ingress('tls', 'tls.test', 'ext', { secret: 'tls' }));
    const { pids } = rig.untouched() as { pids: object };
    const loads = startLoads();
    const done = { endpoints: 0, created: 0, edited: 0, deleted: 0, secrets: 0, classes: 0, flips: 0 };
    const churn = (index: number, path: string, className = EXTERNAL): object => ingress(`churn-${index}`, `churn-${index}.test`, 'churn', { path, class: className });
    const changes: ((round: number) => void)[] = [
      (round) => { rig.create(churn(round, '/')); done.created += 1; },
      (round) => { rig.replace(scaled(...Array.from({ length: round % 3 + 1 }, () => 1))); done.endpoints += 1; },
      (round) => { rig.replace(churn(round, '/edited')); done.edited += 1; },
      (round) => { rig.replace(flip(round % 2 as 0 | 1)); done.flips += 1; },
      (round) => { rig.replace(tlsSecret('tls', certificates[round % 4]!)); done.secrets += 1; },
      (round) => { rig.replace(churn(round, '/edited', INTERNAL)); done.classes += 1; },
      (round) => { if (round > 3) { rig.remove(churn(round - 3, '/')); done.deleted += 1; } },
    ];
    const fewSent = (): boolean => loads.some(({ report }) => report.sent <= REQUESTS);
    let updates = 0;
    // A fast machine is done with the changes before there were many requests: then it goes on with them.
    for (; updates < UPDATES || (fewSent() && updates < 10 * UPDATES); updates++) {
      changes[updates % changes.length]!(Math.floor(updates / changes.length));
      if (updates % BATCH === 0) await new Promise((resolve) => { setTimeout(resolve, 5); });
    }
    const reports = await ended(loads);
    for (const { failures } of reports) expect(failures).to.deep.equal([]);
    for (const { sent } of reports) expect(sent).to.be.greaterThan(REQUESTS);
    for (const [kind, count] of Object.entries(done)) expect(count, kind).to.be.greaterThan(150);
    await Promise.all(sockets.map((socket) => socket.echo('still here')));
    for (const socket of sockets) socket.close();
    expect((rig.untouched() as { pids: object }).pids).to.deep.equal(pids);
    await eventually(async () => {
      const { fingerprint } = await httpGet({ port: rig.externalTls, host: 'tls.test', https: true });
      const last = certificates[Math.floor((updates - 1 - 4) / changes.length) % 4]!;
      expect(fingerprint).to.equal(fingerprintOf(last.certificate));
    });
  });

  it('loses only the connections of a worker that is killed', async () => {
    const { workers } = rig.dev.engine.pids()!;
    const victim = workers[0]!;
    const sockets: OpenWebSocket[] = await Promise.all(Array.from({ length: 40 }, () => openWebSocket(rig.internal, targets.internal[0]!.host)));
    const loads = startLoads();
    await eventually(() => expect(loads.every(({ report }) => report.answered > 100)).to.equal(true));
    const lost = connectionsOf(victim, [rig.external, rig.internal]);
    const at = performance.now();
    process.kill(victim, 'SIGKILL');
    await eventually(() => expect(rig.dev.engine.pids()!.workers.filter((pid) => !workers.includes(pid))).to.have.length(1));
    await eventually(() => expect(loads.every(({ report }) => report.sent > PER_SECOND * 3)).to.equal(true));
    const failures = (await ended(loads)).flatMap((report) => report.failures);
    expect(lost).to.be.greaterThan(0);
    expect(failures.length, failures.map(({ what }) => what).join('; ')).to.be.at.most(lost);
    expect(failures.filter((failure) => failure.at - at > 1000)).to.deep.equal([]);
    const left = sockets.filter((socket) => socket.open);
    expect(sockets.length - left.length).to.be.at.most(lost);
    await Promise.all(left.map((socket) => socket.echo('still here')));
    for (const socket of sockets) socket.close();
  });

  it('comes back with every table when nginx is killed', async () => {
    const before = rig.dev.engine.pids()!.master;
    process.kill(before, 'SIGKILL');
    await eventually(() => expect(rig.dev.engine.pids()?.master).to.be.a('number').that.does.not.equal(before), 10_000);
    await allServed();
    expect(rig.dev.notReady()).to.equal(undefined);
  });
});

/** Connections that a process has accepted on these ports: no more can be lost with it. */
function connectionsOf(pid: number, ports: number[]): number {
  const own = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
    } catch {
      return undefined;
    }
  }));
  const lines = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').slice(1, -1).map((line) => line.trim().split(/\s+/));
  return lines.filter(([, local, , , , , , , , inode]) => own.has(inode) && ports.includes(parseInt(local!.split(':')[1]!, 16))).length;
}

function fingerprintOf(pem: string): string {
  return new X509Certificate(pem).fingerprint256;
}

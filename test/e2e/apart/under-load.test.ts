// One story under load, told twice: requests come at a fixed rate for both classes all the time, and each answer is held against
// its status and its backend, while everything that can happen to controllers and engines in a quiet life happens. APART_LONG=1
// tells it long (controllers are killed, the API server is gone for 60 s, 20 upgrades, 20 rolling restarts); the suite has the
// short form, in which controllers give their claims back and nobody waits for the end of a Lease.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { eventually } from '../../fixtures/eventually.js';
import type { EngineProgram } from '../../fixtures/engine-program.js';
import { type Load, startLoad, untilSteady } from '../../fixtures/open-loop-load.js';
import { connectionsTo } from '../../fixtures/process-figures.js';
import { type ReadyBalancer, startReadyBalancer } from '../../fixtures/ready-balancer.js';
import { ApartRig, CLASSES } from './apart-rig.js';

const LONG = process.env.APART_LONG === '1';
const API_GONE_MS = LONG ? 60_000 : 3000;
const UPGRADES = LONG ? 20 : 2;
const ROLLS = LONG ? 20 : 1;
const LONG_STALL_MS = 200;
/**
 * API server, backends, balancer and load share this process, and four controllers that start at once hold all of it up for seconds
 * on a busy machine. What is late is shown; what is lost or wrong counts.
 */
const PATIENCE_MS = 10_000;
/** Requests a second of each class. */
const RATE = Number(process.env.APART_RATE ?? 60);

describe('e2e: controllers and engines apart, under load', function () {
  this.timeout(LONG ? 900_000 : 120_000);
  const rig = new ApartRig();
  const balancers: ReadyBalancer[] = [];
  const loads: Load[] = [];
  const begins: { phase: string; at: number }[] = [];
  let told = 0;
  /** When the test itself was held up, and for how long: requests that were due then say nothing of an engine. */
  const stalls: { at: number; ms: number }[] = [];
  let stallWatch: NodeJS.Timeout | undefined;

  /** By the phase in which they were told. */
  const failures = (): string[] => loads.flatMap(({ report }, load) => report.failures.map(({ at, what }) => {
    const { phase: name, at: begun } = begins.filter((one) => one.at <= at).at(-1)!;
    const stalled = stalls.filter((one) => Math.abs(one.at - at) < 5000).map(({ ms }) => Math.round(ms));
    return `${name}, after ${Math.round(at - begun)} ms, ${load % 2 === 0 ? 'by the balancer' : 'straight'}: ${what} (the test was held up for ${stalled.join(', ') || 0} ms)`;
  }));
  const phase = (name: string, work: () => Promise<void>): void => {
    it(name, async () => {
      begins.push({ phase: name, at: performance.now() });
      const before = loads.map(({ report }) => report.answered);
      await work();
      // What was begun in this phase is answered in it.
      await sleep(300);
      told = loads.reduce((sum, { report }, at) => sum + report.answered - before[at]!, 0);
      console.log(`      ${told} requests answered, ${failures().length} failed so far, ${Math.round(performance.now() - begins.at(-1)!.at)} ms`);
      expect(failures().slice(0, 20)).to.deep.equal([]);
    });
  };
  const engine = (at: number): EngineProgram => rig.engines[at]!;
  const streamPorts = (): number[] => rig.controllers.map(({ stream }) => Number(new URL(stream).port));

  before(async () => {
    await rig.start();
    await rig.startControllers();
    for (const name of ['one', 'two']) await rig.startEngine(name, { settings: { unreadySeconds: 1.5 }, engine: { limits: { leaveSeconds: 1, drainSeconds: 4 } } });
    await rig.allReady();
    for (const name of CLASSES) await rig.holder(name);
    await rig.expectChange('first');
    for (const name of CLASSES) {
      const balancer = await startReadyBalancer(rig.engines.map(({ address, admin, ports }) => ({ address, admin, port: ports[name]!.http })));
      balancers.push(balancer);
      await sleep(300);
      // By way of the balancer, and straight to one that is never restarted before the end.
      for (const port of [balancer.port, engine(0).ports[name]!.http]) loads.push(startLoad(port, rig.targets(name), RATE / 2, { patienceMs: PATIENCE_MS }));
    }
    begins.push({ phase: 'before', at: performance.now() });
    let last = performance.now();
    stallWatch = setInterval(() => {
      const now = performance.now();
      if (now - last > LONG_STALL_MS) stalls.push({ at: now, ms: now - last });
      last = now;
    }, 10);
    await untilSteady(loads);
  });
  after(async () => {
    clearInterval(stallWatch);
    await Promise.all(loads.map((load) => load.stop()));
    for (const balancer of balancers) await balancer.close();
    await rig.stop();
  });

  phase(`the controllers of one class are ${LONG ? 'killed' : 'ended'}; the other class goes on, and both do when they are back`, async () => {
    for (const { child } of rig.controllersOf('red')) child.kill(LONG ? 'SIGKILL' : 'SIGTERM');
    for (const { ended } of rig.controllersOf('red')) await ended;
    await rig.expectChange('red-gone', { classes: ['blue'] });
    await rig.serve('red', 'red-late');
    for (const controller of [...rig.controllersOf('red')]) controller.again();
    await rig.holder('red');
    await eventually(async () => { for (const one of rig.engines) expect((await one.get('red', 'red-late.red.test')).status).to.equal(200); }, 40_000);
  });

  phase(`the API server is gone for ${API_GONE_MS / 1000} s`, async () => {
    await rig.relay.stop();
    await sleep(API_GONE_MS);
    for (const one of rig.engines) await one.expectReady();
    await rig.relay.start();
    await rig.expectChange('api-back', { withinMs: 60_000 });
  });

  phase('an engine is restarted with nobody to ask', async () => {
    // They give their claims back: those that come next need not wait for the end of a Lease.
    for (const controller of rig.controllers) controller.child.kill('SIGTERM');
    for (const controller of rig.controllers) await controller.ended;
    const before = engine(1);
    before.child.kill('SIGTERM');
    expect(await before.ended).to.equal(0);
    const again = rig.restart(before);
    await eventually(() => again.expectReady(), 20_000);
    for (const name of CLASSES) for (const { host } of rig.targets(name)) expect((await again.get(name, host)).status).to.equal(200);
    expect(again.output()).to.match(/class red: serves its last good table/).and.match(/class blue: serves its last good table/);
    for (const controller of [...rig.controllers]) controller.again();
    await rig.expectChange('asked-again', { withinMs: 60_000 });
  });

  phase('certificates are renewed, and no stream is another one for it', async () => {
    const streams = (): string[][] => rig.engines.map(({ child }) => connectionsTo(child.pid!, streamPorts()));
    const follows = (): number => rig.engines.reduce((sum, { output }) => sum + output().split('follows https').length, 0);
    const [before, followed] = [streams(), follows()];
    const old = fingerprint(rig.file('tls/class-red.crt'));
    await rig.certify(3);
    const holder = await rig.holder('red');
    await eventually(async () => expect(await shownBy(holder.stream, rig.file('tls'))).to.equal(fingerprint(rig.file('tls/class-red.crt'))).and.not.equal(old), 20_000);
    await rig.expectChange('renewed');
    const after = streams();
    // Each class's stream is one of them; connections for answers come and go.
    for (const [at, inodes] of before.entries()) expect(inodes.filter((one) => after[at]!.includes(one)), `engine ${at}`).to.have.length.at.least(CLASSES.length);
    expect(follows(), 'streams that were opened').to.equal(followed);
    // An engine looks for a new certificate whenever it says that it lives (test/unit/engine/tls-files): controllers take what it says from then on.
    await eventually(() => {
      for (const [at, inodes] of streams().entries()) expect(inodes.filter((one) => !before[at]!.includes(one)), `engine ${at}`).to.not.be.empty;
    }, 20_000);
  });

  phase(`nginx is replaced ${UPGRADES} times`, async () => {
    const done = (): number => engine(0).output().split('a new nginx serves with the settings as they are now').length - 1;
    for (let round = 1; round <= UPGRADES; round++) {
      engine(0).child.kill('SIGHUP');
      await eventually(() => expect(done(), engine(0).output().slice(-1000)).to.equal(round), 30_000);
    }
  });

  phase(`two engines are restarted in turn, ${ROLLS} times, behind a balancer that asks whether they are ready`, async () => {
    // Whoever asks one engine and no other has to stop asking before it ends.
    for (const load of loads.filter((_, at) => at % 2 === 1)) await load.stop();
    for (let roll = 0; roll < ROLLS; roll++) {
      for (const at of [0, 1]) {
        engine(at).child.kill('SIGTERM');
        expect(await engine(at).ended).to.equal(0);
        const again = rig.restart(engine(at));
        await eventually(() => again.expectReady(), 30_000);
        // The balancer asks ten times a second.
        await sleep(300);
      }
    }
    expect(balancers.map(({ turnedAway }) => turnedAway)).to.deep.equal([0, 0]);
  });

  it('no request failed', async () => {
    const reports = await Promise.all(loads.map((load) => load.stop()));
    const sent = reports.reduce((sum, report) => sum + report.sent, 0);
    for (const report of reports) {
      expect(report.answered).to.equal(report.sent);
      expect(report.sent).to.be.at.least(report.planned * 0.99);
    }
    expect(failures()).to.deep.equal([]);
    const late = reports.flatMap(({ latencies }) => latencies).sort((a, b) => a - b);
    console.log(`      0 failed of ${sent} requests (95 % bound 3/N = ${(3 / sent).toExponential(1)}), latency p50 ${late[Math.floor(late.length / 2)]!.toFixed(1)} ms, p99 ${late[Math.floor(late.length * 0.99)]!.toFixed(0)} ms, longest ${late.at(-1)!.toFixed(0)} ms; the test was held up ${stalls.length} times, for ${Math.max(0, ...stalls.map(({ ms }) => Math.round(ms)))} ms at most`);
  });
});

function fingerprint(file: string): string {
  return new X509Certificate(readFileSync(file)).fingerprint256;
}

/** The fingerprint of the certificate that a controller shows to whoever comes now. */
function shownBy(stream: string, folder: string): Promise<string> {
  const { hostname, port } = new URL(stream);
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: hostname, port: Number(port), cert: readFileSync(`${folder}/engine.crt`), key: readFileSync(`${folder}/engine.key`), ca: readFileSync(`${folder}/ca.crt`), checkServerIdentity: () => undefined,
    }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

// Both classes, the controller and the engine in one process (`run`): an Ingress changes its class there and back, no request
// fails, and the old listener answers until nobody asks it any more.
import { expect } from 'chai';
import { A, B, HandOverRig, addressOf, judgeWrites } from './hand-over-rig.js';
import { type RunProcess, startRun } from './run-process.js';
import { eventually } from '../fixtures/eventually.js';
import { freePorts } from '../fixtures/free-ports.js';
import type { Target } from '../fixtures/open-loop-load.js';

describe('e2e: hand-over in one process', function () {
  this.timeout(90_000);
  const rig = new HandOverRig();
  const ports: Record<string, number> = {};
  let run: RunProcess;
  let targets: Target[];

  before(async () => {
    await rig.start();
    targets = rig.createIngresses(3, A);
    const free = await freePorts(4);
    [ports[A], ports[B]] = free as [number, number];
    run = await startRun({
      api: rig.api, folder: rig.file('.'), user: 'both', class: A, settings: {
        claims: [A, B].map((name) => ({ class: name, addresses: [{ hostname: addressOf(name) }] })),
        engine: {
          workDirectory: './nginx', workers: 1, allowLoopbackEndpoints: true, ...(process.getuid?.() === 0 ? { workerUser: 'root' } : {}),
          listeners: [A, B].map((name, at) => ({ name, address: '127.0.0.1', httpPort: ports[name], httpsPort: free[2 + at], classes: [name] })),
        },
      },
    });
    await eventually(async () => expect(await run.readiness(), run.messages().slice(-10).join('\n')).to.equal('ok'), 40_000);
    await rig.arrived(A);
  });
  after(async () => {
    await run?.end();
    await rig.stop();
  });

  for (const [from, to] of [[A, B], [B, A]] as const) {
    it(`loses nothing from ${from} to ${to}`, async () => {
      const since = rig.records.length;
      const old = rig.load(ports[from]!, targets, 30);
      await eventually(() => expect(old.report.answered).to.be.above(10));
      for (const { host } of targets) rig.move(host.replace('.test', ''), to);
      await eventually(() => { for (const one of rig.ingresses()) expect(rig.shown(one)).to.equal(addressOf(to)); }, 30_000);
      const next = rig.load(ports[to]!, targets, 30);
      // Longer than the grace and the quiet time of the rig together.
      await eventually(() => expect(next.report.answered).to.be.above(90), 20_000);
      for (const one of rig.ingresses()) expect(rig.record(one), 'nobody drains while there are requests').to.be.a('string');
      const before = await old.stop();
      await rig.arrived(to);
      const after = await next.stop();
      for (const { failures, sent, answered } of [before, after]) expect({ failures, answered }).to.deep.equal({ failures: [], answered: sent });
      for (const { host } of targets) await rig.answers(ports[from]!, host, 404);
      judgeWrites(rig.records.slice(since).map((record) => ({ ...record, user: record.user === 'both' ? `controller-${to}` : record.user })), { from, to, names: targets.map(({ host }) => host.replace('.test', '')) });
    });
  }
});

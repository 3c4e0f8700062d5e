// migrate shadow, cutover, rollback and finish as processes, against real controllers and an engine, under load on both listeners:
// no request fails, though the command is killed at each step; a class that answers 500 for one route gets its batch taken back.
import { expect } from 'chai';
import { formerClassAnnotation } from '../../../src/migration/retarget.js';
import { eventually } from '../../fixtures/eventually.js';
import type { Load, Target } from '../../fixtures/open-loop-load.js';
import { A, B, HandOverRig, addressOf, annotation, type EngineSettings } from '../hand-over-rig.js';
import { type Migrate, type OddBackend, migrateOn, startOddBackend } from './migrate-process.js';

const MOVED = 24;
const PER_SECOND = 40;

describe('e2e: migrate shadow, cutover, rollback, finish', function () {
  this.timeout(240_000);
  const rig = new HandOverRig();
  let engine: EngineSettings;
  let targets: Target[];
  let odd: OddBackend;
  let migrate: Migrate;

  before(async () => {
    await rig.start();
    targets = rig.createIngresses(MOVED, A);
    odd = await startOddBackend(rig, A);
    targets.push({ host: 'odd.test', backends: ['odd'] });
    rig.startController(A);
    rig.startController(B);
    engine = await rig.startEngine('one');
    await rig.arrived(A, 60_000);
    for (const { host } of targets) await rig.answers(engine.ports[A]!, host, 200);
    migrate = migrateOn(rig);
  });
  after(async () => {
    odd?.close();
    await rig.stop();
  });

  const cutover = (...more: string[]): string[] => ['cutover', '--from', A, '--to', B, '--metrics', `http://127.0.0.1:${engine.admin}`, '--batch', '10', '--baseline', '2', '--pause', '2', '--interval', '1', '--max-slowness', '1000', ...more];
  const names = (className: string): string[] => rig.ingresses().filter(({ spec }) => spec.ingressClassName === className).map(({ metadata }) => metadata.name);
  const noFailure = async (...loads: Load[]): Promise<void> => {
    for (const load of loads) {
      const { failures, sent, answered } = await load.stop();
      expect([failures.length, failures.slice(0, 3), answered]).to.deep.equal([0, [], sent]);
    }
  };
  const neverEmpty = (since: number): void => {
    for (const { written, resource, code, user } of rig.records.slice(since)) {
      if (!resource.startsWith('ingresses') || written === undefined || code >= 300) continue;
      const { status, metadata } = written as unknown as { status?: { loadBalancer?: { ingress?: object[] } }; metadata: { name: string } };
      expect(status?.loadBalancer?.ingress, `${metadata.name} by ${user}`).to.have.length(1);
    }
  };

  it('puts all in shadow, killed in the middle and run again; nothing else changes', async () => {
    const load = rig.load(engine.ports[A]!, targets, PER_SECOND);
    expect((await migrate(['shadow', '--from', A, '--to', B], 5)).code).to.equal('SIGKILL');
    const again = await migrate(['shadow', '--from', A, '--to', B]);
    expect(again.code, again.err + again.out).to.equal(0);
    expect(again.out).to.match(/Ingresses put in shadow, [1-9]\d* already, 0 left/);
    for (const { host } of targets) await rig.answers(engine.ports[B]!, host, 200);
    for (const one of rig.ingresses()) expect([rig.shown(one), one.spec.ingressClassName]).to.deep.equal([addressOf(A), A]);
    const status = await migrate(['status', '-o', 'json']);
    expect((JSON.parse(status.out) as { phase: string }[]).map(({ phase }) => phase)).to.deep.equal(Array.from({ length: MOVED + 1 }, () => 'shadow'));
    const verified = await migrate(['verify', '--from', A, '--to', B, '--from-address', `http://127.0.0.1:${engine.ports[A]}`, '--to-address', `http://127.0.0.1:${engine.ports[B]}`, '--rate', '300']);
    // The echo backend tells the headers that it got, which are others on each listener; its own body is what changes.
    expect(verified.out).to.match(/requests compared/);
    await noFailure(load);
  });

  it('stops and goes back by itself when the class answers 500 for one route', async () => {
    odd.broken = engine.ports[B]!;
    const old = rig.load(engine.ports[A]!, targets, PER_SECOND);
    // Users of the new listener: only what they ask of the broken route fails.
    const next = rig.load(engine.ports[B]!, targets, PER_SECOND);
    const { code, out, err } = await migrate(cutover('--pause', '15', '--least-requests', '10', '-o', 'json'));
    const result = JSON.parse(out) as { moved: string[]; returned: string[]; stopped: string };
    expect(code, err).to.equal(1);
    expect(result.stopped, err).to.match(/class class-b has got worse: Ingress default\/odd: 100\.0 % of \d+ requests are answered with 5xx/);
    expect(result.returned).to.include('default/odd');
    expect(names(B).map((name) => `default/${name}`).sort()).to.deep.equal(result.moved.sort());
    await noFailure(old);
    const { failures } = await next.stop();
    expect(failures.filter(({ what }) => !what.startsWith('odd.test: '))).to.deep.equal([]);
    odd.broken = -1;
    const back = await migrate(['rollback', '--to', B]);
    expect(back.code, back.out + back.err).to.equal(0);
    await rig.arrived(A, 60_000);
  });

  it('cuts over under load on both listeners, killed after the first write and in a later batch', async () => {
    const since = rig.records.length;
    expect((await migrate(['shadow', '--from', A, '--to', B])).code).to.equal(0);
    const loads = [rig.load(engine.ports[A]!, targets, PER_SECOND), rig.load(engine.ports[B]!, targets, PER_SECOND)];
    expect((await migrate(cutover(), 1)).code).to.equal('SIGKILL');
    expect((await migrate(cutover(), 12)).code).to.equal('SIGKILL');
    const { code, out, err } = await migrate(cutover());
    expect(code, out + err).to.equal(0);
    expect(names(A)).to.deep.equal([]);
    await eventually(() => { for (const one of rig.ingresses()) expect(rig.shown(one)).to.equal(addressOf(B)); }, 30_000);
    // As long as the old listener is asked, nothing is finished.
    const finish = await migrate(['finish', '--to', B, '--metrics', `http://127.0.0.1:${engine.admin}`, '--watch', '2']);
    expect(finish.code, finish.out).to.equal(1);
    expect(finish.out).to.match(/class class-a still gets requests for it/);
    for (const one of rig.ingresses()) expect(rig.record(one), one.metadata.name).to.be.a('string');
    await noFailure(loads[0]!);
    await rig.arrived(B, 60_000);
    await noFailure(loads[1]!);
    neverEmpty(since);
  });

  it('finishes what has arrived, killed and run again, and leaves nothing behind', async () => {
    expect((await migrate(['finish', '--to', B], 3)).code).to.equal('SIGKILL');
    const { code, out } = await migrate(['finish', '--to', B]);
    expect(code, out).to.equal(0);
    for (const { metadata } of rig.ingresses()) expect(metadata.annotations ?? {}).to.not.have.any.keys(annotation, formerClassAnnotation);
    expect((await migrate(['status'])).out).to.equal('0 Ingresses under way or not finished\n');
  });

  it('goes back from the middle of a hand-over, killed and run again', async () => {
    const load = rig.load(engine.ports[B]!, targets, PER_SECOND);
    const to = ['--from', B, '--to', A];
    expect((await migrate(['shadow', ...to])).code).to.equal(0);
    expect((await migrate(['cutover', ...to, '--unwatched', '--pause', '0', '--batch', '100'], 8)).code).to.equal('SIGKILL');
    expect((await migrate(['rollback', '--to', A], 4)).code).to.equal('SIGKILL');
    const { code, out, err } = await migrate(['rollback', '--to', A]);
    expect(code, out + err).to.equal(0);
    await rig.arrived(B, 60_000);
    expect(names(B).length).to.equal(MOVED + 1);
    await noFailure(load);
  });
});

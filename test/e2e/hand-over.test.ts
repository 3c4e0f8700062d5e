// Ingresses change their class under load on both listeners, in real processes: no request may fail, at no time may there be
// two owners or an empty status, and the old listener answers until it is drained. HAND_OVERS=500 (make hand-overs) is the long form.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { HandOverRig, A, B, addressOf, judgeWrites, type EngineSettings } from './hand-over-rig.js';
import { eventually } from '../fixtures/eventually.js';
import { type Load, startLoad, type Target } from '../fixtures/open-loop-load.js';

const MOVED = Number(process.env['HAND_OVERS'] ?? 60);
const PER_SECOND = 100;
/** Each Ingress is asked once in so long: it must not pass for drained in between, nor when a busy machine makes the load late. */
const ROUND_SECONDS = Math.ceil(MOVED / PER_SECOND);
const WRITES_PER_SECOND = 100;

describe(`e2e: hand-over of ${MOVED} Ingresses`, function () {
  this.timeout(120_000 + MOVED * 600);
  const rig = new HandOverRig({ 'hand-over-grace': '1s', 'hand-over-quiet': `${4 * ROUND_SECONDS + 1}s` });
  let engine: EngineSettings;
  let targets: Target[];

  before(async () => {
    await rig.start();
    targets = rig.createIngresses(MOVED, A);
    for (const name of [A, B]) rig.startController(name, { statusWritesPerSecond: WRITES_PER_SECOND });
    engine = await rig.startEngine('one');
    await rig.arrived(A, 60_000);
    for (const { host } of targets) await rig.answers(engine.ports[A]!, host, 200);
  });
  after(() => rig.stop());

  const moveAll = async (from: string, to: string): Promise<void> => {
    const since = rig.records.length;
    const old: Load = startLoad(engine.ports[from]!, targets, PER_SECOND);
    await eventually(() => expect(old.report.answered).to.be.above(PER_SECOND / 2));
    const begun = performance.now();
    for (const { host } of targets) {
      rig.move(host.replace('.test', ''), to);
      // The backend and the load live in this process too: 500 changes at a stretch would keep them from answering.
      await nextTurn();
    }
    await eventually(() => { for (const one of rig.ingresses()) expect(rig.shown(one)).to.equal(addressOf(to)); }, 30_000 + MOVED * 200).catch((error: Error) => { throw new Error(`${error.message}\n${rig.tail()}`); });
    const movedWithin = performance.now() - begun;
    const next = startLoad(engine.ports[to]!, targets, PER_SECOND);
    // The old listener is asked as long as anybody might, and serves all the while.
    await eventually(() => expect(next.report.answered).to.be.above(3 * MOVED), 20_000 + MOVED * 60);
    for (const one of rig.ingresses()) expect(rig.record(one), 'nobody drains while there are requests').to.be.a('string');
    const before = await old.stop();
    await rig.arrived(to, 90_000);
    const after = await next.stop();
    for (const { failures, sent, answered } of [before, after]) expect({ failures, answered }).to.deep.equal({ failures: [], answered: sent });
    for (const { host } of targets) {
      await rig.answers(engine.ports[from]!, host, 404);
      await rig.answers(engine.ports[to]!, host, 200);
    }
    judgeWrites(rig.records.slice(since), { from, to, names: targets.map(({ host }) => host.replace('.test', '')) });
    console.log(`      ${MOVED} from ${from} to ${to}: every status moved within ${(movedWithin / 1000).toFixed(1)} s; 0 of ${before.sent + after.sent} requests failed`);
  };

  it('loses no request on the way there', () => moveAll(A, B));

  it('nor on the way back', () => moveAll(B, A));

  it('writes nothing more when all is done', async () => {
    const writes = (): number => rig.records.filter(({ resource, verb }) => resource.startsWith('ingresses') && ['patch', 'update'].includes(verb)).length;
    const before = writes();
    await new Promise((resolve) => { setTimeout(resolve, 2000); });
    expect(writes()).to.equal(before);
  });
});

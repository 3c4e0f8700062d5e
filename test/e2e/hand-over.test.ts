// Ingresses change their class under load on both listeners, in real processes: no request may fail, at no time may there be
// two owners or an empty status, and the old listener answers until it is drained. HAND_OVERS=500 (make hand-overs) is the long form.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { HandOverRig, A, B, addressOf, judgeWrites, type EngineSettings } from './hand-over-rig.js';
import { eventually } from '../fixtures/eventually.js';
import type { Load, Target } from '../fixtures/open-loop-load.js';

const MOVED = Number(process.env['HAND_OVERS'] ?? 60);
const PER_SECOND = 100;
/** Each Ingress is asked once in so long: it must not pass for drained in between, nor when a busy machine makes the load late. */
const ROUND_SECONDS = Math.ceil(MOVED / PER_SECOND);
const WRITES_PER_SECOND = 100;
/** How long the old class serves at least, and how long nobody may have asked it then. */
const GRACE_SECONDS = 1;
const QUIET_SECONDS = 4 * ROUND_SECONDS + 1;

describe(`e2e: hand-over of ${MOVED} Ingresses`, function () {
  this.timeout(120_000 + MOVED * 600);
  const rig = new HandOverRig({ 'hand-over-grace': `${GRACE_SECONDS}s`, 'hand-over-quiet': `${QUIET_SECONDS}s` });
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
    const old: Load = rig.load(engine.ports[from]!, targets, PER_SECOND);
    await eventually(() => expect(old.report.answered).to.be.above(PER_SECOND / 2));
    const begun = performance.now();
    for (const { host } of targets) {
      rig.move(host.replace('.test', ''), to);
      // The backend and the load live in this process too: 500 changes at a stretch would keep them from answering.
      await nextTurn();
    }
    await rig.eventually(() => { for (const one of rig.ingresses()) expect(rig.shown(one)).to.equal(addressOf(to)); }, 30_000 + MOVED * 200);
    const moved = performance.now();
    const next = rig.load(engine.ports[to]!, targets, PER_SECOND);
    await eventually(() => expect(next.report.answered).to.be.above(3 * MOVED), 20_000 + MOVED * 60);
    // The old listener is asked for longer than it would take to drain, and serves all the while.
    await sleep((GRACE_SECONDS + QUIET_SECONDS + 1) * 1000 - (performance.now() - moved));
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
    console.log(`      ${MOVED} from ${from} to ${to}: every status moved within ${((moved - begun) / 1000).toFixed(1)} s; 0 of ${before.sent + after.sent} requests failed`);
  };

  it('loses no request on the way there', () => moveAll(A, B));

  it('nor on the way back', () => moveAll(B, A));

  it('writes nothing more when all is done', async () => {
    const writes = (): number => rig.records.filter(({ resource, verb }) => resource.startsWith('ingresses') && ['patch', 'update'].includes(verb)).length;
    const before = writes();
    await sleep(2000);
    expect(writes()).to.equal(before);
  });
});

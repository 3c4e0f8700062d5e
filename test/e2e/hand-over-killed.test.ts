// Controllers are killed right after a step of a hand-over was written, by its own process or the other one's, and an engine is
// killed in the middle: no request fails, each status is written once by the rightful class, and everything arrives.
// Eight deaths of which each takes half a minute: it runs with HAND_OVERS in the environment (make hand-overs).
import { expect } from 'chai';
import { HandOverRig, addressOf, annotation, judgeWrites, writtenIngresses, type EngineSettings } from './hand-over-rig.js';
import type { RequestRecord } from '../../src/dev-cluster/api-server.js';
import { eventually } from '../fixtures/eventually.js';
import { httpGet } from '../fixtures/http-get.js';
import type { Target } from '../fixtures/open-loop-load.js';
import type { Program } from '../fixtures/program.js';

/** What has just been written when the controller of one side is killed. */
type Step = 'begin' | 'serve' | 'status' | 'leave';
interface Case { step: Step; victim: 'from' | 'to' }

const every: Case[] = (['to', 'from'] as const).flatMap((victim) => (['begin', 'serve', 'status', 'leave'] as const).map((step) => ({ step, victim })));
/** Some at once, each between a pair of classes of its own: a killed holder's Lease lasts 15 s. */
const AT_ONCE = 4;
const rounds: Case[][] = [every.slice(0, AT_ONCE), every.slice(AT_ONCE)];
const pairs = Array.from({ length: AT_ONCE }, (_, at) => [`old-${at}`, `new-${at}`] as const);
const INGRESSES = 4;
const PER_SECOND = 20;

function stepOf(record: RequestRecord, names: readonly string[]): Step | undefined {
  const [write] = writtenIngresses([record]);
  if (write === undefined || !write.user.startsWith('controller-') || !names.includes(write.object.metadata.name)) return undefined;
  if (write.resource === 'ingresses/status') return 'status';
  const text = write.object.metadata.annotations?.[annotation];
  return text === undefined ? 'leave' : text.includes('movedAt') ? 'serve' : 'begin';
}

(process.env['HAND_OVERS'] === undefined ? describe.skip : describe)('e2e: hand-over with controllers and an engine killed in the middle', function () {
  this.timeout(200_000);
  const rig = new HandOverRig();
  const controllers = new Map<string, Program>();
  const targets = new Map<string, Target[]>();
  let engine: EngineSettings;
  let other: EngineSettings;
  const classes = pairs.flat();
  const namesOf = (pair: readonly string[]): string[] => targets.get(pair[0]!)!.map(({ host }) => host.replace('.test', ''));
  const startOther = (): Promise<EngineSettings> => rig.startEngine('two', { classes, ...(other === undefined ? {} : { ports: other.ports }) });

  before(async () => {
    await rig.start(classes);
    for (const [from] of pairs) targets.set(from, rig.createIngresses(INGRESSES, from, { prefix: from }));
    for (const name of classes) controllers.set(name, rig.startController(name));
    engine = await rig.startEngine('one', { classes });
    other = await startOther();
    await eventually(() => { for (const one of rig.ingresses()) expect(rig.shown(one), rig.tail()).to.equal(addressOf(one.spec.ingressClassName!)); }, 60_000);
    for (const [from] of pairs) for (const { host } of targets.get(from)!) for (const { ports } of [engine, other]) await rig.answers(ports[from]!, host, 200, 60_000);
  });
  after(() => rig.stop());

  /** Kills at the first such write, and starts anew at once. Resolves when it has happened. */
  const killAt = (cases: ReadonlyMap<readonly string[], { step: Step; victim: string }>): { killed: Set<string> } => {
    const killed = new Set<string>();
    rig.onRecord = (record) => {
      for (const [pair, { step, victim }] of cases) {
        if (killed.has(victim) || stepOf(record, namesOf(pair)) !== step) continue;
        killed.add(victim);
        const before = controllers.get(victim)!;
        void before.kill().then(() => controllers.set(victim, rig.startController(victim)));
      }
    };
    return { killed };
  };

  const movePair = async (pair: readonly string[], [from, to]: readonly [string, string]): Promise<void> => {
    const hosts = targets.get(pair[0]!)!;
    const since = rig.records.length;
    const old = rig.load(engine.ports[from]!, hosts, PER_SECOND);
    await eventually(() => expect(old.report.answered).to.be.above(PER_SECOND / 2));
    for (const name of namesOf(pair)) rig.move(name, to);
    await rig.eventually(() => { for (const name of namesOf(pair)) expect(rig.shown(rig.find(name)), name).to.equal(addressOf(to)); }, 100_000);
    const next = rig.load(engine.ports[to]!, hosts, PER_SECOND);
    await eventually(() => expect(next.report.answered).to.be.above(2 * PER_SECOND), 20_000);
    const before = await old.stop();
    await rig.eventually(() => { for (const name of namesOf(pair)) expect(rig.record(rig.find(name)), name).to.equal(undefined); }, 100_000);
    const after = await next.stop();
    for (const { failures, sent, answered } of [before, after]) expect({ failures, answered }).to.deep.equal({ failures: [], answered: sent });
    for (const { ports } of [engine, other]) {
      for (const { host } of hosts) {
        await rig.answers(ports[to]!, host, 200, 60_000);
        await rig.answers(ports[from]!, host, 404, 60_000);
      }
    }
    judgeWrites(rig.records.slice(since), { from, to, names: namesOf(pair) });
  };

  for (const [round, cases] of rounds.entries()) {
    const words = cases.map(({ step, victim }) => `${step}, ${victim}`).join('; ');
    it(`goes on after each was killed: ${words}`, async () => {
      const ways = pairs.map(([old, young]): [string, string] => (round % 2 === 0 ? [old, young] : [young, old]));
      const { killed } = killAt(new Map(pairs.map((pair, at) => [pair, { step: cases[at]!.step, victim: ways[at]![cases[at]!.victim === 'from' ? 0 : 1] }])));
      const moves = Promise.all(pairs.map((pair, at) => movePair(pair, ways[at]!)));
      // The engine that nobody has sent requests to ends in the middle, and comes back with what it has on its disk.
      await eventually(() => expect(killed.size).to.be.greaterThan(0), 60_000);
      await other.kill();
      await eventually(async () => expect(await httpGet({ port: other.ports[pairs[0]![0]]!, host: 'gone.test' }).then(() => 'answers', () => 'is gone')).to.equal('is gone'));
      other = await startOther();
      await moves;
      expect([...killed].length, 'each was killed').to.equal(cases.length);
    });
  }
});

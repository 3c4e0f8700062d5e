// The steps of a move as patches, the verdict about a class's traffic, and a cut-over in a world of its own: killed anywhere it goes
// on, and a class that gets worse has its batch taken back.
import { expect } from 'chai';
import { handOverAnnotation, readHandOver, renderHandOver, type HandOverRecord } from '../../../src/core/hand-over/record.js';
import type { Ingress } from '../../../src/core/kubernetes-objects.js';
import { type CutOverOptions, type MoveWorld, cutOver } from '../../../src/migration/cut-over.js';
import { type Limits, judgeTraffic } from '../../../src/migration/judge-traffic.js';
import { moveState } from '../../../src/migration/move-state.js';
import { type Step, cutoverStep, finishStep, rollbackStep, shadowStep } from '../../../src/migration/move-steps.js';
import { type ClassPatch, formerClassAnnotation, patched } from '../../../src/migration/retarget.js';
import { type EngineSamples, type TrafficSample, between, parseMetrics, sampleOf } from '../../../src/migration/traffic-sample.js';

const ownerOf = ({ metadata, spec }: Ingress): string | undefined => spec?.ingressClassName ?? metadata.annotations?.['kubernetes.io/ingress.class'];
const ingress = (name: string, record?: HandOverRecord, field = 'a'): Ingress => ({
  metadata: { namespace: 'shop', name, annotations: record === undefined ? {} : { [handOverAnnotation]: renderHandOver(record) } }, spec: { ingressClassName: field },
});
const state = (one: Ingress): ReturnType<typeof moveState> => moveState(one, ownerOf);
const patchOf = (step: Step): ClassPatch => {
  if (typeof step === 'string' || 'refused' in step) throw new Error(JSON.stringify(step));
  return step.patch;
};
const at = '2026-11-29T10:00:00Z';
const facts = { to: 'b', place: 'same' as const };

describe('steps of a move', () => {
  it('goes there and back from every phase, to exactly what was', () => {
    const home = ingress('web');
    const shadow = patched(home, patchOf(shadowStep(state(home), 'b', at)));
    expect(state(shadow)).to.deep.include({ phase: 'shadow', owner: 'a', record: { from: ['a'], to: 'b', startedAt: at } });
    expect(patched(shadow, patchOf(rollbackStep(shadow, state(shadow))))).to.deep.equal(home);

    const served = ingress('web', { from: ['a'], to: 'b', servedAt: at });
    const begun = patched(served, patchOf(cutoverStep(served, state(served), facts)));
    expect(state(begun)).to.deep.include({ phase: 'moving', owner: 'b', former: { field: 'a' }, formerOwner: 'a' });
    // Nobody was sent to b yet: the record goes with the class.
    expect(patched(begun, patchOf(rollbackStep(begun, state(begun))))).to.deep.equal(home);

    const draining = patched(begun, { metadata: { annotations: { [handOverAnnotation]: renderHandOver({ from: ['a'], to: 'b', servedAt: at, movedAt: at }) } } });
    const back = patched(draining, patchOf(rollbackStep(draining, state(draining))));
    expect([back.spec, state(back).record?.to], 'the controllers turn the record round').to.deep.equal([home.spec, 'b']);

    const arrived = patched(draining, { metadata: { annotations: { [handOverAnnotation]: null } } });
    expect(state(arrived).phase).to.equal('moved');
    expect(patched(arrived, patchOf(rollbackStep(arrived, state(arrived))))).to.deep.equal(home);
    expect(patched(arrived, patchOf(finishStep(state(arrived), { oldRequests: undefined, forced: false })))).to.deep.equal(ingress('web', undefined, 'b'));
  });

  it('leaves a record that a controller began to the controllers: clients of an earlier way may still be at its class', () => {
    // a to b, back to a before that was over, and to b once more: the record is still the one of the way back.
    const turned = { from: ['b'], to: 'a', servedAt: at, by: 'b' };
    const again = ingress('web', turned, 'b');
    expect([state(again).phase, rollbackStep(again, state(again))]).to.deep.equal(['shadow', 'done']);
    const back = ingress('web', turned, 'a');
    const rolled = patched(back, patchOf(rollbackStep(back, state(back))));
    expect([rolled.spec, state(rolled).record]).to.deep.equal([{ ingressClassName: 'b' }, turned]);
    // Meant for a third class meanwhile: that is no way back.
    const elsewhere = ingress('web', { from: ['a'], to: 'b', by: 'a' }, 'c');
    expect(rollbackStep(elsewhere, state(elsewhere))).to.deep.equal({ refused: 'its controllers are turning its hand-over: run it again in a moment' });
  });

  it('run again before the controllers have turned a record that moved, it leaves that alone', () => {
    const draining = ingress('web', { from: ['a'], to: 'b', servedAt: at, movedAt: at }, 'b');
    const back = patched(draining, patchOf(rollbackStep(draining, state(draining))));
    expect([back.spec, rollbackStep(back, state(back))]).to.deep.equal([{ ingressClassName: 'a' }, 'done']);
  });

  it('does not guess which of several classes it came from', () => {
    const third = ingress('web', { from: ['m', 'z'], to: 'c', servedAt: at, movedAt: at }, 'c');
    expect(rollbackStep(third, state(third))).to.deep.equal({ refused: 'it comes from several classes (m, z): give it the one that it is to go back to' });
  });

  it('keeps an annotation that named the class, with the value that it had', () => {
    const home: Ingress = { metadata: { namespace: 'shop', name: 'web', annotations: { 'kubernetes.io/ingress.class': 'a' } }, spec: {} };
    const shadow = patched(home, { metadata: { annotations: { [handOverAnnotation]: renderHandOver({ from: ['a'], to: 'b', servedAt: at }) } } });
    const begun = patched(shadow, patchOf(cutoverStep(shadow, state(shadow), facts)));
    expect(begun.metadata.annotations).to.include({ 'kubernetes.io/ingress.class': 'b', [formerClassAnnotation]: '{"annotation":"a"}' });
    expect(patched(begun, patchOf(rollbackStep(begun, state(begun))))).to.deep.equal(home);
  });

  it('refuses what is not ready, what goes elsewhere, what nobody can read, and does nothing twice', () => {
    const refusal = (step: Step): string => (typeof step === 'object' && 'refused' in step ? step.refused : JSON.stringify(step));
    expect(refusal(cutoverStep(ingress('web'), state(ingress('web')), facts))).to.equal('it is not in shadow: run shadow first');
    const waiting = ingress('web', { from: ['a'], to: 'b' });
    expect(refusal(cutoverStep(waiting, state(waiting), facts))).to.equal('class b does not serve it yet');
    const elsewhere = ingress('web', { from: ['a'], to: 'c' });
    for (const step of [shadowStep(state(elsewhere), 'b', at), cutoverStep(elsewhere, state(elsewhere), facts)]) expect(refusal(step)).to.match(/on its way to class c already/);
    const broken: Ingress = { ...ingress('web'), metadata: { namespace: 'shop', name: 'web', annotations: { [handOverAnnotation]: '{' } } };
    for (const step of [shadowStep(state(broken), 'b', at), cutoverStep(broken, state(broken), facts), rollbackStep(broken, state(broken)), finishStep(state(broken), { oldRequests: 0, forced: true })]) {
      expect(refusal(step)).to.match(/is not JSON; remove it or mend it/);
    }
    expect([shadowStep(state(waiting), 'b', at), cutoverStep(ingress('x', undefined, 'b'), state(ingress('x', undefined, 'b')), facts), rollbackStep(ingress('x'), state(ingress('x')))]).to.deep.equal(['done', 'done', 'done']);
  });

  it('finishes nothing that the old class is still asked for, unless forced', () => {
    const draining = state(ingress('web', { from: ['a'], to: 'b', servedAt: at, movedAt: at }, 'b'));
    const words = (oldRequests: number | undefined, forced = false): string => JSON.stringify(finishStep(draining, { oldRequests, forced }));
    expect(words(3)).to.match(/class a still gets requests for it \(3 /);
    expect(words(undefined)).to.match(/not known/);
    for (const one of [words(0), words(3, true), words(undefined, true)]) expect(one).to.match(/"ingress-arbiter.io\/hand-over":null/);
  });
});

const limits: Limits = { leastRequests: 20, errorShare: 0.02, slowness: 2 };
const sample = (ingresses: Record<string, [number, number]>, seconds = 0, timed = 0): TrafficSample =>
  ({ ingresses: new Map(Object.entries(ingresses).map(([key, [requests, errors]]) => [key, { requests, errors }])), seconds, timed });

describe('judgeTraffic', () => {
  const baseline = { from: sample({ 'shop/web': [100, 1], 'shop/odd': [100, 50] }, 1, 200), to: sample({ 'shop/own': [100, 0] }, 1, 100) };
  const verdict = (current: TrafficSample, keys = ['shop/web', 'shop/odd']): string => judgeTraffic(current, baseline, keys, limits).verdict;

  it('sees errors of one Ingress among many requests of others', () => {
    expect(verdict(sample({ 'shop/web': [100, 4], 'shop/own': [10_000, 0] }))).to.equal('worse');
    expect(verdict(sample({ 'shop/web': [100, 3], 'shop/own': [10_000, 0] }))).to.equal('fine');
  });

  it('compares an Ingress with itself before, concludes nothing from few requests, and sees the whole class', () => {
    expect(verdict(sample({ 'shop/odd': [100, 51] }))).to.equal('worse');
    expect(judgeTraffic(sample({ 'shop/odd': [19, 19] }), baseline, ['shop/odd'], limits)).to.deep.equal({ verdict: 'unknown', why: '19 requests for these Ingresses, fewer than 20' });
    expect(judgeTraffic(sample({ 'shop/own': [100, 10] }), baseline, ['shop/web'], limits).why).to.match(/^the class as a whole: 10\.0 % of 100/);
  });

  it('sees answers that take longer, but no trifles', () => {
    expect(verdict(sample({}, 9, 100))).to.equal('worse');
    expect(verdict(sample({}, 5, 100))).to.equal('unknown');
  });

  it('reads what an engine says, adds engines up, and knows a counter that began anew or is gone', () => {
    const text = (count: number): string => `# HELP x\ningress_arbiter_requests_total{ingress_class="b",ingress_namespace="shop",ingress_name="web",code="200"} ${count}\n`
      + 'ingress_arbiter_requests_total{ingress_class="b",ingress_namespace="shop",ingress_name="web",code="502"} 2\ningress_arbiter_requests_total{ingress_class="a",code="200"} 9\n'
      + 'ingress_arbiter_request_duration_seconds_sum{ingress_class="b"} 0.5 1700000000000\nbroken{\n';
    const of = (counts: Record<string, number>): EngineSamples => new Map(Object.entries(counts).map(([engine, count]) => [engine, sampleOf(parseMetrics(text(count)), 'b')]));
    const { ingresses, seconds } = sampleOf(parseMetrics(text(10)), 'b');
    expect([...ingresses, seconds]).to.deep.equal([['shop/web', { requests: 12, errors: 2 }], 0.5]);
    const requests = (before: EngineSamples, after: EngineSamples): number => between(before, after).ingresses.get('shop/web')?.requests ?? 0;
    expect(requests(of({ one: 10, two: 5 }), of({ one: 14, two: 5 }))).to.equal(4);
    // The engine that began anew counts from nothing, and what the other one had counted before is not counted again.
    expect(requests(of({ one: 10, two: 500 }), of({ one: 3, two: 501 }))).to.equal(3 + 2 + 1);
    expect(requests(of({ one: 10, two: 500 }), of({ two: 501 }))).to.equal(1);
  });
});

describe('cutOver', () => {
  const options: CutOverOptions = { from: 'a', to: 'b', place: 'same', limits, baselineMs: 10, watchMs: 100, intervalMs: 10, moveMs: 1000, unwatched: false };

  /** A cluster in which controllers hand over at once, and b answers `errors` of each 50 requests with 5xx. */
  function world(names: readonly string[], errors: (key: string) => number): MoveWorld & { stored: Map<string, Ingress>; said: string[]; dies?: number } {
    const stored = new Map(names.map((name) => [`shop/${name}`, ingress(name, { from: ['a'], to: 'b', servedAt: at })]));
    const counts = new Map<string, { requests: number; errors: number }>();
    let clock = 0;
    const said: string[] = [];
    const self: MoveWorld & { stored: Map<string, Ingress>; said: string[]; dies?: number } = {
      stored, said, ownerOf, read: async (key) => stored.get(key),
      async change(key, make) {
        const step = make(stored.get(key)!);
        if (typeof step === 'string' || 'refused' in step) return step;
        if (self.dies !== undefined && self.dies-- <= 0) throw new Error('killed');
        const next = patched(stored.get(key)!, step.patch);
        const record = readHandOver(next.metadata.annotations);
        const moves = record !== undefined && 'to' in record && record.to === ownerOf(next);
        stored.set(key, moves ? patched(next, { metadata: { annotations: { [handOverAnnotation]: renderHandOver({ ...record, servedAt: at, movedAt: at }) } } }) : next);
        return 'written';
      },
      async sample(name) {
        if (name === 'b') for (const [key, one] of stored) if (ownerOf(one) === 'b') counts.set(key, { requests: (counts.get(key)?.requests ?? 0) + 50, errors: (counts.get(key)?.errors ?? 0) + errors(key) });
        return new Map([['engine', { ingresses: name === 'b' ? new Map(counts) : new Map(), seconds: 0, timed: 0 }]]);
      },
      reasons: async () => new Map(), sleep: async (ms) => { clock += ms; }, now: () => clock, say: (line) => { said.push(line); }, step: () => undefined,
    };
    return self;
  }
  const owners = ({ stored }: { stored: Map<string, Ingress> }): string => [...stored].map(([key, one]) => `${key}=${ownerOf(one)}`).join(' ');

  it('moves batch by batch', async () => {
    const one = world(['x', 'y', 'z'], () => 0);
    expect(await cutOver([['shop/x', 'shop/y'], ['shop/z']], [], options, one)).to.deep.equal({ moved: ['shop/x', 'shop/y', 'shop/z'], returned: [], refused: [] });
    expect(owners(one)).to.equal('shop/x=b shop/y=b shop/z=b');
  });

  it('takes the batch back in which one Ingress answers 5xx, keeps those before, and goes no further', async () => {
    const one = world(['w', 'x', 'y', 'z'], (key) => (key === 'shop/y' ? 50 : 0));
    const { moved, returned, stopped } = await cutOver([['shop/w'], ['shop/x', 'shop/y'], ['shop/z']], [], options, one);
    expect({ moved, returned }).to.deep.equal({ moved: ['shop/w'], returned: ['shop/x', 'shop/y'] });
    expect(stopped).to.match(/class b has got worse: Ingress shop\/y: 100\.0 % of \d+ requests are answered with 5xx, 0\.0 % before/);
    expect(owners(one)).to.equal('shop/w=b shop/x=a shop/y=a shop/z=a');
  });

  it('takes back what nobody can measure any more, and begins nothing blindly', async () => {
    const blind = world(['x'], () => 0);
    expect(await cutOver([['shop/x']], [], options, { ...blind, sample: async () => ({ unknown: 'away' }) })).to.deep.equal({ moved: [], returned: [], refused: [], stopped: 'traffic is not known: away' });
    expect(owners(blind)).to.equal('shop/x=a');
    let asked = 0;
    const later = world(['x'], () => 0);
    const { returned } = await cutOver([['shop/x']], [], options, { ...later, sample: (name) => (asked++ < 5 ? later.sample(name) : Promise.resolve({ unknown: 'away' })) });
    expect([returned, owners(later)]).to.deep.equal([['shop/x'], 'shop/x=a']);
  });

  it('stops when the controllers do not hand over, and leaves the old class serving', async () => {
    const one = world(['x'], () => 0);
    const stuck: MoveWorld = { ...one, change: async (key, make) => { const step = make(one.stored.get(key)!); if (typeof step === 'object' && 'patch' in step) one.stored.set(key, patched(one.stored.get(key)!, step.patch)); return 'written'; }, reasons: async () => new Map([['shop/x', 'an engine does not take it']]) };
    expect((await cutOver([['shop/x']], [], options, stuck)).stopped).to.match(/^not handed over within 1 s: shop\/x \(an engine does not take it\)/);
    expect(state(one.stored.get('shop/x')!).record!.from).to.deep.equal(['a']);
  });

  it('killed after any write and run again, it ends where one run would have', async () => {
    for (let writes = 0; writes < 4; writes += 1) {
      const one = world(['w', 'x', 'y'], () => 0);
      const rest = (): string[][] => [['shop/w', 'shop/x'], ['shop/y']].map((batch) => batch.filter((key) => ownerOf(one.stored.get(key)!) === 'a')).filter((batch) => batch.length > 0);
      one.dies = writes;
      await cutOver(rest(), [], options, one).catch(() => undefined);
      delete one.dies;
      await cutOver(rest(), [], options, one);
      expect(owners(one), `after ${writes} writes`).to.equal('shop/w=b shop/x=b shop/y=b');
    }
  });
});

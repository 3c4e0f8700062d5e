// What is kept of engines and of changes is bounded, whatever comes.
import { expect } from 'chai';
import { createChangeLog } from '../../../src/controller/change-log.js';
import { createEngineBook, mostEngineNames } from '../../../src/controller/engine-book.js';
import { TableFanOut } from '../../../src/controller/table-fan-out.js';
import type { TableSink } from '../../../src/controller/publish-table.js';
import type { ClassTable } from '../../../src/route-table/types.js';

const applied = { applied: true as const, epoch: 3, sequence: 9, set: 0, removed: 0, entries: 0, version: 0 };

describe('controller: engine-book', () => {
  it('keeps an engine that has gone for two minutes, and one that comes again with all that it has said', () => {
    const book = createEngineBook();
    book.come('edge-1', 0);
    book.note('edge-1', applied);
    book.note('edge-1', { applied: false, epoch: 3, reason: 'full: no room' });
    book.note('edge-1', { applied: false, epoch: 3, reason: '<script>: whatever an engine says' });
    book.go('edge-1', 1000);
    const record = { epoch: 3, sequence: 9, refusals: new Map([['entry', 0], ['budget', 0], ['full', 1], ['nginx', 0], ['no-answer', 0], ['other', 1]]) };
    expect(book.engines(100_000)).to.deep.equal([['edge-1', record]]);
    book.come('edge-1', 110_000);
    expect(book.engines(500_000)).to.deep.equal([['edge-1', record]]);
    book.go('edge-1', 500_000);
    expect(book.engines(621_000)).to.deep.equal([]);
  });

  it('has a bound to the names it keeps; those that are here go before those that were', () => {
    const book = createEngineBook();
    for (let at = 0; at < mostEngineNames; at++) book.come(`old-${at}`, 0);
    book.go('old-7', 1);
    book.come('young', 2);
    const names = book.engines(3).map(([name]) => name);
    expect(names).to.have.length(mostEngineNames).and.include('young').and.not.include('old-7');
    for (let at = 0; at < 10_000; at++) {
      book.come(`more-${at}`, 4);
      book.note(`more-${at}`, applied);
    }
    expect(book.engines(5)).to.have.length(mostEngineNames);
  });
});

describe('controller: change-log', () => {
  it('tells the oldest change that is not served, and takes out what is', () => {
    const log = createChangeLog();
    for (const since of [10, 20, 30]) log.add(since);
    expect([log.version(), log.oldestAfter(0), log.oldestAfter(2), log.oldestAfter(3)]).to.deep.equal([3, 10, 30, undefined]);
    expect(log.takeUpTo(2)).to.deep.equal([10, 20]);
    expect(log.takeUpTo(2)).to.deep.equal([]);
    expect(log.oldestAfter(0)).to.equal(30);
  });

  it('is bounded; what it takes together is as old as the older change', () => {
    const log = createChangeLog();
    for (let at = 1; at <= 100_000; at++) log.add(at);
    expect(log.oldestAfter(99_999)).to.equal(512);
    const served = log.takeUpTo(100_000);
    expect(served).to.have.length(512);
    expect(log.oldestAfter(0)).to.equal(undefined);
  });
});

describe('controller: table-fan-out', () => {
  /** An engine that answers when it is told to. */
  const held = (): TableSink & { answer(): Promise<void> } => {
    const waiting: (() => void)[] = [];
    return {
      apply: () => new Promise((resolve) => { waiting.push(() => resolve({ applied: true })); }),
      async answer() {
        waiting.shift()?.();
        await new Promise((resolve) => { setImmediate(resolve); });
      },
    };
  };
  const rig = () => {
    let now = 0;
    let epoch: number | undefined = 1;
    const served: number[] = [];
    const fanOut = new TableFanOut({ class: 'red', epoch: () => epoch, now: () => now, onOutcome: () => undefined, onServed: (since) => served.push(since), pause: async () => undefined });
    const table: ClassTable = new Map();
    return {
      fanOut, served, setEpoch: (next: number | undefined) => { epoch = next; }, tick: (ms: number) => { now += ms; },
      change: (name: string) => {
        table.set(name, { endpoints: [] });
        fanOut.publish(table, [name], now);
      },
      of: (name: string) => fanOut.states().find(({ engine }) => engine === name)!,
    };
  };

  it('counts a change as served when the last engine has it, and each engine\'s lag by itself', async () => {
    const { fanOut, served, tick, change, of } = rig();
    const [quick, slow] = [held(), held()];
    fanOut.publish(new Map(), []);
    fanOut.attach('quick', quick);
    fanOut.attach('slow', slow);
    await quick.answer();
    await slow.answer();
    tick(100);
    change('service/a/b/1');
    await quick.answer();
    tick(50);
    change('service/a/b/2');
    await quick.answer();
    tick(7);
    expect([of('quick').lagMs, of('quick').behind, of('slow').lagMs, of('slow').behind]).to.deep.equal([0, 0, 57, 2]);
    expect(served).to.deep.equal([]);
    await slow.answer();
    expect(served).to.deep.equal([100]);
    expect([of('slow').lagMs, of('slow').behind]).to.deep.equal([7, 1]);
    await slow.answer();
    expect(served).to.deep.equal([100, 150]);
  });

  it('waits no longer for an engine that has gone', async () => {
    const { fanOut, served, change } = rig();
    const [quick, slow] = [held(), held()];
    fanOut.publish(new Map(), []);
    fanOut.attach('quick', quick);
    const detach = fanOut.attach('slow', slow);
    await quick.answer();
    change('service/a/b/1');
    await quick.answer();
    expect(served).to.deep.equal([]);
    detach();
    expect(served).to.have.length(1);
  });

  it('measures nothing that was seen while somebody else held the claim', async () => {
    const { fanOut, served, change, setEpoch, tick, of } = rig();
    const engine = held();
    setEpoch(undefined);
    fanOut.publish(new Map(), []);
    fanOut.attach('here', engine);
    change('service/a/b/1');
    tick(600_000);
    setEpoch(2);
    change('service/a/b/2');
    await engine.answer();
    expect(served).to.deep.equal([600_000]);
    expect(of('here').lagMs).to.equal(0);
  });
});

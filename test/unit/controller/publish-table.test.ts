// What goes to the engine, and what follows when the engine refuses, is silent, or the claim is lost.
import { expect } from 'chai';
import { type PublishOutcome, TablePublisher, type TableSink } from '../../../src/controller/publish-table.js';
import { checkedSink } from '../../fixtures/checked-sink.js';
import type { ClassTable, ServiceEndpoints, TableUpdate } from '../../../src/route-table/types.js';

type Answer = Awaited<ReturnType<TableSink['apply']>>;

const endpoints = (port: number): ServiceEndpoints => ({ endpoints: [{ address: '10.0.0.1', port }] });

function harness() {
  const updates: TableUpdate[] = [];
  const outcomes: PublishOutcome[] = [];
  const answers: (Answer | Error | Promise<Answer>)[] = [];
  let epoch: number | undefined = 1;
  let pauses = 0;
  const publisher = new TablePublisher({
    class: 'red',
    epoch: () => epoch,
    pause: async () => { pauses += 1; },
    onOutcome: (outcome) => outcomes.push(outcome),
    sink: {
      async apply(update) {
        updates.push(structuredClone(update));
        const answer = await (answers.shift() ?? { applied: true as const });
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
  });
  return { updates, outcomes, answers, publisher, setEpoch: (next: number | undefined) => { epoch = next; }, pauses: () => pauses };
}

describe('controller: publish-table', () => {
  it('sends the whole table first, then only what has changed', async () => {
    const { updates, publisher } = harness();
    const table: ClassTable = new Map([['service/a/b/80', endpoints(80)], ['service/a/c/80', endpoints(81)]]);
    await publisher.publish(table, table.keys());
    table.set('service/a/b/80', endpoints(82));
    table.delete('service/a/c/80');
    await publisher.publish(table, ['service/a/b/80', 'service/a/c/80']);
    expect(updates).to.deep.equal([
      { class: 'red', epoch: 1, sequence: 1, full: true, remove: [], count: 2, set: [{ key: 'service/a/b/80', value: endpoints(80) }, { key: 'service/a/c/80', value: endpoints(81) }] },
      { class: 'red', epoch: 1, sequence: 2, full: false, remove: ['service/a/c/80'], count: 1, set: [{ key: 'service/a/b/80', value: endpoints(82) }] },
    ]);
  });

  it('sends an empty table too, once, so that the engine knows that the class has none', async () => {
    const { updates, publisher } = harness();
    await publisher.publish(new Map(), []);
    await publisher.publish(new Map(), []);
    expect(updates.map(({ full, count }) => [full, count])).to.deep.equal([[true, 0]]);
  });

  it('gathers what changes while an update is under way', async () => {
    const { updates, answers, publisher } = harness();
    let answer: (value: Answer) => void = () => undefined;
    answers.push(new Promise<Answer>((resolve) => { answer = resolve; }));
    const table: ClassTable = new Map([['service/a/b/80', endpoints(1)]]);
    const first = publisher.publish(table, table.keys());
    for (let port = 2; port <= 50; port++) {
      table.set('service/a/b/80', endpoints(port));
      void publisher.publish(table, ['service/a/b/80']);
    }
    answer({ applied: true });
    await first;
    expect(updates.map(({ sequence, set }) => [sequence, (set[0]!.value as ServiceEndpoints).endpoints[0]!.port])).to.deep.equal([[1, 1], [2, 50]]);
  });

  for (const [name, refusal] of [['a refusal', { applied: false as const, reason: 'full: ia_records' }], ['an answer that never came', new Error('socket closed')]] as const) {
    it(`sends the whole table again after ${name}, under a new sequence, and loses nothing`, async () => {
      const { updates, outcomes, answers, publisher, pauses } = harness();
      const table: ClassTable = new Map([['service/a/b/80', endpoints(1)]]);
      await publisher.publish(table, table.keys());
      answers.push(refusal);
      table.set('service/a/c/80', endpoints(2));
      await publisher.publish(table, ['service/a/c/80']);
      expect(updates.map(({ full, sequence, count }) => [full, sequence, count])).to.deep.equal([[true, 1, 1], [false, 2, 2], [true, 3, 2]]);
      expect(outcomes.map(({ applied }) => applied)).to.deep.equal([true, false, true]);
      expect(pauses()).to.equal(1);
    });
  }

  it('publishes nothing without the claim, and the whole table under the epoch it is won with', async () => {
    const { updates, publisher, setEpoch } = harness();
    setEpoch(undefined);
    const table: ClassTable = new Map([['service/a/b/80', endpoints(1)]]);
    await publisher.publish(table, table.keys());
    expect(updates).to.deep.equal([]);
    setEpoch(4);
    await publisher.publish(table, []);
    setEpoch(5);
    await publisher.publish(table, []);
    expect(updates.map(({ epoch, full, set }) => [epoch, full, set.length])).to.deep.equal([[4, true, 1], [5, true, 1]]);
  });

  it('a late table of a holder that lost its claim is refused by an engine that has seen the next one\'s', async () => {
    const sink = checkedSink();
    const publisherAt = (epoch: number, outcomes: PublishOutcome[]): { publisher: TablePublisher; end: () => void } => {
      let held: number | undefined = epoch;
      const publisher = new TablePublisher({ class: 'red', sink, epoch: () => held, onOutcome: (outcome) => outcomes.push(outcome), pause: async () => { held = undefined; } });
      return { publisher, end: () => { held = undefined; } };
    };
    const [old, young]: [PublishOutcome[], PublishOutcome[]] = [[], []];
    const first = publisherAt(1, old);
    await first.publisher.publish(new Map([['service/a/b/80', endpoints(1)]]), []);
    const second = publisherAt(2, young);
    await second.publisher.publish(new Map([['service/a/b/80', endpoints(2)]]), []);
    // The first one believes for a moment longer that it holds the claim.
    await first.publisher.publish(new Map([['service/a/b/80', endpoints(3)]]), ['service/a/b/80']);
    expect(old.at(-1)).to.deep.include({ applied: false, newerEpoch: 2 });
    expect(old.at(-1)).to.have.property('reason').that.matches(/^stale-epoch: /);
    expect(sink.tables.get('red')!.entries.get('service/a/b/80')).to.include('"port":2');
    expect(young.at(-1)).to.deep.include({ applied: true, epoch: 2 });
  });

  it('stops trying when the claim is lost', async () => {
    const { updates, answers, publisher, setEpoch } = harness();
    answers.push({ applied: false, reason: 'stale-epoch: over' });
    const waiting = publisher.publish(new Map([['service/a/b/80', endpoints(1)]]), []);
    setEpoch(undefined);
    await waiting;
    expect(updates.length).to.equal(1);
  });
});

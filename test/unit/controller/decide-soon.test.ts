// A decision about many Ingresses takes several turns of the event loop; what it is about goes out as a whole.
import { expect } from 'chai';
import { decideSoon } from '../../../src/controller/decide-soon.js';
import { TableFanOut } from '../../../src/controller/table-fan-out.js';
import { type ArbiterChanges, createArbiter } from '../../../src/core/arbiter.js';
import { claimOf } from '../../../src/core/claim.js';
import type { TableUpdate } from '../../../src/route-table/types.js';
import { eventually } from '../../fixtures/eventually.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

const MANY = 500;
const changes = {} as ArbiterChanges;

describe('controller: decide-soon', () => {
  it('decides in slices, with everything else getting its turn, and carries out once', async () => {
    const order: string[] = [];
    let parts = 3;
    const decide = decideSoon({ settleSome: () => { order.push('slice'); return (parts -= 1) > 0 ? undefined : changes; } }, {
      now: () => 0, isKnown: () => true, begin: () => order.push('begin') > 0, hold: () => { order.push('hold'); setImmediate(() => order.push('another')); },
      carryOut: () => { order.push(`carry out ${decide.isUnderWay}`); },
    });
    decide.ask();
    await eventually(() => expect(order).to.include('carry out false'));
    expect(order).to.deep.equal(['begin', 'slice', 'hold', 'another', 'slice', 'hold', 'another', 'slice', 'carry out false']);
  });

  it('waits in the midst of it for what has to be known, and goes on where it was', async () => {
    const order: string[] = [];
    let known = true;
    const decide = decideSoon({ settleSome: () => { order.push('slice'); known = order.length > 2; return order.length > 2 ? changes : undefined; } }, {
      now: () => 0, isKnown: () => known, begin: () => order.push('begin') > 0, hold: () => undefined, carryOut: () => { order.push('carry out'); },
    });
    decide.ask();
    await eventually(() => expect(order).to.deep.equal(['begin', 'slice']));
    expect(decide.isUnderWay).to.equal(true);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
    expect(order).to.deep.equal(['begin', 'slice']);
    known = true;
    decide.ask();
    await eventually(() => expect(order).to.deep.equal(['begin', 'slice', 'slice', 'carry out']));
  });

  it('shows no engine a table of which a part is decided, neither one that comes nor one that asks for its next update', async () => {
    const arbiter = createArbiter([claimOf('red', { claimClassless: true })], inspectStub);
    const table = arbiter.tables.get('red')!;
    const fanOut = new TableFanOut({ class: 'red', epoch: () => 1, onOutcome: () => undefined, pause: async () => undefined });
    const updates: TableUpdate[] = [];
    const answers: (() => void)[] = [];
    const sink = { apply: (update: TableUpdate) => new Promise<{ applied: true }>((resolve) => { updates.push(update); answers.push(() => resolve({ applied: true })); }) };
    let held = 0;
    const decide = decideSoon(arbiter, {
      now: () => 0, isKnown: () => true, begin: () => true,
      carryOut: ({ entries }) => fanOut.publish(table, entries.get('red') ?? []),
      hold() {
        fanOut.hold();
        held += 1;
        if (held > 1) return;
        fanOut.attach('late', sink);
        answers.splice(0).forEach((answer) => answer());
      },
    });
    const takeAll = (path: string): void => {
      for (let n = 0; n < MANY; n++) {
        arbiter.take('ingresses', `shop/web-${n}`, { metadata: { namespace: 'shop', name: `web-${n}` }, spec: { rules: [{ host: `h${n}.test`, http: { paths: [{ path, pathType: 'Exact', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] } });
      }
    };
    const pathsOf = ({ set }: TableUpdate): string[] => set.flatMap(({ value }) => ('routes' in value ? value.routes.map((route) => route.path) : []));
    const expectWhole = (some: readonly TableUpdate[], path: string): void => {
      for (const update of some) expect(pathsOf(update)).to.deep.equal(Array<string>(MANY).fill(path));
    };
    fanOut.attach('first', sink);
    takeAll('/one');
    decide.ask();
    await eventually(() => expect(updates.length).to.equal(2));
    expect(held).to.be.greaterThan(1);
    expectWhole(updates, '/one');
    held = 0;
    takeAll('/two');
    decide.ask();
    await eventually(() => expect(updates.length).to.equal(4));
    expectWhole(updates.slice(2), '/two');
  });
});

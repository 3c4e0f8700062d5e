// What is due when: the same as of a plain map that is looked through.
import { expect } from 'chai';
import fc from 'fast-check';
import { createDueTimes } from '../../../src/core/due-times.js';

const step = fc.record({ key: fc.constantFrom(...'abcdefgh'), at: fc.option(fc.nat(50), { nil: undefined }), pass: fc.constantFrom(0, 0, 0, 1, 7) });

describe('core: due times', () => {
  it('have the earliest at hand, and give out what is due, after any changes', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const due = createDueTimes();
      const model = new Map<string, number>();
      let now = 0;
      for (const { key, at, pass } of steps) {
        due.set(key, at);
        if (at === undefined) model.delete(key);
        else model.set(key, at);
        now += pass;
        const over = [...model].filter(([, when]) => when <= now);
        if (pass > 0) {
          expect(due.take(now).sort()).to.deep.equal(over.map(([one]) => one).sort());
          for (const [one] of over) model.delete(one);
        }
        expect(due.next()).to.equal(model.size === 0 ? undefined : Math.min(...model.values()));
      }
    }));
  });

  it('count as they were set last, however often', () => {
    const due = createDueTimes();
    for (let at = 0; at < 100_000; at++) due.set('one', 200_000 - at);
    expect([due.next(), due.take(Infinity), due.take(Infinity)]).to.deep.equal([100_001, ['one'], []]);
  });
});

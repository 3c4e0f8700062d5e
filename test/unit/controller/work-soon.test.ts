// Work that was asked for runs soon, once for a burst, and never after the end.
import { expect } from 'chai';
import { workSoon } from '../../../src/controller/work-soon.js';
import { eventually } from '../../fixtures/eventually.js';

describe('controller: work-soon', () => {
  it('runs once for all that is asked in one go, and again for what is asked later', async () => {
    let runs = 0;
    const soon = workSoon(() => { runs += 1; }, 1);
    for (let ask = 0; ask < 100; ask++) soon.ask();
    expect(runs).to.equal(0);
    await eventually(() => expect(runs).to.equal(1));
    soon.ask();
    await eventually(() => expect(runs).to.equal(2));
  });

  it('runs again for what is asked while it runs', async () => {
    let runs = 0;
    const soon = workSoon(() => {
      runs += 1;
      if (runs < 3) soon.ask();
    }, 1);
    soon.ask();
    await eventually(() => expect(runs).to.equal(3));
  });

  it('does nothing once stopped', async () => {
    let runs = 0;
    const soon = workSoon(() => { runs += 1; }, 1);
    soon.ask();
    soon.stop();
    soon.ask();
    await new Promise((resolve) => { setImmediate(() => setImmediate(resolve)); });
    expect(runs).to.equal(0);
  });
});

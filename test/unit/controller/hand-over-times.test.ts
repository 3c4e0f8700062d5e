// How long hand-overs were in each phase, told once for each phase that is over.
import { expect } from 'chai';
import { observeHandOverTimes } from '../../../src/controller/hand-over-times.js';
import type { HeldClaim } from '../../../src/controller/hold-claim.js';
import type { Arbiter } from '../../../src/core/arbiter.js';
import { emptyHandOverMemories } from '../../../src/core/hand-over/memory.js';
import type { HandOver } from '../../../src/core/hand-over/hand-over.js';
import type { HandOverPhase } from '../../../src/core/hand-over/record.js';

describe('observeHandOverTimes', () => {
  let told: [string, string, number][];
  let begun: string[];
  let now: number;
  let holder: boolean;
  let look: (changed: Iterable<string>) => void;
  const handOvers = new Map<string, HandOver>();
  const memory = emptyHandOverMemories();

  const at = (seconds: number, key: string, phase: HandOverPhase | undefined, to = 'blue'): void => {
    now = seconds * 1000;
    if (phase === undefined) {
      handOvers.delete(key);
      memory.handOvers.delete(key);
    } else {
      const before = memory.handOvers.get(key);
      handOvers.set(key, { record: { from: ['green'], to }, phase } as unknown as HandOver);
      memory.handOvers.set(key, { left: [], phase, since: before?.phase === phase ? before.since : now });
    }
    look([key]);
  };

  beforeEach(() => {
    handOvers.clear();
    memory.handOvers.clear();
    [told, begun, now, holder] = [[], [], 0, true];
    const held = [{ claim: { class: 'blue' }, elector: { isHolder: () => holder } }] as unknown as HeldClaim[];
    look = observeHandOverTimes({
      begin: (name, labels) => { begun.push(`${name} ${labels.join(' ')}`); },
      observe: (name, [className, phase], seconds) => { if (name === 'handOverPhase') told.push([className!, phase!, seconds]); },
    }, { arbiter: { handOvers, memory } as unknown as Arbiter, held, now: () => now });
  });

  it('shows every phase of every class before there was any', () => {
    expect(begun).to.deep.equal(['shadow', 'starting', 'moving', 'draining'].map((phase) => `handOverPhase blue ${phase}`));
  });

  it('tells each phase once, when it is over', () => {
    at(0, 'shop/web', 'starting');
    at(2, 'shop/web', 'starting');
    expect(told).to.deep.equal([]);
    at(3, 'shop/web', 'moving');
    at(4, 'shop/web', 'draining');
    at(4, 'shop/web', 'draining');
    at(64, 'shop/web', undefined);
    at(65, 'shop/web', undefined);
    expect(told).to.deep.equal([['blue', 'starting', 3], ['blue', 'moving', 1], ['blue', 'draining', 60]]);
  });

  it('tells of several Ingresses, each by itself', () => {
    at(0, 'shop/web', 'starting');
    at(1, 'shop/api', 'starting');
    at(5, 'shop/web', 'draining');
    at(7, 'shop/api', 'draining');
    expect(told).to.deep.equal([['blue', 'starting', 5], ['blue', 'starting', 6]]);
  });

  it('ends what goes on to a third class', () => {
    at(0, 'shop/web', 'draining');
    at(9, 'shop/web', 'draining', 'red');
    expect(told).to.deep.equal([['blue', 'draining', 9]]);
    at(10, 'shop/web', undefined);
    expect(told, 'red is not held here').to.have.length(1);
  });

  it('leaves it to the holder', () => {
    at(0, 'shop/web', 'starting');
    holder = false;
    at(3, 'shop/web', 'draining');
    expect(told).to.deep.equal([]);
  });
});

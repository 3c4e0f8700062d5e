// Whether engines may serve that are not seen here: those that have to find the process first, and those that were here just now.
import { expect } from 'chai';
import { arriveWithinMs, awayForMs, createEnginePresence, type EnginePresence } from '../../../src/controller/engine-presence.js';

describe('engine presence', () => {
  let now: number;
  let presence: EnginePresence;
  beforeEach(() => {
    now = 1000;
    presence = createEnginePresence({ now: () => now, awaits: true });
  });

  it('gives engines time to find whoever holds the claim now, each time', () => {
    expect(presence.gap()).to.equal(undefined);
    for (let round = 0; round < 2; round += 1) {
      presence.begin();
      presence.come('e1');
      expect(presence.gap()).to.deep.equal({});
      expect(presence.changesAt()).to.equal(now + arriveWithinMs);
      now += arriveWithinMs - 1;
      expect(presence.gap()).to.deep.equal({});
      now += 1;
      expect([presence.gap(), presence.changesAt()]).to.deep.equal([undefined, undefined]);
    }
  });

  it('waits for nobody when the engine is in the same process', () => {
    const own = createEnginePresence({ now: () => now, awaits: false });
    own.begin();
    expect(own.gap()).to.equal(undefined);
  });

  it('counts an engine that went as serving until it is back, or was away for long; its words stay the same', () => {
    presence.come('e1');
    presence.go('e1');
    const { because } = presence.gap()!;
    expect(because).to.match(/^engine e1 went away a moment ago and may still serve/);
    now += awayForMs - 1;
    expect(presence.gap()).to.deep.equal({ because });
    expect(presence.changesAt()).to.equal(now + 1);
    now += 1;
    expect(presence.gap()).to.equal(undefined);
    presence.go('e1');
    presence.come('e1');
    expect(presence.gap()).to.equal(undefined);
  });

  it('remembers a bounded number of names, the newest, and that there were more: some of those may still serve', () => {
    for (let at = 0; at < 1500; at += 1) presence.go(`e${at}`);
    expect(presence.gap()!.because).to.match(/^engine e500 /);
    for (let at = 500; at < 1500; at += 1) presence.come(`e${at}`);
    expect(presence.gap()!.because).to.match(/^more than 1000 engines went away a moment ago/);
    expect(presence.changesAt()).to.equal(now + awayForMs);
    now += awayForMs;
    expect([presence.gap(), presence.changesAt()]).to.deep.equal([undefined, undefined]);
  });
});

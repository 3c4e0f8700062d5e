// The places of the figures, and buckets that are written out against the bounds that they are written from.
import { expect } from 'chai';
import { figureSlots, figures, sizeBounds, sizeBucket, timeBounds, timeBucket } from '../../../src/route-table/figures.js';

describe('figures', () => {
  it('lie one behind the other', () => {
    let at = 0;
    for (const figure of figures) {
      expect(figure.at, figure.name).to.equal(at);
      at += figure.bounds.length + 2;
    }
    expect(at).to.equal(figureSlots);
  });

  for (const [name, bounds, bucketOf] of [['timeBucket', timeBounds, timeBucket], ['sizeBucket', sizeBounds, sizeBucket]] as const) {
    it(`${name} is the first bound that is not less`, () => {
      const values = bounds.flatMap((bound) => [bound, bound * 0.999_999, bound * 1.000_001]);
      for (const value of [-1, 0, ...values, 1e9]) {
        const first = bounds.findIndex((bound) => value <= bound);
        expect(bucketOf(value), String(value)).to.equal(first < 0 ? bounds.length : first);
      }
    });
  }
});

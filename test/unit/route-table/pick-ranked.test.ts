// The choice of an endpoint by a key: what moves when endpoints come, go or are passed over, and how evenly keys are spread.
import { expect } from 'chai';
import fc from 'fast-check';
import { addText, countSound, emptyHash, endHash, hashText, pickRanked } from '../../../src/route-table/pick-sticky.js';

interface Named { hash: number; until: number }
const endpoint = (name: string): Named => ({ hash: hashText(name), until: 0 });
const names = fc.uniqueArray(fc.tuple(fc.nat(255), fc.nat(255), fc.integer({ min: 1, max: 65535 })).map(([a, b, port]) => `10.0.${a}.${b} ${port}`), { minLength: 2, maxLength: 40 });
const keys = fc.array(fc.string({ maxLength: 30 }), { minLength: 50, maxLength: 50 });
const chosen = (endpoints: Named[], key: string, rank = 0): Named => endpoints[pickRanked(endpoints, hashText(key), rank, 1)]!;

describe('route-table: an endpoint by a key', () => {
  it('when an endpoint goes, only its keys move; when it comes back, only they come back', () => {
    fc.assert(fc.property(names, fc.nat(), keys, (list, which, wanted) => {
      const all = list.map(endpoint);
      const gone = all[which % all.length]!;
      const rest = all.filter((one) => one !== gone);
      for (const key of wanted) {
        const before = chosen(all, key);
        if (before !== gone) expect(chosen(rest, key)).to.equal(before);
      }
    }), { numRuns: 200 });
  });

  it('who is passed over is as one that is not there, and comes back to its own keys', () => {
    fc.assert(fc.property(names, fc.nat(), keys, (list, which, wanted) => {
      const all = list.map(endpoint);
      const passedOver = all[which % all.length]!;
      const before = wanted.map((key) => chosen(all, key));
      passedOver.until = 2;
      wanted.forEach((key, at) => {
        expect(chosen(all, key)).to.equal(chosen(all.filter((one) => one !== passedOver), key));
        if (before[at] !== passedOver) expect(chosen(all, key)).to.equal(before[at]);
      });
      passedOver.until = 1;
      expect(wanted.map((key) => chosen(all, key))).to.deep.equal(before);
    }), { numRuns: 200 });
  });

  it('the keys of who goes are spread over all others', () => {
    const all = Array.from({ length: 10 }, (_, at) => endpoint(`10.0.0.${at + 1} 8080`));
    all[3]!.until = 2;
    const heirs = new Set<Named>();
    for (let at = 0; at < 5000; at++) {
      const key = `user-${at}`;
      all[3]!.until = 0;
      const own = chosen(all, key) === all[3];
      all[3]!.until = 2;
      if (own) heirs.add(chosen(all, key));
    }
    expect(heirs.size).to.equal(9);
  });

  it('each rank is another endpoint, in an order that does not depend on the others', () => {
    fc.assert(fc.property(names, fc.string(), fc.nat(), (list, key, which) => {
      const all = list.map(endpoint);
      const order = all.map((_, rank) => chosen(all, key, rank));
      expect(new Set(order).size).to.equal(new Set(all.map(({ hash }) => hash)).size === all.length ? all.length : new Set(order).size);
      const gone = all[which % all.length]!;
      const rest = all.filter((one) => one !== gone);
      expect(rest.map((_, rank) => chosen(rest, key, rank))).to.deep.equal(order.filter((one) => one !== gone));
    }), { numRuns: 200 });
  });

  it('spreads 40,000 keys over 20 endpoints, none far from its share', () => {
    const all = Array.from({ length: 20 }, (_, at) => endpoint(`10.244.${at % 3}.${at} 8080`));
    const shares = new Map<Named, number>();
    for (let at = 0; at < 40_000; at++) {
      const one = chosen(all, `/item/${at}?page=${at % 7}`);
      shares.set(one, (shares.get(one) ?? 0) + 1);
    }
    expect(shares.size).to.equal(20);
    for (const share of shares.values()) expect(share).to.be.within(1700, 2300);
  });

  it('pieces make the hash of the whole text', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (one, other) => {
      expect(endHash(addText(addText(emptyHash, one), other))).to.equal(hashText(one + other));
    }));
  });

  it('counts who is not passed over', () => expect(countSound([{ hash: 1, until: 0 }, { hash: 2, until: 5 }, { hash: 3, until: 6 }], 5)).to.equal(2));
});

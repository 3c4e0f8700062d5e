import { expect } from 'chai';
import fc from 'fast-check';
import { pickEndpoint } from '../../../src/route-table/pick-endpoint.js';

const endpoints = (count: number): { address: string; port: number }[] => Array.from({ length: count }, (_, at) => ({ address: `10.0.0.${at}`, port: 80 }));

describe('route-table: pick-endpoint', () => {
  it('none of none', () => expect(pickEndpoint([], 0, 0)).to.equal(undefined));

  it('takes turns, so that 100 requests over 10 endpoints reach each 10 times', () => {
    const ten = endpoints(10);
    const hits = new Map<unknown, number>();
    for (let turn = 0; turn < 100; turn++) {
      const chosen = pickEndpoint(ten, turn, 0);
      hits.set(chosen, (hits.get(chosen) ?? 0) + 1);
    }
    expect([...hits.values()]).to.deep.equal(Array(10).fill(10));
  });

  it('goes on to the next endpoint with each try, over all of them', () => {
    const five = endpoints(5);
    expect(new Set([0, 1, 2, 3, 4].map((attempt) => pickEndpoint(five, 3, attempt))).size).to.equal(5);
  });

  it('answers for any whole number', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: -1e12, max: 1e12 }), fc.nat(20), (count, turn, attempt) => {
      expect(pickEndpoint(endpoints(count), turn, attempt)).to.be.an('object');
    }));
  });
});

// Both ends of a stream compute the digest from what they have: equal tables, equal digests, whatever the way to them.
import { expect } from 'chai';
import fc from 'fast-check';
import { createTableDigest } from '../../../src/core/table-digest.js';

const step = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.option(fc.string({ maxLength: 3 }), { nil: undefined }));

describe('core: table-digest', () => {
  it('depends on the table alone, not on how it came to be', () => {
    fc.assert(fc.property(fc.array(step), (steps) => {
      const [walked, fresh, table] = [createTableDigest(), createTableDigest(), new Map<string, string>()];
      for (const [key, json] of steps) {
        walked.take(key, json);
        if (json === undefined) table.delete(key);
        else table.set(key, json);
      }
      for (const [key, json] of [...table].reverse()) fresh.take(key, json);
      expect(walked.text()).to.equal(fresh.text());
    }));
  });

  it('tells tables apart: a moved value, a swapped pair, one character', () => {
    const digests = [[['a', '1'], ['b', '2']], [['a', '2'], ['b', '1']], [['a', '1'], ['b', '3']], [['a', '1']], [['a1', ''], ['b', '2']], []]
      .map((entries) => {
        const digest = createTableDigest();
        for (const [key, json] of entries as [string, string][]) digest.take(key, json);
        return digest.text();
      });
    expect(new Set(digests).size).to.equal(digests.length);
  });

  it('is that of an empty table once cleared', () => {
    const digest = createTableDigest();
    digest.take('a', '1');
    digest.clear();
    expect(digest.text()).to.equal(createTableDigest().text()).and.to.have.length(16);
  });
});

// The index from the other end: the same as a look through all that was said, with one dependent, several, and none again.
import { expect } from 'chai';
import fc from 'fast-check';
import { createDependencyIndex } from '../../../src/core/dependency-index.js';

const name = fc.constantFrom('a', 'b', 'c');
const target = fc.constantFrom('x', 'y', 'z');

describe('core: dependency index', () => {
  it('finds everything that depends on a target, whatever was said before', () => {
    fc.assert(fc.property(fc.array(fc.record({ dependent: name, on: fc.array(target, { maxLength: 4 }) }), { maxLength: 30 }), (steps) => {
      const index = createDependencyIndex();
      const said = new Map<string, string[]>();
      for (const { dependent, on } of steps) {
        index.set(dependent, on);
        said.set(dependent, on);
        for (const one of ['x', 'y', 'z']) {
          const expected = [...said].filter(([, targets]) => targets.includes(one)).map(([who]) => who).sort();
          expect([...index.dependentsOf(one)].sort()).to.deep.equal(expected);
          expect(index.has(one)).to.equal(expected.length > 0);
        }
      }
    }));
  });
});

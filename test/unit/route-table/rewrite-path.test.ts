import { expect } from 'chai';
import fc from 'fast-check';
import { normalizePath } from '../../../src/route-table/normalize-path.js';
import { rewritePath } from '../../../src/route-table/rewrite-path.js';

type Row = [template: string, captures: string[], path: string | undefined];
const rows: Row[] = [
  ['/', [], '/'], ['/$1', ['a'], '/a'], ['/$2', ['/', 'x/y'], '/x/y'], ['/$1/$2', ['a', 'b'], '/a/b'], ['/$1$1', ['a'], '/aa'],
  ['$1', ['a'], '/a'], ['foo', [], '/foo'], ['', [], '/'], ['/$9', ['1', '2', '3', '4', '5', '6', '7', '8', '9'], '/9'],
  ['/$3', ['a'], '/'], ['/$1', [''], '/'], ['/a/$1', [''], '/a/'], ['/$0', ['a'], '/$0'], ['/$', [], '/$'], ['/$a', ['x'], '/$a'], ['/$$1', ['x'], '/$x'], ['/$12', ['a'], '/a2'],
  ['/$1', ['$2', 'never'], '/$2'],
  // Bad input 16: `/api(.*)` with `/$1` asked for /api../admin.
  ['/$1', ['../admin'], undefined], ['/$1', ['/../admin'], undefined], ['/a/$1', ['../b'], '/b'], ['/a/$1', ['../../b'], undefined], ['/a$1', ['/..'], '/'], ['/.$1', ['./x'], undefined],
  ['/$1', ['%2e%2e/x'], undefined], ['/$1', ['%'], undefined], ['/%2$1', ['e%2e/'], undefined], ['/$1', ['a\r\nX: y'], undefined], ['/$1', ['%0d%0a'], undefined], ['/$1', ['a b'], '/a%20b'],
  ['//$1', ['x'], '/x'], ['/$1//$2', ['a', 'b'], '/a/b'],
];

describe('route-table: rewrite-path', () => {
  for (const [template, captures, path] of rows) {
    it(`${JSON.stringify(template)} with ${JSON.stringify(captures).slice(0, 40)}`, () => expect(rewritePath(template, captures)).to.equal(path));
  }

  it('gives a normal form or nothing', () => {
    const part = fc.constantFrom('/', '..', '.', '$1', '$2', '$', 'a', '%2e', '%', '\n', '%0a', '\u00e9');
    const text = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(fc.property(text, fc.array(text, { maxLength: 3 }), (template, captures) => {
      const path = rewritePath(template, captures);
      if (path !== undefined) expect(normalizePath(path)).to.equal(path);
    }), { numRuns: 3000 });
  });
});

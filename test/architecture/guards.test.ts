// The guards of the list-watch (docs/decisions/0002): each has tests that carry its name, in the file that the table names,
// so that `npx mocha --grep G7` runs what proves it.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';

const guards = Array.from({ length: 20 }, (_, at) => `G${at + 1}`);
const rows = [...readFileSync('docs/decisions/0002-own-list-watch-and-leases.md', 'utf8').matchAll(/^\| (G\d+) \| ([^|]+) \| ([^|]+) \|$/gm)];

/** Titles of the tests in a file that carry a guard's name. */
function titlesOf(guard: string, file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').filter((line) => /\bit\([`']/.test(line) && new RegExp(`\\b${guard}\\b`).test(line));
}

describe('guards', () => {
  it('are all in the table, in their order', () => {
    expect(rows.map(([, guard]) => guard)).to.deep.equal(guards);
  });

  for (const [, guard, , files] of rows) {
    it(`${guard!} has a test that carries its name in each file that is named for it`, () => {
      for (const file of files!.split(', ').map((one) => `test/${one.trim()}.test.ts`)) expect(titlesOf(guard!, file), file).to.not.deep.equal([]);
    });
  }

  it('are not found where they are not', () => {
    expect(titlesOf('G1', 'test/unit/controller/lease-heartbeat.test.ts')).to.deep.equal([]);
  });
});

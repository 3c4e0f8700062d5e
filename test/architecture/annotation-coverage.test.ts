// Every annotation that many installations have, and that is carried out here, is set by an end-to-end test: what the document
// promises was seen at a backend and at a client. The registry says what is carried out, the tests' sources what is set.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { annotationRegistry } from '../../src/core/annotations/registry.js';
import { firstTier, secondTier } from '../fixtures/annotation-tiers.js';

const folder = 'test/e2e';
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts')).map((file) => ({ file, text: readFileSync(path.join(folder, file), 'utf8') }));

/** Files that set the annotation: it is a key there, alone or after a prefix. */
function settersOf(name: string): string[] {
  const key = new RegExp(`(?:['"/]|[{,(] ?)${name}['"]?\\]?: `);
  return sources.filter(({ text }) => key.test(text)).map(({ file }) => file);
}

/** The annotations of these names that are carried out and set by no test. */
function untested(names: readonly string[]): string[] {
  return names.filter((name) => {
    const row = annotationRegistry.get(name)!;
    return row.grammar !== undefined && settersOf(name).length === 0;
  });
}

describe('end-to-end tests of annotations', () => {
  for (const [tier, names] of [['first', firstTier], ['second', secondTier]] as const) {
    it(`set every annotation of the ${tier} tier that is carried out`, () => {
      expect(untested(names), 'write a test in test/e2e/annotations that sets it, and looks at the backend and the client').to.deep.equal([]);
    });
  }

  it('set old names too', () => {
    const old = [...annotationRegistry.values()].flatMap(({ alias }) => alias ?? []);
    expect(old.filter((name) => settersOf(name).length === 0)).to.deep.equal([]);
  });

  it('are found, and what nobody sets is not', () => {
    expect(sources.length).to.be.greaterThan(20);
    expect(settersOf('auth-url')).to.include('annotations/external-auth.test.ts');
    expect(settersOf('auth-ur')).to.deep.equal([]);
    expect(settersOf('never-heard-of')).to.deep.equal([]);
  });

  it('leave out of both tiers only what is not carried out, by name', () => {
    const left = [...firstTier, ...secondTier].filter((name) => annotationRegistry.get(name)!.grammar === undefined);
    expect(left).to.have.length.lessThan(10);
    for (const name of left) expect(annotationRegistry.get(name)!.note, `${name} says why`).to.match(/^[A-Z].{15,}\.$|^See /);
  });
});

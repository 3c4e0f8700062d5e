import { expect } from 'chai';
import { type FindingKind, finding, findingCatalogue, quote, renderFinding } from '../../../src/core/finding.js';

describe('core: finding', () => {
  const kinds = Object.keys(findingCatalogue) as FindingKind[];

  it('gives every kind a code of its own', () => {
    const codes = kinds.map((kind) => findingCatalogue[kind].code);
    expect(new Set(codes).size).to.equal(kinds.length);
    for (const code of codes) expect(code).to.match(/^IA[12][0-9]{2}$/);
  });

  it('lists the kinds in the order of their codes', () => {
    const codes = kinds.map((kind) => findingCatalogue[kind].code);
    expect([...codes].sort()).to.deep.equal(codes);
  });

  it('names kinds in kebab case', () => {
    for (const kind of kinds) expect(kind).to.match(/^[a-z]+(-[a-z]+)*$/);
  });

  it('is one line, whatever a user wrote', () => {
    const nasty = 'a\r\nb\u0000\u001b[31m\u007f\u0085\u2028';
    expect(renderFinding(finding('invalid-host', `Ingress ${nasty}`, nasty))).to.match(/^IA120 [^\u0000-\u001f\u007f-\u009f\u2028\u2029]+$/);
    expect(quote(nasty.repeat(10_000)).length).to.be.below(600);
  });
});

// Patterns of regex hosts in JavaScript's words: what has to be said differently, and where captures are not to be trusted.
// That both languages agree is asked of nginx itself in test/e2e.
import { expect } from 'chai';
import { capturesMayDiffer, javaScriptPattern, regexMatch } from '../../../../src/core/explain/regex-match.js';

describe('regexMatch', () => {
  const table: [string, string, string[] | undefined][] = [
    ['/a(/|$)(.*)', '/a/b/c', ['/', 'b/c']],
    ['/a(/|$)(.*)', '/ab', undefined],
    ['/A', '/abc', []],
    ['/b', '/a/b', undefined],
    ['/(?i)x/(y)?', '/X/', ['']],
    ['/[[:digit:]]+/([[:alpha:]_]+)', '/12/a_b', ['a_b']],
    ['/[^[:^alnum:]]x', '/ax', []],
    ['/[]a]+(x)', '/]a]x', ['x']],
    ['/[^]a]+(x)?', '/bbx', ['']],
    ['/[[a]b', '/[b', []],
    ['/\\.well-known', '/.well-known/x', []],
    ['/a{2}(b)', '/aab', ['b']],
    ['/(1)(2)(3)(4)(5)(6)(7)(8)(9)(a)', '/123456789a', ['1', '2', '3', '4', '5', '6', '7', '8', '9']],
  ];
  for (const [pattern, subject, expected] of table) {
    it(`${pattern} on ${subject}`, () => expect(regexMatch(subject, pattern)).to.deep.equal(expected));
  }

  it('leaves what both languages write alike', () => expect(javaScriptPattern('/a(b|c)*[^/]\\d{2,}$')).to.equal('/a(b|c)*[^/]\\d{2,}$'));
});

describe('capturesMayDiffer', () => {
  it('is true for a capture in a repetition, or in a group that is left out rather than empty', () => {
    expect(['/(a?|b)?', '/(\\w*?|[ab]*?)?x', '/(?:(a)*)?'].map(capturesMayDiffer)).to.deep.equal([true, true, true]);
    expect(['/(?:(a)|b)*', '/((a)|b){2}', '/(?:x(?:(a)|b))+', '/(a|b)*'].map(capturesMayDiffer)).to.deep.equal([true, true, true, true]);
    expect(['/(a|b)', '/(?:a|b)*(c)', '/\\(a\\)*', '/[(]a*[)]*', '/(.*)', '/a(/(.*))?'].map(capturesMayDiffer)).to.deep.equal([false, false, false, false, false, false]);
  });
});

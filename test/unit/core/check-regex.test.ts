// Sets that PCRE refuses to compile: one of them would answer 503 for every Ingress of its host.
import { expect } from 'chai';
import { regexProblem } from '../../../src/core/check-regex.js';

describe('regexProblem: size', () => {
  it('refuses what PCRE would compile to more than 16 KiB', () => {
    for (const pattern of ['/(?:[a-z]/[0-9]x){0,1650}', '/(?:[a-z]/[0-9]x){1650}', '/([a-z]){500}', '/(((a{9}){9}){9}){9}', '/(?:ab){9999,}', '/(?=(?:[a]b){400})x']) expect(regexProblem(pattern), pattern).to.equal('is too large with its repetitions written out');
    for (const pattern of ['/[a-z]{9000}', '/a{9999}', '/(?:[a-z]/[0-9]x){0,100}', '/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', `/(?:${Array.from({ length: 100 }, (_, at) => `tenant${at}`).join('|')})/.*`]) expect(regexProblem(pattern), pattern).to.equal(undefined);
  });
});

describe('regexProblem: sets', () => {
  it('refuses what looks like a collating element or a POSIX name in the wrong place', () => {
    for (const set of ['[.a.]', '[=a=]', '[:alpha:]', '[.A-Z.]', '[a[.x.]]', '[a[=x=]b]', '[a[:1:]', '[[:nothing:]]', '[]a]', '[^]a]', '[[]']) {
      expect(regexProblem(`/x${set}`), set).to.match(/a set \[ \] that is none/);
    }
  });

  it('lets sets through that only begin like one', () => {
    for (const set of ['[.]', '[.a]', '[a.]', '[[:alpha:]]', '[.[:alpha:]]', '[[:^digit:]:]', '[=/]', '[-a.]']) {
      expect(regexProblem(`/x${set}`), set).to.equal(undefined);
    }
  });
});

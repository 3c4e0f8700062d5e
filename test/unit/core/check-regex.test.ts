// Sets that PCRE refuses to compile: one of them would answer 503 for every Ingress of its host.
import { expect } from 'chai';
import { regexProblem } from '../../../src/core/check-regex.js';

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

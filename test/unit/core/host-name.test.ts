import { expect } from 'chai';
import { coversHost, normalizeHost } from '../../../src/core/host-name.js';

const long = (length: number): string => `${'a'.repeat(63)}.${'a'.repeat(63)}.${'a'.repeat(63)}.${'a'.repeat(length - 192)}`;

describe('core: host-name', () => {
  const served: [string, string][] = [
    ['a.test', 'a.test'], ['A.TEST', 'a.test'], ['a.test.', 'a.test'], ['*.a.test', '*.a.test'], ['*.A.test.', '*.a.test'],
    ['localhost', 'localhost'], ['xn--80a.test', 'xn--80a.test'], ['1.2.3', '1.2.3'], ['1-2.test', '1-2.test'],
    [long(253), long(253)], ['constructor', 'constructor'],
  ];
  for (const [written, name] of served) it(`serves ${written.slice(0, 40)}`, () => expect(normalizeHost(written)).to.equal(name));

  const refused = [
    '', '.', '*', '*.', '*.*.test', 'a.*.test', 'a*.test', 'a.test"; evil', 'a.test\n', '\na.test', 'a b.test', 'a_b.test', '-a.test', 'a-.test',
    'a..test', 'a.test..', '.a.test', long(254), `${'a'.repeat(64)}.test`, '10.0.0.1', '*.10.0.0.1', '[::1]', '::1', 'a.test:80', 'a/b', '__proto__',
    '\u0430.test', '\u212a8s.test', 'a\u0131.test', '\uff41.test', 'a\u3002test',
  ];
  for (const written of refused) it(`refuses ${JSON.stringify(written.slice(0, 40))}`, () => expect(normalizeHost(written)).to.equal(undefined));

  const covers: [string, string, boolean][] = [
    ['a.test', 'a.test', true], ['*.test', 'a.test', true], ['*.a.test', 'x.a.test', true], ['*.a.test', 'x.y.a.test', false],
    ['*.a.test', 'a.test', false], ['*.a.test', '*.a.test', true], ['a.test', '*.test', false], ['*.', 'a', false], ['*', 'a', false], ['*.a.test', '.a.test', true],
  ];
  for (const [pattern, host, yes] of covers) it(`${pattern} ${yes ? 'covers' : 'does not cover'} ${host}`, () => expect(coversHost(pattern, host)).to.equal(yes));
});

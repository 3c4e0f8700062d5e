import { expect } from 'chai';
import { readAnnotations } from '../../../src/core/annotations.js';

const read = (annotations: Record<string, string>): Record<string, unknown> => {
  const { findings, ...options } = readAnnotations({ metadata: { name: 'web', namespace: 'shop', annotations } });
  return { ...options, findings: findings.map(({ kind }) => kind) };
};
const of = (name: string, value: string): Record<string, unknown> => read({ [`nginx.ingress.kubernetes.io/${name}`]: value });
const usual = { rewriteTarget: undefined, useRegex: false, closed: false, valid: true, findings: [] };
const invalid = { ...usual, valid: false, findings: ['invalid-annotation'] };

describe('core: annotations', () => {
  it('none', () => expect(read({})).to.deep.equal(usual));
  it('of others', () => expect(read({ 'a/b': 'c', 'nginx.org/rewrite-target': '/', 'Nginx.Ingress.kubernetes.io/rewrite-target': '/' })).to.deep.equal(usual));

  for (const value of ['/', '/$1', '/$2', 'foo/$1', '/a/$1/b-$2_~.x', '/:x', '/a.b/..c', '/$', '/$a', '/a/']) {
    it(`rewrite-target ${value}`, () => expect(of('rewrite-target', value)).to.deep.equal({ ...usual, rewriteTarget: value }));
  }
  it('rewrite-target empty', () => expect(of('rewrite-target', '')).to.deep.equal(usual));
  for (const value of ['/$1\r\nX: y', '/$99', '/$10', '/..', '/../..', '/a/../b', '/./a', '/a/.', '//evil.test', 'http://evil.test/', '\\\\', '/a b', '/{x}', '/"', '/%2e%2e/', '/é', `/${'a'.repeat(3000)}`, '/$1\n']) {
    it(`rewrite-target ${JSON.stringify(value).slice(0, 30)}`, () => expect(of('rewrite-target', value)).to.deep.equal(invalid));
  }

  for (const value of ['1', 't', 'T', 'true', 'True', 'TRUE']) it(`use-regex ${value}`, () => expect(of('use-regex', value)).to.deep.equal({ ...usual, useRegex: true }));
  for (const value of ['0', 'f', 'F', 'false', 'False', 'FALSE', '']) it(`use-regex ${value}`, () => expect(of('use-regex', value)).to.deep.equal(usual));
  for (const value of ['yes', 'tRUE', ' true', 'true\n', '2']) it(`use-regex ${JSON.stringify(value)}`, () => expect(of('use-regex', value)).to.deep.equal({ ...usual, findings: ['invalid-annotation'] }));

  for (const name of ['configuration-snippet', 'server-snippet', 'stream-snippet', 'auth-snippet', 'modsecurity-snippet']) {
    it(name, () => expect(of(name, 'evil;')).to.deep.equal({ ...usual, findings: ['refused-annotation'] }));
  }
  for (const name of ['auth-type', 'auth-secret', 'auth-url', 'auth-tls-secret', 'auth-tls-verify-client', 'auth-tls-match-cn', 'whitelist-source-range', 'allowlist-source-range', 'denylist-source-range']) {
    it(`${name} closes`, () => {
      for (const value of ['x', '']) expect(of(name, value)).to.deep.equal({ ...usual, closed: true, findings: ['protection-not-supported'] });
    });
  }
  it('canary', () => {
    expect(of('canary', 'true')).to.deep.equal({ ...usual, valid: false, findings: ['unsupported-annotation'] });
    expect(of('canary', 'false')).to.deep.equal({ ...usual, findings: ['unsupported-annotation'] });
  });
  for (const name of ['proxy-read-timeout', 'constructor', '__proto__', 'x'.repeat(300)]) {
    it(`${name.slice(0, 20)} is not carried out`, () => expect(of(name, 'x')).to.deep.equal({ ...usual, findings: ['unsupported-annotation'] }));
  }

  it('repeats no value in a message', () => {
    const value = 'secret\n'.repeat(30_000);
    const names = ['rewrite-target', 'auth-url', 'server-snippet', 'proxy-read-timeout', 'use-regex'];
    for (const name of names) {
      const { findings } = readAnnotations({ metadata: { name: 'web', annotations: { [`nginx.ingress.kubernetes.io/${name}`]: value } } });
      for (const { message } of findings) expect(message).to.match(/^[^\n]{1,300}$/);
    }
  });
});

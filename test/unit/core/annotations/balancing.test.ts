// The annotations of the choice among endpoints: what they become, and that a key holds nothing but text and known variables.
import { expect } from 'chai';
import fc from 'fast-check';
import { balanceOf } from '../../../../src/core/build-balance.js';
import { readAnnotations } from '../../../../src/core/annotations/read-annotations.js';
import { isBalance } from '../../../../src/engine/check-balance.js';
import type { Balance } from '../../../../src/route-table/types.js';

const prefix = 'nginx.ingress.kubernetes.io/';
const read = (annotations: Record<string, string>): { balance: Balance | undefined; findings: string[] } => {
  const { values, findings } = readAnnotations({ metadata: { name: 'web', namespace: 'shop', annotations: Object.fromEntries(Object.entries(annotations).map(([name, value]) => [prefix + name, value])) } });
  return { balance: balanceOf(values), findings: findings.map(({ kind }) => kind) };
};
const of = (annotations: Record<string, string>): Balance | undefined => {
  const { balance, findings } = read(annotations);
  expect(findings).to.deep.equal([]);
  return balance;
};
const hash = (...key: ({ text: string } | { variable: string })[]): Balance => ({ by: 'hash', key });

describe('core: annotations of the choice among endpoints', () => {
  it('load-balance', () => {
    expect(of({ 'load-balance': 'ewma' })).to.deep.equal({ by: 'ewma' });
    expect(of({ 'load-balance': 'round_robin' })).to.equal(undefined);
    for (const value of ['EWMA', 'least_conn', 'chash', 'ewma;', 'ewma\n']) expect(read({ 'load-balance': value })).to.deep.equal({ balance: undefined, findings: ['invalid-annotation'] });
  });

  it('the order is affinity, key, load', () => {
    expect(of({ 'load-balance': 'ewma', 'upstream-hash-by': '$uri' })).to.deep.equal(hash({ variable: 'uri' }));
    expect(of({ 'load-balance': 'ewma', 'upstream-hash-by': '$uri', affinity: 'cookie' })).to.equal(undefined);
  });

  it('upstream-hash-by: pieces', () => {
    expect(of({ 'upstream-hash-by': '$request_uri$host' })).to.deep.equal(hash({ variable: 'request_uri' }, { variable: 'host' }));
    expect(of({ 'upstream-hash-by': '${request_uri}-text_$arg_Q-1' })).to.deep.equal(hash({ variable: 'request_uri' }, { text: '-text_' }, { variable: 'arg_q' }, { text: '-1' }));
    expect(of({ 'upstream-hash-by': '$the_real_ip$best_http_host$http_X_User' })).to.deep.equal(hash({ variable: 'remote_addr' }, { variable: 'http_host' }, { variable: 'http_x_user' }));
    expect(of({ 'upstream-hash-by': 'same' })).to.deep.equal(hash({ text: 'same' }));
  });

  it('upstream-hash-by-subset', () => {
    expect(of({ 'upstream-hash-by': '$uri', 'upstream-hash-by-subset': 'true' })).to.deep.equal({ ...hash({ variable: 'uri' }), subset: 3 });
    expect(of({ 'upstream-hash-by': '$uri', 'upstream-hash-by-subset': 'true', 'upstream-hash-by-subset-size': '5' })).to.deep.equal({ ...hash({ variable: 'uri' }), subset: 5 });
    expect(of({ 'upstream-hash-by': '$uri', 'upstream-hash-by-subset-size': '5' })).to.deep.equal(hash({ variable: 'uri' }));
    expect(of({ 'upstream-hash-by-subset': 'true' })).to.equal(undefined);
  });

  for (const value of ['$', '${', '${}', '${uri', '$uri}', '$$uri', '$document_root', '$ia_shard', '$http_', '$realpath_root', '$uri $host', '$uri;', '$uri\n', '"$uri"', '$request_body', '$hostname', '$sent_http_x', '$upstream_addr', `$${'uri'.repeat(50)}`, 'a'.repeat(300), '$uri'.repeat(20), 'é']) {
    it(`upstream-hash-by ${JSON.stringify(value).slice(0, 40)} is left out`, () => expect(read({ 'upstream-hash-by': value })).to.deep.equal({ balance: undefined, findings: ['invalid-annotation'] }));
  }

  it('whatever is written: a choice that the engine takes, or a finding', () => {
    const piece = fc.constantFrom('$', '{', '}', '$uri', '${host}', '$http_a', '$ia_uri', 'a', '-', ';', ' ', '\n', '"', '$arg_', '#', '\\');
    fc.assert(fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join('')), fc.option(fc.constantFrom('true', 'false', '1', 'x'), { nil: undefined }), (key, subset) => {
      const { balance, findings } = read({ 'upstream-hash-by': key, ...(subset !== undefined && { 'upstream-hash-by-subset': subset }) });
      if (balance !== undefined) expect(isBalance(balance)).to.equal(true);
      else if (key.trim() !== '') expect(findings).to.include('invalid-annotation');
    }), { numRuns: 2000 });
  });
});

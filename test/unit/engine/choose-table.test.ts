// What an engine begins with when it does not take all of its last good table: everything else, and nothing less strict.
import { expect } from 'chai';
import fc from 'fast-check';
import type { UpdateRules } from '../../../src/engine/check-update.js';
import { chooseTable } from '../../../src/engine/choose-table.js';
import type { FirstTable } from '../../../src/engine/repair-table.js';
import type { EntryValue, TableUpdate } from '../../../src/route-table/types.js';

const usual: UpdateRules = { checkEndpoint: () => undefined, routesPerHost: 3, endpointsPerService: 3, entriesPerClass: 100, bytesPerClass: 1e6 };
const route = (path: string, more: object = {}): object => ({ match: 'prefix', path, namespace: 'shop', ingress: 'web', service: 'web', backend: 'service/shop/web/80', ...more });
const closed = (path: string): object => route(path, { service: '', backend: '' });
const host = (...routes: object[]): EntryValue => ({ routes }) as EntryValue;
const endpoints = (...ports: number[]): EntryValue => ({ endpoints: ports.map((port) => ({ address: '10.0.0.1', port })) });
const table = (entries: Record<string, EntryValue>, sequence = 7): TableUpdate => {
  const set = Object.entries(entries).map(([key, value]) => ({ key, value }));
  return { class: 'red', epoch: 3, sequence, full: true, set, remove: [], count: set.length };
};
const entriesOf = ({ changes }: FirstTable): Record<string, unknown> => Object.fromEntries(changes.map(([key, json]) => [key, JSON.parse(json!) as unknown]));

describe('engine: choose-table', () => {
  let log: string[];
  const choose = (tables: TableUpdate[], rules: Partial<UpdateRules> = {}): FirstTable | undefined =>
    chooseTable('red', tables, { rules: { ...usual, ...rules }, log: (level, message) => { log.push(`${level} ${message}`); } });
  beforeEach(() => { log = []; });

  it('takes a table that is sound as it is, and says nothing', () => {
    const entries = { 'host/a.test': host(route('/')), 'service/shop/web/80': endpoints(80) };
    const chosen = choose([table(entries)])!;
    expect([entriesOf(chosen), chosen.refused, log]).to.deep.equal([entries, [], []]);
  });

  it('closes the one route that it does not take, and names it', () => {
    const chosen = choose([table({ 'host/a.test': host(route('/'), route('/bad', { rewrite: 'no slash' })), 'host/b.test': host(route('/')), 'service/shop/web/80': endpoints(80) })])!;
    expect(entriesOf(chosen)).to.deep.equal({ 'host/a.test': host(route('/'), closed('/bad')), 'host/b.test': host(route('/')), 'service/shop/web/80': endpoints(80) });
    expect(chosen.update).to.deep.include({ epoch: 3, sequence: 7, count: 3 });
    expect(log).to.have.length(1);
    expect(log[0]).to.match(/^error class red: its last good table of epoch 3, sequence 7 has 1 entries that this engine does not take; .*host\/a\.test/);
  });

  it('closes what asks for something that it does not know, and never serves it without', () => {
    const chosen = choose([table({ 'host/a.test': { routes: [route('/', { policy: 0 })], policies: [{ fromTheFuture: true }] } as never })])!;
    expect(entriesOf(chosen)).to.deep.equal({ 'host/a.test': host(closed('/')) });
  });

  it('leaves a certificate out with the server names that lead to it, and keeps other certificates', () => {
    const chosen = choose([table({ 'certificate/certificate-1': { chain: 'no PEM', key: 'no PEM' } as never, 'sni/a.test': { certificate: 'certificate-1' }, 'sni/b.test': { certificate: 'certificate-2' }, 'host/a.test': host(route('/')) })])!;
    expect(Object.keys(entriesOf(chosen)).sort()).to.deep.equal(['host/a.test', 'sni/b.test']);
    expect(log[0]).to.match(/certificate\/certificate-1/).and.not.match(/no PEM/);
  });

  it('closes a host with more routes than its limit, which may have been lowered', () => {
    const chosen = choose([table({ 'host/a.test': host(...['/', '/1', '/2', '/3'].map((path) => route(path))), 'host/b.test': host(route('/')) })])!;
    expect((entriesOf(chosen)['host/a.test'] as { routes: { backend: string }[] }).routes.every(({ backend }) => backend === '')).to.equal(true);
    expect(entriesOf(chosen)['host/b.test']).to.deep.equal(host(route('/')));
  });

  it('leaves out what has no name that could be one', () => {
    expect(Object.keys(entriesOf(choose([table({ 'host/A b': host(route('/')), 'nothing/known': host(), 'host/b.test': host(route('/')) })])!))).to.deep.equal(['host/b.test']);
  });

  it('goes to the table before one that is wrong as a whole, says why, and has none when all are', () => {
    const [large, small] = [table({ 'service/a/b/80': endpoints(80), 'service/a/c/80': endpoints(80) }, 8), table({ 'service/a/b/80': endpoints(80) })];
    expect(choose([large, small], { entriesPerClass: 1 })!.update.sequence).to.equal(7);
    expect(log).to.have.length(1);
    expect(log[0]).to.match(/sequence 8 is not served: budget: 2 entries.*; the one before it is tried/);
    expect(choose([large], { entriesPerClass: 1 })).to.equal(undefined);
    expect(choose([], {})).to.equal(undefined);
  });

  it('serves every sound entry as it is, whatever others are beside it', () => {
    const sound = fc.constantFrom<EntryValue>(host(route('/')), host(route('/'), route('/x')));
    const bad = fc.constantFrom<EntryValue>(host(route('no slash')), host(route('/', { policy: 3 })), host(...Array.from({ length: 9 }, (_, at) => route(`/${at}`))), {} as never, null as never, 5 as never, { routes: 'none' } as never, { routes: [null] } as never);
    fc.assert(fc.property(fc.array(sound, { maxLength: 20 }), fc.array(bad, { maxLength: 20 }), (good, evil) => {
      const wanted = Object.fromEntries(good.map((value, at) => [`host/good-${at}.test`, value]));
      const entries = entriesOf(choose([table({ ...wanted, ...Object.fromEntries(evil.map((value, at) => [`host/evil-${at}.test`, value])) })])!);
      for (const [key, value] of Object.entries(wanted)) expect(entries[key]).to.deep.equal(value);
      for (const [key, value] of Object.entries(entries)) if (key.includes('evil')) for (const { backend } of (value as { routes: { backend: string }[] }).routes) expect(backend).to.equal('');
    }));
  });
});

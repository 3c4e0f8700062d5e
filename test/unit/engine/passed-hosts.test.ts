// Which connections go where: what an update means for that, step by step as all at once, and how a server name is looked up; and
// the turns of the endpoints behind it.

import { expect } from 'chai';
import fc from 'fast-check';
import type { Change } from '../../../src/engine/control-client.js';
import { EndpointTurns } from '../../../src/engine/endpoint-turns.js';
import { type PassedClass, findPassed, newPassedClass, passedChanges, takeChanges } from '../../../src/engine/passed-hosts.js';

const passed = (backend: string): string => JSON.stringify({ namespace: 'shop', ingress: 'web', backend: `service/shop/${backend}/443` });
const routes = JSON.stringify({ routes: [] });
const endpoints = (...ports: number[]): string => JSON.stringify({ endpoints: ports.map((port) => ({ address: '10.0.0.1', port })) });
const step = (known: PassedClass, entries: Map<string, string>, changes: Change[]): ReturnType<typeof passedChanges> => {
  const told = passedChanges('red', known, entries, changes);
  takeChanges(known, told);
  for (const [key, json] of changes) if (json === undefined) entries.delete(key); else entries.set(key, json);
  return told;
};
const classWith = (changes: Change[]): PassedClass => {
  const known = newPassedClass();
  step(known, new Map(), changes);
  return known;
};

describe('passed hosts', () => {
  it('tells of hosts, and of the endpoints of those Services only that somebody needs', () => {
    const [known, entries] = [newPassedClass(), new Map<string, string>()];
    expect(step(known, entries, [['host/a.test', routes], ['service/shop/a/443', endpoints(1)], ['service/shop/b/443', endpoints(2)], ['sni/a.test', '{}']])).to.deep.include({ hosts: [['a.test', 'engine']], services: [] });
    expect(step(known, entries, [['passthrough/a.test', passed('a')]]).services).to.deep.equal([['service/shop/a/443', [{ address: '10.0.0.1', port: 1 }]]]);
    expect(step(known, entries, [['service/shop/a/443', endpoints(3)], ['service/shop/b/443', endpoints(4)], ['host/a.test', routes]])).to.deep.include({ hosts: [], services: [['service/shop/a/443', [{ address: '10.0.0.1', port: 3 }]]] });
    expect(step(known, entries, [['passthrough/a.test', passed('b')]]).services).to.deep.equal([['service/shop/b/443', [{ address: '10.0.0.1', port: 4 }]], ['service/shop/a/443', undefined]].sort());
    expect(step(known, entries, [['passthrough/a.test', undefined]])).to.deep.include({ hosts: [['a.test', 'engine']], services: [['service/shop/b/443', undefined]] });
    expect(step(known, entries, [['host/a.test', undefined]]).hosts).to.deep.equal([['a.test', undefined]]);
    expect([known.hosts.size, known.services.size, known.uses.size]).to.deep.equal([0, 0, 0]);
  });

  it('never leads to a name, which nobody here would look behind', () => {
    const named = JSON.stringify({ endpoints: [{ address: 'api.partner.test', port: 443, resolve: true }] });
    expect(classWith([['passthrough/a.test', passed('a')], ['service/shop/a/443', named]]).services.get('service/shop/a/443')).to.deep.equal([]);
  });

  it('comes to the same step by step as all at once', () => {
    const key = fc.constantFrom('host/a', 'host/b', 'host/*.c', 'passthrough/a', 'passthrough/b', 'passthrough/*.c', 'service/shop/a/443', 'service/shop/b/443', 'host/');
    const change = fc.tuple(key, fc.option(fc.constantFrom('a', 'b'), { nil: undefined })).map(([of, what]): Change => [of, what === undefined ? undefined : of.startsWith('p') ? passed(what) : of.startsWith('h') ? routes : endpoints(what === 'a' ? 1 : 2)]);
    fc.assert(fc.property(fc.array(fc.uniqueArray(change, { selector: ([of]) => of, maxLength: 6 }), { maxLength: 12 }), (steps) => {
      const [known, entries] = [newPassedClass(), new Map<string, string>()];
      for (const changes of steps) step(known, entries, changes);
      const atOnce = classWith([...entries]);
      expect(known).to.deep.equal(atOnce);
    }));
  });

  it('looks for the name before the wildcard, within each for the classes in their order; hosts that end at the engine count', () => {
    const classes = new Map([
      ['red', classWith([['host/own.a.test', routes], ['host/*.a.test', routes], ['passthrough/*.a.test', passed('red')], ['host/twice.test', routes]])],
      ['blue', classWith([['host/b.a.test', routes], ['passthrough/b.a.test', passed('blue')], ['passthrough/twice.test', passed('blue')], ['host/here.a.test', routes]])],
    ]);
    const find = (name: string, order = ['red', 'blue']): string | undefined => findPassed(order, name, (one) => classes.get(one))?.to.backend.split('/')[2];
    expect(['x.a.test', 'own.a.test', 'b.a.test', 'here.a.test', 'y.x.a.test', 'a.test', 'nowhere', '', '.', '.a.test', '*.a.test', '__proto__'].map((name) => find(name))).to.deep.equal(
      ['red', undefined, 'blue', undefined, undefined, undefined, undefined, undefined, undefined, undefined, 'red', undefined]);
    expect([find('twice.test'), find('twice.test', ['blue', 'red']), find('x.a.test', ['blue'])]).to.deep.equal([undefined, 'blue', undefined]);
  });

  it('endpoints take turns, and who refuses comes last for a while that grows', () => {
    let now = 0;
    const turns = new EndpointTurns(() => now);
    const all = [1, 2, 3].map((port) => ({ address: '10.0.0.1', port }));
    const next = (): number[] => [...turns.next('s', all)].map(({ port }) => port);
    expect([next(), next(), next(), next()]).to.deep.equal([[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 2, 3]]);
    turns.failed(all[1]!);
    expect(next()).to.deep.equal([3, 1, 2]);
    now = 1001;
    expect(next()).to.deep.equal([3, 1, 2]);
    expect([next(), next()]).to.deep.equal([[1, 2, 3], [2, 3, 1]]);
    for (let times = 0; times < 3; times++) turns.failed(all[1]!);
    now += 7900;
    expect([next(), next(), next()].map(([first]) => first)).to.deep.equal([3, 1, 3]);
    for (const one of all) turns.failed(one);
    expect(next(), 'never nobody').to.have.length(3);
    for (const one of all) turns.answered(one);
    expect([next(), next(), next()].map(([first]) => first)).to.deep.equal([1, 2, 3]);
    expect([...turns.next('empty', [])]).to.deep.equal([]);
  });
});

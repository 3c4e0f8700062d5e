// Bugs of ours met while Ingresses are counted against budgets, or compared with those of a class on the same listener: told,
// and without harm to others. The bug is planted: a list or a table that throws when it is read.
import { expect } from 'chai';
import { createArbiter } from '../../../src/core/arbiter.js';
import { claimOf } from '../../../src/core/claim.js';
import type { Ingress } from '../../../src/core/kubernetes-objects.js';
import { createNamespaceBudgets } from '../../../src/core/namespace-budgets.js';
import type { IngressPlan, Want } from '../../../src/core/plan-ingress.js';
import type { Failure } from '../../../src/core/plan-safely.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

const pathsOf = (name: string): object[] => ['/', '/more'].map((path) => ({ namespace: 'shop', ingress: name, path: { path, type: 'Prefix' }, backend: { service: 'web', key: 'service/shop/web/80' } }));
const planOf = (name: string, paths: object[] = pathsOf(name)): IngressPlan => ({
  ingress: { metadata: { namespace: 'shop', name, creationTimestamp: `2026-01-0${name.length}T00:00:00Z` } },
  wants: new Map<string, Want>([[`host/${name}.test`, { of: 'host', paths } as never]]),
}) as never;
const withBug = (name: string): IngressPlan => planOf(name, Object.assign(pathsOf(name), { slice() { throw new TypeError('planted'); } }));
const shown = (plans: ReadonlyMap<string, IngressPlan | undefined>): Record<string, unknown> => Object.fromEntries([...plans].map(([key, plan]) =>
  [key, [...plan?.wants.values() ?? []].flatMap((want) => (want.of === 'host' ? want.paths.map(({ backend: { key: to } }) => to) : []))]));

describe('core: bugs beside planning', () => {
  it('closes the Ingress that can not be counted against a budget, and counts the others of its namespace', () => {
    const budgets = createNamespaceBudgets();
    const failures: Failure[] = [];
    budgets.setLimits({ pathsPerNamespace: 3 } as never);
    for (const plan of [planOf('a'), withBug('bb'), planOf('ccc')]) budgets.setPlan(`shop/${plan.ingress.metadata.name}`, plan);
    expect(shown(budgets.settle((failure) => failures.push(failure)))).to.deep.equal({ 'shop/a': Array(2).fill('service/shop/web/80'), 'shop/bb': ['', ''], 'shop/ccc': ['service/shop/web/80'] });
    expect(failures.map(({ object, error }) => `${object}: ${String(error)}`)).to.deep.equal(['Ingress shop/bb: TypeError: planted']);
    expect(['shop/a', 'shop/bb', 'shop/ccc'].map((key) => budgets.findingOf(key)?.kind)).to.deep.equal([undefined, 'planning-failed', 'over-budget']);
    budgets.setPlan('shop/bb', planOf('bb'));
    expect(shown(budgets.settle((failure) => failures.push(failure)))).to.deep.include({ 'shop/bb': ['service/shop/web/80'], 'shop/ccc': [] });
    expect([failures.length, budgets.findingOf('shop/bb')?.kind]).to.deep.equal([1, 'over-budget']);
  });

  it('closes all of a namespace that can not be counted together, and none of another', () => {
    const budgets = createNamespaceBudgets();
    const failures: Failure[] = [];
    budgets.setLimits({ pathsPerNamespace: 3 } as never);
    const unsortable = planOf('a');
    Object.defineProperty(unsortable.ingress.metadata, 'creationTimestamp', { get() { throw new TypeError('planted'); } });
    for (const plan of [unsortable, planOf('bb')]) budgets.setPlan(`shop/${plan.ingress.metadata.name}`, plan);
    const other = planOf('ccc');
    budgets.setPlan('other/ccc', { ...other, ingress: { ...other.ingress, metadata: { ...other.ingress.metadata, namespace: 'other' } } });
    expect(shown(budgets.settle((failure) => failures.push(failure)))).to.deep.equal({ 'shop/a': ['', ''], 'shop/bb': ['', ''], 'other/ccc': Array(2).fill('service/shop/web/80') });
    expect(failures.map(({ object }) => object)).to.deep.equal(['Ingress shop/a', 'Ingress shop/bb']);
  });

  it('serves everything when two classes of one listener can not be compared, and tells of it', () => {
    const claims = ['red', 'blue'].map((name, place) => claimOf(name, { listener: { name: 'both', place } }));
    const arbiter = createArbiter(claims, inspectStub);
    const take = (className: string, name: string): void => {
      const ingress = {
        metadata: { namespace: 'shop', name, annotations: { 'kubernetes.io/ingress.class': className } },
        spec: { rules: [{ host: 'a.test', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] },
      };
      arbiter.take('ingresses', `shop/${name}`, ingress as unknown as Ingress);
    };
    arbiter.settle(0);
    arbiter.tables.get('red')!.set('host/a.test', { get routes(): never { throw new TypeError('planted'); } } as never);
    take('blue', 'web');
    const { entries, failures } = arbiter.settle(0);
    expect([...entries.get('blue')!]).to.include('host/a.test');
    expect(failures.map(({ object, error }) => `${object}: ${String(error)}`)).to.deep.equal(['red', 'blue'].map((name) => `IngressClass ${name}, "host/a.test": TypeError: planted`));
    arbiter.tables.get('red')!.delete('host/a.test');
    take('red', 'first');
    expect(arbiter.settle(0).failures).to.deep.equal([]);
    expect(arbiter.findings().map(({ kind, object }) => `${kind} ${object}`)).to.include('route-taken-by-class Ingress shop/web');
  });
});

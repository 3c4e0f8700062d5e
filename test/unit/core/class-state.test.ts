// A Service that many Ingresses share: what a change of one of them makes anew. That the result is right is the laws' business
// (arbiter.test.ts); here it is counted.
import { expect } from 'chai';
import { createArbiter } from '../../../src/core/arbiter.js';
import { claimOf } from '../../../src/core/claim.js';
import { createClassState } from '../../../src/core/class-state.js';
import type { Ingress, Service } from '../../../src/core/kubernetes-objects.js';
import type { IngressPlan } from '../../../src/core/plan-ingress.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

const ENTRY = 'service/shop/web/80';
const claim = claimOf('blue', { annotationValues: ['blue'] });

const ingress = (number: number, path = '/'): Ingress => ({
  metadata: { name: `i${number}`, namespace: 'shop', creationTimestamp: new Date(1e12 + number * 1000).toISOString(), annotations: { 'kubernetes.io/ingress.class': 'blue' } },
  spec: { rules: [{ host: `h${number}.test`, http: { paths: [{ path, pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] },
}) as Ingress;

function plansOf(ingresses: readonly Ingress[]): IngressPlan[] {
  const arbiter = createArbiter([claim], inspectStub);
  arbiter.take('services', 'shop/web', { metadata: { name: 'web', namespace: 'shop' }, spec: { ports: [{ port: 80, targetPort: 8080 }] } } as unknown as Service);
  for (const one of ingresses) arbiter.take('ingresses', `shop/${one.metadata.name}`, one);
  arbiter.settle(0);
  return ingresses.map(({ metadata }) => arbiter.plans.get(`shop/${metadata.name}`)!);
}

describe('core: a Service that many Ingresses share', () => {
  const state = createClassState(claim);
  let built = 0;
  const settle = (): string[] => [...state.settle(() => { built += 1; return []; }, ({ error }) => { throw error; })].sort();
  const put = (number: number, plan: IngressPlan | undefined): void => state.setPlan(`shop/i${number}`, plan);
  const cost = (): number => {
    const before = built;
    settle();
    return built - before;
  };

  it('is built once for all of them', () => {
    for (const [at, plan] of plansOf(Array.from({ length: 200 }, (_, number) => ingress(number + 1))).entries()) put(at + 1, plan);
    expect(cost()).to.equal(1);
    expect(state.table.has(ENTRY)).to.equal(true);
  });

  it('is not built again when a younger one comes, changes or goes', () => {
    const [came, changed] = plansOf([ingress(500), ingress(500, '/x')]);
    const costs = [came, changed, undefined].map((plan) => { put(500, plan); return cost(); });
    expect(costs).to.deep.equal([0, 0, 0]);
  });

  it('is built again when an older one comes, when the oldest goes, and when its endpoints change', () => {
    put(0, plansOf([ingress(0)])[0]);
    expect(cost()).to.equal(1);
    put(0, undefined);
    expect(cost()).to.equal(1);
    state.touchService('shop/web');
    expect(cost()).to.equal(1);
  });

  it('goes with the last of them, and comes back with the first', () => {
    for (let number = 1; number <= 200; number++) put(number, undefined);
    expect(settle()).to.include(ENTRY);
    expect(state.table.size).to.equal(0);
    put(7, plansOf([ingress(7)])[0]);
    expect(settle()).to.deep.equal(['host/h7.test', ENTRY]);
  });
});

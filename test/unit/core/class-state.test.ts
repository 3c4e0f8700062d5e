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

const slice = { metadata: { name: 'web-1', namespace: 'shop' }, addressType: 'IPv4', ports: [{ port: 8080 }, { name: 'new', port: 9090 }], endpoints: [{ addresses: ['10.0.0.1'] }] } as never;

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

  it('is made of what the oldest asks for that could be planned, whichever of them changes first', () => {
    const asking = (plan: IngressPlan, part: object): IngressPlan => ({ ...plan, wants: new Map([...plan.wants].map(([key, want]) => [key, want.of === 'service' ? { ...want, ...part } as never : want])) });
    const [old, young] = plansOf([ingress(1), ingress(2)]) as [IngressPlan, IngressPlan];
    // The Service has changed; the oldest can't be planned anew and goes on asking for what it was before.
    const kept = { ...asking(old, {}), failed: { good: old } } as IngressPlan;
    const fresh = asking(young, { port: { name: 'new', port: 80 } });
    for (const changes of [[kept, fresh], [fresh, kept]]) {
      const own = createClassState(claim);
      for (const plans of [[old, young], changes]) {
        for (const plan of plans) own.setPlan(`shop/${plan.ingress.metadata.name}`, plan);
        own.settle(() => [slice], ({ error }) => { throw error; });
      }
      expect(own.table.get(ENTRY)).to.deep.equal({ endpoints: [{ address: '10.0.0.1', port: 9090 }] });
    }
  });

  it('is made of another one\'s want when that of the oldest throws', () => {
    const [first, second] = plansOf([ingress(1), ingress(2)]);
    const broken = { ...first!, wants: new Map([...first!.wants].map(([key, want]) => [key, want.of === 'service' ? Object.defineProperty({ ...want }, 'port', { get() { throw new TypeError('planted'); } }) : want])) } as IngressPlan;
    const own = createClassState(claim);
    own.setPlan('shop/i1', broken);
    own.setPlan('shop/i2', second);
    const failures: string[] = [];
    own.settle(() => [slice], ({ object }) => { failures.push(object); });
    expect([own.table.get(ENTRY), failures]).to.deep.equal([{ endpoints: [{ address: '10.0.0.1', port: 8080 }] }, ['Ingress shop/i1']]);
  });

  it('goes with the last of them, and comes back with the first', () => {
    for (let number = 1; number <= 200; number++) put(number, undefined);
    expect(settle()).to.include(ENTRY);
    expect(state.table.size).to.equal(0);
    put(7, plansOf([ingress(7)])[0]);
    expect(settle()).to.deep.equal(['host/h7.test', ENTRY]);
  });
});

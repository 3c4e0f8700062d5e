// The arbiter's promises: after any sequence of changes it has decided what a fresh look would decide, it says which entries
// are different, and the engine never has a reason to refuse what the core has built.
import { expect } from 'chai';
import fc from 'fast-check';
import { createArbiter } from '../../../src/core/arbiter.js';
import { type Claim, claimOf, ownController } from '../../../src/core/claim.js';
import { decide } from '../../../src/core/decide.js';
import { compareFindings } from '../../../src/core/finding.js';
import type { Neighbour } from '../../../src/core/hand-over/neighbours.js';
import type { Snapshot } from '../../../src/core/snapshot.js';
import { createEndpointCheck } from '../../../src/engine/check-endpoint.js';
import { checkUpdate } from '../../../src/engine/check-update.js';
import type { EntryValue } from '../../../src/route-table/types.js';
import { type Manifest, snapshotOf } from '../../fixtures/manifests.js';
import { carryOut } from '../../fixtures/play-history.js';
import { claims, cluster, ingress, neighbours } from '../../fixtures/random-cluster.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

const kinds = ['ingresses', 'ingressClasses', 'services', 'endpointSlices', 'secrets', 'passwordSecrets', 'namespaces', 'configMaps'] as const;
type Objects = readonly (readonly [kind: keyof Snapshot, key: string, object: unknown])[];

const objectsOf = (manifests: readonly Manifest[]): Objects => {
  const snapshot = snapshotOf(manifests);
  return kinds.flatMap((kind) => [...snapshot[kind]].map(([key, object]) => [kind, key, object] as const));
};

/** A step sets objects as another random cluster has them, or removes them; several before each decision, or while it is made in slices. */
const step = fc.record({ objects: fc.oneof(cluster, fc.array(ingress, { maxLength: 2 })), remove: fc.boolean(), part: fc.nat(5), pause: fc.constantFrom(0, 1000, 10_000, 300_000, 700_000), around: fc.option(neighbours, { nil: undefined }), carry: fc.boolean(), slice: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }) });

const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

describe('core: arbiter', function () {
  this.timeout(60_000);

  it('has decided, after any sequence of changes, what a look at the whole decides', () => {
    fc.assert(fc.property(claims, cluster, fc.array(step, { minLength: 1, maxLength: 6 }), (by, first, steps) => {
      const arbiter = createArbiter(by, inspectStub);
      const served = new Map(by.map((claim) => [claim.class, new Map<string, EntryValue>()]));
      let now = Date.parse('2026-01-01T00:00:00Z');
      let told: readonly Neighbour[] = [];
      for (const { objects, remove, part, pause, around, carry, slice } of [{ objects: first, remove: false, part: 5, pause: 0, around: undefined, carry: false, slice: 1 }, ...steps]) {
        now += pause;
        const taken = objectsOf(objects).filter((_, at) => part === 5 || at % 5 === part);
        const late = slice === undefined ? [] : taken.splice(taken.length / 2);
        const take = ([kind, key, object]: Objects[number]): void => arbiter.take(kind, key, remove ? undefined : object as never);
        taken.forEach(take);
        if (around !== undefined) arbiter.takeNeighbours(told = around);
        for (const question of [...arbiter.questions.values()].flat().filter((_, at) => at % 2 === part % 2)) {
          if (question.of === 'served') arbiter.takeServed(question.class, question.ingress, part > 3 ? { waiting: 'it does' } : { since: now });
          else arbiter.takeTraffic(question.class, question.ingress, part > 4 ? { unknown: 'nobody tells' } : { quiet: part !== 3 });
        }
        if (carry) carryOut(arbiter, 'all');
        for (;;) {
          const changes = slice === undefined ? arbiter.settle(now) : arbiter.settleSome(now, slice);
          for (const [name, keys] of changes?.entries ?? []) follow(served.get(name)!, arbiter.tables.get(name)!, keys);
          if (changes !== undefined && late.length === 0) break;
          late.splice(0, 1).forEach(take);
        }
        const fresh = decide(arbiter.snapshot, by, inspectStub, { now, memory: arbiter.memory, neighbours: told });
        expect(sorted(arbiter.plans).map(([key, plan]) => [key, plan.ownership])).to.deep.equal(sorted(fresh.ownership));
        expect([...arbiter.statusWrites.values()].sort((a, b) => (a.ingress < b.ingress ? -1 : 1))).to.deep.equal(fresh.statusWrites);
        expect(arbiter.findings().sort(compareFindings)).to.deep.equal(fresh.findings);
        expect(sorted(arbiter.handOvers)).to.deep.equal(sorted(fresh.handOvers));
        expect([...arbiter.recordWrites.values()].sort((a, b) => (a.ingress < b.ingress ? -1 : 1))).to.deep.equal(fresh.recordWrites);
        for (const { class: name } of by) {
          expect(sorted(arbiter.tables.get(name)!)).to.deep.equal(sorted(fresh.tables.get(name)!));
          expect(sorted(served.get(name)!), 'who follows the changed keys has the same table').to.deep.equal(sorted(fresh.tables.get(name)!));
        }
      }
    }), { numRuns: 300 });
  });

  it('G15: whatever comes first, an Ingress or what it needs, and however often is decided in between, the end is the same', () => {
    const settings = { metadata: { namespace: 'edge', name: 'settings' }, data: { 'allowed-namespaces': 'shop' } };
    const objects: Objects = [
      ['ingressClasses', 'red', { metadata: { name: 'red' }, spec: { controller: ownController, parameters: { kind: 'ConfigMap', name: 'settings', scope: 'Namespace', namespace: 'edge' } } }],
      ['configMaps', 'edge/settings', settings],
      ['ingressClasses', 'blue', { metadata: { name: 'blue' }, spec: { controller: ownController } }],
      ['ingresses', 'shop/plain', { metadata: { namespace: 'shop', name: 'plain' }, spec: { ingressClassName: 'blue', defaultBackend: { service: { name: 'web', port: { number: 80 } } } } }],
      ['namespaces', 'shop', { metadata: { name: 'shop' } }],
      ['services', 'shop/web', { metadata: { namespace: 'shop', name: 'web' }, spec: { ports: [{ port: 80 }] } }],
      ['endpointSlices', 'shop/web-1', {
        metadata: { namespace: 'shop', name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
        addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 8080 }],
      }],
      ['secrets', 'shop/cert', { metadata: { namespace: 'shop', name: 'cert' }, type: 'kubernetes.io/tls', data: { 'tls.crt': Buffer.from('names: a.test').toString('base64'), 'tls.key': Buffer.from('key').toString('base64') } }],
      ['ingresses', 'shop/web', {
        metadata: { namespace: 'shop', name: 'web' },
        spec: {
          ingressClassName: 'red', tls: [{ hosts: ['a.test'], secretName: 'cert' }],
          rules: [{ host: 'a.test', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }],
        },
      }],
    ];
    const by = [claimOf('red', { addresses: [{ ip: '192.0.2.1' }] }), claimOf('blue')];
    const play = (order: Objects, pauses: readonly boolean[]): unknown => {
      const arbiter = createArbiter(by, inspectStub);
      order.forEach(([kind, key, object], at) => {
        arbiter.take(kind, key, structuredClone(object) as never);
        if (pauses[at] === true) arbiter.settle(0);
      });
      arbiter.settle(0);
      return {
        table: sorted(arbiter.tables.get('red')!), other: sorted(arbiter.tables.get('blue')!), findings: arbiter.findings().sort(compareFindings), writes: [...arbiter.statusWrites.values()],
        owners: sorted(arbiter.plans).map(([key, plan]) => [key, plan.ownership]),
      };
    };
    const end = play(objects, []) as { table: [string, unknown][]; findings: unknown[] };
    expect(end.table.map(([key]) => key), 'everything is served').to.include.members(['host/a.test', 'service/shop/web/80', 'sni/a.test']);
    expect(Object.fromEntries(end.table)['service/shop/web/80']).to.deep.equal({ endpoints: [{ address: '10.0.0.1', port: 8080 }] });
    expect(end.findings).to.deep.equal([]);
    fc.assert(fc.property(fc.shuffledSubarray([...objects], { minLength: objects.length }), fc.array(fc.boolean(), { minLength: objects.length, maxLength: objects.length }),
      (order, pauses) => { expect(play(order, pauses)).to.deep.equal(end); }), { numRuns: 300 });
  });

  it('plans no Ingress anew, and changes no entry, when somebody else writes a status', () => {
    const [one] = fc.sample(ingress, { seed: 7, numRuns: 1 }) as [Manifest];
    const arbiter = createArbiter([claimOf('red', { annotationValues: ['nginx'], claimClassless: true })], inspectStub);
    const [[kind, key, object]] = objectsOf([one]) as [Objects[number]];
    arbiter.take(kind, key, object as never);
    arbiter.settle(0);
    const plan = arbiter.plans.get(key)!;
    arbiter.take(kind, key, { ...(object as object), status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } } } as never);
    const { entries, ingresses } = arbiter.settle(0);
    expect([entries.size, ingresses.size]).to.deep.equal([0, 0]);
    expect(arbiter.plans.get(key), 'the one that the classes have, so that nothing keeps the object as it was').to.equal(plan);
    expect(plan.ingress.status!.loadBalancer!.ingress).to.deep.equal([{ ip: '192.0.2.9' }]);
  });

  it('touches only what a changed endpoint leads to', () => {
    const arbiter = createArbiter([claimOf('red')], inspectStub);
    for (let n = 0; n < 200; n++) {
      arbiter.take('services', `shop/web-${n}`, { metadata: { namespace: 'shop', name: `web-${n}` }, spec: { ports: [{ port: 80 }] } });
      arbiter.take('ingresses', `shop/web-${n}`, {
        metadata: { namespace: 'shop', name: `web-${n}`, annotations: { 'kubernetes.io/ingress.class': 'red' } },
        spec: { rules: [{ host: `h${n}.test`, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: `web-${n}`, port: { number: 80 } } } }] } }] },
      });
    }
    arbiter.settle(0);
    arbiter.take('endpointSlices', 'shop/s', {
      metadata: { namespace: 'shop', name: 's', labels: { 'kubernetes.io/service-name': 'web-7' } },
      addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 8080 }],
    });
    const { entries, ingresses } = arbiter.settle(0);
    expect([...entries.get('red')!]).to.deep.equal(['service/shop/web-7/80']);
    expect(ingresses.size).to.equal(0);
  });

  it('brings in what the next in line leads to when the winner of a path goes', () => {
    const arbiter = createArbiter([claimOf('red')], inspectStub);
    for (const [name, created] of [['older', '2026-01-01T00:00:00Z'], ['newer', '2026-01-02T00:00:00Z']] as const) {
      arbiter.take('services', `shop/${name}`, { metadata: { namespace: 'shop', name }, spec: { ports: [{ port: 80 }] } });
      arbiter.take('ingresses', `shop/${name}`, {
        metadata: { namespace: 'shop', name, creationTimestamp: created, annotations: { 'kubernetes.io/ingress.class': 'red' } },
        spec: { rules: [{ host: 'a.test', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name, port: { number: 80 } } } }] } }] },
      });
    }
    arbiter.settle(0);
    expect([...arbiter.tables.get('red')!.keys()].sort()).to.deep.equal(['host/a.test', 'service/shop/older/80']);
    arbiter.take('ingresses', 'shop/older', undefined);
    arbiter.settle(0);
    expect([...arbiter.tables.get('red')!.keys()].sort()).to.deep.equal(['host/a.test', 'service/shop/newer/80']);
  });

  it('tells the losers on a shared listener, and those over a budget, as a fresh look would, whatever comes and goes', () => {
    const by = [claimOf('red', { listener: { name: 'main', place: 1 } }), claimOf('blue', { listener: { name: 'main', place: 0 } })];
    const change = fc.record({
      name: fc.constantFrom('one', 'two', 'three', 'four'), class: fc.constantFrom('red', 'blue'), host: fc.constantFrom('a.test', 'b.test'),
      path: fc.constantFrom('/', '/a', '/a/b'), created: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'), remove: fc.boolean(), most: fc.constantFrom('', '1', '2'),
    });
    const seen = new Set<string>();
    fc.assert(fc.property(fc.array(change, { minLength: 2, maxLength: 12 }), (changes) => {
      const arbiter = createArbiter(by, inspectStub);
      arbiter.take('ingressClasses', 'blue', { metadata: { name: 'blue' }, spec: { controller: ownController, parameters: { kind: 'ConfigMap', name: 'settings', scope: 'Namespace', namespace: 'edge' } } });
      for (const { name, class: className, host, path, created, remove, most } of changes) {
        arbiter.take('configMaps', 'edge/settings', { metadata: { namespace: 'edge', name: 'settings' }, data: { 'max-hosts-per-namespace': most } });
        arbiter.take('ingresses', `shop/${name}`, remove ? undefined : {
          metadata: { namespace: 'shop', name, creationTimestamp: created, annotations: { 'kubernetes.io/ingress.class': className } },
          spec: { rules: [{ host, http: { paths: [{ path, pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] },
        });
        arbiter.settle(0);
        const fresh = decide(arbiter.snapshot, by, inspectStub, { memory: arbiter.memory });
        expect(arbiter.findings().sort(compareFindings)).to.deep.equal(fresh.findings);
        for (const one of ['red', 'blue']) expect(sorted(arbiter.tables.get(one)!)).to.deep.equal(sorted(fresh.tables.get(one)!));
        for (const { kind } of fresh.findings) seen.add(kind);
      }
    }), { numRuns: 200 });
    expect([...seen]).to.include.members(['route-taken-by-class', 'over-budget', 'route-taken']);
  });

  it('says when it wants to be asked again, and at no other time has anything changed', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    const arbiter = createArbiter([claimOf('red')], inspectStub);
    const named = { metadata: { namespace: 'shop', name: 'web' }, spec: { ingressClassName: 'red' } };
    arbiter.take('ingressClasses', 'red', { metadata: { name: 'red' }, spec: { controller: ownController } });
    arbiter.take('ingresses', 'shop/web', named);
    expect(arbiter.settle(now).wakeAt).to.equal(undefined);
    arbiter.take('ingressClasses', 'red', undefined);
    expect(arbiter.settle(now + 5000).wakeAt).to.equal(now + 605_000);
    expect(arbiter.settle(now + 604_999).ingresses.size).to.equal(0);
    const over = arbiter.settle(now + 605_000);
    expect([[...over.ingresses], over.wakeAt]).to.deep.equal([['shop/web'], undefined]);
    expect(arbiter.plans.get('shop/web')!.ownership.owner).to.equal(undefined);
  });

  it('touches, with a changed ConfigMap or a changed address, its class only', () => {
    const arbiter = createArbiter([claimOf('red', { publish: 'edge/proxy' }), claimOf('blue', { addresses: [{ ip: '192.0.2.1' }] })], inspectStub);
    const parameters = { kind: 'ConfigMap', name: 'settings', scope: 'Namespace', namespace: 'edge' };
    arbiter.take('ingressClasses', 'red', { metadata: { name: 'red' }, spec: { controller: ownController, parameters } });
    arbiter.take('ingressClasses', 'blue', { metadata: { name: 'blue' }, spec: { controller: ownController } });
    for (const name of ['red', 'blue']) for (let n = 0; n < 50; n++) arbiter.take('ingresses', `shop/${name}-${n}`, { metadata: { namespace: 'shop', name: `${name}-${n}` }, spec: { ingressClassName: name } });
    const settings = (data: Record<string, string>): void => arbiter.take('configMaps', 'edge/settings', { metadata: { namespace: 'edge', name: 'settings' }, data });
    settings({});
    arbiter.settle(0);
    settings({ 'allowed-namespaces': 'blog' });
    const { ingresses } = arbiter.settle(0);
    expect([...ingresses].every((key) => key.startsWith('shop/red-'))).to.equal(true);
    expect(ingresses.size).to.equal(50);
    settings({ 'allowed-namespaces': 'blog', 'hand-over-grac': 'x' });
    expect(arbiter.settle(0).ingresses.size, 'a key that is none').to.equal(0);
    settings({});
    arbiter.settle(0);
    arbiter.take('services', 'edge/proxy', { metadata: { namespace: 'edge', name: 'proxy' }, spec: { clusterIP: '10.96.0.1' } });
    const before = new Set(arbiter.statusWrites.keys());
    expect(arbiter.settle(0).ingresses.size, 'an address is no reason to plan').to.equal(0);
    expect([...arbiter.statusWrites.keys()].filter((key) => !before.has(key)).every((key) => key.startsWith('shop/red-'))).to.equal(true);
    expect(arbiter.statusWrites.get('shop/red-7')!.addresses).to.deep.equal([{ ip: '10.96.0.1' }]);
  });

  it('builds nothing that the engine refuses', () => {
    const rules = {
      checkEndpoint: createEndpointCheck(false), routesPerHost: 1000, endpointsPerService: 10_000, entriesPerClass: 1e6, bytesPerClass: 1e9,
    };
    fc.assert(fc.property(claims, cluster, (by: Claim[], objects) => {
      const { tables } = decide(snapshotOf(objects), by, inspectStub);
      for (const [name, table] of tables) {
        // The stub's certificates are none, and the engine looks at PEM; everything else is as it is sent.
        const set = [...table].filter(([key]) => !/^(certificate|sni)\//.test(key)).map(([key, value]) => ({ key, value }));
        const update = { class: name, epoch: 1, sequence: 1, full: true, set, remove: [], count: set.length };
        expect(checkUpdate(update, { epoch: -1, sequence: 0, entries: new Map(), bytes: 0 }, rules)).to.not.have.property('refusal');
      }
    }), { numRuns: 500 });
  });
});

function follow(served: Map<string, EntryValue>, table: ReadonlyMap<string, EntryValue>, keys: Iterable<string>): void {
  for (const key of keys) {
    const value = table.get(key);
    if (value === undefined) served.delete(key);
    else served.set(key, structuredClone(value));
  }
}

// What holds for every cluster: the laws of the arbitration, over random clusters, claims and orders.
import { expect } from 'chai';
import fc from 'fast-check';
import type { Claim } from '../../../src/core/claim.js';
import { type Decision, decide } from '../../../src/core/decide.js';
import type { Ingress, IngressClass } from '../../../src/core/kubernetes-objects.js';
import { normalizeHost } from '../../../src/core/host-name.js';
import { byAge } from '../../../src/core/order.js';
import { classAnnotation } from '../../../src/core/resolve-reference.js';
import { type Manifest, snapshotOf } from '../../fixtures/manifests.js';
import { claim, claims, cluster, identity, ingress, ingressClass } from '../../fixtures/random-cluster.js';
import { renderDecision, renderTable } from '../../fixtures/render-decision.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

const RUNS = { numRuns: 400 };
const decideOf = (objects: readonly Manifest[], by: readonly Claim[]): Decision => decide(snapshotOf(objects), by, inspectStub);
/** Everything of a decision, the messages too, in one order. */
const whole = (decision: Decision): unknown => ({
  readable: renderDecision(decision),
  messages: decision.findings.map(({ object, message }) => `${object}: ${message}`).sort(),
  tables: [...decision.tables].sort().map(([name, table]) => [name, [...table].sort(([a], [b]) => (a < b ? -1 : 1))]),
  writes: decision.statusWrites.map((write) => JSON.stringify(write)).sort(),
  records: decision.recordWrites.map((write) => JSON.stringify(write)).sort(),
});
const shuffled = <T>(list: readonly T[]): fc.Arbitrary<T[]> => fc.shuffledSubarray([...list], { minLength: list.length });
const namesOf = ({ metadata, spec }: Ingress): (string | undefined)[] => [metadata.annotations?.[classAnnotation] || undefined, spec?.ingressClassName || undefined];

/** Hosts of its rules, those that it asks for besides, and where it asks for them the counterparts of its rules' with or without `www.`. */
function hostsOf({ metadata, spec }: Ingress): (string | undefined)[] {
  const ruled = (spec?.rules ?? []).map(({ host = '' }) => (host === '' ? '' : normalizeHost(host)));
  const aliases = (metadata.annotations?.['nginx.ingress.kubernetes.io/server-alias'] ?? '').split(',').map((host) => normalizeHost(host.trim()));
  const redirects = metadata.annotations?.['nginx.ingress.kubernetes.io/from-to-www-redirect'] === 'true';
  return [...ruled, ...aliases, ...(redirects ? ruled.map((host = '') => (host.startsWith('www.') ? host.slice('www.'.length) : `www.${host}`)) : [])];
}

/** Hosts of the younger Ingresses of its namespace, which lose what is too much where a class has a budget for each namespace. */
function crowdedBy(further: Manifest, objects: readonly Manifest[]): (string | undefined)[] {
  if (!objects.some((one) => one.kind === 'ConfigMap' && Object.keys((one as { data?: object }).data ?? {}).some((key) => key.endsWith('-per-namespace')))) return [];
  const younger = objects.filter((one) => one.kind === 'Ingress' && one.metadata.namespace === further.metadata.namespace) as unknown as Ingress[];
  return younger.filter((one) => byAge(further as unknown as Ingress, one) < 0).flatMap(hostsOf);
}

describe('core: laws', function () {
  this.timeout(60_000);

  it('an Ingress has one owner at most, a claimed class, and its routes are in that class only, and in those of its hand-over', () => {
    fc.assert(fc.property(cluster, claims, (objects, by) => {
      const { ownership, tables, handOvers } = decideOf(objects, by);
      for (const [key, { owner }] of ownership) {
        if (owner !== undefined) expect(by.map((one) => one.class)).to.include(owner);
        for (const [name, table] of tables) {
          const here = [...table.values()].some((value) => 'routes' in value && value.routes.some((route) => `${route.namespace}/${route.ingress}` === key));
          if (here && name !== owner) expect(handOvers.get(key)?.serving, `${name} ${key}`).to.include(name);
        }
      }
      expect([...tables.keys()].sort()).to.deep.equal(by.map((one) => one.class).sort());
    }), RUNS);
  });

  it('neither the order of the objects nor that of the claims matters', () => {
    const drawn = fc.tuple(cluster, claims).chain(([objects, by]) => fc.tuple(fc.constant(objects), fc.constant(by), shuffled(objects), shuffled(by)));
    fc.assert(fc.property(drawn, ([objects, by, otherObjects, otherBy]) => {
      expect(whole(decideOf(otherObjects, otherBy))).to.deep.equal(whole(decideOf(objects, by)));
    }), RUNS);
  });

  it('a further claim takes no Ingress that does not mean it', () => {
    fc.assert(fc.property(cluster, claims, claim, (objects, by, further) => {
      fc.pre(by.every((one) => one.class !== further.class));
      const before = decideOf(objects, by).ownership;
      const after = decideOf(objects, [...by, further]).ownership;
      const snapshot = snapshotOf(objects);
      for (const [key, { owner }] of before) {
        const names = namesOf(snapshot.ingresses.get(key)!);
        const meant = names.some((name) => name === further.class || (name !== undefined && further.annotationValues.includes(name))) ||
          (names.every((name) => name === undefined) && further.claimClassless);
        if (!meant) expect(after.get(key)!.owner, key).to.equal(owner);
      }
    }), RUNS);
  });

  it('a further IngressClass changes no Ingress that does not name it', () => {
    // Its parameters would be settings of the class, which may turn Ingresses away that come to it by annotation.
    const plain = ingressClass.map((one) => ({ ...one, spec: { controller: (one as unknown as IngressClass).spec!.controller } }) as Manifest);
    fc.assert(fc.property(cluster, claims, plain, (objects, by, further) => {
      fc.pre(objects.every((one) => identity(one) !== identity(further)));
      const before = decideOf(objects, by).ownership;
      const after = decideOf([...objects, further], by).ownership;
      const snapshot = snapshotOf(objects);
      for (const [key, { owner }] of before) {
        if (!namesOf(snapshot.ingresses.get(key)!).includes(further.metadata.name)) expect(after.get(key)!.owner, key).to.equal(owner);
      }
    }), RUNS);
  });

  it('once the status is written as wanted, nothing more is wanted', () => {
    fc.assert(fc.property(cluster, claims, (objects, by) => {
      const first = decideOf(objects, by);
      const wanted = new Map(first.statusWrites.map(({ ingress: key, addresses }) => [key, addresses]));
      const written = objects.map((one) => {
        const addresses = one.kind === 'Ingress' ? wanted.get(`${one.metadata.namespace}/${one.metadata.name}`) : undefined;
        return addresses === undefined ? one : { ...one, status: { loadBalancer: { ingress: [...addresses] } } } as Manifest;
      });
      const second = decideOf(written, by);
      expect(second.statusWrites).to.deep.equal([]);
      expect({ ...(whole(second) as object), writes: 0, records: 0, readable: 0 }).to.deep.equal({ ...(whole(first) as object), writes: 0, records: 0, readable: 0 });
    }), RUNS);
  });

  it('an object taken away and brought back leads back to the same decision', () => {
    fc.assert(fc.property(cluster, claims, fc.nat(), (objects, by, drawn) => {
      fc.pre(objects.length > 0);
      const at = drawn % objects.length;
      const snapshot = snapshotOf(objects);
      const before = whole(decide(snapshot, by, inspectStub));
      const without = snapshotOf(objects.filter((_, position) => position !== at));
      decide(without, by, inspectStub);
      for (const [collection, map] of Object.entries(snapshotOf([objects[at]!]))) {
        for (const [key, value] of map as Map<string, unknown>) (without[collection as 'ingresses'] as Map<string, unknown>).set(key, value);
      }
      expect(whole(decide(without, by, inspectStub))).to.deep.equal(before);
    }), RUNS);
  });

  it('an Ingress changes the routes of its own hosts in its own class only', () => {
    fc.assert(fc.property(cluster, claims, ingress, (objects, by, further) => {
      fc.pre(objects.every((one) => identity(one) !== identity(further)));
      const before = decideOf(objects, by).tables;
      const after = decideOf([...objects, further], by);
      const owner = after.ownership.get(`${further.metadata.namespace}/${further.metadata.name}`)!.owner;
      const own = [...hostsOf(further as unknown as Ingress), ...crowdedBy(further, objects)];
      for (const [name, table] of before) {
        for (const [key, value] of table) {
          const host = key.startsWith('host/') ? key.slice('host/'.length) : key.startsWith('sni/') ? key.slice('sni/'.length) : undefined;
          const served = name === owner || after.handOvers.get(identity(further).slice('Ingress '.length))?.serving.includes(name) === true;
          const mayChange = served && (key === 'default' || (host !== undefined && own.includes(host)));
          // An entry that only routes of a changed host needed may go with them.
          const mayGo = served && (key.startsWith('service/') || key.startsWith('certificate/'));
          const now = after.tables.get(name)!.get(key);
          if (!mayChange && !(mayGo && now === undefined)) expect(now, `${name} ${key}`).to.deep.equal(value);
        }
      }
    }), RUNS);
  });

  it('nothing in a class table holds a control character, and every key can be a line of the engine', () => {
    fc.assert(fc.property(cluster, claims, (objects, by) => {
      for (const table of decideOf(objects, by).tables.values()) {
        for (const [key, value] of table) {
          expect(key).to.match(/^[!-~]+$/).and.not.include('|');
          const text = JSON.stringify(value, (_, member: unknown) => {
            if (typeof member === 'string') expect(member).to.not.match(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
            return member;
          });
          expect(text).to.be.a('string');
        }
      }
    }), RUNS);
  });

  it('every message is one short line', () => {
    fc.assert(fc.property(cluster, claims, (objects, by) => {
      for (const { message } of decideOf(objects, by).findings) expect(message).to.match(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]{1,800}$/);
    }), RUNS);
  });

  it('names that every object inherits pollute nothing', () => {
    fc.assert(fc.property(cluster, claims, (objects, by) => {
      for (const table of decideOf(objects, by).tables.values()) renderTable(table);
      expect(Object.keys(Object.prototype)).to.deep.equal([]);
      expect(({} as Record<string, unknown>).polluted).to.equal(undefined);
    }), RUNS);
  });

  it('draws clusters in which something happens', () => {
    const seen = new Set<string>();
    fc.assert(fc.property(cluster, claims, (objects, by) => {
      const decision = decideOf(objects, by);
      for (const { rule } of decision.ownership.values()) seen.add(rule);
      for (const { kind } of decision.findings) seen.add(kind);
    }), { numRuns: 3000, seed: 20261125 });
    for (const what of ['field', 'annotation', 'classless', 'namespace-not-allowed', 'classless-claimed-twice', 'route-taken', 'invalid-host', 'invalid-path', 'invalid-regex', 'certificate-does-not-cover-host', 'service-missing', 'endpoint-refused', 'protection-not-supported', 'several-default-classes', 'setting-invalid', 'settings-missing', 'over-budget', 'default-backend-missing', 'default-certificate-missing', 'publish-service-missing']) {
      expect([...seen], what).to.include(what);
    }
  });
});

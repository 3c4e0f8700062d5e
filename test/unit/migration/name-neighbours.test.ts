// Who lives on Ingresses that move and would be surprised: cert-manager and external-dns, in every way in which they are told of
// classes, and nobody whom it does not concern.
import { expect } from 'chai';
import { claimOf } from '../../../src/core/claim.js';
import type { NeighbourObject } from '../../../src/migration/name-neighbours.js';
import { planMigration } from '../../../src/migration/plan-migration.js';
import { decideCluster } from '../../fixtures/decide-cluster.js';

const cluster = (annotations: object, labels: object = {}): string => `
kind: IngressClass
metadata: {name: a}
spec: {controller: ingress-arbiter.io/controller}
---
kind: IngressClass
metadata: {name: b}
spec: {controller: ingress-arbiter.io/controller}
---
kind: Ingress
metadata: {namespace: shop, name: web, annotations: ${JSON.stringify(annotations)}, labels: ${JSON.stringify(labels)}}
spec: {ingressClassName: a, rules: [{host: a.test, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
`;

/** What the plan of a to b says, and how many Ingresses it moves. */
function planned(annotations: object, objects: readonly NeighbourObject[] = [], labels: object = {}): { told: string[]; moves: number } {
  const decided = decideCluster(cluster(annotations, labels), [claimOf('a', { annotationValues: ['old'] }), claimOf('b')]);
  const { neighbours, moves } = planMigration(decided, { selection: { from: 'a' }, to: 'b', place: 'same', batchSize: 10, running: [], objects });
  return { told: neighbours.map(({ object, what }) => `${object}: ${what}`), moves: moves.length };
}
const ofAnnotations = (annotations: object): string[] => planned(annotations).told;
const ofObjects = (...objects: NeighbourObject[]): string[] => planned({}, objects).told;

const issuer = (ingress: object, metadata: NeighbourObject['metadata'] = { name: 'le', namespace: 'shop' }): NeighbourObject =>
  ({ kind: metadata.namespace === undefined ? 'ClusterIssuer' : 'Issuer', metadata, spec: { acme: { solvers: [{ http01: { ingress } }] } } });
const dns = (...args: string[]): NeighbourObject =>
  ({ kind: 'Deployment', metadata: { namespace: 'dns', name: 'dns' }, spec: { template: { spec: { containers: [{ image: 'registry.test/sidecar' }, { image: 'registry.test/external-dns/external-dns:v0.14', args }] } } } });

describe('neighbours of a migration', () => {
  it('has nothing to say where nobody is', () => {
    expect(planned({})).to.deep.equal({ told: [], moves: 1 });
  });

  it('leaves cert-manager\'s solver Ingresses where they are, and says so', () => {
    const { told, moves } = planned({}, [], { 'acme.cert-manager.io/http01-solver': 'true' });
    expect(moves).to.equal(0);
    expect(told).to.have.length(1);
    expect(told[0]).to.match(/^Ingress shop\/web: is cert-manager's for one HTTP-01 challenge, so it is left alone/);
  });

  it('names issuers that answer challenges in the class that is left, by field or by annotation, and no others', () => {
    expect(ofObjects(issuer({ ingressClassName: 'a' }))[0]).to.match(/^Issuer shop\/le: makes the Ingresses of its HTTP-01 challenges in class "a": .* until it names class b$/);
    expect(ofObjects(issuer({ class: 'a' }, { name: 'all' }))[0]).to.match(/^ClusterIssuer all: /);
    expect(ofObjects(issuer({ ingressClassName: 'b' }), issuer({ name: 'web' }), { kind: 'Issuer', metadata: { name: 'ca' }, spec: {} })).to.deep.equal([]);
  });

  it('tells what an Ingress says to cert-manager itself', () => {
    expect(ofAnnotations({ 'acme.cert-manager.io/http01-ingress-class': 'a' })[0]).to.match(/answers its HTTP-01 challenges in class "a", as it says: .* so change that too/);
    expect(ofAnnotations({ 'acme.cert-manager.io/http01-ingress-ingressclassname': 'a' })[0]).to.match(/in class "a"/);
    expect(ofAnnotations({ 'acme.cert-manager.io/http01-ingress-class': 'b' })).to.deep.equal([]);
    expect(ofAnnotations({ 'acme.cert-manager.io/http01-edit-in-place': 'true' })[0]).to.match(/do not move it during a renewal/);
    expect(ofAnnotations({ 'cert-manager.io/cluster-issuer': 'le' }), 'the issuer has its own line').to.deep.equal([]);
  });

  it('tells whether external-dns follows the status, or a target that stays', () => {
    const prefix = 'external-dns.alpha.kubernetes.io/';
    expect(ofAnnotations({ [`${prefix}target`]: 'lb.test' })[0]).to.match(/publishes the target that it names \("lb\.test"\).* set it to the address of class b at the cut-over/);
    expect(ofAnnotations({ [`${prefix}ttl`]: '60' })[0]).to.match(/publishes its status: its names lead to the address of class b after the cut-over/);
  });

  it('names an external-dns that looks at the old class only, however its flags are written', () => {
    for (const flags of [['--ingress-class=a'], ['--ingress-class', 'a'], ['--source=ingress', '--ingress-class=x', '--ingress-class=a']]) {
      expect(ofObjects(dns(...flags))[0], flags.join(' ')).to.match(/^Deployment dns\/dns: external-dns looks at classes (?:x, )?a only: add --ingress-class=b before the cut-over, or it deletes the records of what has moved$/);
    }
    for (const flags of [[], ['--ingress-class=x'], ['--ingress-class=a', '--ingress-class', 'b'], ['--ingress-class']]) expect(ofObjects(dns(...flags)), flags.join(' ')).to.deep.equal([]);
    expect(ofObjects(dns('--annotation-filter', 'kubernetes.io/ingress.class in (old)'))[0]).to.match(/selects by the class annotation \(--annotation-filter=kubernetes\.io\/ingress\.class in \(old\)\): .* change the filter first/);
    expect(ofObjects(dns('--annotation-filter=team=a'))).to.deep.equal([]);
  });
});

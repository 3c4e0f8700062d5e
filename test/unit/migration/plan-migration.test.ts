// The plan of a migration over small clusters in which something is different in the other class, and over random ones.
import { expect } from 'chai';
import fc from 'fast-check';
import { type Claim, claimOf } from '../../../src/core/claim.js';
import type { Decided } from '../../../src/core/explain/facts.js';
import { presentPeers } from '../../../src/core/peers/present-peers.js';
import { batchGroups, groupByHost } from '../../../src/migration/batch-moves.js';
import { type PlanRequest, type MigrationPlan, decideWith, planMigration } from '../../../src/migration/plan-migration.js';
import { decideCluster } from '../../fixtures/decide-cluster.js';
import { type Manifest, parseManifests } from '../../fixtures/manifests.js';
import { claims as randomClaims, cluster as randomCluster } from '../../fixtures/random-cluster.js';

const base = `
kind: IngressClass
metadata: {name: a}
spec: {controller: ingress-arbiter.io/controller}
---
kind: IngressClass
metadata: {name: b}
spec: {controller: ingress-arbiter.io/controller, parameters: {kind: ConfigMap, name: b, scope: Namespace, namespace: ingress}}
---
kind: ConfigMap
metadata: {namespace: ingress, name: b}
data: {proxy-body-size: 8m, allowed-namespace-selector: "!closed"}
---
kind: Service
metadata: {namespace: shop, name: web}
spec: {ports: [{port: 80}]}
---
kind: Namespace
metadata: {name: shop}
---
kind: Namespace
metadata: {name: closed, labels: {closed: "yes"}}
`;

interface Written { name: string; namespace?: string; class?: string; host?: string; path?: string; created?: string; annotations?: Record<string, string>; labels?: Record<string, string> }

function ingress({ name, namespace = 'shop', class: field = 'a', host = 'a.test', path = '/', created = '2026-01-01', annotations = {}, labels = {} }: Written): Manifest {
  const backend = { service: { name: 'web', port: { number: 80 } } };
  return {
    kind: 'Ingress', metadata: { namespace, name, creationTimestamp: created, annotations, labels },
    spec: { ...(field !== '' && { ingressClassName: field }), rules: [{ host, http: { paths: [{ path, pathType: 'Prefix', backend }] } }] },
  } as Manifest;
}

const decide = (manifests: readonly Manifest[], claims: readonly Claim[] = [claimOf('a'), claimOf('b')]): Decided => decideCluster(manifests, claims);

const request: PlanRequest = { selection: { from: 'a' }, to: 'b', place: 'same', batchSize: 10, running: [], objects: [] };
const plan = (ingresses: readonly Written[], more: Partial<PlanRequest> = {}, text = ''): MigrationPlan =>
  planMigration(decide([...parseManifests(base + text), ...ingresses.map(ingress)]), { ...request, ...more });
const differences = ({ moves }: MigrationPlan): string[] => moves.flatMap((move) => move.differences.map(({ about, of, what }) => `${move.ingress} ${about} ${of}: ${what}`));

describe('planMigration', () => {
  it('names the rule that decides now and then, and notes what was there', () => {
    const { moves, left } = plan([{ name: 'web' }]);
    expect(left).to.deep.equal([]);
    expect(moves.map(({ ingress: key, now, then, patch }) => ({ key, now: [now.owner, now.rule], then: [then.owner, then.rule], patch }))).to.deep.equal([{
      key: 'shop/web', now: ['a', 'field'], then: ['b', 'field'],
      patch: { metadata: { annotations: { 'ingress-arbiter.io/former-class': '{"field":"a"}' } }, spec: { ingressClassName: 'b' } },
    }]);
  });

  it('says which setting of the class changes a route, and which does not because the Ingress says it itself', () => {
    const told = differences(plan([{ name: 'web' }, { name: 'own', host: 'own.test', annotations: { 'nginx.ingress.kubernetes.io/proxy-body-size': '8m' } }]));
    expect(told).to.deep.equal(['shop/web route a.test /: proxy-body-size: nothing now and "8388608" then: it leaves proxy-body-size out, and the settings of class a say nothing, those of class b "8m"']);
  });

  it('leaves what the class would not take, with the rule', () => {
    const { moves, left } = plan([{ name: 'web' }, { name: 'web', namespace: 'closed', host: 'c.test' }, { name: 'there', class: 'b', host: 'd.test' }], { selection: {} });
    expect(moves.map((move) => move.ingress)).to.deep.equal(['shop/web']);
    expect(left).to.deep.equal([
      { ingress: 'shop/there', why: 'class b has it already' },
      { ingress: 'closed/web', why: 'class b would not take it [rule namespace-not-allowed]' },
    ]);
  });

  it('sees a path lost to an older Ingress of the class, a host that becomes patterns, and who stays and is served otherwise', () => {
    const { moves, affected } = plan([
      { name: 'web', created: '2026-03-01' }, { name: 'api', path: '/api', created: '2026-01-01' },
      { name: 'old', class: 'b', created: '2026-02-01' }, { name: 'young', class: 'b', path: '/api', created: '2026-02-01' },
      { name: 'regex', class: 'b', path: '/v1(/|$)', annotations: { 'nginx.ingress.kubernetes.io/use-regex': 'true' } },
    ]);
    const told = moves.flatMap(({ ingress: key, differences: all }) => all.filter(({ what }) => !what.includes('body-size')).map(({ of, what }) => `${key} ${of} ${what}`));
    expect(told).to.deep.equal([
      'shop/api a.test /api is read as Prefix now and as a pattern then: Ingress shop/regex, on the same host in class b, makes all its paths patterns',
      'shop/web a.test / will be lost to Ingress shop/old, which has this path in the class and is older',
    ]);
    expect(affected).to.deep.equal([{ object: 'Ingress shop/young', what: 'a.test /api: will be lost to Ingress shop/api, which has this path in the class and is older' }]);
  });

  it('says that annotations of another prefix are not read in the class', () => {
    const claims = [claimOf('a', { annotationPrefixes: ['old.example'] }), claimOf('b')];
    const decided = decide([...parseManifests(base), ingress({ name: 'web', annotations: { 'old.example/enable-cors': 'true', 'nginx.ingress.kubernetes.io/proxy-body-size': '8m' } })], claims);
    const [cors] = planMigration(decided, request).moves[0]!.differences.filter(({ what }) => what.includes('cors'));
    expect(cors!.what).to.match(/^enable-cors: .* now and nothing then: annotations begin with old\.example in class a and with nginx\.ingress\.kubernetes\.io in class b$/);
  });

  it('names other controllers that would take it, or let it go', () => {
    const classes = '---\nkind: IngressClass\nmetadata: {name: b2}\nspec: {controller: k8s.io/ingress-nginx}\n';
    const claims = [claimOf('a', { annotationValues: ['nginx'] }), claimOf('b2', { acceptedControllers: ['k8s.io/ingress-nginx'] })];
    const decided = decide([...parseManifests(base + classes), ingress({ name: 'web' })], claims);
    const { running } = presentPeers(decided.snapshot.ingressClasses);
    expect(running.map(({ label }) => label)).to.deep.equal(['ingress-nginx:ingressClass=b2,controllerClass=k8s.io/ingress-nginx']);
    const [taker] = planMigration(decided, { ...request, to: 'b2', running }).moves[0]!.differences.filter(({ about }) => about === 'taker');
    expect(taker).to.deep.equal({ about: 'taker', of: running[0]!.label, what: 'would take it too: two controllers for one Ingress' });
  });

  it('names cert-manager, external-dns and half-moved hosts', () => {
    const { moves, neighbours } = plan([
      { name: 'web', annotations: { 'external-dns.alpha.kubernetes.io/target': 'lb.test' } }, { name: 'stays', path: '/x', labels: { team: 'x' } },
      { name: 'cm-acme-http-solver-x', host: 'a.test', path: '/.well-known/acme-challenge/x', labels: { 'acme.cert-manager.io/http01-solver': 'true' } },
    ], {
      selection: { from: 'a', labels: [{ key: 'team', operator: 'absent', values: [] }] },
      objects: [
        { kind: 'ClusterIssuer', metadata: { name: 'le' }, spec: { acme: { solvers: [{ http01: { ingress: { ingressClassName: 'a' } } }, { http01: { ingress: { class: 'other' } } }] } } },
        { kind: 'Deployment', metadata: { namespace: 'dns', name: 'external-dns' }, spec: { template: { spec: { containers: [{ image: 'r/external-dns:v1', args: ['--ingress-class=a'] }] } } } },
      ],
    });
    expect(moves.map((move) => move.ingress)).to.deep.equal(['shop/web']);
    expect(neighbours.map(({ object }) => object)).to.deep.equal(['ClusterIssuer le', 'Deployment dns/external-dns', 'Ingress shop/cm-acme-http-solver-x', 'Ingress shop/stays', 'Ingress shop/web']);
    expect(neighbours[0]!.what).to.match(/in class "a": names whose address is that of class b get no certificate/);
    expect(neighbours[1]!.what).to.match(/add --ingress-class=b before the cut-over/);
    expect(neighbours[3]!.what).to.match(/stays in class a and shares host a\.test with shop\/web/);
    expect(neighbours[4]!.what).to.match(/publishes the target that it names \("lb\.test"\)/);
  });

  it('keeps hosts together, small groups first, whatever the order in which they came', () => {
    const of = (...list: [string, string[]][]): string[][] => groupByHost(new Map(list.map(([name, hosts]) => [name, { metadata: { name }, spec: { rules: hosts.map((host) => ({ host })) } }])));
    const list: [string, string[]][] = [['n/c', ['x.test', 'y.test']], ['n/a', ['x.test']], ['n/b', ['y.test']], ['n/z', ['z.test']], ['n/d', []], ['n/e', ['Z.test.']]];
    expect(of(...list)).to.deep.equal([['n/d'], ['n/e', 'n/z'], ['n/a', 'n/b', 'n/c']]);
    expect(of(...list.reverse())).to.deep.equal([['n/d'], ['n/e', 'n/z'], ['n/a', 'n/b', 'n/c']]);
    expect(batchGroups([['d'], ['e', 'z'], ['a', 'b', 'c'], ['f']], 3)).to.deep.equal([['d', 'e', 'z'], ['a', 'b', 'c'], ['f']]);
    expect(batchGroups([['a', 'b'], ['c']], 1)).to.deep.equal([['a', 'b'], ['c']]);
  });

  it('of any cluster, moves exactly what the class takes then, and loses no Ingress on the way', () => fc.assert(
    fc.property(randomCluster, randomClaims, fc.constantFrom('same' as const, 'field' as const), (manifests, claims, place) => {
      const decided = decide(manifests, claims);
      for (const { class: to } of claims) {
        const result = planMigration(decided, { ...request, selection: {}, to, place });
        const then = decideWith(decided, new Map(result.moves.map(({ ingress: key, patch }) => [key, patch])));
        for (const { ingress: key } of result.moves) expect(then.plans.get(key)!.ownership.owner).to.equal(to);
        expect([...result.moves, ...result.left].map(({ ingress: key }) => key).sort()).to.deep.equal([...decided.plans.keys()].sort());
        expect(result.batches.flat()).to.deep.equal(result.moves.map(({ ingress: key }) => key));
      }
    }), { numRuns: 150 }));
});

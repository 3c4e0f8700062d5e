// From annotation to field: what is rewritten keeps its owner under every controller that is there; the rest is left.
import { expect } from 'chai';
import fc from 'fast-check';
import { type Claim, claimOf } from '../../../src/core/claim.js';
import type { Decided } from '../../../src/core/explain/facts.js';
import { compareClaims } from '../../../src/core/peers/compare-claims.js';
import { type RunningPeer, parsePeer, peers } from '../../../src/core/peers/peers.js';
import { presentPeers } from '../../../src/core/peers/present-peers.js';
import { type AnnotationPlan, planAnnotationToField } from '../../../src/migration/annotation-to-field.js';
import { decideWith } from '../../../src/migration/plan-migration.js';
import { decideCluster } from '../../fixtures/decide-cluster.js';
import { parseManifests } from '../../fixtures/manifests.js';
import { claims as randomClaims, cluster as randomCluster } from '../../fixtures/random-cluster.js';

const classes = (...list: [string, string][]): string => list.map(([name, controller]) => `kind: IngressClass\nmetadata: {name: ${name}}\nspec: {controller: ${controller}}\n---\n`).join('');
const ingress = (name: string, annotation: string, field?: string): string =>
  `kind: Ingress\nmetadata: {namespace: shop, name: ${name}, annotations: {kubernetes.io/ingress.class: ${annotation}}}\nspec: {${field === undefined ? '' : `ingressClassName: ${field}, `}rules: [{host: ${name}.test}]}\n---\n`;
const OWN = 'ingress-arbiter.io/controller';

function plan(text: string, claims: readonly Claim[], more: readonly string[] = []): AnnotationPlan {
  const decided = decideCluster(parseManifests(text), claims);
  const { running, unknown } = presentPeers(decided.snapshot.ingressClasses);
  return planAnnotationToField(decided, {}, { running: [...running, ...more.map((label) => parsePeer(label) as RunningPeer)], unknown });
}

describe('planAnnotationToField', () => {
  it('writes the name of the class that has it, which need not be the value of the annotation', () => {
    const { rewrites, left } = plan(classes(['a', OWN]) + ingress('web', 'nginx'), [claimOf('a', { annotationValues: ['nginx'] })]);
    expect(left).to.deep.equal([]);
    expect(rewrites).to.deep.equal([{
      ingress: 'shop/web', annotation: 'nginx', field: 'a', owner: 'a', takers: [],
      patch: { metadata: { annotations: { 'kubernetes.io/ingress.class': null } }, spec: { ingressClassName: 'a' } },
    }]);
  });

  it('leaves it when another controller would lose it, or get it', () => {
    const claims = [claimOf('a', { annotationValues: ['nginx'] })];
    const lost = plan(classes(['a', OWN], ['nginx', 'k8s.io/ingress-nginx']) + ingress('web', 'nginx'), [claimOf('a')]);
    expect(lost.rewrites.map(({ field, takers }) => [field, takers.length])).to.deep.equal([['nginx', 1]]);
    expect(plan(classes(['a', OWN]) + ingress('web', 'nginx'), claims, ['ingress-nginx']).left).to.deep.equal([{ ingress: 'shop/web', why: 'with spec.ingressClassName "a" ingress-nginx lets it go' }]);
    expect(plan(classes(['a', OWN]) + ingress('web', 'nginx'), claims, ['contour:ingressClassName=a']).left).to.deep.equal([{ ingress: 'shop/web', why: 'with spec.ingressClassName "a" contour:ingressClassName=a takes it too' }]);
  });

  it('leaves what nobody has, what has no IngressClass, and what belongs to somebody unknown', () => {
    const { left } = plan(classes(['x', 'example.com/unknown']) + ingress('none', 'gone') + ingress('ours', 'nginx') + ingress('theirs', 'x'), [claimOf('a', { annotationValues: ['nginx'] })]);
    expect(left.map(({ ingress: key, why }) => `${key}: ${why}`)).to.deep.equal([
      'shop/none: nobody who is known takes it now (annotation "gone")',
      'shop/ours: there is no IngressClass "a" or "nginx": create it first',
      'shop/theirs: class "x" belongs to controller "example.com/unknown", and how that one chooses is not known',
    ]);
  });

  it('leaves it when the class would not have it by its field', () => {
    const { left } = plan(classes(['a', 'x/y']) + ingress('web', 'nginx'), [claimOf('a', { annotationValues: ['nginx'] })]);
    expect(left).to.deep.equal([{ ingress: 'shop/web', why: 'with spec.ingressClassName "a" nobody here has it, and now class a' }]);
  });

  it('puts right a pair that differs, when the annotation is what counts for everybody', () => {
    const { rewrites, left } = plan(classes(['a', OWN], ['b', OWN]) + ingress('web', 'a', 'b'), [claimOf('a'), claimOf('b')]);
    expect([rewrites.map(({ field }) => field), left]).to.deep.equal([['a'], []]);
    const byField = plan(classes(['a', OWN], ['b', OWN]) + ingress('web', 'a', 'b'), [claimOf('a', { classPrecedence: 'field' }), claimOf('b', { classPrecedence: 'field' })]);
    expect(byField.rewrites.map(({ field, owner }) => [field, owner])).to.deep.equal([['b', 'b']]);
  });

  it('of any cluster, changes nobody\'s selection by what it rewrites', () => fc.assert(
    fc.property(randomCluster, randomClaims, fc.subarray([...peers]), (manifests, claims, some) => {
      const decided = decideCluster(manifests, claims);
      const running = some.flatMap((peer): RunningPeer[] => ['nginx', 'red', 'blue'].map((name) => {
        const flag = Object.keys(peer.defaults).find((one) => one.startsWith('ingressClass'));
        return { peer, label: `${peer.name} ${name}`, settings: { ...peer.defaults, ...(flag && { [flag]: name }), ...('controllerClass' in peer.defaults && { controllerClass: 'x/y' }) } };
      }));
      const { rewrites } = planAnnotationToField(decided, {}, { running, unknown: [] });
      const then = decideWith(decided, new Map(rewrites.map(({ ingress: key, patch }) => [key, patch])));
      const who = (one: Decided): object => compareClaims(one.snapshot, new Map([...one.plans].map(([key, { ownership }]) => [key, ownership])), running)
        .map(({ ingress: key, owner, takers, perhaps }) => ({ key, owner, takers: takers.map(({ peer }) => peer), perhaps: perhaps.map(({ peer }) => peer) }));
      expect(who(then)).to.deep.equal(who(decided));
      for (const { ingress: key } of rewrites) expect(then.snapshot.ingresses.get(key)!.metadata.annotations).to.not.have.property('kubernetes.io/ingress.class');
    }), { numRuns: 300 }));
});

// explain about an Ingress on its way: how far, since when, what it waits for, and what the objects tell of why it does not get on.
import { expect } from 'chai';
import { renderIngress } from '../../../../src/cli/explain/render-ingress.js';
import { type Claim, claimOf } from '../../../../src/core/claim.js';
import { type IngressExplanation, explainIngress } from '../../../../src/core/explain/explain-ingress.js';
import { decideCluster } from '../../../fixtures/decide-cluster.js';

const cluster = (record: object | string, owner = 'b', namespaces = '{}'): string => `
kind: ConfigMap
metadata: {namespace: ingress, name: a}
data: {hand-over-grace: 90s, hand-over-quiet: 30s}
---
kind: IngressClass
metadata: {name: a}
spec: {controller: ingress-arbiter.io/controller, parameters: {kind: ConfigMap, name: a, scope: Namespace, namespace: ingress}}
---
kind: ConfigMap
metadata: {namespace: ingress, name: b}
data: ${namespaces}
---
kind: IngressClass
metadata: {name: b}
spec: {controller: ingress-arbiter.io/controller, parameters: {kind: ConfigMap, name: b, scope: Namespace, namespace: ingress}}
---
kind: Namespace
metadata: {name: shop}
---
kind: Ingress
metadata: {namespace: shop, name: web, annotations: {ingress-arbiter.io/hand-over: '${typeof record === 'string' ? record : JSON.stringify(record)}'}}
spec: {ingressClassName: ${owner}, rules: [{host: a.test, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
`;

function explain(text: string, claims: readonly Claim[] = [claimOf('a'), claimOf('b')]): { explanation: IngressExplanation; lines: string[] } {
  const decided = decideCluster(text, claims.map((claim) => ({ parametersNamespace: 'ingress', ...claim })), { now: Date.parse('2026-01-02T00:00:00Z'), fromFiles: true });
  const explanation = explainIngress(decided, 'shop/web') as IngressExplanation;
  return { explanation, lines: renderIngress(explanation).map((line) => line.trim()) };
}

const times = { startedAt: '2026-01-01T00:00:00Z', servedAt: '2026-01-01T00:01:00Z', movedAt: '2026-01-01T00:02:00Z' };
const line = (lines: readonly string[]): string => lines.find((one) => one.startsWith('hand-over')) ?? '';

describe('explain: hand-overs', () => {
  it('says of each phase since when it lasts and what it waits for', () => {
    const { startedAt, servedAt } = times;
    const of = (record: object, owner: string): string => line(explain(cluster(record, owner)).lines);
    expect(of({ from: ['a'], to: 'b', startedAt }, 'a')).to.equal('hand-over shadow since 2026-01-01T00:00:00Z: class b serves it too; waits until all engines have it in class b');
    expect(of({ from: ['a'], to: 'b', startedAt, servedAt }, 'a')).to.equal('hand-over shadow since 2026-01-01T00:01:00Z: class b serves it too; waits for somebody who changes its class, or ends the shadow');
    expect(of({ from: ['a'], to: 'b', startedAt, by: 'a' }, 'b')).to.equal('hand-over starting since 2026-01-01T00:00:00Z: from a to b; waits until all engines have it in class b');
    expect(of({ from: ['a'], to: 'b', startedAt, servedAt }, 'b')).to.equal('hand-over moving since 2026-01-01T00:01:00Z: from a to b; waits until all engines have it in class b');
    expect(of({ from: ['a', 'gone'], to: 'b', ...times }, 'b')).to.equal('hand-over draining since 2026-01-01T00:02:00Z: from a and gone to b; class a goes on until it gets no more requests for 30 s, and for 90 s at least; class gone goes on until it gets no more requests');
    expect(of({ from: ['a'], to: 'b' }, 'b')).to.equal('hand-over starting: from a to b; waits until all engines have it in class b');
  });

  it('says at once why one does not get on, where the objects tell', () => {
    const { explanation, lines } = explain(cluster({ from: ['a'], to: 'b', ...times, servedAt: undefined }, 'b', '{allowed-namespaces: other}'));
    expect(explanation.handOver!.phase).to.equal('starting');
    expect(lines.join('\n')).to.match(/IA103/).and.match(/IA181 its hand-over to class "b" is starting and waits: its namespace may not use class "b"; class "a" goes on serving it/);
  });

  it('has nothing to say without a record, and names one that can not be read', () => {
    const { explanation, lines } = explain(cluster('{'));
    expect(explanation).to.not.have.property('handOver');
    expect(line(lines)).to.equal('');
    expect(lines.join('\n')).to.match(/IA180 annotation ingress-arbiter\.io\/hand-over "\{" is not JSON/);
  });
});

// The Ingress that is handed over in hand-over-model.ts, as the API has it and had it: every version, its record, and when its
// status last showed whom. It decides nothing.
import { expect } from 'chai';
import omit from 'lodash/omit.js';
import { readHandOver, handOverAnnotation, type HandOverRecord } from '../../../src/core/hand-over/record.js';
import type { Ingress, LoadBalancerIngress } from '../../../src/core/kubernetes-objects.js';
import type { Snapshot } from '../../../src/core/snapshot.js';
import { parseManifests, snapshotOf } from '../../fixtures/manifests.js';

export const classes = ['a', 'b', 'c'] as const;
export type ClassName = typeof classes[number];
export const key = 'default/web';
export const graceMs = 20_000;
export const quietMs = 5000;
export const addressesOf = (name: string): LoadBalancerIngress[] => [{ hostname: `${name}.test` }];

const cluster = `
kind: ConfigMap
metadata: {namespace: arbiter, name: settings}
data: {hand-over-grace: ${graceMs / 1000}s, hand-over-quiet: ${quietMs / 1000}s}
---
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
---
${classes.map((name) => `
kind: IngressClass
metadata: {name: ${name}}
spec: {controller: ingress-arbiter.io/controller, parameters: {kind: ConfigMap, name: settings, namespace: arbiter, scope: Namespace}}
---`).join('')}
kind: Ingress
metadata: {name: web, uid: u, resourceVersion: "0", creationTimestamp: "2026-01-01T00:00:00Z"}
spec: {ingressClassName: a, rules: [{host: web.test, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
status: {loadBalancer: {ingress: [{hostname: a.test}]}}
`;

/** Everything but the Ingress stays as it is. */
export class IngressHistory {
  readonly rest: Snapshot = snapshotOf(parseManifests(cluster));
  /** Every version of the Ingress. */
  readonly versions: Ingress[] = [this.rest.ingresses.get(key)!];
  /** When the status last showed the address of a class. */
  private readonly shownAt = new Map<string, number>();

  constructor(private readonly now: () => number) { this.note(); }

  get current(): Ingress { return this.versions.at(-1)!; }
  get record(): HandOverRecord | undefined {
    const read = readHandOver(this.current.metadata.annotations);
    return read === undefined || 'problem' in read ? undefined : read;
  }
  get shown(): string { return (this.current.status?.loadBalancer?.ingress ?? []).map(({ hostname = '' }) => hostname.replace('.test', '')).join(); }

  /** A write that the API takes. */
  store(change: Partial<Ingress>): void {
    const { metadata, ...rest } = this.current;
    this.versions.push({ ...rest, ...change, metadata: { ...metadata, ...change.metadata, resourceVersion: String(this.versions.length) } });
    this.note();
    expect(this.shown, 'the status is never empty').to.not.equal('');
  }

  annotate(text: string | undefined): void {
    const others = omit(this.current.metadata.annotations, handOverAnnotation);
    this.store({ metadata: { ...this.current.metadata, annotations: text === undefined ? others : { ...others, [handOverAnnotation]: text } } });
  }

  setClass(name: ClassName): void {
    if (this.current.spec!.ingressClassName !== name) this.store({ spec: { ...this.current.spec!, ingressClassName: name } });
  }

  /** Time has gone by: whose address is shown now. */
  note(): void { this.shownAt.set(this.shown, this.now()); }

  /** A client may still know the address of the class. */
  wasShownWithin(name: ClassName, ms: number): boolean { return this.now() - (this.shownAt.get(name) ?? -Infinity) < ms; }
}

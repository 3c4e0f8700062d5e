// Decides who owns an Ingress: one class or nobody, by a named rule. Every rule of who may have what is in this file.

import { type Claim, byClass, ownController } from './claim.js';
import type { ClassSettings } from './class-settings.js';
import { type Finding, finding, quote } from './finding.js';
import { type Ingress, type IngressClass, objectKey } from './kubernetes-objects.js';
import { matchesLabels } from './label-selector.js';
import { type Reference, resolveReference } from './resolve-reference.js';
import { sharedData } from './shared-values.js';
import type { Snapshot } from './snapshot.js';

/** The rule that decided. The first three give an owner, the others say why there is none. */
export type OwnerRule = DecidingRule | 'planning-failed';

type DecidingRule =
  | 'field' | 'annotation' | 'classless'
  | 'no-reference' | 'unknown-class' | 'foreign-controller' | 'class-not-claimed' | 'annotation-not-claimed'
  | 'foreign-class-of-that-name' | 'namespace-not-allowed' | 'classless-claimed-twice';

export interface Ownership {
  /** Class that owns the Ingress. */
  owner?: string;
  rule: OwnerRule;
  reference: Reference;
  findings: Finding[];
}

/** Rules by which a claim that was meant turns an Ingress away: they tell more than that other claims were not meant. */
const refusals: ReadonlySet<OwnerRule> = new Set(['namespace-not-allowed', 'foreign-class-of-that-name']);

type Cluster = Pick<Snapshot, 'ingressClasses' | 'namespaces'>;

/**
 * The owner of one Ingress among `claims`. Claims may differ in classPrecedence; the first claim (by class name) that wins
 * the Ingress has it, so there is at most one owner whatever the order of the claims.
 */
export function resolveOwner(ingress: Ingress, claims: readonly Claim[], cluster: Cluster): Ownership {
  const sorted = inOrder(claims);
  const verdicts = sorted.map((claim) => ({ claim, verdict: judge(ingress, claim, sorted, cluster) }));
  const winner = verdicts.find(({ verdict }) => verdict.owner !== undefined)?.verdict;
  const closest = winner ?? verdicts.find(({ verdict }) => refusals.has(verdict.rule))?.verdict ??
    verdicts[0]?.verdict ?? judge(ingress, undefined, [], cluster);
  const findings = [...differenceFinding(ingress, closest.reference), ...closest.findings];
  // Without findings, which name the Ingress, those of a class are owned alike.
  if (findings.length > 0) return { ...closest, findings };
  const { owner = '', rule, reference } = closest;
  return sharedData(closest, `${rule} ${reference.by} ${owner} ${reference.by === 'nothing' ? '' : reference.value}`);
}

/** By the list: the same one is asked about for every Ingress. */
const sortedClaims = new WeakMap<readonly Claim[], readonly Claim[]>();

function inOrder(claims: readonly Claim[]): readonly Claim[] {
  const known = sortedClaims.get(claims) ?? [...claims].sort(byClass);
  sortedClaims.set(claims, known);
  return known;
}

/** One Ingress put to one claim; without a claim, to nobody. */
interface Question {
  /** The Ingress's name in messages. */
  object: string;
  claim: Claim | undefined;
  claims: readonly Claim[];
  cluster: Cluster;
}

type Verdict = Omit<Ownership, 'reference'>;

function judge(ingress: Ingress, claim: Claim | undefined, claims: readonly Claim[], cluster: Cluster): Ownership {
  const reference = resolveReference(ingress, claim?.classPrecedence ?? 'annotation');
  const question: Question = { object: `Ingress ${objectKey(ingress)}`, claim, claims, cluster };
  const verdict = reference.by === 'nothing' ? judgeClassless(question)
    : reference.by === 'field' ? judgeField(question, reference.value)
      : judgeAnnotation(question, reference.value);
  if (verdict.owner !== undefined && claim !== undefined && !allowsNamespace(claim, ingress, cluster)) {
    const message = `namespace ${ingress.metadata.namespace} may not use class "${claim.class}"; ask whoever runs the class, or use another`;
    return { rule: 'namespace-not-allowed', reference, findings: [finding('namespace-not-allowed', question.object, message)] };
  }
  return { ...verdict, reference };
}

function judgeClassless({ object, claim, claims }: Question): Verdict {
  const takers = claims.filter((candidate) => candidate.claimClassless);
  if (takers.length > 1) {
    const names = takers.map((taker) => taker.class).join(', ');
    const message = `has no class, and several claims take such Ingresses (${names}); let only one do so`;
    return { rule: 'classless-claimed-twice', findings: [finding('classless-claimed-twice', object, message)] };
  }
  if (claim !== undefined && takers[0] === claim) return { owner: claim.class, rule: 'classless', findings: [] };
  return { rule: 'no-reference', findings: [finding('no-class', object, 'names no class, so nobody serves it; set spec.ingressClassName')] };
}

function judgeField({ object, claim, claims, cluster }: Question, value: string): Verdict {
  const ingressClass = cluster.ingressClasses.get(value);
  if (ingressClass === undefined) {
    const message = `spec.ingressClassName ${quote(value)}: no IngressClass has that name; create it, or name one that exists`;
    return { rule: 'unknown-class', findings: [finding('unknown-class', object, message)] };
  }
  if (claim?.class !== value) {
    const ours = acceptsClass(undefined, ingressClass) || claims.some((candidate) => acceptsClass(candidate, ingressClass));
    return { rule: ours ? 'class-not-claimed' : 'foreign-controller', findings: [] };
  }
  return acceptsClass(claim, ingressClass) ? { owner: claim.class, rule: 'field', findings: [] } : { rule: 'foreign-controller', findings: [] };
}

function judgeAnnotation({ object, claim, claims, cluster }: Question, value: string): Verdict {
  const takers = claims.filter((candidate) => candidate.class === value || candidate.annotationValues.includes(value));
  const taker = takers.find((candidate) => candidate.class === value) ?? takers[0];
  if (claim === undefined || taker !== claim) return { rule: 'annotation-not-claimed', findings: [] };
  const ingressClass = cluster.ingressClasses.get(value);
  if (ingressClass !== undefined && !acceptsClass(claim, ingressClass)) {
    const message = `annotation kubernetes.io/ingress.class "${value}": the IngressClass of that name belongs to ` +
      `"${ingressClass.spec?.controller ?? ''}", which has it; set spec.ingressClassName to "${claim.class}" to come here`;
    return { rule: 'foreign-class-of-that-name', findings: [finding('foreign-class-of-that-name', object, message)] };
  }
  return { owner: claim.class, rule: 'annotation', findings: claimedTwice(object, value, claim, takers) };
}

function claimedTwice(object: string, value: string, claim: Claim, takers: readonly Claim[]): Finding[] {
  if (takers.length < 2 || claim.class === value) return [];
  const message = `annotation value "${value}" is claimed by ${takers.map((taker) => taker.class).join(' and ')}; "${claim.class}" has it`;
  return [finding('annotation-value-claimed-twice', object, message)];
}

/** Exact comparison: no trimming, no prefix. Without a claim: whether the controller value is ours at all. */
export function acceptsClass(claim: Claim | undefined, ingressClass: IngressClass): boolean {
  const controller = ingressClass.spec?.controller;
  return controller !== undefined && (controller === ownController || (claim?.acceptedControllers.includes(controller) ?? false));
}

/** Both the claim and the settings of the class have to allow it. */
export function allowsNamespace(claim: Claim, ingress: Ingress, cluster: Cluster): boolean {
  const name = ingress.metadata.namespace ?? '';
  return claimAllows(claim, name, cluster) && settingsAllow(claim.settings, name, cluster);
}

function settingsAllow(settings: ClassSettings | undefined, name: string, { namespaces }: Cluster): boolean {
  const { allowedNamespaces: names, allowedNamespaceSelector: selector } = settings ?? {};
  if (names === undefined && selector === undefined) return true;
  return names?.includes(name) === true || (selector !== undefined && matchesLabels(selector, namespaces.get(name)?.metadata.labels));
}

function claimAllows({ namespaces }: Claim, name: string, cluster: Cluster): boolean {
  if (namespaces === undefined) return true;
  if (namespaces.names?.includes(name)) return true;
  if (namespaces.labels === undefined) return false;
  const labels = cluster.namespaces.get(name)?.metadata.labels ?? {};
  return Object.entries(namespaces.labels).every(([key, value]) => labels[key] === value);
}

function differenceFinding(ingress: Ingress, reference: Reference): Finding[] {
  if (reference.by === 'nothing' || reference.overruled === undefined) return [];
  const [annotation, field] = reference.by === 'annotation' ? [reference.value, reference.overruled] : [reference.overruled, reference.value];
  const message = `annotation kubernetes.io/ingress.class ${quote(annotation)} and spec.ingressClassName ${quote(field)} differ; ` +
    `the ${reference.by} wins, remove the other`;
  return [finding('annotation-and-field-differ', `Ingress ${objectKey(ingress)}`, message)];
}

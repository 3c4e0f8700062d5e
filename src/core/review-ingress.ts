// What would become of an Ingress if it were written: who would own it, what is wrong with it, whose paths it would take or lose.
// Costs what the Ingress asks for and what others ask for on the same hosts. It changes nothing and says nothing about classes
// of other controllers.

import { buildHost } from './build-host.js';
import type { Claim } from './claim.js';
import { type Finding, type FindingKind, renderFinding } from './finding.js';
import type { InspectCertificate } from './inspect-certificate.js';
import { type Ingress, objectKey } from './kubernetes-objects.js';
import { byAge } from './order.js';
import { type IngressPlan, planIngress } from './plan-ingress.js';
import type { Snapshot } from './snapshot.js';

export interface ReviewContext {
  claims: readonly Claim[];
  snapshot: Snapshot;
  inspect: InspectCertificate;
  /** Plans of a class that ask for something of an entry of its table. */
  askers(className: string, entry: string): readonly IngressPlan[];
}

export interface IngressWrite {
  ingress: Ingress;
  /** As it is stored; undefined: it is new. */
  before: Ingress | undefined;
}

export interface Review {
  allowed: boolean;
  /** For people, most important first; at most MOST_WARNINGS. */
  warnings: string[];
  /** Class of these claims that would own it; undefined: none of them. */
  owner: string | undefined;
  rule: string;
}

export const MOST_WARNINGS = 10;

/** What may come later in the same `kubectl apply`: never a reason to refuse. */
const mayComeLater: ReadonlySet<FindingKind> = new Set(['service-missing', 'service-port-missing', 'secret-missing', 'secret-invalid', 'config-map-invalid', 'unknown-class', 'settings-missing']);

export function reviewIngress({ ingress, before }: IngressWrite, context: ReviewContext): Review {
  const plan = planIngress(ingress, context);
  const former = before === undefined ? undefined : planIngress(before, context);
  const { owner, rule } = plan.ownership;
  const formerOwner = former?.ownership.owner;
  // Another controller's, before and after: that one is asked too.
  if (owner === undefined && formerOwner === undefined) return { allowed: true, warnings: [], owner, rule };
  const known = new Set([...(former?.findings ?? []), ...(former === undefined ? [] : conflictsOf(former, former, context))].map(renderFinding));
  // ConfigMaps are looked for once an Ingress that is stored names them: before that nobody knows.
  const findings = [...plan.findings, ...conflictsOf(plan, former, context)].filter(({ severity, kind }) => severity !== 'info' && kind !== 'config-map-missing');
  const isNew = (one: Finding): boolean => !known.has(renderFinding(one));
  const strict = context.claims.find((claim) => claim.class === owner)?.settings?.strictAdmission === true;
  const refused = strict ? findings.filter((one) => one.severity === 'error' && isNew(one) && !mayComeLater.has(one.kind)) : [];
  const warnings = [...moveOf(formerOwner, plan), ...[...findings].sort(errorsFirst).map((one) => words(one, ingress))];
  return { allowed: refused.length === 0, warnings: (refused.length > 0 ? refused.map((one) => words(one, ingress)) : [...new Set(warnings)]).slice(0, MOST_WARNINGS), owner, rule };
}

/** What the hosts of a plan would be told of, beyond what they are told of without it. */
function conflictsOf(plan: IngressPlan, former: IngressPlan | undefined, { askers }: ReviewContext): Finding[] {
  const { owner } = plan.ownership;
  if (owner === undefined) return [];
  const self = objectKey(plan.ingress);
  return [...plan.wants].flatMap(([entry, want]) => {
    if (want.of !== 'host') return [];
    const others = askers(owner, entry).filter((one) => objectKey(one.ingress) !== self);
    const built = (plans: readonly IngressPlan[]): ReturnType<typeof buildHost> => buildHost(entry.slice(entry.indexOf('/') + 1), plans.flatMap((one) => pathsOf(one, entry)));
    const without = new Set(built(former === undefined ? others : inOrder([...others, former])).findings.map(renderFinding));
    return built(inOrder([...others, plan])).findings.filter((one) => one.object === `Ingress ${self}` || !without.has(renderFinding(one)));
  });
}

function pathsOf(plan: IngressPlan, entry: string): readonly Parameters<typeof buildHost>[1][number][] {
  const want = plan.wants.get(entry);
  return want?.of === 'host' ? want.paths : [];
}

/** One that is not stored yet has no age: it comes last. */
function inOrder(plans: readonly IngressPlan[]): IngressPlan[] {
  const aged = plans.filter(({ ingress }) => ingress.metadata.creationTimestamp !== undefined);
  return [...aged.sort((a, b) => byAge(a.ingress, b.ingress)), ...plans.filter((plan) => !aged.includes(plan))];
}

function moveOf(formerOwner: string | undefined, { ownership: { owner, rule } }: IngressPlan): string[] {
  if (formerOwner === undefined || formerOwner === owner) return [];
  if (owner !== undefined) return [`it moves from class ${formerOwner} to class ${owner} (rule ${rule}): requests on the hosts of ${formerOwner} end when it has been handed over`];
  return [`class ${formerOwner} will not serve it any more (rule ${rule}); its requests end unless another controller's class takes it`];
}

const errorsFirst = (a: Finding, b: Finding): number => Number(b.severity === 'error') - Number(a.severity === 'error');

function words({ code, object, message }: Finding, ingress: Ingress): string {
  return object === `Ingress ${objectKey(ingress)}` ? `${code}: ${message}` : `${code}: ${object}: ${message}`;
}

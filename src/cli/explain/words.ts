// Words for what explanations hold as data: rules, references, holders, endpoints, matches. One place, so that every command
// says a thing in the same way. Whatever a user wrote is quoted.

import { quote } from '../../core/finding.js';
import type { EndpointsView } from '../../core/explain/endpoints-view.js';
import type { Holder } from '../../core/explain/holder.js';
import type { OwnerRule } from '../../core/resolve-owner.js';
import type { Reference } from '../../core/resolve-reference.js';
import type { PathMatch } from '../../route-table/types.js';

/** How an Ingress asks for a class. */
export function referenceWords(reference: Reference): string {
  if (reference.by === 'nothing') return 'no class: neither spec.ingressClassName nor the annotation kubernetes.io/ingress.class is set';
  const overruled = reference.overruled === undefined ? ''
    : `; ${reference.by === 'annotation' ? 'spec.ingressClassName' : 'the annotation'} ${quote(reference.overruled)} is overruled`;
  return `class ${quote(reference.value)}, by ${reference.by === 'annotation' ? 'the annotation kubernetes.io/ingress.class' : 'spec.ingressClassName'}${overruled}`;
}

const ruleSentences: Readonly<Record<OwnerRule, string>> = {
  field: 'the IngressClass exists and its controller is one that the claim accepts',
  annotation: 'the claim takes this annotation value',
  classless: 'the claim takes Ingresses without a class',
  'no-reference': 'it names no class, and no claim takes such Ingresses; set spec.ingressClassName',
  'unknown-class': 'no IngressClass has that name; create it, or name one that exists',
  'foreign-controller': 'the IngressClass belongs to another controller; its routes and its status are left to that one',
  'class-not-claimed': 'the IngressClass is ours, but nobody claims it; start a controller for it',
  'annotation-not-claimed': 'no claim takes this annotation value; name a class that is claimed, or let the other controller have it',
  'foreign-class-of-that-name': 'an IngressClass of that name belongs to another controller; name the class by spec.ingressClassName to come here',
  'namespace-not-allowed': 'its namespace may not use the class; ask whoever runs the class, or use another',
  'classless-claimed-twice': 'it names no class, and several claims take such Ingresses; let only one of them do so',
  'planning-failed': 'a bug of ingress-arbiter stands in the way; report it with this Ingress',
};

/** What a rule means, as a sentence without its end. */
export function ruleWords(rule: OwnerRule): string {
  return ruleSentences[rule];
}

/** Who holds a claim. */
export function holderWords(holder: Holder): string {
  if (holder.state === 'unknown') return holder.because === 'files' ? 'not known from files' : 'not known: the Leases may not be read';
  if (holder.state === 'nobody') return 'nobody: no controller holds the claim';
  const by = `${holder.by} (epoch ${holder.epoch})`;
  return holder.state === 'held' ? by : `${by}, silent for ${Math.round(holder.silentMs / 1000)} s: a standby takes over, if there is one`;
}

/** A Service and its endpoints. */
export function endpointsWords({ service, port, state, inUse, idle }: EndpointsView): string {
  if (service === '') return '503: nothing behind it can be served';
  const name = `${service}:${port}`;
  if (state === 'unknown') return `${name} (endpoints not known from files)`;
  if (state === 'unresolved') return `${name} (503: no such Service or port)`;
  const others = idle === 0 ? '' : `, ${idle} not ready`;
  return inUse === 0 ? `${name} (503: no endpoint is ready${others})` : `${name} (${count(inUse, 'endpoint')} ready${others})`;
}

const matchNames: Readonly<Record<PathMatch, string>> = { exact: 'Exact', prefix: 'Prefix', 'string-prefix': 'ImplementationSpecific', regex: 'pattern' };

/** A match as the Ingress API calls it. */
export function matchWords(match: string): string {
  return Object.hasOwn(matchNames, match) ? matchNames[match as PathMatch] : match;
}

/** `1 endpoint`, `3 endpoints`. */
export function count(number: number, one: string, several = `${one}s`): string {
  return `${number} ${number === 1 ? one : several}`;
}

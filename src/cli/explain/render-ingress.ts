// The explanation of an Ingress in words.

import type { HandOverView } from '../../core/explain/hand-over-view.js';
import type { IngressExplanation, MissingIngress, RouteView } from '../../core/explain/explain-ingress.js';
import { type Finding, quote, renderFinding, withoutControls } from '../../core/finding.js';
import { endpointsWords, holderWords, matchWords, referenceWords, ruleWords } from './words.js';

/** Lines for people, what matters most first. */
export function renderIngress(explanation: IngressExplanation): string[] {
  const { ingress, origin, owner, holder, handOver, routes, findings, status } = explanation;
  const lines = [
    `Ingress ${ingress}${origin === undefined ? '' : `  (${origin})`}`,
    line('asks for', referenceWords(explanation.reference)),
    line('decided', decisionWords(explanation)),
    ...(owner === undefined ? [] : [line('held by', holderWords(holder!))]),
    ...(handOver === undefined ? [] : [line('hand-over', handOverWords(handOver))]),
    ...block('routes', owner === undefined ? [] : routes.length === 0 ? ['none'] : routes.map(routeWords)),
    ...block('problems', findings.map((finding) => findingWords(finding, ingress))),
    line('status', status.map(({ ip, hostname }) => ip ?? hostname ?? '').join(', ') || 'no address'),
  ];
  return lines.map(withoutControls);
}

/** There is no such Ingress. */
export function renderMissing({ missing, suggestion }: MissingIngress): string[] {
  return [withoutControls(`Ingress ${missing} does not exist${suggestion === undefined ? '' : `; did you mean ${suggestion}?`}`)];
}

function decisionWords({ owner, rule, ingressClass, suggestion }: IngressExplanation): string {
  const controller = ingressClass === undefined ? '' : ` (its controller is ${quote(ingressClass.controller)})`;
  if (owner !== undefined) return `class ${owner} has it: ${ruleWords(rule)}${rule === 'field' ? controller : ''} [rule ${rule}]`;
  const hint = suggestion === undefined ? '' : `; did you mean ${quote(suggestion)}?`;
  return `NOBODY HERE: ${ruleWords(rule)}${rule === 'foreign-controller' || rule === 'foreign-class-of-that-name' ? controller : ''}${hint} [rule ${rule}]`;
}

function handOverWords({ from, to, phase, since, waitsFor }: HandOverView): string {
  const way = phase === 'shadow' ? `class ${to} serves it too` : `from ${from.length === 0 ? 'nobody' : from.join(' and ')} to ${to}`;
  const begun = `${phase}${since === undefined ? '' : ` since ${since}`}: ${way}; `;
  if (waitsFor.for === 'served') return `${begun}waits until all engines have it in class ${to}`;
  if (waitsFor.for === 'decision') return `${begun}waits for somebody who changes its class, or ends the shadow`;
  return begun + waitsFor.classes.map(({ class: name, graceMs, quietMs }) =>
    `class ${name} goes on until it gets no more requests${graceMs === undefined ? '' : ` for ${quietMs! / 1000} s, and for ${graceMs / 1000} s at least`}`).join('; ');
}

function routeWords({ host, path, pathType, state, match, rewrite, takenBy, endpoints }: RouteView): string {
  const where = host === undefined ? 'whatever nothing else takes' : `${host === '' ? 'any host' : host} ${path}`;
  const how = match === undefined || matchWords(match) === pathType ? pathType : `${pathType}, read as a ${matchWords(match)}`;
  if (state === 'taken') return `LOST  ${where} (${how}) to Ingress ${takenBy}, which is older`;
  if (state === 'refused') return `NOT SERVED  ${where} (${how}): see problems`;
  return `${where} (${how}) -> ${endpointsWords(endpoints!)}${rewrite === undefined ? '' : `, asked for ${rewrite}`}`;
}

function findingWords(finding: Finding, ingress: string): string {
  const words = renderFinding(finding).replace(`${finding.code} Ingress ${ingress}: `, `${finding.code} `);
  return `${finding.severity} ${words}`;
}

function line(name: string, words: string): string {
  return `  ${name.padEnd(9)} ${words}`;
}

function block(name: string, lines: readonly string[]): string[] {
  return lines.map((one, at) => line(at === 0 ? name : '', one));
}

// Why two listeners answer one request differently, as far as the objects tell: the route that has the request in each class, what
// the plan says of the Ingress, and for a foreign listener the annotations that its controller carries out and we do not.

import { explainRequest } from '../core/explain/explain-request.js';
import type { Decided } from '../core/explain/facts.js';
import { readRequestUrl } from '../core/explain/request-url.js';
import { visibleFindings } from '../core/explain/visible-findings.js';
import { usualPrefixes, writtenName } from '../core/annotations/annotation-name.js';
import type { CheckRequest } from './check-request.js';
import type { AnswerDifference } from './compare-answers.js';
import type { Difference } from './difference.js';
import { annotationsOfField } from './policy-annotations.js';

/** One of the two sides: a decision and the class whose listener was asked. */
export interface Side {
  decided: Decided;
  class: string;
}

export interface AnswerContext {
  /** Undefined: a controller that is not ours. */
  from: Side | undefined;
  to: Side;
  /** What the plan says of each Ingress, by key. */
  planned: ReadonlyMap<string, readonly Difference[]>;
}

/** Annotations that an answer's status, or header, may come from; fields of a policy, or names. */
const ofStatus: Readonly<Record<string, readonly string[]>> = {
  301: ['redirect', 'https'], 302: ['redirect', 'auth-signin', 'auth-url'], 308: ['https', 'redirect', 'from-to-www-redirect'],
  307: ['redirect'], 303: ['redirect'], 401: ['basic', 'auth-url'], 403: ['allow', 'deny', 'auth-tls-secret', 'enable-modsecurity'],
  400: ['auth-tls-secret', 'backend-protocol'], 404: ['rewrite-target', 'use-regex', 'custom-http-errors', 'default-backend', 'server-alias', 'server-snippet'],
  413: ['bodyBytes'], 429: ['limit-rps', 'limit-rpm', 'limit-connections'], 502: ['protocol', 'proxy-ssl-secret'],
  503: ['limit-rps', 'limit-rpm', 'limit-connections', 'auth-secret', 'allow'], 504: ['readSeconds'], 204: ['cors'],
};
const ofHeader: readonly [RegExp, readonly string[]][] = [
  [/^access-control-|^vary$/, ['cors']], [/^location$/, ['redirect', 'https', 'rewrite-target', 'proxy-redirect-from', 'app-root']],
  [/^set-cookie$/, ['affinity', 'proxy-cookie-domain', 'proxy-cookie-path']], [/^www-authenticate$/, ['basic']],
  [/./, ['custom-headers', 'configuration-snippet', 'server-snippet', 'connection-proxy-header', 'enable-opentelemetry']],
];

/** Sentences, the surest first; empty when the objects do not tell. */
export function explainAnswer(request: CheckRequest, difference: AnswerDifference, context: AnswerContext): string[] {
  const told = [...routeWords(request, context), ...plannedWords(request, difference, context), ...annotationWords(request, difference, context)];
  if (told.length === 0 && difference.header === 'strict-transport-security') told.push('ingress-nginx adds this header to https by itself (setting hsts of its ConfigMap); here nothing asks for it');
  return [...new Set(told)];
}

/** Where the request goes in each class, when that is not the same. */
function routeWords(request: CheckRequest, { from, to }: AnswerContext): string[] {
  const there = from === undefined ? undefined : takenBy(request, from);
  const here = takenBy(request, to);
  if (from === undefined) return here === undefined ? [`nothing takes it in class ${to.class}`] : [];
  if (there === here) return [];
  const words = (side: Side, taken: string | undefined): string => `${taken === undefined ? 'nothing takes it' : `${taken} has it`} in class ${side.class}`;
  return [`${words(from, there)}, ${words(to, here)}`];
}

function takenBy({ scheme, host, path }: CheckRequest, { decided, class: name }: Side): string | undefined {
  const asked = readRequestUrl(`${scheme}://${host}${path}`);
  if (typeof asked === 'string') return undefined;
  const { taken } = explainRequest(decided, asked, [name]);
  return taken === undefined ? undefined : `Ingress ${taken.ingress}, ${taken.path} (${taken.match}) -> ${taken.endpoints.service}`;
}

function ingressOf({ scheme, host, path, ingress }: CheckRequest, { to }: AnswerContext): string {
  const asked = readRequestUrl(`${scheme}://${host}${path}`);
  const taken = typeof asked === 'string' ? undefined : explainRequest(to.decided, asked, [to.class]).taken?.ingress;
  return taken ?? ingress;
}

function suspects({ what, header, from, to }: AnswerDifference): Set<string> {
  const fields = what === 'status' ? [...ofStatus[from] ?? [], ...ofStatus[to] ?? [], 'redirect', 'https']
    : what === 'header' ? ofHeader.filter(([name]) => name.test(header!)).flatMap(([, list]) => list)
      : what === 'body' || what === 'backend' ? ['canary', 'rewrite-target', 'use-regex', 'upstream-vhost', 'affinity', 'custom-http-errors', 'configuration-snippet'] : [];
  return new Set(fields.flatMap(annotationsOfField));
}

/** What the plan has said of the Ingress and this kind of answer. */
function plannedWords(request: CheckRequest, difference: AnswerDifference, context: AnswerContext): string[] {
  const names = suspects(difference);
  return (context.planned.get(ingressOf(request, context)) ?? [])
    .filter(({ about, of, what }) => (about === 'route' && of.startsWith(request.host) && [...names].some((name) => what.startsWith(`${name}:`)))
      || (about === 'certificate' && difference.what === 'certificate' && of === request.host))
    .map(({ of, what }) => `${of}: ${what}`);
}

/** Annotations of the Ingress that may be the reason: those that we do not carry out, else those that both do. */
function annotationWords(request: CheckRequest, difference: AnswerDifference, context: AnswerContext): string[] {
  if (context.from !== undefined) return [];
  const { decided, class: name } = context.to;
  const key = ingressOf(request, context);
  const prefixes = decided.claims.find((claim) => claim.class === name)?.annotationPrefixes ?? usualPrefixes;
  const written = Object.keys(decided.snapshot.ingresses.get(key)?.metadata.annotations ?? {})
    .flatMap((one) => writtenName(one, prefixes) ?? []);
  const names = suspects(difference);
  const mine = written.filter((one) => names.has(one));
  const notHere = visibleFindings(decided.findings, decided).filter(({ object, message }) => object === `Ingress ${key}` && mine.some((one) => message.startsWith(`annotation ${one}`)));
  if (notHere.length > 0) return notHere.map(({ code, message }) => `${code} Ingress ${key}: ${message}`);
  return mine.length === 0 ? [] : [`Ingress ${key} has ${mine.map((one) => `annotation ${one}`).join(', ')}, which is carried out here`];
}

// The explanation of a request in words: the answer first, then the steps that lead to it.

import omit from 'lodash/omit.js';
import type { Candidate } from '../../core/explain/candidates.js';
import type { CertificateView } from '../../core/explain/certificate-view.js';
import type { RequestExplanation, SearchStep, TakenRequest } from '../../core/explain/explain-request.js';
import { withoutControls } from '../../core/finding.js';
import { canaryWords, policyWords } from './policy-words.js';
import { count, endpointsWords, matchWords, ruleWords } from './words.js';

/** Lines for people. `claim` says how the Ingress that has the request came to its class. */
export function renderRequest(explanation: RequestExplanation, claim: string): string[] {
  const { taken, steps, certificate, request, neighbours } = explanation;
  const lines = [
    ...steps.map((step) => stepWords(step, explanation)),
    ...(claim === '' ? [] : [`class: ${claim}`]),
    ...(taken === undefined ? missWords(explanation) : taken.passed ? [PASSED] : [...(taken.policy === undefined ? [] : policyWords(request.scheme === 'https' ? omit(taken.policy, 'https') : taken.policy)), sentWords(taken, request.sentPath), ...(taken.canary === undefined ? [] : [canaryWords(taken.canary)])]),
    ...(certificate === undefined ? [] : [certificateWords(certificate)]),
    ...(neighbours.otherClasses.length === 0 ? [] : [`the host is also served by ${neighbours.otherClasses.map((name) => `class ${name}`).join(' and ')}, on listeners of their own`]),
  ];
  return [headline(explanation), ...lines.map((line, at) => `  ${at + 1}. ${line}`)].map(withoutControls);
}

const PASSED = 'its connection goes there with its TLS (ssl-passthrough): certificate and answer are the backend\'s, other paths and annotations do not count';

function headline({ listener, taken, status, request }: RequestExplanation): string {
  const answer = status === undefined ? '' : `${status}  `;
  if (taken === undefined) return `${answer}${listener.join(', ')} -> ${request.path === undefined ? 'the path has no normal form' : 'nothing takes it'}`;
  return `${answer}${taken.class} -> Ingress ${taken.ingress}, ${placeWords(taken.hostMatch, taken.host)} ${taken.path} (${matchWords(taken.match)}) -> ${endpointsWords(taken.endpoints)}`;
}

function placeWords(hostMatch: SearchStep['hostMatch'], host: string): string {
  if (hostMatch === 'default-backend') return 'default backend';
  return hostMatch === 'any-host' ? 'any host' : host;
}

const hostMatchWords = { exact: 'the host itself', wildcard: 'a wildcard', 'any-host': 'rules without a host', 'default-backend': 'the default backend' } as const;

function stepWords(step: SearchStep, { listener, request }: RequestExplanation): string {
  const where = `${hostMatchWords[step.hostMatch]}${step.host === '' ? '' : ` ${step.host}`}${listener.length > 1 ? ` in class ${step.class}` : ''}`;
  if (step.found === 'nothing') return `${where}: not there`;
  const others = step.others === undefined || step.others === 0 ? '' : `; ${count(step.others, 'other path')} there`;
  const list = step.list ?? [];
  if (step.found === 'undecidable') return `${where}: a pattern cannot be evaluated for ${request.path}`;
  if (step.found === 'no-path') return `${where}: there, but no path fits ${request.path}${misses(list)}${others}`;
  return `${where}: ${whyWords(step, list)}${misses(list.filter(({ fits }) => !fits))}${others}`;
}

function whyWords({ why }: SearchStep, list: readonly Candidate[]): string {
  const fitting = list.filter(({ fits }) => fits);
  const [winner, second] = fitting as [Candidate, Candidate | undefined];
  if (why === 'only') return `${pathWords(winner)} is the only path that fits`;
  if (why === 'first-pattern') return `pattern ${winner.path} is the first that matches, in order of length`;
  if (why === 'exact') return `${pathWords(winner)} comes before ${pathWords(second!)}: Exact before Prefix`;
  if (why === 'longest-prefix') return `${pathWords(winner)} comes before ${pathWords(second!)}: the longest wins`;
  return `${pathWords(winner)} comes before ${pathWords(second!)}: elements before plain text of the same length`;
}

const missWordsOf = {
  'element-boundary': 'ends inside an element', 'trailing-slash': 'differs in the trailing slash', case: 'differs in upper and lower case',
  pattern: 'does not match',
} as const;

function misses(list: readonly Candidate[]): string {
  return list.filter(({ nearMiss }) => nearMiss !== undefined).map((one) => `; ${pathWords(one)} of ${one.ingress} ${missWordsOf[one.nearMiss!]}`).join('');
}

function pathWords({ match, path }: Pick<Candidate, 'match' | 'path'>): string {
  return `${path} (${matchWords(match)})`;
}

function sentWords({ rewrite, sentPath, capturesMayDiffer }: TakenRequest, asSent: string): string {
  if (sentPath === undefined) return `rewrite ${rewrite}: gives no path that could be sent on, so the request is refused`;
  const doubt = capturesMayDiffer ? ' (nginx may capture something else: the pattern captures inside a repetition)' : '';
  if (rewrite !== undefined) return `sent on as ${sentPath}, by rewrite-target ${rewrite}${doubt}`;
  return sentPath === asSent ? 'sent on as it comes' : `sent on as ${sentPath}: the normal form of the path`;
}

function missWords({ request, listener, neighbours }: RequestExplanation): string[] {
  const lines: string[] = [];
  if (request.path === undefined) lines.push(`path ${request.sentPath} has no normal form: a broken escape, or dot segments that lead above the root`);
  else if (neighbours.similarHost !== undefined) lines.push(`nearest host of ${listener.join(', ')}: ${neighbours.similarHost}`);
  for (const { ingress, rule } of neighbours.unserved.slice(0, 5)) lines.push(`Ingress ${ingress} names the host, but nobody here serves it: ${ruleWords(rule)}`);
  return lines;
}

function certificateWords({ serverName, served }: CertificateView): string {
  if (served === undefined) return `certificate for ${serverName}: none; nginx shows the listener's self-signed one`;
  const { secret, names, endsAt, daysLeft = 0, ingress } = served;
  const until = endsAt === undefined ? '' : `, valid until ${new Date(endsAt).toISOString().slice(0, 10)}${daysLeft < 30 ? ` (${count(daysLeft, 'day')} left)` : ''}`;
  return `certificate for ${serverName}: Secret ${secret} of Ingress ${ingress} (${names.slice(0, 5).join(', ')}${until})`;
}

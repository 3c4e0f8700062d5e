// The report of verify: as data, and in words.

import { withoutControls } from '../../core/finding.js';
import type { AnswerDifference } from '../../migration/compare-answers.js';
import { explainAnswer } from '../../migration/explain-answer.js';
import type { LogReading } from '../../migration/read-access-log.js';
import { type AnnotationDifference, summarizeDifferences } from '../../migration/summarize-differences.js';
import { type DifferenceGroup, type VerifyResult, groupDifferences } from '../../migration/verify.js';
import { renderTable } from '../classes/render-table.js';
import { count } from '../explain/words.js';
import type { VerifySides } from './verify-sides.js';

export interface VerifyReport {
  checked: number;
  same: number;
  different: number;
  skipped: number;
  leftOut: number;
  unanswered: number;
  /** Requests whose body is another one in every answer. */
  changing: number;
  log?: Pick<LogReading, 'lines' | 'skipped'>;
  requests: { method: string; url: string; ingress: string; why: string; headers: Readonly<Record<string, string>>; differences: (AnswerDifference & { because: string[] })[] }[];
  groups: DifferenceGroup[];
  /** Only against another controller: what is not done here as it does it, annotation by annotation. */
  annotations?: AnnotationDifference[];
}

/** The report, each difference with its reasons. */
export function buildReport(result: VerifyResult, sides: VerifySides, { leftOut, log }: { leftOut: number; log?: LogReading }): VerifyReport {
  const { checked, skipped, unanswered, changing, different } = result;
  return {
    checked, same: checked - different.length - unanswered, different: different.length, skipped, leftOut, unanswered, changing,
    ...(log && { log: { lines: log.lines, skipped: log.skipped } }),
    requests: different.map(({ request, differences }) => {
      const context = sides.contextOf(request.ingress);
      const { method, scheme, host, path, ingress, why, headers } = request;
      return {
        method, url: `${scheme}://${host}${path}`, ingress, why, headers,
        differences: differences.map((one) => ({ ...one, because: context === undefined ? [] : explainAnswer(request, one, context) })),
      };
    }),
    groups: groupDifferences(different),
    ...(sides.foreign && { annotations: summarizeDifferences(sides.now, sides.keys) }),
  };
}

/** Lines for people: each request that differs, then the sums. */
export function renderReport(report: VerifyReport): string[] {
  const { checked, same, different, skipped, unanswered, changing, requests, groups, annotations = [] } = report;
  const rows = annotations.map(({ annotation, code, ingresses, what }) => [annotation, code, String(ingresses.length), what]);
  const lines = [
    ...requests.flatMap(requestLines),
    ...(requests.length > 1 ? ['in sum', ...groups.map(({ what, header, from, to, count: times, example }) => `  ${times} x ${differenceWords({ what, from, to, ...(header !== undefined && { header }) })}, as ${example}`)] : []),
    ...(rows.length === 0 ? [] : ['by annotation, what is done otherwise here', ...renderTable(['ANNOTATION', 'CODE', 'INGRESSES', 'WHAT'], rows).map((line) => `  ${line}`)]),
    `${count(checked, 'request')} compared: ${same} the same, ${different} different${note(unanswered, 'not answered by either')}${note(changing, 'with a body that changes by itself')}${note(skipped, 'not put, for want of an address for their scheme')}`,
  ];
  return lines.map(withoutControls);
}

function requestLines({ method, url, ingress, headers, differences }: VerifyReport['requests'][number]): string[] {
  const origin = headers['origin'] === undefined ? '' : ` (Origin ${headers['origin']})`;
  return [
    `${method} ${url}${origin}${ingress === '' ? '' : `  [${ingress}]`}`,
    ...differences.flatMap((one) => [`  ${differenceWords(one)}`, ...one.because.map((sentence) => `    because ${sentence}`)]),
  ];
}

function differenceWords({ what, header, from, to }: AnswerDifference): string {
  return `${what}${header === undefined ? '' : ` ${header}`}: ${from} -> ${to}`;
}

function note(number: number, what: string): string {
  return number === 0 ? '' : `, ${number} ${what}`;
}

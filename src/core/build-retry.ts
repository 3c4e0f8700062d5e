// How bodies pass and when a request is tried again, as annotations ask for it. Both choose among the lanes of nginx.

import { bufferSteps, flowLane, mostTriesByStatus } from '../route-table/lanes.js';
import type { Flow, Retry } from '../route-table/types.js';
import type { AnnotationValues } from './annotations/registry.js';
import { type Finding, finding } from './finding.js';

const retryNames = ['proxy-next-upstream', 'proxy-next-upstream-tries', 'proxy-next-upstream-timeout'] as const;
const mostTries = 10;
const mostKilobytes = bufferSteps[bufferSteps.length - 1]!;

/** Buffers and streams; only what differs from nginx.conf, undefined when nothing does. */
export function flowOf(values: AnnotationValues): Flow | undefined {
  const kilobytes = Math.min(Math.ceil((values['proxy-buffer-size'] ?? 0) / 1024), mostKilobytes);
  const buffered = values['proxy-buffering'] === 'on' || (values['limit-rate'] ?? 0) > 0;
  const buffers = values['proxy-buffers-number'];
  const flow: Flow = {
    ...(buffered ? { answers: 'buffered' } : {}),
    ...(values['proxy-request-buffering'] === 'off' ? { requests: 'streamed' } : {}),
    ...(kilobytes > 4 ? { kilobytes } : {}),
    ...(buffered && buffers !== undefined ? { buffers } : {}),
  };
  return Object.keys(flow).length === 0 ? undefined : flow;
}

/** Further tries; undefined when nothing is said of them. */
export function retryOf(values: AnnotationValues): Retry | undefined {
  if (retryNames.every((name) => values[name] === undefined)) return undefined;
  const words = values['proxy-next-upstream'] ?? ['error', 'timeout'];
  const wanted = values['proxy-next-upstream-tries'] ?? 3;
  const seconds = values['proxy-next-upstream-timeout'] ?? 0;
  if (words.includes('off')) return { error: false, timeout: false, statuses: [], repeat: false, tries: 1, seconds };
  const statuses = words.flatMap((word) => (word.startsWith('http_') ? [Number(word.slice('http_'.length))] : [])).sort();
  const most = mostOf(words);
  return {
    error: words.includes('error'), timeout: words.includes('timeout'), ...(words.includes('invalid_header') ? { invalid: true } : {}), statuses,
    repeat: words.includes('non_idempotent'), tries: wanted === 0 ? most : Math.min(wanted, most), seconds,
  };
}

function mostOf(words: readonly string[]): number {
  return words.some((word) => word.startsWith('http_')) ? mostTriesByStatus : mostTries;
}

/** What is asked for and cut down to what there is. `object` names the Ingress. */
export function cutFindings(values: AnnotationValues, object: string): Finding[] {
  const words = values['proxy-next-upstream'] ?? [];
  const most = mostOf(words);
  const asked = values['proxy-next-upstream-tries'] ?? most;
  // Without end is more, too; where there may be ten it is as good as that.
  const tries = asked === 0 && most < mostTries ? Infinity : asked;
  const size = values['proxy-buffer-size'] ?? 0;
  return [
    ...(tries > most && !words.includes('off') ? [finding('unsupported-annotation', object, `annotation proxy-next-upstream-tries: a request is tried ${most} times at most${most === mostTries ? '' : ' where proxy-next-upstream names a status'}, not ${tries === Infinity ? 'without end' : tries}`)] : []),
    ...(size > mostKilobytes * 1024 ? [finding('unsupported-annotation', object, `annotation proxy-buffer-size: a buffer has ${mostKilobytes}k at most; answers with larger headers are a 502`)] : []),
    ...fewerBuffers(values, object),
  ];
}

/** Buffers count where answers are buffered. */
function fewerBuffers(values: AnnotationValues, object: string): Finding[] {
  const { answers, kilobytes = 4, buffers = 4 } = flowOf(values) ?? {};
  const lane = flowLane(true, kilobytes, buffers);
  if (answers === undefined || lane.number >= buffers) return [];
  return [finding('unsupported-annotation', object, `annotation proxy-buffers-number: a request has ${lane.number} buffers of ${lane.kilobytes}k at most, not ${buffers}`)];
}

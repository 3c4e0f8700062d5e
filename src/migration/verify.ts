// Puts requests to two listeners and says where the answers differ. What differs is asked again before it counts: several pods
// answer in turn, and some bodies are new each time. Bounded in rate and number.

import { type AnswerDifference, type ComparisonOptions, compareAnswers, differenceKey } from './compare-answers.js';
import type { CheckRequest, Outcome } from './check-request.js';
import type { ListenerAddress } from './send-request.js';

export interface VerifyOptions extends ComparisonOptions {
  from: ListenerAddress;
  to: ListenerAddress;
  /** Pairs of requests in a second, those that are asked again included. */
  perSecond: number;
  /** Pairs at the same time. */
  atOnce: number;
  send(request: CheckRequest, address: { host: string; port: number }): Promise<Outcome>;
  sleep(ms: number): Promise<void>;
  /** Monotonic, in ms. */
  now(): number;
  onChecked?(request: CheckRequest): void;
}

export interface CheckedRequest {
  request: CheckRequest;
  differences: AnswerDifference[];
  /** The body is another one in every answer, also of one side: it was not compared. */
  changing: boolean;
}

export interface VerifyResult {
  checked: number;
  /** Requests of a scheme for which an address is missing. */
  skipped: number;
  /** Requests that neither side answered. */
  unanswered: number;
  changing: number;
  /** Those with differences, in the order of the requests. */
  different: CheckedRequest[];
}

const timesAsked = 4;

/** Asks all requests. */
export async function verifyRequests(requests: readonly CheckRequest[], options: VerifyOptions): Promise<VerifyResult> {
  const askable = requests.filter(({ scheme }) => options.from[scheme] !== undefined && options.to[scheme] !== undefined);
  const results = new Array<CheckedRequest & { answered: boolean }>(askable.length);
  const turn = pacer(options);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < askable.length) {
      const at = next++;
      results[at] = await checkRequest(askable[at]!, options, turn);
      options.onChecked?.(askable[at]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.atOnce, askable.length) }, worker));
  return {
    checked: askable.length, skipped: requests.length - askable.length,
    unanswered: results.filter(({ answered }) => !answered).length, changing: results.filter(({ changing }) => changing).length,
    different: results.filter(({ differences }) => differences.length > 0).map(({ request, differences, changing }) => ({ request, differences, changing })),
  };
}

/** Lets one pair through each 1/perSecond seconds. */
function pacer({ perSecond, sleep, now }: VerifyOptions): () => Promise<void> {
  let free = now();
  return async () => {
    const at = Math.max(free, now());
    free = at + 1000 / perSecond;
    if (at > now()) await sleep(at - now());
  };
}

type Pair = [Outcome, Outcome];

async function checkRequest(request: CheckRequest, options: VerifyOptions, turn: () => Promise<void>): Promise<CheckedRequest & { answered: boolean }> {
  const pairs: Pair[] = [];
  let standing: AnswerDifference[] = [];
  for (let round = 0; round < timesAsked; round += 1) {
    await turn();
    pairs.push(await Promise.all([options.send(request, options.from[request.scheme]!), options.send(request, options.to[request.scheme]!)]));
    standing = standingDifferences(pairs, options);
    if (standing.length === 0) break;
  }
  const changing = standing.some(({ what }) => what === 'body') && isChanging(pairs);
  const [first] = pairs as [Pair];
  return {
    request, changing, differences: changing ? standing.filter(({ what }) => what !== 'body') : standing,
    answered: !('failed' in first[0] && 'failed' in first[1]),
  };
}

/** Differences of the first pair that every other pairing of the answers has too: about the same thing, whatever was said. */
function standingDifferences(pairs: readonly Pair[], options: ComparisonOptions): AnswerDifference[] {
  const crossed = pairs.flatMap(([from]) => pairs.map(([, to]) => compareAnswers(from, to, options)));
  const [first = []] = crossed;
  return first.filter((one) => crossed.every((other) => other.some((another) => isAbout(one, another))));
}

function isAbout(a: AnswerDifference, b: AnswerDifference): boolean {
  return a.what === b.what && a.header === b.header;
}

/** One side never says the same twice. */
function isChanging(pairs: readonly Pair[]): boolean {
  return [0, 1].some((side) => {
    const hashes = pairs.map((pair) => pair[side as 0 | 1]).map((one) => ('failed' in one ? '' : one.bodyHash));
    return new Set(hashes).size === hashes.length;
  });
}

export interface DifferenceGroup extends AnswerDifference {
  count: number;
  /** Of the Ingresses that they were made for. */
  ingresses: string[];
  /** One of the requests, as a person would write it. */
  example: string;
}

/** The same difference of many requests as one line: the most frequent first. */
export function groupDifferences(different: readonly CheckedRequest[]): DifferenceGroup[] {
  const groups = new Map<string, DifferenceGroup>();
  for (const { request: { method, scheme, host, path, ingress }, differences } of different) {
    for (const one of differences) {
      const key = one.what === 'body' ? 'body' : differenceKey(one);
      const group = groups.get(key) ?? { ...one, count: 0, ingresses: [], example: `${method} ${scheme}://${host}${path}` };
      group.count += 1;
      if (ingress !== '' && !group.ingresses.includes(ingress)) group.ingresses.push(ingress);
      groups.set(key, group);
    }
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

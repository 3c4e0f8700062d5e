// The lanes: named locations of nginx that differ in what nginx can't vary from request to request (buffers, which answers are
// taken back). Both planes name them here. A request that asks for nothing of the kind takes none.

import type { Policy, Retry } from './types.js';

/** Sizes of a buffer in KiB, and how many of them. A wish is met by the next larger one. */
export const bufferSteps: readonly number[] = [4, 8, 16, 32, 64, 128];
export const numberSteps: readonly number[] = [4, 8, 16];

/** Buffers of one request, in KiB: more is not given. */
const MOST_BUFFERED = 1024;

/** Statuses that nginx can take back by itself, to ask another endpoint or the default backend: each set of them has a lane. */
export const takenBack: readonly number[] = [403, 404, 429, 500, 502, 503, 504];

/** Tries by way of a lane that takes answers back: beyond, nginx would end a request that goes from location to location. */
export const mostTriesByStatus = 3;

/** The lane of all other sets, and of FastCGI. Its requests go by way of the relay (data-plane/relay), which marks what is to be taken back. */
export const relayLane = '@relayed';

/** What the relay marks an answer with, in place of its status, which it tells in a header. No status of HTTP. */
export const relayMark = 398;

/** The buffers of a lane, in KiB. */
export interface FlowLane {
  name: string;
  buffered: boolean;
  kilobytes: number;
  number: number;
}

/** A lane whose answers are buffered or not, with at least so many KiB a buffer, as far as there are such. */
export function flowLane(buffered: boolean, kilobytes: number, number: number): FlowLane {
  const size = stepFor(bufferSteps, kilobytes);
  if (!buffered) return { name: '@flow_off_' + shown(size) + 'k', buffered, kilobytes: size, number: 4 };
  let count = stepFor(numberSteps, number);
  while (count * size > MOST_BUFFERED) count = count / 2;
  return { name: '@flow_on_' + shown(size) + 'k_' + shown(count), buffered, kilobytes: size, number: count };
}

/** The lane that takes back answers with any of these; undefined when none of them can be. */
export function statusLane(statuses: readonly number[], more: readonly number[] = []): string | undefined {
  let name = '@status';
  for (const status of takenBack) {
    if (includes(statuses, status) || includes(more, status)) name = name + '_' + shown(status);
  }
  return name === '@status' ? undefined : name;
}

/** The lane of a policy's requests. `last`: there is no further endpoint to ask. Undefined: none is needed. */
export function laneOf({ flow, retry, errors, protocol }: Policy, last: boolean): string | undefined {
  if (protocol === 'fcgi') return relayLane;
  const again = retry === undefined || last ? [] : retry.statuses;
  const byStatus = errors === undefined ? statusLane(again) : needsRelay(errors.statuses) ? relayLane : statusLane(again, errors.statuses);
  if (byStatus !== undefined) return byStatus;
  if (flow !== undefined) return flowLane(flow.answers !== undefined, flow.kilobytes ?? 4, flow.buffers ?? 4).name;
  return retry !== undefined && goesFurther(retry) ? flowLane(false, 4, 4).name : undefined;
}

/** Whether there are statuses among these that nginx can't take back by itself. */
function needsRelay(statuses: number[]): boolean {
  for (const status of statuses) {
    if (!includes(takenBack, status)) return true;
  }
  return false;
}

/** Whether requests are repeated after what nginx by itself repeats none. */
function goesFurther({ repeat, invalid }: Retry): boolean {
  return repeat || invalid === true;
}

function stepFor(steps: readonly number[], wanted: number): number {
  for (const step of steps) {
    if (step >= wanted) return step;
  }
  return steps[steps.length - 1]!;
}

function includes(list: readonly number[], wanted: number): boolean {
  for (const one of list) {
    if (one === wanted) return true;
  }
  return false;
}

/** A whole number as text, in both languages. */
function shown(value: number): string {
  return `${value}`;
}

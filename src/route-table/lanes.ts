// The lanes: named locations of nginx that differ in what nginx can't vary from request to request (buffers, which answers are
// taken back). Both planes name them here. A request that asks for nothing of the kind takes none.

import type { Policy, Retry } from './types.js';

/** Sizes of a buffer in KiB, and how many of them. A wish is met by the next larger one. */
export const bufferSteps: readonly number[] = [4, 8, 16, 32, 64, 128];
export const numberSteps: readonly number[] = [4, 8, 16];

/** Buffers of one request, in KiB: more is not given. */
const MOST_BUFFERED = 1024;

/** Statuses that can be taken back, to ask another endpoint or the default backend. */
export const takenBack: readonly number[] = [403, 404, 429, 500, 502, 503, 504];

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

/** The lane that takes back answers with these statuses; undefined when none of them can be. */
export function statusLane(statuses: number[]): string | undefined {
  let name = '@status';
  for (const status of takenBack) {
    if (includes(statuses, status)) name = name + '_' + shown(status);
  }
  return name === '@status' ? undefined : name;
}

/** The lane of a policy's requests. `last`: there is no further endpoint to ask. Undefined: none is needed. */
export function laneOf({ flow, retry, errors }: Policy, last: boolean): string | undefined {
  const statuses: number[] = [];
  if (retry !== undefined && !last) for (const status of retry.statuses) statuses.push(status);
  if (errors !== undefined) for (const status of errors.statuses) statuses.push(status);
  const byStatus = statusLane(statuses);
  if (byStatus !== undefined) return byStatus;
  if (flow !== undefined) return flowLane(flow.answers !== undefined, flow.kilobytes ?? 4, flow.buffers ?? 4).name;
  return retry !== undefined && goesFurther(retry) ? flowLane(false, 4, 4).name : undefined;
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

function includes(list: number[], wanted: number): boolean {
  for (const one of list) {
    if (one === wanted) return true;
  }
  return false;
}

/** A whole number as text, in both languages. */
function shown(value: number): string {
  return `${value}`;
}

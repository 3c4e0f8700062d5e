// Bounds of bodies whose length nobody tells. nginx has one for each location (engine/nginx-listener), and the data plane chooses.

import type { Policy } from './types.js';

/** Each unit's bytes, and how many of them: powers of two, and what people write besides. */
const units = [
  { unit: 'k', bytes: 1024, numbers: [64, 128, 256, 512] },
  { unit: 'm', bytes: 1024 * 1024, numbers: [1, 2, 4, 8, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 500, 512] },
  { unit: 'g', bytes: 1024 * 1024 * 1024, numbers: [1, 2, 4, 8, 10, 16, 32, 64] },
];

/** From the smallest on. */
export const bodyBounds: { name: string; bytes: number }[] = [];
for (const { unit, bytes, numbers } of units) {
  for (const number of numbers) bodyBounds.push({ name: `${number}` + unit, bytes: number * bytes });
}

/** The location that ends a body at `limit` bytes or somewhat more; undefined without limit, as which counts what is above the last. */
export function boundedLocation(limit: number): string | undefined {
  if (limit === 0) return undefined;
  for (const { name, bytes } of bodyBounds) {
    if (limit <= bytes) return '@body_' + name;
  }
  return undefined;
}

/** Headers of answers to requests that are streamed under a bound: buffers of these locations, in KiB. */
export const boundedKilobytes = 32;

/** Whether such a body goes on as it comes: where it is ended at the very limit, and nothing else is asked of the way that takes a lane. */
export function streamsUnder(limit: number, { flow, retry, errors, protocol }: Policy): boolean {
  if (flow === undefined || flow.requests === undefined || flow.answers !== undefined || (flow.kilobytes ?? 0) > boundedKilobytes) return false;
  if (errors !== undefined || protocol === 'fcgi' || (retry !== undefined && retry.statuses.length > 0)) return false;
  for (const { bytes } of bodyBounds) {
    if (bytes === limit) return true;
  }
  return false;
}

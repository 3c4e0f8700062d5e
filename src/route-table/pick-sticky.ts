// Chooses the endpoint of a client by its key, so that nearly all clients stay where they are when endpoints come and go.
// Rendezvous hashing: each endpoint scores each key, the highest has it. Products stay below 2^53, where both runtimes agree.

import { byteAt } from './text.js';

/** A prime whose square both runtimes can hold exactly. */
const PRIME = 67108859;

/** An endpoint as far as the choice goes. */
export interface Scored {
  /** hashText of what names the endpoint. */
  hash: number;
}

/** An endpoint that may be passed over: until then, in seconds since the epoch. */
export interface Passable extends Scored {
  until: number;
}

/** What `addText` begins with. */
export const emptyHash = 5381;

/** A number from 0 to PRIME - 1 for a text. */
export function hashText(text: string): number {
  return endHash(addText(emptyHash, text));
}

/** Goes on with a text that comes in pieces, without putting them together. */
export function addText(hash: number, text: string): number {
  let sum = hash;
  for (let at = 0; at < text.length; at++) sum = (sum * 33 + byteAt(text, at)) % PRIME;
  return sum;
}

export function endHash(hash: number): number {
  return mix(hash);
}

/** Place of the endpoint for a key's hash; 0 for no endpoints. */
export function pickSticky(endpoints: Scored[], key: number): number {
  let best = 0;
  let highest = -1;
  for (let at = 0; at < endpoints.length; at++) {
    const score = mix((key + endpoints[at]!.hash) % PRIME);
    if (score > highest) {
      highest = score;
      best = at;
    }
  }
  return best;
}

/** How many endpoints are not passed over at `now`. */
export function countSound(endpoints: Passable[], now: number): number {
  let count = 0;
  for (const { until } of endpoints) if (until <= now) count = count + 1;
  return count;
}

/**
 * Place of the endpoint that is number `rank` (from 0) in the order of the key's scores, the highest first, among those that
 * are not passed over at `now`. When there are not so many, the last of them; 0 for none. Who is passed over leaves its keys to
 * all others, each to the one that comes next for it.
 */
export function pickRanked(endpoints: Passable[], key: number, rank: number, now: number): number {
  let chosen = -1;
  let below = PRIME;
  for (let round = 0; round <= rank; round++) {
    let best = -1;
    let highest = -1;
    for (let at = 0; at < endpoints.length; at++) {
      const score = endpoints[at]!.until > now ? -1 : mix((key + endpoints[at]!.hash) % PRIME);
      if (score > highest && (score < below || (score === below && at > chosen))) {
        highest = score;
        best = at;
      }
    }
    if (best < 0) break;
    chosen = best;
    below = highest;
  }
  return chosen < 0 ? 0 : chosen;
}

/** Not linear: with a linear one neighbours in the ring of hashes would share their clients unevenly. */
function mix(value: number): number {
  const once = (value * value + 12345) % PRIME;
  return (once * (once % 65521) + value + 1) % PRIME;
}

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

/** A number from 0 to PRIME - 1 for a text. */
export function hashText(text: string): number {
  let hash = 5381;
  for (let at = 0; at < text.length; at++) hash = (hash * 33 + byteAt(text, at)) % PRIME;
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

/** Not linear: with a linear one neighbours in the ring of hashes would share their clients unevenly. */
function mix(value: number): number {
  const once = (value * value + 12345) % PRIME;
  return (once * (once % 65521) + value + 1) % PRIME;
}

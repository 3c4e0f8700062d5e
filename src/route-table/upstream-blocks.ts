// The upstream blocks of nginx.conf, over which endpoints are spread: how many of each protocol, and their names. Rendered by
// the engine, chosen by the data plane.

import { cut } from './text.js';

/** A kept connection speaks one protocol, so each protocol has blocks of its own. */
export const upstreamBlocks = { shard: 64, https: 16, grpc: 8, grpcs: 8 };

export type UpstreamFamily = keyof typeof upstreamBlocks;

/** All blocks together. */
export const allUpstreamBlocks = upstreamBlocks.shard + upstreamBlocks.https + upstreamBlocks.grpc + upstreamBlocks.grpcs;

/** First letters of names, and the length of the shortest ones. */
const LETTERS = 'abcdefghijkl';
const SHORTEST = 4;

/**
 * Name of a block. nginx looks through all blocks for each request and compares the names of those that are as long as the one
 * it looks for (ngx_http_upstream_init_request): so there are eight lengths, and names of one length differ in their first letter.
 */
export function upstreamName(family: UpstreamFamily, at: number): string {
  const place = placeOf(family) + at;
  const letter = place % LETTERS.length;
  let name = cut(LETTERS, letter, letter + 1) + '_ia';
  const length = SHORTEST + (place - letter) / LETTERS.length;
  while (name.length < length) name = name + '_';
  return name;
}

function placeOf(family: UpstreamFamily): number {
  if (family === 'shard') return 0;
  if (family === 'https') return upstreamBlocks.shard;
  if (family === 'grpc') return upstreamBlocks.shard + upstreamBlocks.https;
  return upstreamBlocks.shard + upstreamBlocks.https + upstreamBlocks.grpc;
}

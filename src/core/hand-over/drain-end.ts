// When a class has nothing to do any more for an Ingress that has left it, as far as time alone decides it.

import type { ArbiterState } from '../arbiter-state.js';
import { type HandOverMemory, factKey } from './memory.js';

/** A class (`name`) that an Ingress (`key`) leaves. */
export interface Draining {
  key: string;
  name: string;
  memory: HandOverMemory;
}

/** When a class has drained, at the earliest, in ms since the epoch; undefined: there are requests, or nobody can tell. */
export function drainEnd({ claims, memory: { traffic } }: Pick<ArbiterState, 'claims' | 'memory'>, { key, name, memory: { drainsSince } }: Draining): number | undefined {
  const fact = traffic.get(factKey(name, key));
  const settings = claims.find((claim) => claim.class === name)?.settings;
  if (settings === undefined || drainsSince === undefined || fact === undefined || 'unknown' in fact || !fact.quiet) return undefined;
  return drainsSince + settings.handOverGraceMs;
}

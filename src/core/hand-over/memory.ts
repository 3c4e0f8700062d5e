// What the arbiter has to remember of hand-overs beside the objects: what left a class and is not recorded yet, since when
// something lasts, and what it was told of engines.

import type { HandOverPhase } from './record.js';

/** Whether all live engines have the entries of one Ingress in the table of one class. */
export type ServedFact =
  /** Since when; ms since the epoch. */
  | { since: number }
  /** Why not, in words. */
  | { waiting: string };

/** What is known of the requests for one Ingress in one class, over all live engines. */
export type TrafficFact =
  /** Whether there was none for as long as was asked for, until the engines last told. */
  | { quiet: boolean }
  /** Why nobody can tell, in words. */
  | { unknown: string };

/** One hand-over as it was seen here. Times in ms since the epoch. */
export interface HandOverMemory {
  /** Classes that served the Ingress here and that no record names yet. */
  left: readonly string[];
  phase: HandOverPhase;
  /** Of the phase. */
  since: number;
  /** Since when nothing but requests keeps a class: the record says so, and the status no longer shows its address. */
  drainsSince?: number;
  /** The step that is to be written, and since when. */
  step?: { name: string; since: number };
}

export interface HandOverMemories {
  /** By `namespace/name`. */
  handOvers: Map<string, HandOverMemory>;
  /** By `<class> <namespace>/<name>`. */
  served: Map<string, ServedFact>;
  traffic: Map<string, TrafficFact>;
}

export function emptyHandOverMemories(): HandOverMemories {
  return { handOvers: new Map(), served: new Map(), traffic: new Map() };
}

export function factKey(className: string, ingress: string): string {
  return `${className} ${ingress}`;
}

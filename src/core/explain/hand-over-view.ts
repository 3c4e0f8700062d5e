// How far the hand-over of an Ingress is, read from its record alone, and what it waits for next. Why it does not get on, where
// the objects tell, is a finding beside it.

import type { HandOverPhase, HandOverRecord } from '../hand-over/record.js';
import { readClassSettings } from '../read-class-settings.js';
import type { Decided } from './facts.js';

export interface HandOverView extends HandOverRecord {
  phase: HandOverPhase;
  /** When this phase began, RFC 3339; undefined: the record does not say. */
  since?: string;
  waitsFor: HandOverWait;
}

export type HandOverWait =
  /** The class `to` has to serve it on all engines; then, unless it is a shadow, its controller writes the status. */
  | { for: 'served' }
  /** A shadow that is served: somebody has to change the class, or end it. */
  | { for: 'decision' }
  /** Each class of `from` has to be without requests; its settings, where its claim is known. Milliseconds. */
  | { for: 'quiet'; classes: { class: string; graceMs?: number; quietMs?: number }[] };

/** Undefined when there is no record that can be read; one that can't be is a finding. */
export function handOverView({ claims, snapshot, handOvers }: Pick<Decided, 'claims' | 'snapshot' | 'handOvers'>, key: string): HandOverView | undefined {
  const view = handOvers.get(key);
  if (view?.written !== true) return undefined;
  const { record, phase } = view;
  const since = phase === 'draining' ? record.movedAt : phase === 'starting' ? record.startedAt : record.servedAt ?? record.startedAt;
  return { ...record, phase, ...(since !== undefined && { since }), waitsFor: waitOf(record, phase, { claims, snapshot }) };
}

function waitOf({ from, servedAt }: HandOverRecord, phase: HandOverPhase, { claims, snapshot }: Pick<Decided, 'claims' | 'snapshot'>): HandOverWait {
  if (phase === 'shadow' && servedAt !== undefined) return { for: 'decision' };
  if (phase !== 'draining') return { for: 'served' };
  return { for: 'quiet', classes: from.map((name) => {
    const claim = claims.find((one) => one.class === name);
    if (claim === undefined) return { class: name };
    const { handOverGraceMs: graceMs, handOverQuietMs: quietMs } = readClassSettings(claim, snapshot).settings;
    return { class: name, graceMs, quietMs };
  }) };
}

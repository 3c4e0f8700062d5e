// What was deleted while a class needs it: the IngressClass that Ingresses name, or the ConfigMap with its settings. For a
// grace it counts as if it were still there, so that a slip of a person or of a chart takes nothing down.

import { type Finding, finding } from './finding.js';

/** Kinds whose deletion is forgiven for a while. */
export type KeptKind = 'ingressClasses' | 'configMaps';

export interface KeptObject {
  kind: KeptKind;
  key: string;
  /** ms since the epoch. */
  until: number;
}

/** By `<kind> <key>`. */
export type KeptObjects = Map<string, KeptObject>;

export const defaultGraceMs = 600_000;

/** The finding that says until when. */
export function keptFinding({ kind, key, until }: KeptObject): Finding {
  const when = new Date(until).toISOString();
  return kind === 'ingressClasses'
    ? finding('class-deleted', `IngressClass ${key}`, `was deleted while Ingresses name it; they are served until ${when}. Create it again, or give them another class`)
    : finding('settings-deleted', `ConfigMap ${key}`, `was deleted while an IngressClass names it as its parameters; its settings count until ${when}. Create it again, or take the parameters away`);
}

/** Takes out what has been kept long enough at `now`, and returns it. */
export function expire(kept: KeptObjects, now: number): KeptObject[] {
  const over = [...kept.values()].filter(({ until }) => until <= now);
  for (const { kind, key } of over) kept.delete(`${kind} ${key}`);
  return over;
}

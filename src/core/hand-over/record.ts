// The record of a hand-over as it stands in an annotation of its Ingress (decisions/0009). Read with distrust: whoever may
// edit the Ingress may write anything there. It decides nothing.

import { quote } from '../finding.js';
import { compareText } from '../order.js';

/** The annotation that holds the record. */
export const handOverAnnotation = 'ingress-arbiter.io/hand-over';

export interface HandOverRecord {
  /** Classes that go on serving though the rules may say another owner; sorted, each once, never `to`. */
  from: readonly string[];
  /** The class that is to serve. */
  to: string;
  /** RFC 3339, as all times here; for people. */
  startedAt?: string;
  /** All live engines have taken the entries of this Ingress for `to`. */
  servedAt?: string;
  /** The status shows the address of `to` from now on. Counts only beside servedAt. */
  movedAt?: string;
  /** The class whose controller began it by itself; left out in what a person or a command has begun. */
  by?: string;
}

/** Shadow: the owner is not `to`. The others: the owner is `to`, and this much is done. */
export type HandOverPhase = 'shadow' | 'starting' | 'moving' | 'draining';
export const handOverPhases: readonly HandOverPhase[] = ['shadow', 'starting', 'moving', 'draining'];

const longestText = 8192;
const mostClasses = 16;
const className = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const times = ['startedAt', 'servedAt', 'movedAt'] as const;

/** The record of an Ingress's annotations; what is wrong with it, in words; or undefined when there is none. */
export function readHandOver(annotations: Readonly<Record<string, string>> | undefined): HandOverRecord | { problem: string } | undefined {
  const text = annotations?.[handOverAnnotation];
  if (text === undefined) return undefined;
  if (text.length > longestText) return { problem: `is longer than ${longestText} characters` };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: `${quote(text)} is not JSON` };
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? recordOf(value as Record<string, unknown>) : { problem: 'is no JSON object' };
}

function recordOf(value: Record<string, unknown>): HandOverRecord | { problem: string } {
  const { from, to, by } = value;
  if (!isClass(to)) return { problem: '"to" must be the name of a class' };
  if (!Array.isArray(from) || from.length > mostClasses || !from.every(isClass)) return { problem: `"from" must be a list of ${mostClasses} names of classes at most` };
  if (by !== undefined && !isClass(by)) return { problem: '"by" must be the name of a class' };
  const bad = times.find((key) => value[key] !== undefined && !isTime(value[key]));
  if (bad !== undefined) return { problem: `"${bad}" must be a time such as 2026-01-31T12:00:00Z` };
  const record: HandOverRecord = { from: classesOf(from.filter((name) => name !== to)), to };
  for (const key of times) if (isTime(value[key])) record[key] = value[key];
  if (record.servedAt === undefined) delete record.movedAt;
  return by === undefined ? record : { ...record, by };
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && time.test(value);
}

function isClass(value: unknown): value is string {
  return typeof value === 'string' && className.test(value);
}

/** Names of classes as a record holds them: sorted, each once. */
export function classesOf(names: Iterable<string>): string[] {
  return [...new Set(names)].sort(compareText);
}

/** The text of the annotation, its fields in a fixed order. */
export function renderHandOver({ from, to, startedAt, servedAt, movedAt, by }: HandOverRecord): string {
  return JSON.stringify({ from, to, startedAt, servedAt, movedAt, by });
}

/** The phase that follows from a record and the class that the Ingress is meant for. */
export function phaseOf({ to, servedAt, movedAt }: HandOverRecord, destination: string | undefined): HandOverPhase {
  if (to !== destination) return 'shadow';
  if (servedAt === undefined) return 'starting';
  return movedAt === undefined ? 'moving' : 'draining';
}

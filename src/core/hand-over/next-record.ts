// The next step of one hand-over: what its record is to become, and in whose name. The same facts lead to the same step, so
// whoever comes after a controller that ended in the middle goes on where it stopped.

import { type HandOver, isUnderWay } from './hand-over.js';
import { type HandOverRecord, classesOf } from './record.js';

/** A wanted change of the record. */
export const handOverStepNames = ['begin', 'join', 'turn', 'revoke', 'serve', 'leave', 'tidy'] as const;

export interface HandOverStep {
  /** Of one Ingress one at a time. */
  name: (typeof handOverStepNames)[number];
  /** Classes of this process in whose name it may be written, the first one that holds its claim. */
  by: readonly string[];
  /** What the record becomes; undefined: it is over. */
  record: HandOverRecord | undefined;
}

export interface StepFacts {
  /** Classes that this process claims and speaks for, of this Ingress. */
  own: readonly string[];
  /** RFC 3339: when the step was first wanted. */
  now: string;
  /** Whether `to` serves it on all live engines. */
  served: boolean;
  /** Classes of this process that have nothing to do any more: no request for long enough, or they may not serve it. */
  drained: readonly string[];
  /** Whether a class is one of ours at all. */
  isOurs: (name: string) => boolean;
}

/** The step that this process can do now; undefined: none. */
export function nextStep(handOver: HandOver, facts: StepFacts): HandOverStep | undefined {
  const { record, destination } = handOver;
  if (destination === undefined) return leaveForeign(handOver, facts);
  return changeOfClasses(handOver, destination, facts) ?? (record.to === destination ? progress(record, facts) : shadow(handOver, facts));
}

/** The Ingress belongs to nobody of ours: whoever served it stops, as without any hand-over. */
function leaveForeign({ record, written }: HandOver, { own }: StepFacts): HandOverStep | undefined {
  if (written && own.includes(record.to) && isUnderWay(record)) return { name: 'leave', by: [record.to], record: undefined };
  const leaving = record.from.filter((name) => own.includes(name));
  return written && leaving.length > 0 ? { name: 'leave', by: leaving, record: without(record, leaving) } : undefined;
}

/** Who hands over to whom is not what the record says. */
function changeOfClasses(handOver: HandOver, destination: string, facts: StepFacts): HandOverStep | undefined {
  const { record, written, left } = handOver;
  const { own, now } = facts;
  const writers = (names: Iterable<string>): string[] => [...new Set(names)].filter((name) => own.includes(name));
  const step = (name: HandOverStep['name'], by: readonly string[], next: HandOverRecord | undefined): HandOverStep | undefined =>
    (by.length === 0 ? undefined : { name, by, record: next === undefined || next.from.length > 0 ? next : undefined });
  if (!written) {
    const by = writers([...record.from, record.to]);
    return step('begin', by, { ...record, startedAt: now, ...(facts.served ? { servedAt: now, movedAt: now } : {}), by: by[0] ?? record.to });
  }
  if (record.to === destination) {
    return left.length === 0 ? undefined : step('join', writers([...left, destination]), { ...record, from: classesOf([...record.from, ...left]) });
  }
  const { from, to } = record;
  const others = [...from, ...left].filter((name) => name !== destination);
  const begun = (rest: Iterable<string>): HandOverRecord => ({ from: classesOf(rest), to: destination, startedAt: now, by: destination });
  if (from.includes(destination)) {
    return turnBack(handOver, { step, writers: writers([destination, to]), rest: begun(others), all: begun([...others, to]), now });
  }
  const underWay = isUnderWay(record) || left.length > 0 || from.some((name) => own.includes(name));
  return underWay ? step('turn', writers([to, ...others, destination]), begun([...others, to])) : undefined;
}

interface WayBack {
  step: (name: HandOverStep['name'], by: readonly string[], next: HandOverRecord | undefined) => HandOverStep | undefined;
  writers: readonly string[];
  /** The record without the class that it named as `to`, and with it. */
  rest: HandOverRecord;
  all: HandOverRecord;
  now: string;
}

/** The owner is a class that the record says to be left. */
function turnBack({ record: { movedAt, servedAt, by }, shownElsewhere }: HandOver, { step, writers, rest, all, now }: WayBack): HandOverStep | undefined {
  // It has drained all the while, so it is served: `servedAt` says so, and that there may be clients who know its address.
  if (movedAt !== undefined) return step('turn', writers, { ...all, servedAt: now });
  if (shownElsewhere) return step('turn', writers, all);
  // A shadow that somebody wants stays.
  if (by === undefined) return undefined;
  // Turned for the second time: the other class goes on draining, as before the first.
  if (servedAt !== undefined) return step('turn', writers, { ...all, servedAt: now, movedAt: now });
  // What began by itself and came to nothing is taken back.
  return step('revoke', writers, rest);
}

function progress(record: HandOverRecord, { own, now, served, drained, isOurs }: StepFacts): HandOverStep | undefined {
  const { from, to, movedAt } = record;
  if (movedAt === undefined) {
    return served && own.includes(to) ? { name: 'serve', by: [to], record: { ...record, servedAt: record.servedAt ?? now, movedAt: now } } : undefined;
  }
  const leaving = from.filter((name) => drained.includes(name));
  if (leaving.length > 0) return { name: 'leave', by: leaving, record: without(record, leaving) };
  const strangers = from.filter((name) => !isOurs(name));
  if (own.includes(to) && (strangers.length > 0 || from.length === 0)) return { name: 'tidy', by: [to], record: without(record, strangers) };
  return undefined;
}

/** In a shadow only the proof that it serves is written. */
function shadow({ record }: HandOver, { own, now, served }: StepFacts): HandOverStep | undefined {
  if (!served || !own.includes(record.to) || record.servedAt !== undefined) return undefined;
  return { name: 'serve', by: [record.to], record: { ...record, servedAt: now } };
}

function without(record: HandOverRecord, classes: readonly string[]): HandOverRecord | undefined {
  const from = record.from.filter((name) => !classes.includes(name));
  return from.length === 0 ? undefined : { ...record, from };
}

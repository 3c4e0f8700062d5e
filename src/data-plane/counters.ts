// Counters by name. A name in shared memory leads to a place in the numbers that all workers share (shared-numbers.ts), so whoever has
// noted the place counts without it. Each is listed under a number: whoever reads them all needs no scan of the zone, which would lock
// it. Nothing here evicts; what finds no room is counted as dropped.

import { figureSlots } from '../route-table/figures.js';
import { addAt, beginAt, noteGivenBack, placeCount } from './shared-numbers.js';
import { find } from './text.js';

const counters = ngx.shared.ia_counters;

/** Names listed of a kind; those are numbered from 1. */
interface Kind {
  /** Numbers that each of them has. */
  width: number;
  listed: string;
  /** Numbers in the list that are free, and those that will be with the next forgetting. */
  holes: string;
  resting: string;
  /** Before the number: where its name is. */
  mark: string;
}

const SINGLE = kindOf('', 1);
const FIGURES = kindOf('figures', figureSlots);
const KINDS = [SINGLE, FIGURES];

/** Of all places: times and sizes, which are many, leave these to the requests. */
const SHARE_OF_SINGLE = 1 / 16;
/** Reads of the zone between two pauses of a long walk: about a millisecond. */
export const READS_AT_ONCE = 2000;
/** Long enough to be a timer: without a patch that stock nginx lacks, a sleep of 0 lets nobody else run. */
export const PAUSE_SECONDS = 0.001;
const FORGETTING_SECONDS = 15;

function kindOf(name: string, width: number): Kind {
  return { width, listed: 'listed' + name, holes: 'holes' + name, resting: 'resting' + name, mark: name + '#' };
}

/** Runs in the master, when the numbers all are 0: what was there before is none of theirs. */
export function start(): void {
  counters.flush_all();
  // Their places must exist before the zone can be full: how many counters are listed, and what could not be counted.
  for (const { listed } of KINDS) counters.safe_add(listed, 0);
  counters.safe_add('dropped', 0);
}

/** Adds to a counter. For what is rare: whoever counts often notes the place. */
export function add(key: string, by: number): void {
  const place = placeOf(key);
  if (place !== undefined) addAt(place, by);
}

/**
 * Where a counter, or the first number of `figures|…`, is; it begins at 0 when it is new. Undefined without room, and then it is counted
 * that a count was dropped. It may be noted as long as `givenBack` says the same.
 */
export function placeOf(key: string): number | undefined {
  return (counters.get(key) as number | undefined) ?? begin(key);
}

/** Whether the counter has been begun. */
export function isBegun(key: string): boolean {
  return counters.get(key) !== undefined;
}

/** Series of requests that a class has. */
export function seriesOf(className: string): number {
  return (counters.get('series|' + className) as number | undefined) ?? 0;
}

function addSeries(key: string, by: number): void {
  const className = classOfSeries(key);
  if (className === undefined) return;
  counters.safe_add('series|' + className, 0);
  counters.incr('series|' + className, by);
}

/** The class of a series of requests of an Ingress; undefined for everything else. */
function classOfSeries(key: string): string | undefined {
  const [className] = string.match(key, '^requests|([^|]+)|[^|]*|[^|(]');
  return className;
}

/** Listed first: of a worker that is killed half way a number is left that nobody reads, and no count. */
function begin(key: string): number | undefined {
  const kind = isFigures(key) ? FIGURES : SINGLE;
  const number = freeNumber(kind);
  if (number === undefined) return drop();
  const place = placeAt(kind, number);
  beginAt(place, kind.width);
  const [listed] = counters.safe_add(kind.mark + tostring(number), key);
  if (!listed) return giveUp(kind, number);
  const [added, problem] = counters.safe_add(key, place);
  if (added) {
    addSeries(key, 1);
    return place;
  }
  counters.delete(kind.mark + tostring(number));
  if (problem !== 'exists') return giveUp(kind, number);
  // Another worker was faster.
  counters.lpush(kind.holes, number);
  return counters.get(key) as number | undefined;
}

function giveUp({ holes }: Kind, number: number): undefined {
  counters.lpush(holes, number);
  return drop();
}

function drop(): undefined {
  counters.incr('dropped', 1);
  return undefined;
}

/** Single ones are placed from the beginning on, lists of figures from the end. */
function placeAt({ width }: Kind, number: number): number {
  return width === 1 ? number : placeCount() - number * width;
}

function freeNumber({ width, holes, listed }: Kind): number | undefined {
  const [hole] = counters.rpop(holes);
  if (hole !== undefined) return hole as number;
  if (placesLeft() < (width === 1 ? 1 : width + placeCount() * SHARE_OF_SINGLE)) return undefined;
  const [number] = counters.incr(listed, 1);
  // Several workers may have seen the same room. Nobody has what goes beyond it.
  return placesLeft() < 0 ? undefined : number;
}

/** Places that no counter ever had. */
function placesLeft(): number {
  let left = placeCount() - 1;
  for (const { width, listed } of KINDS) left = left - width * numberAt(listed);
  return left;
}

/** Places that no counter has now. */
export function freePlaces(): number {
  let free = placesLeft();
  for (const { width, holes, resting } of KINDS) free = free + width * ((counters.llen(holes)[0] ?? 0) + (counters.llen(resting)[0] ?? 0));
  return math.max(0, free);
}

function numberAt(key: string): number {
  return (counters.get(key) as number | undefined) ?? 0;
}

/**
 * Takes counters away for good: what `gone` has a key for. Their places are others' after the next time: until then every worker has seen
 * that what it has noted counts no more. Undefined when another worker is at it.
 */
export function forgetCounters(gone: Record<string, boolean | undefined>): number | undefined {
  // Of a worker that is killed meanwhile it goes by itself, later than the agent waits for an answer.
  const [alone] = counters.safe_add('forgetting', 1, FORGETTING_SECONDS);
  if (!alone) return undefined;
  // Before any place is another's: one that was killed here has told nobody.
  noteGivenBack();
  let forgotten = 0;
  for (const kind of KINDS) {
    for (let [rested] = counters.rpop(kind.resting); rested !== undefined; [rested] = counters.rpop(kind.resting)) counters.lpush(kind.holes, rested as number);
    const most = numberAt(kind.listed);
    for (let number = 1; number <= most; number++) {
      const key = nameAt(kind, number);
      if (key !== undefined && gone[key]) {
        forget(kind, number, key);
        forgotten = forgotten + 1;
      }
      if (number % READS_AT_ONCE === 0) ngx.sleep(PAUSE_SECONDS);
    }
  }
  noteGivenBack();
  counters.delete('forgetting');
  return forgotten;
}

function nameAt({ mark }: Kind, number: number): string | undefined {
  return counters.get(mark + tostring(number)) as string | undefined;
}

/** The number is free last of all: better lost with a worker that is killed than somebody's and somebody else's. */
function forget(kind: Kind, number: number, key: string): void {
  counters.delete(kind.mark + tostring(number));
  if (counters.get(key) === placeAt(kind, number)) {
    counters.delete(key);
    addSeries(key, -1);
  }
  counters.lpush(kind.resting, number);
}

/** Yields each name in the list with its place; then undefined. A name may be listed a second time, without its place: a worker was killed. */
export function eachCounter(): (this: void) => LuaMultiReturn<[string | undefined, number]> {
  let at = 0;
  let number = 0;
  return () => {
    while (at < KINDS.length) {
      const kind = KINDS[at];
      const most = numberAt(kind.listed);
      while (number < most) {
        number = number + 1;
        const key = nameAt(kind, number);
        const place = placeAt(kind, number);
        if (key !== undefined && counters.get(key) === place) return $multi(key, place);
      }
      at = at + 1;
      number = 0;
    }
    return $multi(undefined, 0);
  };
}

export function isFigures(key: string): boolean {
  return find(key, 'figures|', 0) === 0;
}

/** What could not be counted. */
export function droppedCounts(): number {
  return numberAt('dropped');
}

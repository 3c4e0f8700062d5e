// Counters in shared memory, so that counts outlive a worker. Each is listed under a number: whoever reads them all needs no
// scan of the zone, which would lock it. Nothing here evicts; what finds no room is counted as dropped.

import { figureSlots } from '../route-table/figures.js';
import { find } from './text.js';

const counters = ngx.shared.ia_counters;

/** Reads of the zone between two pauses of a long walk: about a millisecond. */
const READS_AT_ONCE = 2000;
/** Long enough to be a timer: without a patch that stock nginx lacks, a sleep of 0 lets nobody else run. */
const PAUSE_SECONDS = 0.001;
const FIGURES = 'figures|';

/** Adds to a counter that is listed under its own key. */
export function add(key: string, by: number): void {
  const [count] = counters.incr(key, by);
  if (count === undefined) begin(key, key, by);
}

/** Adds to one number of a list of figures; the list is listed once, under `figures|…`. */
export function addSlot(key: string, slot: string, by: number): void {
  const [count] = counters.incr(slot, by);
  if (count === undefined) begin(slot, key, by);
}

export function slotKey(key: string, slot: number): string {
  return key + '|' + tostring(slot);
}

/** Whether the counter has been begun. */
export function isBegun(key: string): boolean {
  return counters.get(key) !== undefined;
}

/** Series of requests that a class has. */
export function seriesOf(className: string): number {
  return (counters.get('series|' + className) as number | undefined) ?? 0;
}

function addSeries(className: string, by: number): void {
  const key = 'series|' + className;
  counters.safe_add(key, 0);
  counters.incr(key, by);
}

/** First sight of a counter: it starts at `by` and is listed. */
function begin(counter: string, listedAs: string, by: number): void {
  const [added, problem] = counters.safe_add(counter, by);
  if (!added && problem === 'exists') counters.incr(counter, by);
  else if (!added) counters.incr('dropped', 1);
  else list(listedAs);
  const className = classOfSeries(counter);
  if (added && className !== undefined) addSeries(className, 1);
}

/** The class of a series of requests of an Ingress; undefined for everything else. */
function classOfSeries(key: string): string | undefined {
  const [className] = string.match(key, '^requests|([^|]+)|[^|]*|[^|(]');
  return className;
}

/** A key of figures has many counters and one place in the list. */
function list(key: string): void {
  if (isFigures(key)) {
    const [marked] = counters.safe_add('listed|' + key, 1);
    if (!marked) return;
  }
  const [hole] = counters.rpop('holes');
  const number = (hole as number | undefined) ?? counters.incr('listed', 1)[0];
  if (number !== undefined) counters.safe_add('#' + tostring(number), key);
}

/** Yields one line a counter: `<key>\t<value>`, of figures `figures|…\t<value>,<value>,…`; then undefined. */
export function counterLines(): (this: void) => string | undefined {
  const listed = (counters.get('listed') as number | undefined) ?? 0;
  let number = 0;
  return () => {
    while (number < listed) {
      number = number + 1;
      const key = counters.get('#' + tostring(number)) as string | undefined;
      if (key !== undefined) return key + '\t' + valuesOf(key) + '\n';
    }
    number = number + 1;
    return number === listed + 1 ? 'dropped\t' + tostring(counters.get('dropped') ?? 0) + '\n' : undefined;
  };
}

/** Answers with these lines, with pauses for others. */
export function printCounters(): void {
  let lines: string[] = [];
  let reads = 0;
  const next = counterLines();
  for (let line = next(); line !== undefined; line = next()) {
    lines.push(line);
    reads = reads + (isFigures(line) ? figureSlots : 2);
    if (reads >= READS_AT_ONCE) {
      ngx.print(table.concat(lines));
      lines = [];
      reads = 0;
      ngx.sleep(PAUSE_SECONDS);
    }
  }
  ngx.print(table.concat(lines));
}

function isFigures(key: string): boolean {
  return find(key, FIGURES, 0) === 0;
}

function valuesOf(key: string): string {
  if (!isFigures(key)) return tostring(counters.get(key) ?? 0);
  const values: string[] = [];
  for (let slot = 0; slot < figureSlots; slot++) values.push(tostring(counters.get(slotKey(key, slot)) ?? 0));
  return table.concat(values, ',');
}

/** Takes counters away for good: what `gone` has a key for. Their places in the list are used again. */
export function forgetCounters(gone: Record<string, boolean | undefined>): number {
  const listed = (counters.get('listed') as number | undefined) ?? 0;
  let forgotten = 0;
  for (let number = 1; number <= listed; number++) {
    const key = counters.get('#' + tostring(number)) as string | undefined;
    if (key !== undefined && gone[key]) {
      counters.delete('#' + tostring(number));
      forget(key);
      const className = classOfSeries(key);
      if (className !== undefined) addSeries(className, -1);
      counters.lpush('holes', number);
      forgotten = forgotten + 1;
    }
    if (number % READS_AT_ONCE === 0) ngx.sleep(PAUSE_SECONDS);
  }
  return forgotten;
}

function forget(key: string): void {
  counters.delete(key);
  if (!isFigures(key)) return;
  for (let slot = 0; slot < figureSlots; slot++) counters.delete(slotKey(key, slot));
  counters.delete('listed|' + key);
}

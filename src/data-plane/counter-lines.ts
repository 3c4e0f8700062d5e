// The counters as the agent reads them, one a line. Nothing is locked and no worker waits for it: a sum is of the moment at which its
// parts are read.

import { figureSlots } from '../route-table/figures.js';
import { PAUSE_SECONDS, READS_AT_ONCE, droppedCounts, eachCounter, isFigures } from './counters.js';
import { sumAt } from './shared-numbers.js';

/** Yields one line a counter: `<key>\t<value>`, of figures `figures|…\t<value>,<value>,…`; then undefined. */
export function counterLines(): (this: void) => string | undefined {
  const next = eachCounter();
  let told = false;
  return () => {
    const [key, place] = next();
    if (key !== undefined) return key + '\t' + valuesAt(place, isFigures(key) ? figureSlots : 1) + '\n';
    if (told) return undefined;
    told = true;
    return 'dropped\t' + tostring(droppedCounts()) + '\n';
  };
}

function valuesAt(place: number, width: number): string {
  if (width === 1) return tostring(sumAt(place));
  const values: string[] = [];
  for (let at = place; at < place + width; at++) values.push(tostring(sumAt(at)));
  return table.concat(values, ',');
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

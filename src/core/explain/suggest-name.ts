// "Did you mean": the name that somebody most likely meant.

import { compareText } from '../order.js';

/** The candidate that is nearest to `name`, at most a third of its letters away; undefined when none is near. */
export function suggestName(name: string, candidates: Iterable<string>): string | undefined {
  const most = Math.max(1, Math.min(4, Math.floor(name.length / 3)));
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of [...candidates].sort(compareText)) {
    if (candidate === name || Math.abs(candidate.length - name.length) > most) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= most && (best === undefined || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
}

/** Letters to insert, remove, replace or exchange with their neighbour. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = last[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      let least = Math.min(replaced, last[column]! + 1, next[column - 1]! + 1);
      if (a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1] && row > 1 && column > 1) least = Math.min(least, beforeLast[column - 2]! + 1);
      next.push(least);
    }
    beforeLast = last;
    last = next;
  }
  return last[b.length]!;
}

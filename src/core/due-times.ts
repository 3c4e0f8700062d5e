// When something is due, one time for each key: the earliest is at hand, and a change costs the logarithm of their number. What
// was set anew stays in the queue until it comes to the front, or until most of it is of that kind.

import TinyQueue from 'tinyqueue';

export interface DueTimes {
  /** In place of an earlier time of the key; undefined: never. */
  set(key: string, at: number | undefined): void;
  /** The earliest of all; undefined: none. */
  next(): number | undefined;
  /** Keys that are due at `now`, in no particular order; they have no time any more. */
  take(now: number): string[];
}

interface Due { key: string; at: number }

export function createDueTimes(): DueTimes {
  const times = new Map<string, number>();
  const queueOf = (items: Due[]): TinyQueue<Due> => new TinyQueue(items, (a, b) => a.at - b.at);
  let queue = queueOf([]);
  const first = (): Due | undefined => {
    for (let due = queue.peek(); due !== undefined && times.get(due.key) !== due.at; due = queue.peek()) queue.pop();
    return queue.peek();
  };
  return {
    set(key, at) {
      if (times.get(key) === at) return;
      if (at === undefined) times.delete(key);
      else times.set(key, at);
      if (queue.length > 2 * times.size + 100) queue = queueOf(Array.from(times, ([one, when]) => ({ key: one, at: when })));
      else if (at !== undefined) queue.push({ key, at });
    },
    next: () => first()?.at,
    take(now) {
      const due: string[] = [];
      for (let one = first(); one !== undefined && one.at <= now; one = first()) {
        times.delete(one.key);
        due.push(one.key);
      }
      return due;
    },
  };
}

// When something is due, one time for each key: the earliest is at hand, and a change costs the logarithm of their number. A
// binary heap; what was set anew stays in it until it comes to the top, or until most of it is of that kind.

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
  let heap: Due[] = [];
  const top = (): Due | undefined => {
    while (heap.length > 0 && times.get(heap[0]!.key) !== heap[0]!.at) removeTop(heap);
    return heap[0];
  };
  return {
    set(key, at) {
      if (times.get(key) === at) return;
      if (at === undefined) times.delete(key);
      else times.set(key, at);
      // What is sorted is a heap.
      if (heap.length > 2 * times.size + 100) heap = [...times].map(([one, when]) => ({ key: one, at: when })).sort((a, b) => a.at - b.at);
      else if (at !== undefined) add(heap, { key, at });
    },
    next: () => top()?.at,
    take(now) {
      const due: string[] = [];
      for (let first = top(); first !== undefined && first.at <= now; first = top()) {
        times.delete(first.key);
        due.push(first.key);
      }
      return due;
    },
  };
}

function add(heap: Due[], due: Due): void {
  let at = heap.push(due) - 1;
  for (let above = (at - 1) >> 1; at > 0 && heap[above]!.at > due.at; above = (at - 1) >> 1) {
    heap[at] = heap[above]!;
    at = above;
  }
  heap[at] = due;
}

function removeTop(heap: Due[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below + 1 < heap.length && heap[below + 1]!.at < heap[below]!.at) below += 1;
    if (below >= heap.length || heap[below]!.at >= last.at) break;
    heap[at] = heap[below]!;
    at = below;
  }
  heap[at] = last;
}

// Runs one piece of work soon after it was asked for: the first request at once, those of a burst together. Two runs never
// overlap.

/** How long further requests are gathered after a run. */
const GATHER_MS = 5;

export interface SoonWork {
  /** Asks for a run. */
  ask(): void;
  /** No run begins after this. */
  stop(): void;
}

export function workSoon(work: () => void): SoonWork {
  let timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  let lastRun = Number.NEGATIVE_INFINITY;
  let stopped = false;
  const run = (): void => {
    timer = undefined;
    if (stopped) return;
    work();
    lastRun = performance.now();
  };
  return {
    ask() {
      if (stopped || timer !== undefined) return;
      const wait = lastRun + GATHER_MS - performance.now();
      timer = wait > 0 ? setTimeout(run, wait) : setImmediate(run);
    },
    stop() { stopped = true; },
  };
}

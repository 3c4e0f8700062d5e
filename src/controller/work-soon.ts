// Runs one piece of work soon after it was asked for: the first request at once, those of a burst together. Two runs never
// overlap.

export interface SoonWork {
  /** Asks for a run. */
  ask(): void;
  /** No run begins after this. */
  stop(): void;
}

/** `gapMs`: how long after a run further requests are gathered before the next one. */
export function workSoon(work: () => void, gapMs: number): SoonWork {
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
      const wait = lastRun + gapMs - performance.now();
      timer = wait > 0 ? setTimeout(run, wait) : setImmediate(run);
    },
    stop() { stopped = true; },
  };
}

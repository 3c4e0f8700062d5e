// Runs one piece of work soon after it was asked for: the first request at once, those of a burst together. Two runs never
// overlap. Work that takes long says that there is more to do, and goes on when all else has had its turn.

export interface SoonWork {
  /** Asks for a run. */
  ask(): void;
  /** No run begins after this. */
  stop(): void;
}

/** `work` returns 'more' when it is to go on at the next turn. `gapMs`: how long after a run further requests are gathered before the next one. */
export function workSoon(work: () => 'more' | void, gapMs: number): SoonWork {
  let timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  let lastRun = Number.NEGATIVE_INFINITY;
  let stopped = false;
  const run = (): void => {
    timer = undefined;
    if (stopped) return;
    const more = work() === 'more';
    lastRun = performance.now();
    if (!more) return;
    clearTimeout(timer);
    timer = setImmediate(run);
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

// The time of day for the core, and an alarm that goes off at such a time. A step of the wall clock while the process runs
// changes neither: what was promised until a time is kept for as long as was promised.

/** A clock in ms since the epoch that starts from the wall clock and then never goes back or jumps. */
export function steadyTime(): () => number {
  const offset = Date.now() - performance.now();
  return () => Math.round(offset + performance.now());
}

export interface Alarm {
  /** At `time` (of the clock that it was made with), and not at an earlier one that was set before; undefined: never. */
  set(time: number | undefined): void;
  stop(): void;
}

/** Longer than this a timer of Node can't be; the alarm then goes off too early, which is no harm. */
const LONGEST_MS = 2 ** 31 - 1;

export function startAlarm(now: () => number, ring: () => void): Alarm {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  return {
    set(time) {
      clearTimeout(timer);
      if (stopped || time === undefined) return;
      timer = setTimeout(ring, Math.min(LONGEST_MS, Math.max(0, time - now() + 1)));
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

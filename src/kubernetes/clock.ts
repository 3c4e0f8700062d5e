// Time as a value that is passed in, always monotonic: a step of the wall clock can neither end a lease nor keep one.
// Tests pass a clock of their own and wait for nothing.

export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. */
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
}

export const monotonicClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

/** Resolves after `ms`, or at once when the signal fires. Never rejects: the caller looks at its signal anyway. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}

const SLICE_MS = 500;

/** Like sleep, but looks every half second whether `changed` and ends early then. */
export async function sleepUnless(clock: Clock, ms: number, changed: () => boolean, signal?: AbortSignal): Promise<void> {
  const end = clock.now() + ms;
  while (!signal?.aborted && clock.now() < end && !changed()) {
    await sleep(clock, Math.min(SLICE_MS, end - clock.now()), signal);
  }
}

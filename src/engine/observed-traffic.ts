// Tells of the requests for a few Ingresses of a class, again and again, while somebody wants to know: a controller that
// waits for the last of them. It looks no more often than a small share of the time that a look takes.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from './nginx-process.js';
import { messageFrom } from './engine-error.js';
import type { RequestCounts } from './traffic-counters.js';

export interface ObservedTraffic {
  /** Tells of these Ingresses (`namespace/name`) of a class from now on, in place of those before; none: no more of the class. */
  observe(className: string, ingresses: readonly string[], tell: (counts: RequestCounts) => void): void;
  stop(): void;
}

const LOOK_EVERY_MS = 1000;
/** Of the time, as one part of so many, that may go into looks. */
const SHARE = 20;

export function createObservedTraffic(requestsOf: (className: string, ingresses: readonly string[]) => Promise<RequestCounts>, log: Log): ObservedTraffic {
  const wanted = new Map<string, { ingresses: readonly string[]; tell: (counts: RequestCounts) => void }>();
  let running = false;
  const look = async (): Promise<void> => {
    for (const [className, one] of [...wanted]) {
      try {
        const counts = await requestsOf(className, one.ingresses);
        if (wanted.get(className) === one) one.tell(counts);
      } catch (error) {
        log('warn', `class ${className}: its requests can't be read: ${messageFrom(error)}`);
      }
    }
  };
  const run = async (): Promise<void> => {
    if (running) return;
    running = true;
    while (wanted.size > 0) {
      const begun = performance.now();
      await look();
      await sleep(Math.max(LOOK_EVERY_MS, (performance.now() - begun) * SHARE), undefined, { ref: false });
    }
    running = false;
  };
  return {
    observe(className, ingresses, tell) {
      if (ingresses.length === 0) wanted.delete(className);
      else wanted.set(className, { ingresses, tell });
      void run();
    },
    stop: () => wanted.clear(),
  };
}

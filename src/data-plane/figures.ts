// Times and sizes of requests. A worker gathers them in its own memory and brings them to shared memory once a second, for
// they are many numbers a request. A worker that is killed loses up to a second of them; the count of requests it never loses.

import { figureSlots, figures } from '../route-table/figures.js';
import { addSlot, slotKey } from './counters.js';

export interface Figures {
  /** How they are listed: `figures|<class>|<namespace>|<ingress>|<service>`. */
  key: string;
  /** What was gathered since they were last brought to shared memory. */
  slots: number[];
  /** Keys of the counters in shared memory, made when first needed. */
  keys: (string | undefined)[];
  waiting: boolean;
}

const FLUSH_SECONDS = 1;
/** Lists between two pauses. */
const LISTS_AT_ONCE = 50;
const PAUSE_SECONDS = 0.001;

let waiting: Figures[] = [];

export function newFigures(key: string): Figures {
  const slots: number[] = [];
  for (let slot = 0; slot < figureSlots; slot++) slots[slot] = 0;
  return { key, slots, keys: [], waiting: false };
}

/** Tells that something was gathered. */
export function gathered(one: Figures): void {
  if (one.waiting) return;
  one.waiting = true;
  waiting.push(one);
}

/** Puts a value into the figure at `index` of the list of figures. */
export function observe({ slots }: Figures, index: number, value: number): void {
  const { bounds, at } = figures[index];
  const count = bounds.length;
  let bucket = 0;
  while (bucket < count && value > bounds[bucket]) bucket = bucket + 1;
  slots[at] = slots[at] + value;
  slots[at + 1 + bucket] = slots[at + 1 + bucket] + 1;
}

/** Runs when a worker starts. */
export function start(): void {
  ngx.timer.every(FLUSH_SECONDS, () => flush(true));
}

/** Runs when a worker ends in order. */
export function stop(): void {
  flush(false);
}

/** Brings everything gathered to shared memory. `pause`: let requests in between. */
function flush(pause: boolean): void {
  const ready = waiting;
  waiting = [];
  for (let at = 0; at < ready.length; at++) {
    flushOne(ready[at]);
    if (pause && (at + 1) % LISTS_AT_ONCE === 0) ngx.sleep(PAUSE_SECONDS);
  }
}

function flushOne(one: Figures): void {
  one.waiting = false;
  for (let slot = 0; slot < figureSlots; slot++) {
    const value = one.slots[slot];
    if (value !== 0) {
      one.slots[slot] = 0;
      const key = one.keys[slot] ?? slotKey(one.key, slot);
      one.keys[slot] = key;
      addSlot(one.key, key, value);
    }
  }
}

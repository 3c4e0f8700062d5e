// Times and sizes of requests. A worker gathers them in its own memory and brings them to shared memory once a second, for
// they are many numbers a request. A worker that is killed loses up to a second of them; that of requests it keeps (decisions/0007).

import { figureSlots, figures as allFigures, sizeBucket, timeBucket } from '../route-table/figures.js';
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

/** Where the numbers of each figure begin. */
const [DURATION, CONNECT, HEADER, RESPONSE, RECEIVED, SENT] = [
  allFigures[0].at, allFigures[1].at, allFigures[2].at, allFigures[3].at, allFigures[4].at, allFigures[5].at,
];

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

/** What was measured of one request: seconds and bytes. A negative time is one that never was. */
export interface Measured {
  duration: number;
  connect: number;
  header: number;
  response: number;
  received: number;
  sent: number;
}

/** Bucket of a time by its milliseconds, in which nginx counts; those of longer times are found by timeBucket. */
const shortTimes: number[] = [];
for (let ms = 0; ms <= 1000; ms++) shortTimes[ms] = timeBucket(ms / 1000);

/** Puts what was measured into the figures. Written out: LuaJIT gives up on a function that calls a small one so many times. */
export function observe({ slots }: Figures, { duration, connect, header, response, received, sent }: Measured): void {
  let bucket = DURATION + 1 + (shortTimes[math.floor(duration * 1000 + 0.5)] ?? timeBucket(duration));
  slots[DURATION] = slots[DURATION] + duration;
  slots[bucket] = slots[bucket] + 1;
  if (connect >= 0) {
    bucket = CONNECT + 1 + (shortTimes[math.floor(connect * 1000 + 0.5)] ?? timeBucket(connect));
    slots[CONNECT] = slots[CONNECT] + connect;
    slots[bucket] = slots[bucket] + 1;
  }
  if (header >= 0) {
    bucket = HEADER + 1 + (shortTimes[math.floor(header * 1000 + 0.5)] ?? timeBucket(header));
    slots[HEADER] = slots[HEADER] + header;
    slots[bucket] = slots[bucket] + 1;
  }
  if (response >= 0) {
    bucket = RESPONSE + 1 + (shortTimes[math.floor(response * 1000 + 0.5)] ?? timeBucket(response));
    slots[RESPONSE] = slots[RESPONSE] + response;
    slots[bucket] = slots[bucket] + 1;
  }
  bucket = RECEIVED + 1 + sizeBucket(received);
  slots[RECEIVED] = slots[RECEIVED] + received;
  slots[bucket] = slots[bucket] + 1;
  bucket = SENT + 1 + sizeBucket(sent);
  slots[SENT] = slots[SENT] + sent;
  slots[bucket] = slots[bucket] + 1;
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

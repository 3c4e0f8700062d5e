// Times and sizes of requests, added to the histograms of whoever they are counted under (route-table/figures.ts has their order).

import { figures as allFigures, sizeBucket, timeBucket } from '../route-table/figures.js';

/** Where the numbers of each figure begin. */
const [DURATION, CONNECT, HEADER, RESPONSE, RECEIVED, SENT] = [
  allFigures[0].at, allFigures[1].at, allFigures[2].at, allFigures[3].at, allFigures[4].at, allFigures[5].at,
];

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

/** Adds what was measured to the numbers of a list of figures. Written out: LuaJIT gives up on a function that calls a small one so many times. */
export function observe(numbers: ForeignNumbers, { duration, connect, header, response, received, sent }: Measured): void {
  let bucket = DURATION + 1 + (shortTimes[math.floor(duration * 1000 + 0.5)] ?? timeBucket(duration));
  numbers[DURATION] = numbers[DURATION] + duration;
  numbers[bucket] = numbers[bucket] + 1;
  if (connect >= 0) {
    bucket = CONNECT + 1 + (shortTimes[math.floor(connect * 1000 + 0.5)] ?? timeBucket(connect));
    numbers[CONNECT] = numbers[CONNECT] + connect;
    numbers[bucket] = numbers[bucket] + 1;
  }
  if (header >= 0) {
    bucket = HEADER + 1 + (shortTimes[math.floor(header * 1000 + 0.5)] ?? timeBucket(header));
    numbers[HEADER] = numbers[HEADER] + header;
    numbers[bucket] = numbers[bucket] + 1;
  }
  if (response >= 0) {
    bucket = RESPONSE + 1 + (shortTimes[math.floor(response * 1000 + 0.5)] ?? timeBucket(response));
    numbers[RESPONSE] = numbers[RESPONSE] + response;
    numbers[bucket] = numbers[bucket] + 1;
  }
  bucket = RECEIVED + 1 + sizeBucket(received);
  numbers[RECEIVED] = numbers[RECEIVED] + received;
  numbers[bucket] = numbers[bucket] + 1;
  bucket = SENT + 1 + sizeBucket(sent);
  numbers[SENT] = numbers[SENT] + sent;
  numbers[bucket] = numbers[bucket] + 1;
}

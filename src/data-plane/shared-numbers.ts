// Numbers in memory that the master takes before there are workers, and all of them share. Each worker adds in an area of its own, so
// nothing is locked and nothing called; a worker that takes the place of one that was killed goes on with its area. What is told is the sum
// of all areas. Which place is whose is decided in counters.ts.

import * as ffi from 'ffi';

ffi.cdef(`
intptr_t mmap(void *where, size_t bytes, int protection, int flags, int descriptor, long offset);
char *strerror(int problem);
`);

/** As Linux numbers them. */
const READ_AND_WRITE = 3;
const SHARED_ANONYMOUS = 0x21;
export const NUMBER_BYTES = 8;
/** In the area that is nobody's: how often places were given back. No counter has the place. */
const GIVEN_BACK = 0;

/** Adding to a pointer: it is one to a later number then. */
declare const after: LuaAddition<ForeignNumbers, number, ForeignNumbers>;

/** The first area is nobody's: what is taken away from the others' sum, so that no worker's area is ever written by another. */
let all: ForeignNumbers;
let own: ForeignNumbers;
let places = 0;
let last = 0;

/** Runs in the master. `bytes`: of each area; pages that nobody has used take no memory. An error stops the start of nginx. */
export function takeMemory(workers: number, bytes: number): void {
  const size = bytes * (workers + 1);
  const address = ffi.C.mmap(undefined, size, READ_AND_WRITE, SHARED_ANONYMOUS, -1, 0);
  if (tonumber(address) === -1) {
    const problem = ffi.errno();
    // In nginx's own words (engine/nginx-failure.ts).
    error(string.format('mmap(MAP_ANON|MAP_SHARED, %.0f) failed (%d: %s)', size, problem, ffi.string(ffi.C.strerror(problem))), 0);
  }
  all = ffi.cast<ForeignNumbers>('double *', address);
  own = all;
  places = bytes / NUMBER_BYTES;
  last = workers;
}

/** Runs when a worker starts. No two that live at the same time have the same id. */
export function takeArea(): void {
  own = after(all, (ngx.worker.id() + 1) * places);
}

/** Numbers in an area. */
export function placeCount(): number {
  return places;
}

/** Adds to the number of this worker. */
export function addAt(place: number, by: number): void {
  own[place] = own[place] + by;
}

/** The numbers of this worker from a place on. */
export function numbersAt(place: number): ForeignNumbers {
  return after(own, place);
}

/** What all workers have added. It never falls, however the parts are rounded: they are added in one order. */
export function sumAt(place: number): number {
  return sumOfWorkers(place) + all[place];
}

/** Lets numbers begin at 0 again. Whoever still adds to them is counted to their next owner. */
export function beginAt(place: number, width: number): void {
  for (let at = place; at < place + width; at++) all[at] = -sumOfWorkers(at);
}

function sumOfWorkers(place: number): number {
  let sum = 0;
  for (let area = 1; area <= last; area++) sum = sum + all[area * places + place];
  return sum;
}

/** How often places were given back: whoever has noted where to count looks again when it has changed. */
export function givenBack(): number {
  return all[GIVEN_BACK];
}

/** Tells all workers that places are given back. One at a time. */
export function noteGivenBack(): void {
  all[GIVEN_BACK] = all[GIVEN_BACK] + 1;
}

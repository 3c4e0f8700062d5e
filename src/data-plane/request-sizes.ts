// How large a request and its answer were, as nginx counts them. It tells both in texts, at a fiftieth of what a request costs; so each
// worker finds out from its first requests where nginx has the numbers, and reads them there once many have said the same in both ways.
// Where they do not, the texts go on. It reads nothing but what belongs to the request.

import * as ffi from 'ffi';
import { get_request } from 'resty.core.base';
import { numberOf, variable } from './read-variable.js';

// The beginnings of ngx_http_request_t and ngx_connection_t.
ffi.cdef(`
typedef struct { const void *before[9]; int64_t sent; } ia_connection;
typedef struct { uint64_t signature; const ia_connection *connection; } ia_request;
`);

const RECEIVED = variable('request_length');
const SENT = variable('bytes_sent');

/** Words of 8 bytes of a request that are looked at; nginx takes the request, and more for it, in one piece (request_pool_size). */
const WORDS = 200;
const ENOUGH = 50;
/** Requests that may say nothing, for their length is there several times, before a worker stays with the texts. */
const MOST = 500;

let sure = false;
let asked = 0;
let agreed = 0;
/** Of the request's length, in words; 0: not known. */
let place = 0;

/** Puts the bytes of the request that ends now, and of its answer, into `sizes`. */
export function readSizes(sizes: { received: number; sent: number }): void {
  if (!sure) return learn(sizes);
  const request = get_request();
  sizes.received = tonumber(wordsOf(request)[place])!;
  sizes.sent = sentOf(request);
}

function learn(sizes: { received: number; sent: number }): void {
  sizes.received = numberOf(RECEIVED) ?? 0;
  sizes.sent = numberOf(SENT) ?? 0;
  if (asked >= MOST) return;
  asked = asked + 1;
  const request = get_request();
  if (place === 0) place = onlyPlaceOf(sizes.received, wordsOf(request));
  if (place === 0) return;
  if (tonumber(wordsOf(request)[place]) !== sizes.received || sentOf(request) !== sizes.sent) {
    asked = MOST;
    return;
  }
  agreed = agreed + 1;
  sure = agreed >= ENOUGH;
}

/** 0 when there is none, or several. */
function onlyPlaceOf(length: number, words: ForeignNumbers): number {
  let found = 0;
  for (let at = 1; at < WORDS; at++) {
    if (tonumber(words[at]) === length) {
      if (found !== 0) return 0;
      found = at;
    }
  }
  return found;
}

function wordsOf(request: Foreign): ForeignNumbers {
  return ffi.cast<ForeignNumbers>('const int64_t *', request);
}

function sentOf(request: Foreign): number {
  return tonumber(ffi.cast<ForeignRequest>('const ia_request *', request).connection.sent)!;
}

// The id of a request that brings none: as nginx's own $request_id, 32 hexadecimal digits by OpenSSL's chance. nginx asks OpenSSL anew
// for each, which is a seventh of what a request costs; a worker asks for many at once, which costs hardly more.

import { band, rshift } from 'bit';
import * as ffi from 'ffi';
import { isFilled, variable } from './read-variable.js';

ffi.cdef('int RAND_bytes(void *bytes, int count);');

const GIVEN = variable('http_x_request_id');
const ID_BYTES = 32;
/** Of 32 bits, of which an id has four. */
const WORDS = 1024;
const words = ffi.new<ForeignNumbers>('int32_t[?]', WORDS);
/** Those before are used. A worker begins with none: it was copied from another process. */
let at = WORDS;

/** The two digits of each byte, as they lie in memory. */
const digits = ffi.new<ForeignNumbers>('uint16_t[?]', 256);
for (let byte = 0; byte < 256; byte++) {
  const [first, second] = string.byte(string.format('%02x', byte), 1, 2);
  digits[byte] = first + 256 * second;
}
const id = ffi.new<ForeignNumbers>('uint16_t[?]', ID_BYTES / 2);

/** Runs where requests come in. Without chance it is left to nginx, for whom the variable says its own. */
export function nameRequest(): void {
  if (isFilled(GIVEN)) return;
  if (at === WORDS) {
    if (ffi.C.RAND_bytes(words, WORDS * 4) !== 1) return;
    at = 0;
  }
  write(0, words[at]);
  write(4, words[at + 1]);
  write(8, words[at + 2]);
  write(12, words[at + 3]);
  at = at + 4;
  ngx.var.ia_request_id = ffi.string(id, ID_BYTES);
}

/** Without a loop: LuaJIT does not compile a function around one. */
function write(place: number, word: number): void {
  id[place] = digits[band(word, 255)];
  id[place + 1] = digits[band(rshift(word, 8), 255)];
  id[place + 2] = digits[band(rshift(word, 16), 255)];
  id[place + 3] = digits[rshift(word, 24)];
}

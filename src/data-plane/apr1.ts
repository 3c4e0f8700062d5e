// Apache's variant of MD5 for passwords, which crypt(3) does not know: a thousand rounds of MD5 over password, salt and result.

import { byteAt, byteText, cut } from './text.js';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The 22 characters of the hash for a password and a salt of at most 8 characters (algorithm of Apache's apr_md5_encode). */
export function apr1(password: string, salt: string): string {
  const inner = ngx.md5_bin(password + salt + password);
  let text = password + '$apr1$' + salt + repeated(inner, password.length);
  let length = password.length;
  while (length > 0) {
    text = text + (length % 2 === 1 ? byteText(0) : cut(password, 0, 1));
    length = (length - (length % 2)) / 2;
  }
  let result = ngx.md5_bin(text);
  for (let round = 0; round < 1000; round++) {
    result = ngx.md5_bin((round % 2 === 1 ? password : result) + (round % 3 === 0 ? '' : salt) + (round % 7 === 0 ? '' : password) + (round % 2 === 1 ? result : password));
  }
  return encoded(result);
}

function repeated(text: string, length: number): string {
  let result = '';
  while (result.length < length) result = result + cut(text, 0, length - result.length);
  return result;
}

/** Bytes in the order of the algorithm, six bits a character, lowest first. */
function encoded(bytes: string): string {
  let result = '';
  for (let at = 0; at < 5; at++) {
    const last = at === 4 ? 5 : at + 12;
    result = result + characters(byteAt(bytes, at) * 65536 + byteAt(bytes, at + 6) * 256 + byteAt(bytes, last), 4);
  }
  return result + characters(byteAt(bytes, 11), 2);
}

function characters(value: number, count: number): string {
  let result = '';
  let rest = value;
  for (let at = 0; at < count; at++) {
    const bits = rest % 64;
    result = result + cut(ALPHABET, bits, bits + 1);
    rest = (rest - bits) / 64;
  }
  return result;
}

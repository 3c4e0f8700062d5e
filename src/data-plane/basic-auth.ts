// Asks for a name and a password (RFC 7617) and checks them against hashes. Whatever goes wrong is a refusal.

import * as ffi from 'ffi';
import type { BasicAuth } from '../route-table/types.js';
import { apr1 } from './apr1.js';
import { cut, find, lower } from './text.js';

ffi.cdef('char *crypt_r(const char *phrase, const char *setting, void *data);');

/** More than any crypt_data there is (32,768 bytes today). */
const scratch = ffi.new('char[262144]');

/** Hashing is made to be slow: verdicts are kept, by a digest of what was asked, until there are this many. */
const MOST_VERDICTS = 2000;
let verdicts: Record<string, boolean | undefined> = {};
let kept = 0;

/** Longer ones would only cost time. */
const LONGEST = 1024;

/** Whether the request may go on. Its credentials stay: it may have to be looked at again in another location. */
export function isAdmitted({ users }: BasicAuth): boolean {
  const header = ngx.var.http_authorization;
  return header !== undefined && header.length <= LONGEST && knows(users, header);
}

function knows(users: string[], header: string): boolean {
  if (lower(cut(header, 0, 6)) !== 'basic ') return false;
  const credentials = ngx.decode_base64(cut(header, 6, header.length));
  const colon = credentials === undefined ? -1 : find(credentials, ':', 0);
  if (credentials === undefined || colon < 1 || find(credentials, string.char(0), 0) >= 0) return false;
  const name = cut(credentials, 0, colon + 1);
  for (const line of users) {
    // As in a htpasswd file the first line of a name counts.
    if (cut(line, 0, name.length) === name) return verdict(cut(line, name.length, line.length), cut(credentials, colon + 1, credentials.length));
  }
  return false;
}

function verdict(hash: string, password: string): boolean {
  const key = ngx.sha1_bin(hash + ':' + password);
  const known = verdicts[key];
  if (known !== undefined) return known;
  const fits = hashFits(hash, password);
  if (kept >= MOST_VERDICTS) {
    verdicts = {};
    kept = 0;
  }
  verdicts[key] = fits;
  kept = kept + 1;
  return fits;
}

function hashFits(hash: string, password: string): boolean {
  if (cut(hash, 0, 6) === '$apr1$') {
    const end = find(hash, '$', 6);
    return apr1(password, cut(hash, 6, end)) === cut(hash, end + 1, hash.length);
  }
  if (cut(hash, 0, 5) === '{SHA}') return ngx.encode_base64(ngx.sha1_bin(password)) === cut(hash, 5, hash.length);
  const made = ffi.C.crypt_r(password, hash, scratch);
  // A null pointer of C equals nil, but is not false.
  return made != undefined && ffi.string(made) === hash;
}

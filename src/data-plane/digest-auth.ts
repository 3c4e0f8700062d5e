// Asks for a proof of a password that does not tell it (RFC 7616: MD5, qop=auth). Whatever goes wrong is a refusal. Nonces are
// stored nowhere: they carry their time, under a code that only this nginx can make. Who comes with one of another engine is asked again.

import type { BasicAuth } from '../route-table/types.js';
import { cut, lower } from './text.js';

/** How long a nonce counts, and by how much the clocks of engines may differ, in seconds. */
const LIFETIME = 300;
const SKEW = 30;
const LONGEST = 2048;
const MOST_PARTS = 20;
/** Eight hexadecimal digits of time, as many of chance, forty of code. */
const NONCE = '^[0-9a-f]{56}$';
const PART = '^[\\s,]*([A-Za-z]+)\\s*=\\s*(?:"([^"\\\\]*)"|([^\\s,"]+))(?=[\\s,]|$)';

/** The key of codes. The master reads it once, before there are workers: all of them have the same one. Without it nobody comes in. */
const SECRET = randomBytes(32);

/** Which counts of which nonces were used. What was used longest ago goes first. */
const { ia_verdicts: uses } = ngx.shared;

/** Whether the request may go on. */
export function isAdmitted(users: BasicAuth): boolean {
  const given = partsOf(ngx.var.http_authorization);
  return given !== undefined && isProven(users, given) && isFresh(users, given);
}

/** The challenge. `stale`: the client knows the password, and only its nonce counts no more. */
export function challengeOf(users: BasicAuth): string {
  const given = partsOf(ngx.var.http_authorization);
  const stale = given !== undefined && isProven(users, given);
  return 'Digest realm="' + users.realm + '", qop="auth", algorithm=MD5, nonce="' + newNonce(users) + '"' + (stale ? ', stale=true' : '');
}

/** By name in lower case; undefined for what is no such header. */
function partsOf(header: string | undefined): Record<string, string | undefined> | undefined {
  if (header === undefined || header.length > LONGEST || lower(cut(header, 0, 7)) !== 'digest ') return undefined;
  const parts: Record<string, string | undefined> = {};
  let rest = cut(header, 7, header.length);
  for (let count = 0; count < MOST_PARTS; count++) {
    const [found] = ngx.re.match(rest, PART, 'jo');
    if (found === undefined) break;
    const name = lower(found[1] as string);
    // What is said twice says nothing.
    if (parts[name] !== undefined) return undefined;
    parts[name] = (found[2] !== false ? found[2] : found[3]) as string;
    rest = cut(rest, (found[0] as string).length, rest.length);
  }
  return ngx.re.find(rest, '^[\\s,]*$', 'jo') === undefined ? undefined : parts;
}

/** Whether it was made by somebody who knows the password of the user that it names, for this very request. */
function isProven({ realm, users }: BasicAuth, { username, uri, nonce, nc, cnonce, qop, response, algorithm, realm: named }: Record<string, string | undefined>): boolean {
  if (username === undefined || nonce === undefined || nc === undefined || cnonce === undefined || response === undefined) return false;
  if (named !== realm || qop !== 'auth' || uri !== ngx.var.request_uri || (algorithm !== undefined && lower(algorithm) !== 'md5')) return false;
  const hash = hashOf(users, username + ':');
  if (hash === undefined) return false;
  const request = ngx.md5(ngx.req.get_method() + ':' + uri);
  return ngx.md5(hash + ':' + nonce + ':' + nc + ':' + cnonce + ':' + qop + ':' + request) === lower(response);
}

function hashOf(users: string[], start: string): string | undefined {
  for (const line of users) {
    if (cut(line, 0, start.length) === start) return cut(line, start.length, line.length);
  }
  return undefined;
}

/** Whether the nonce is ours and young, and the client has not used it with this count before. */
function isFresh(users: BasicAuth, { nonce, nc }: Record<string, string | undefined>): boolean {
  if (nonce === undefined || nc === undefined || ngx.re.find(nonce, NONCE, 'jo') === undefined || ngx.re.find(nc, '^[0-9a-fA-F]{8}$', 'jo') === undefined) return false;
  if (codeOf(users, cut(nonce, 0, 16)) !== cut(nonce, 16, 56)) return false;
  const age = ngx.time() - (tonumber(cut(nonce, 0, 8), 16) ?? 0);
  if (age > LIFETIME || age < -SKEW) return false;
  // A request is looked at again in another location of nginx: then it is the same one.
  const key = 'digest|' + cut(nonce, 8, 56) + lower(nc);
  const request = ngx.var.request_id ?? '';
  const [isFirst] = uses.add(key, request, LIFETIME + SKEW);
  return isFirst || uses.get(key) === request;
}

function newNonce(users: BasicAuth): string {
  const start = string.format('%08x', ngx.time()) + cut(ngx.var.request_id ?? '', 0, 8);
  return start + (codeOf(users, start) ?? '');
}

function codeOf({ realm }: BasicAuth, text: string): string | undefined {
  return SECRET === undefined ? undefined : hexadecimal(ngx.hmac_sha1(SECRET, text + realm));
}

function randomBytes(count: number): string | undefined {
  const [source] = io.open('/dev/urandom', 'rb');
  if (source === undefined) return undefined;
  const bytes = source.read(count) as string | undefined;
  source.close();
  return bytes !== undefined && bytes.length === count ? bytes : undefined;
}

function hexadecimal(bytes: string): string {
  const [text] = string.gsub(bytes, '.', (byte: string) => string.format('%02x', string.byte(byte)));
  return text;
}

// Keeps verdicts of external authentication for a while. What a verdict is kept under holds everything by which the other
// server may know a user, so that nobody gets somebody else's: the address, the certificate, and every header that is not on
// the list below. What can't be read is asked for again.

import * as cjson from 'cjson';
import type { PathMatchResult } from '../route-table/match.js';
import type { ExternalAuth } from '../route-table/access-types.js';
import { filled } from './change-headers.js';
import type { Verdict } from './external-auth.js';
import { byteAt, cut, find, lower } from './text.js';

const { ia_verdicts: verdicts } = ngx.shared;

/** Larger ones are not worth their room. */
const LONGEST_VERDICT = 8192;

/** Headers that tell of the client's program or of this very request, never who somebody is. */
const NO_CREDENTIAL: Record<string, boolean | undefined> = {
  'accept': true, 'accept-charset': true, 'accept-encoding': true, 'accept-language': true, 'cache-control': true, 'connection': true,
  'content-encoding': true, 'content-language': true, 'content-length': true, 'content-type': true, 'date': true, 'dnt': true, 'expect': true,
  'if-match': true, 'if-modified-since': true, 'if-none-match': true, 'if-range': true, 'if-unmodified-since': true, 'keep-alive': true,
  'origin': true, 'pragma': true, 'priority': true, 'range': true, 'referer': true, 'save-data': true, 'te': true, 'trailer': true,
  'transfer-encoding': true, 'upgrade': true, 'upgrade-insecure-requests': true, 'user-agent': true, 'x-request-id': true, 'x-requested-with': true,
  'sec-fetch-dest': true, 'sec-fetch-mode': true, 'sec-fetch-site': true, 'sec-fetch-user': true, 'sec-gpc': true,
  'sec-ch-ua': true, 'sec-ch-ua-mobile': true, 'sec-ch-ua-platform': true, 'traceparent': true, 'tracestate': true,
};

/** What the verdict about this request is kept under. `target`: of the question, filled. */
export function keyOfVerdict({ cache, headers }: ExternalAuth, question: string, host: string, target: string): string {
  const { route } = ngx.ctx.match as PathMatchResult;
  const variables = ngx.var;
  let text = part(ngx.ctx.class ?? '') + part(route.namespace) + part(route.ingress) + part(route.path) + part(question) + part(host) + part(target);
  // What the question says of the request: whoever has sent an absolute URL has another Host header than that.
  text = text + part(variables.host ?? '') + part(variables.ia_forwarded_proto ?? '');
  for (const { name, value } of headers ?? []) text = text + part(name) + part(filled(value));
  text = text + part(ngx.req.get_method()) + part(variables.ia_address ?? '') + part(variables.ssl_client_fingerprint ?? '') + part(variables.ia_client_verify ?? '');
  return digest(text + part(fill(cache === undefined ? '' : cache.key)) + credentials());
}

/** The verdict as it lies in ia_verdict, or undefined. */
export function recallVerdict(key: string): string | undefined {
  const kept = verdicts.get(key);
  return typeof kept === 'string' ? kept : undefined;
}

/** A verdict that has just come. The store drops what was used longest ago to make room. */
export function keepVerdict({ cache }: ExternalAuth, key: string, verdict: Verdict): void {
  if (cache === undefined || verdict.lasting !== true) return;
  for (const { statuses, seconds } of cache.times) {
    if (seconds <= 0 || !includes(statuses, verdict.status)) continue;
    const text = cjson.encode(verdict);
    if (text.length <= LONGEST_VERDICT) verdicts.set(key, text, seconds);
    return;
  }
}

/** Every text with its length, so that no two lists of them look alike. */
function part(text: string): string {
  return tostring(text.length) + ':' + text;
}

/** Bytes that fit on one line. */
function digest(text: string): string {
  return ngx.encode_base64(ngx.sha1_bin(text) + ngx.md5_bin(text));
}

function credentials(): string {
  const headers = ngx.req.get_headers(0);
  const names: string[] = [];
  for (const [name] of pairs(headers)) if (NO_CREDENTIAL[lower(name)] === undefined) names.push(name);
  table.sort(names);
  let text = '';
  for (const name of names) {
    const value = headers[name];
    text = text + part(name);
    if (typeof value === 'string') text = text + part(value);
    else for (const one of value ?? []) text = text + part(one);
  }
  return text;
}

function fill(key: string): string {
  let result = '';
  let at = 0;
  while (at < key.length) {
    const dollar = find(key, '$', at);
    if (dollar < 0) return result + part(cut(key, at, key.length));
    let end = dollar + 1;
    while (isNameByte(byteAt(key, end))) end = end + 1;
    result = result + part(cut(key, at, dollar)) + part(ngx.var[lower(cut(key, dollar + 1, end))] ?? '');
    at = end;
  }
  return result;
}

function isNameByte(byte: number): boolean {
  return (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || (byte >= 48 && byte <= 57) || byte === 95;
}

function includes(list: number[], wanted: number): boolean {
  for (const one of list) {
    if (one === wanted) return true;
  }
  return false;
}

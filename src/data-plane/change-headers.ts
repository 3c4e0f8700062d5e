// Headers as a route's policy asks for them, of requests and of answers. Names and values come checked from the class table; a
// variable in a value is one of a closed list.

import { fillTemplate } from '../route-table/rewrite-path.js';
import { isPattern, replaceStart, rewriteCookie } from '../route-table/rewrite-answer.js';
import type { AnswerChanges, HeaderLine } from '../route-table/types.js';
import { give } from './go-on.js';
import { groupsOf } from './groups-of.js';
import { byteAt, cut, find } from './text.js';

const DOLLAR = '$';

/** Variables of header values, and what nginx calls them here. */
const VARIABLES: Record<string, string | undefined> = {
  host: 'ia_host', http_host: 'ia_host', remote_addr: 'ia_address', request_id: 'ia_request_id', request_method: 'request_method', request_uri: 'request_uri', scheme: 'ia_forwarded_proto', server_port: 'ia_forwarded_port',
};

/** Those of redirects: as nginx has it, `$host` is without the port. */
const LOCATION_VARIABLES: Record<string, string | undefined> = { host: 'host', http_host: 'ia_host', scheme: 'ia_forwarded_proto', server_port: 'ia_forwarded_port' };

/** Sets the headers of the request that is sent on. */
export function changeRequest(headers: HeaderLine[]): void {
  for (const { name, value } of headers) {
    if (value === '') ngx.req.clear_header(name);
    else ngx.req.set_header(name, filled(value));
  }
}

/** Changes the headers of an answer. `proxied`: it comes from a backend. */
export function changeAnswer({ location, cookieDomain, cookiePath, headers }: AnswerChanges, proxied: boolean): void {
  if (proxied && location !== undefined) changeLocation(location);
  if (proxied && (cookieDomain !== undefined || cookiePath !== undefined)) {
    const cookies = ngx.header['Set-Cookie'];
    const changes = { domain: cookieDomain, path: cookiePath };
    if (typeof cookies === 'string') ngx.header['Set-Cookie'] = rewriteCookie(cookies, changes, search);
    else if (cookies !== undefined) {
      for (let at = 0; at < cookies.length; at++) cookies[at] = rewriteCookie(cookies[at], changes, search);
      ngx.header['Set-Cookie'] = cookies;
    }
  }
  if (headers !== undefined) for (const { name, value } of headers) ngx.header[name] = value === '' ? undefined : filled(value);
}

function changeLocation(change: NonNullable<AnswerChanges['location']>): void {
  const value = ngx.header.Location;
  const from = isPattern(change) ? change.from : filled(change.from, LOCATION_VARIABLES);
  if (typeof value === 'string') ngx.header.Location = replaceStart(value, { from, to: filled(change.to, LOCATION_VARIABLES) }, search);
}

/** A pattern that can't be told to match changes nothing. */
function search(this: void, text: string, pattern: string, anyCase: boolean): string[] | undefined {
  const groups = groupsOf(text, pattern, anyCase ? 'ijo' : 'jo');
  return groups === false ? undefined : groups;
}

/** The value of X-Forwarded-Prefix: what a rewrite took off, as the Ingress writes it. */
export function setPrefix(template: string, captures: string[]): void {
  give('prefix', fillTemplate(template, captures));
}

/** The value with its variables filled in, of nginx or of `values`; `$1` and its like are none. */
export function filled(value: string, variables = VARIABLES, values: Record<string, string | undefined> = ngx.var): string {
  if (find(value, DOLLAR, 0) < 0) return value;
  let result = '';
  let at = 0;
  while (at < value.length) {
    const dollar = find(value, DOLLAR, at);
    if (dollar < 0) return result + cut(value, at, value.length);
    let end = dollar + 1;
    while (isNameByte(byteAt(value, end))) end = end + 1;
    const variable = variables[cut(value, dollar + 1, end)];
    result = result + cut(value, at, dollar) + (end === dollar + 1 ? DOLLAR : variable === undefined ? '' : values[variable] ?? '');
    at = end;
  }
  return result;
}

function isNameByte(byte: number): boolean {
  return (byte >= 97 && byte <= 122) || byte === 95;
}

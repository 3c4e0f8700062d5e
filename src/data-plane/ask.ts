// The location that questions of external authentication are sent from: names the endpoint, and turns the answer into a verdict.
// nginx is told that every question is answered well; only the verdict says whether a request goes on (external-auth.ts).

import * as cjson from 'cjson';
import { pickEndpoint } from '../route-table/pick-endpoint.js';
import { type PreparedEndpoint, services, shardFor } from './entries.js';
import type { Verdict } from './external-auth.js';
import { nextTurn } from './next-turn.js';
import { cut, find, lower } from './text.js';
import { currentGeneration, readEntry } from './read-entry.js';

const MOST_ATTEMPTS = 20;

/** Rewrite phase of the question. */
export function run(): void {
  const variables = ngx.var;
  const className = variables.ia_ask_class ?? '';
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const [service, moved] = readEntry(services, className, variables.ia_ask_service ?? '', currentGeneration(className));
    if (!moved) {
      if (service === undefined || service.endpoints.length === 0) return ngx.exit(503);
      const turn = nextTurn(service);
      ngx.ctx.service = service;
      ngx.ctx.turn = turn;
      const endpoint = pickEndpoint(service.endpoints, turn, 0) as PreparedEndpoint;
      variables.ia_ask_shard = variables.ia_ask_scheme === 'https' ? shardFor('https', endpoint) : endpoint.shard;
      return;
    }
  }
  ngx.exit(503);
}

/** Header filter of the answer, also of nginx's own when nobody has answered. */
export function hear(): void {
  const verdict: Verdict = { status: ngx.status, headers: [], cookies: listOf(ngx.header['Set-Cookie']), challenge: listOf(ngx.header['WWW-Authenticate']) };
  verdict.lasting = isLasting(verdict);
  const names = ngx.var.ia_ask_headers ?? '';
  let at = 0;
  while (at < names.length) {
    const end = find(names, ',', at);
    verdict.headers.push(listOf(ngx.header[cut(names, at, end)]));
    at = end + 1;
  }
  ngx.var.ia_verdict = cjson.encode(verdict);
  ngx.status = 204;
}

/** What caches of HTTP may keep (RFC 9111, sections 3 and 4.1; nginx's own keeps nothing with cookies). */
function isLasting({ cookies }: Verdict): boolean {
  if (cookies.length > 0) return false;
  for (const line of listOf(ngx.header['Cache-Control'])) {
    const words = lower(line);
    if (find(words, 'no-store', 0) >= 0 || find(words, 'no-cache', 0) >= 0 || find(words, 'private', 0) >= 0) return false;
  }
  for (const line of listOf(ngx.header.Vary)) if (find(line, '*', 0) >= 0) return false;
  return true;
}

function listOf(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

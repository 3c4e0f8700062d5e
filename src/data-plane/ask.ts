// The location that questions of external authentication are sent from: names the endpoint, and turns the answer into a verdict.
// nginx is told that every question is answered well; only the verdict says whether a request goes on (external-auth.ts).

import * as cjson from 'cjson';
import { pickEndpoint } from '../route-table/pick-endpoint.js';
import { type PreparedEndpoint, type PreparedService, services, shardFor } from './entries.js';
import type { Verdict } from './external-auth.js';
import { nextTurn } from './next-turn.js';
import { prepareEndpoints } from './prepare-endpoints.js';
import { newRecent, recall, remember } from './recent.js';
import { cut, find, lower } from './text.js';
import { currentGeneration } from './read-entry.js';
import { readOn } from './read-on.js';

/** What the address of a socket begins with. */
const SOCKET = 'unix:';
const outsiders = newRecent<PreparedService>();
/** Bounds a worker's memory. */
const MOST_OUTSIDERS = 100;

/** Rewrite phase of the question. */
export function run(): void {
  const variables = ngx.var;
  const className = variables.ia_ask_class ?? '';
  const to = variables.ia_ask_service ?? '';
  if (cut(to, 0, SOCKET.length) === SOCKET) return sendTo(outside(to));
  const service = readOn(services, className, to, currentGeneration(className));
  if (service === undefined || service.endpoints.length === 0) return ngx.exit(503);
  sendTo(service);
}

function sendTo(service: PreparedService): void {
  const turn = nextTurn(service);
  ngx.ctx.service = service;
  ngx.ctx.turn = turn;
  const endpoint = pickEndpoint(service.endpoints, turn, 0) as PreparedEndpoint;
  ngx.var.ia_ask_shard = ngx.var.ia_ask_scheme === 'https' ? shardFor('https', endpoint) : endpoint.shard;
}

/** A server outside of the cluster, as if a Service had it. Which one it is comes out of a policy. */
function outside(socket: string): PreparedService {
  const known = recall(outsiders, socket);
  if (known !== undefined) return known;
  const [only] = prepareEndpoints([{ address: socket, port: 0 }], [], '');
  // Not as an address of IPv6.
  if (only !== undefined) only.address = socket;
  const made: PreparedService = { endpoints: only === undefined ? [] : [only], turns: 0 };
  remember(outsiders, socket, made, MOST_OUTSIDERS);
  return made;
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

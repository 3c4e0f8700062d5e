// Access phase: takes a request to its route and says where it goes, or answers it here. What is matched is what is sent on.

import { rewritePath } from '../route-table/rewrite-path.js';
import { normalizePath } from '../route-table/normalize-path.js';
import { pickEndpoint } from '../route-table/pick-endpoint.js';
import { cut, find } from './text.js';
import type { PreparedEndpoint, PreparedService } from './entries.js';
import { classesOfListener } from './init.js';
import { type FoundRoute, findRoute } from './find-route.js';

const PORT = '(?::(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?';

/** A name or an address as Host headers carry them, the port optional. */
const HOST_HEADER = '^(?:[a-z0-9_.-]+|\\[[0-9a-f:.]+\\])' + PORT + '$';

/** What may stand after the name that the route was chosen by, in the Host that is sent on: it names the same host. */
const AFTER_HOST = '^\\.?' + PORT + '$';

/** RFC 5842, section 7.2. */
const LOOP_DETECTED = 508;

/** Runs for every request of a data listener. */
export function run(): void {
  const variables = ngx.var;
  const classes = classesOfListener(variables.ia_listener as string);
  ngx.ctx.class = classes[0];
  const refused = refusal();
  if (refused !== undefined) return ngx.exit(refused);

  const requestUri = variables.request_uri as string;
  const question = find(requestUri, '?', 0);
  const rawPath = question < 0 ? requestUri : cut(requestUri, 0, question);
  const path = normalizePath(rawPath);
  if (path === undefined) return ngx.exit(400);

  const outcome = findRoute(classes, variables.host ?? '', path);
  if (outcome === 'none') return ngx.exit(404);
  if (outcome === 'undecidable' || outcome === 'busy') return ngx.exit(503);

  const template = outcome.match.route.rewrite;
  const sentPath = template === undefined ? path : rewritePath(template, outcome.match.captures);
  if (sentPath === undefined) return ngx.exit(400);
  variables.ia_uri = sentPath === rawPath ? requestUri : withQuery(sentPath, requestUri, question);
  send(outcome);
}

/** Status for a request that is not even looked up. */
function refusal(): number | undefined {
  if (ngx.req.http_version() === 0.9 || !takeHost()) return 400;
  // An endpoint that leads back here would take every connection there is with one request.
  return ngx.var.ia_hops === '' ? LOOP_DETECTED : undefined;
}

/** Sets the Host that is sent on: the very name that the route is chosen by. False when it is none. */
function takeHost(): boolean {
  const host = ngx.var.host ?? '';
  const header = ngx.var.http_host ?? '';
  if (header === host) {
    ngx.var.ia_host = host;
    return host === '' || ngx.re.find(host, HOST_HEADER, 'ijo') !== undefined;
  }
  const named = ngx.re.find(header, HOST_HEADER, 'ijo') !== undefined;
  const sameName = string.lower(cut(header, 0, host.length)) === host &&
    ngx.re.find(cut(header, host.length, header.length), AFTER_HOST, 'jo') !== undefined;
  // A request line with a whole URL overrules the header (RFC 9112, section 3.2.2), so what is sent on is the URL's host.
  ngx.var.ia_host = named && sameName ? header : host;
  return host === '' || (header !== '' && named);
}

function send(found: FoundRoute): void {
  const context = ngx.ctx;
  context.class = found.class;
  context.match = found.match;
  const service = found.service;
  if (service === undefined || service.endpoints.length === 0) {
    context.noEndpoints = true;
    return ngx.exit(503);
  }
  const [count] = ngx.shared.ia_cursors.incr(service.cursor, 1, -1);
  const turn = count ?? 0;
  context.service = service;
  context.turn = turn;
  ngx.var.ia_shard = firstEndpoint(service, turn).shard;
}

function firstEndpoint(service: PreparedService, turn: number): PreparedEndpoint {
  return pickEndpoint(service.endpoints, turn, 0) as PreparedEndpoint;
}

function withQuery(path: string, requestUri: string, question: number): string {
  return question < 0 ? path : path + cut(requestUri, question, requestUri.length);
}

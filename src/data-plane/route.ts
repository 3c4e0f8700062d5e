// Access phase: takes a request to its route and says where it goes, or answers it here. What is matched is what is sent on.

import { rewritePath } from '../route-table/rewrite-path.js';
import type { PreparedPolicy } from '../route-table/match.js';
import { cut, find } from './text.js';
import { applyPolicy } from './apply-policy.js';
import { ON_ITS_WAY, handOn } from './external-auth.js';
import { setPrefix } from './change-headers.js';
import { spokenBy } from './hop.js';
import { enter, keepHeld, noteSent } from './enter.js';
import { classesOfListener } from './init.js';
import { isInLane } from './lane.js';
import { send } from './send.js';
import { takeBody } from './take-body.js';
import { putBackHeaders } from './question-headers.js';
import { currentGeneration } from './read-entry.js';
import { textOf, variable } from './read-variable.js';
import { beginContext } from './request-context.js';
import { nameRequest } from './request-id.js';
import { isRare, namedHost, usualRequest } from './usual-request.js';
import { type FoundRoute, findAgain, findRoute } from './find-route.js';
import { arriving, give, giveNothing, giveRare } from './go-on.js';
import { leavingKey } from './shared-keys.js';

const { ia_versions: versions } = ngx.shared;
const LEAVING = leavingKey();
const URI = variable('request_uri');

const PORT = '(?::(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?';

/** A name or an address as Host headers carry them, the port optional. */
const HOST_HEADER = '^(?:[a-z0-9_.-]+|\\[[0-9a-f:.]+\\])' + PORT + '$';

/** What may stand after the name that the route was chosen by, in the Host that is sent on: it names the same host. */
const AFTER_HOST = '^\\.?' + PORT + '$';

/** RFC 5842, section 7.2. */
const LOOP_DETECTED = 508;

/** Runs for a request that goes on in a named location: what it holds it still holds. */
export function resume(this: void, listener: string): void {
  keepHeld();
  // First of all: what is decided from here on is decided by what the client has said.
  putBackHeaders();
  runInFull(listener);
}

/** Runs for a request that was routed where it came in, and goes on where more is told of it. */
export function arrive(this: void, listener: string): void {
  const context = arriving();
  if (context === undefined) return resume(listener);
  ngx.ctx = context;
}

/** Runs for every request of the data listener of this name. */
export function run(this: void, listener: string): void {
  giveNothing();
  nameRequest();
  const usual = usualRequest();
  const host = usual === undefined ? undefined : namedHost();
  if (usual === undefined || host === undefined || versions.get(LEAVING) !== undefined) return runInFull(listener);
  const classes = classesOfListener(listener);
  const requestUri = textOf(URI) as string;
  const rawPath = pathOf(requestUri);
  const found = findAgain(classes[0] ?? '', host, rawPath);
  // A name that has routes is valid.
  if (found === undefined && !isName(host)) return runInFull(listener);
  if (usual.plain) beginContext(classes[0]);
  else ngx.ctx.class = classes[0];
  if (found === undefined) return goOn(classes, host, true);
  found.usual = true;
  carryOut(found, rawPath, requestUri);
}

function isName(host: string): boolean {
  return ngx.re.find(host, HOST_HEADER, 'ijo') !== undefined;
}

/** Without the query. */
function pathOf(requestUri: string): string {
  const question = find(requestUri, '?', 0);
  return question < 0 ? requestUri : cut(requestUri, 0, question);
}

function runInFull(listener: string): void {
  if (isToLeave()) return enter('@leave');
  const classes = classesOfListener(listener);
  ngx.ctx.class = classes[0];
  const host = ngx.var.host ?? '';
  const refused = refusal(host);
  if (refused !== undefined) return ngx.exit(refused);
  goOn(classes, host, false);
}

/** `usual`: the request has no body, and is where requests come in. */
function goOn(classes: string[], host: string, usual: boolean): void {
  const requestUri = textOf(URI) as string;
  const rawPath = pathOf(requestUri);
  const outcome = findRoute(classes, host, rawPath);
  if (outcome === 'malformed') return ngx.exit(400);
  if (outcome === 'none') return ngx.exit(haveTables(classes) ? 404 : 503);
  if (outcome === 'undecidable' || outcome === 'busy') return ngx.exit(503);
  outcome.usual = usual;
  carryOut(outcome, rawPath, requestUri);
}

/** Of a class that has not had its first table nobody can say what is not there. */
function haveTables(classes: string[]): boolean {
  for (const name of classes) {
    if (currentGeneration(name) === 0) return false;
  }
  return true;
}

/**
 * Whether the connection is to end with the answer, which nginx does in a location of its own; what is said there of a request
 * lasts when it goes on elsewhere. A request that has been in another one before (a body was read, a question asked) goes
 * there all the same: `resume` keeps what it holds, and limits know that it was counted.
 */
function isToLeave(): boolean {
  return versions.get(LEAVING) !== undefined && ngx.var.ia_location === '' && ngx.var.ia_leaving === '' && (ngx.req.http_version() ?? 0) < 2;
}

function carryOut(found: FoundRoute, rawPath: string, requestUri: string): void {
  const context = ngx.ctx;
  context.class = found.class;
  context.match = found.taken;
  const { path } = found;
  const { policy, route, captures } = found.match;
  if (policy !== undefined) {
    context.policy = policy;
    const status = applyPolicy(policy, found, path, queryOf(rawPath, requestUri));
    if (status === ON_ITS_WAY) return;
    if (status !== undefined) return ngx.exit(status);
  }
  const sentPath = route.rewrite === undefined ? path : rewritePath(route.rewrite, captures);
  if (sentPath === undefined) return ngx.exit(400);
  // Left empty, nginx sends on what the client has sent (ngx_http_proxy_create_request); in `/` that is the whole of it.
  if (sentPath !== rawPath) ngx.var.ia_uri = sentPath + cut(requestUri, rawPath.length, requestUri.length);
  else if (!found.usual) ngx.var.ia_uri = requestUri;
  if (policy !== undefined) return carryOutPolicy(found, policy, sentPath, rawPath);
  const body = takeBody(found, undefined);
  if (body === true) send(found, undefined);
  else if (body !== false) enter(body);
}

function carryOutPolicy(found: FoundRoute, policy: PreparedPolicy, sentPath: string, rawPath: string): void {
  const { prefix } = policy.asked;
  const protocol = spokenBy(policy.asked);
  if (prefix !== undefined && found.match.route.rewrite !== undefined) setPrefix(prefix, found.match.captures);
  if ((protocol === 'grpc' || protocol === 'grpcs') && !enterGrpc(protocol, sentPath, rawPath)) return;
  const body = takeBody(found, policy.asked);
  if (body === false) return;
  if (body !== true) return enter(body);
  if (!isInLane(found, policy)) return;
  // Only now: whoever goes through several locations has to show them in each.
  if (policy.asked.basic !== undefined) ngx.req.clear_header('Authorization');
  if (policy.asked.external !== undefined) handOn(policy.asked.external);
  if (policy.takesBack) noteSent(found);
  send(found, policy.asked);
}

/** What is after the question mark; undefined without one. */
function queryOf(rawPath: string, requestUri: string): string | undefined {
  return rawPath.length === requestUri.length ? undefined : cut(requestUri, rawPath.length + 1, requestUri.length);
}

/** Status for a request that is not even looked up. */
function refusal(host: string): number | undefined {
  if (ngx.req.http_version() === 0.9 || !takeHost(host)) return 400;
  // An endpoint that leads back here would take every connection there is with one request.
  if (ngx.var.ia_hops === '') return LOOP_DETECTED;
  if (isRare()) giveRare();
  return undefined;
}

/** Sets the Host that is sent on: the very name that the route is chosen by. False when it is none. */
function takeHost(host: string): boolean {
  const header = ngx.var.http_host ?? '';
  if (header === host) return host === '' || ngx.re.find(host, HOST_HEADER, 'ijo') !== undefined;
  const named = isName(header);
  const sameName = string.lower(cut(header, 0, host.length)) === host &&
    ngx.re.find(cut(header, host.length, header.length), AFTER_HOST, 'jo') !== undefined;
  // A request line with a whole URL overrules the header (RFC 9112, section 3.2.2), so what is sent on is the URL's host.
  const sent = named && sameName ? header : host;
  if (sent !== header) {
    give('host', sent);
    give('backend_host', sent);
  }
  return host === '' || (header !== '' && named);
}

/** gRPC has locations of its own; the request starts again there. True when it is there. */
function enterGrpc(protocol: string, sentPath: string, rawPath: string): boolean {
  if (ngx.var.ia_location !== protocol) {
    enter('@' + protocol);
    return false;
  }
  // The path is no variable there. No name of a method needs escapes, which nginx would write in its own way.
  if (find(sentPath, '%', 0) >= 0) {
    ngx.exit(400);
    return false;
  }
  if (sentPath !== rawPath) ngx.req.set_uri(sentPath);
  return true;
}

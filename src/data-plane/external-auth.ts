// Asks another server whether a request may go on. nginx's auth_request sends the question from a location of its own
// (ask.ts); here the request is sent there, and the verdict that it comes back with is read. No verdict is a refusal.

import * as cjson from 'cjson';
import { canBeAsked } from '../route-table/can-be-asked.js';
import { type RedirectRequest, fillVariables } from '../route-table/redirect-location.js';
import { normalizePath } from '../route-table/normalize-path.js';
import { rewritePath } from '../route-table/rewrite-path.js';
import type { ExternalAuth } from '../route-table/types.js';
import { filled } from './change-headers.js';
import { cut, find, lower } from './text.js';
import { type FoundRoute, findRoute } from './find-route.js';
import { hopOutside } from './hop.js';
import { classesOfListener } from './init.js';
import { setQuestionHeaders } from './question-headers.js';
import { keepVerdict, keyOfVerdict, recallVerdict } from './verdict-cache.js';

/** In place of a status: the request goes on in another location. */
export const ON_ITS_WAY = -1;

/** What the server said, as it lies in a variable: a request loses all else on its way between locations. */
export interface Verdict {
  status: number;
  /** Of each response header that is to be handed on its values; empty when it is not there. */
  headers: string[][];
  cookies: string[];
  challenge: string[];
  /** Nothing in it says that it is for this request only. */
  lasting?: boolean;
}

/** Whom to ask, in which class: key of the endpoints, or a socket that leads there. */
interface Question {
  class: string;
  service: string;
  scheme: string;
  host: string;
  uri: string;
}

/** `question`: what tells it from others. Undefined: the request may go on; else its status, or ON_ITS_WAY. */
export function refusedElsewhere(external: ExternalAuth, question: string, request: RedirectRequest): number | undefined {
  if (ngx.var.ia_asked !== question && !isKnown(external, question, request)) return ask(external, question, request);
  const verdict = takeVerdict(external);
  const status = verdict === undefined ? 500 : verdict.status;
  if (verdict !== undefined) ngx.ctx.verdictCookies = verdict.cookies;
  if (status >= 200 && status < 300) return undefined;
  if (status === 401 && verdict !== undefined) return refuse(external, verdict, request);
  return status === 403 ? 403 : 500;
}

/** Whether there is a verdict from before; then it is as if it had just come. */
function isKnown(external: ExternalAuth, question: string, request: RedirectRequest): boolean {
  const { cache, host, target } = external;
  if (cache === undefined) return false;
  const key = keyOfVerdict(external, question, host === '$host' ? request.host : host, fillVariables(target, request));
  const kept = recallVerdict(key);
  if (kept === undefined) {
    ngx.var.ia_ask_key = key;
    return false;
  }
  ngx.var.ia_asked = question;
  ngx.var.ia_verdict = kept;
  return true;
}

function takeVerdict(external: ExternalAuth): Verdict | undefined {
  const verdict = readVerdict();
  if (external.cache !== undefined && verdict !== undefined) keep(external, verdict);
  return verdict;
}

/** Once: the request may come by again, in other locations. */
function keep(external: ExternalAuth, verdict: Verdict): void {
  const key = ngx.var.ia_ask_key ?? '';
  if (key === '') return;
  ngx.var.ia_ask_key = '';
  keepVerdict(external, key, verdict);
}

/** The headers that the backend is to have of the verdict, and the client may not choose. */
export function handOn({ responseHeaders }: ExternalAuth): void {
  if (responseHeaders === undefined) return;
  const values = readVerdict()?.headers;
  for (let at = 0; at < responseHeaders.length; at++) {
    // Not asked, because something else was enough: no header then.
    const value = values === undefined ? undefined : values[at];
    if (value === undefined || value.length === 0) ngx.req.clear_header(responseHeaders[at]);
    else ngx.req.set_header(responseHeaders[at], value);
  }
}

function readVerdict(): Verdict | undefined {
  const text = ngx.var.ia_verdict ?? '';
  return text === '' ? undefined : cjson.decode(text) as Verdict;
}

function refuse({ signin }: ExternalAuth, { challenge }: Verdict, request: RedirectRequest): number {
  if (signin !== undefined) {
    ngx.header.Location = fillVariables(signin, request);
    return 302;
  }
  if (challenge.length > 0) ngx.header['WWW-Authenticate'] = challenge;
  return 401;
}

function ask(external: ExternalAuth, question: string, request: RedirectRequest): number {
  const original = request.query === undefined ? request.path : request.path + '?' + request.query;
  const redirect = external.redirect === undefined ? original : fillVariables(external.redirect, request);
  const host = external.host === '$host' ? request.host : external.host;
  const target = fillVariables(external.target, request);
  let headers = '';
  for (const name of external.responseHeaders ?? []) headers = headers + name + ',';
  const to = external.service === undefined && external.outside === undefined ? routeTo(host, target, external.scheme) : questionTo(external, host, target);
  if (to === undefined) return 503;
  const variables = ngx.var;
  variables.ia_verdict = '';
  variables.ia_asked = question;
  variables.ia_ask_class = to.class;
  variables.ia_ask_service = to.service;
  variables.ia_ask_scheme = to.scheme;
  variables.ia_ask_host = to.host;
  variables.ia_ask_uri = to.uri;
  variables.ia_ask_method = external.method ?? 'GET';
  variables.ia_ask_original = original;
  variables.ia_ask_redirect = redirect;
  variables.ia_ask_headers = headers;
  if (external.headers !== undefined) setQuestionHeaders(external.headers);
  ngx.exec('@asked');
  return ON_ITS_WAY;
}

function questionTo(external: ExternalAuth, host: string, target: string): Question {
  const className = ngx.ctx.class as string;
  // The agent speaks TLS to it.
  if (external.outside !== undefined) return { class: className, service: hopOutside(className, external), scheme: 'http', host, uri: target };
  return { class: className, service: external.service as string, scheme: external.scheme, host, uri: target };
}

/** The listener's own route for a host and a path: what a client could ask, too. */
function routeTo(host: string, target: string, scheme: string): Question | undefined {
  const question = find(target, '?', 0);
  const path = normalizePath(question < 0 ? target : cut(target, 0, question));
  if (path === undefined) return undefined;
  const found = findRoute(classesOfListener(ngx.var.ia_listener as string), lower(host), path);
  if (typeof found === 'string') return undefined;
  const sent = sentPath(found, path);
  if (sent === undefined) return undefined;
  const { match, taken } = found;
  const asked = match.policy === undefined ? undefined : match.policy.asked;
  // What the route's endpoints speak, whatever the listener does.
  const spoken = asked === undefined ? undefined : asked.protocol === 'auto' ? scheme : asked.protocol;
  return {
    class: found.class, service: taken.route.backend, scheme: spoken ?? 'http', host: asked === undefined || asked.host === undefined ? host : filled(asked.host),
    uri: question < 0 ? sent : sent + cut(target, question, target.length),
  };
}

/** What a route that can be asked is asked for. */
function sentPath({ match: { route, policy, captures }, taken }: FoundRoute, path: string): string | undefined {
  if (taken.route.backend === '' || (policy !== undefined && !canBeAsked(policy.asked))) return undefined;
  return route.rewrite === undefined ? path : rewritePath(route.rewrite, captures);
}

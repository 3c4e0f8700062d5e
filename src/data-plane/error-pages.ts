// Sends a request to the Service whose answers stand in for others, and tells it what had happened. When it has nobody to send
// to either, the status stays.

import { type PathMatchResult, matchPath } from '../route-table/match.js';
import { pickEndpoint } from '../route-table/pick-endpoint.js';
import type { ErrorPages } from '../route-table/types.js';
import { soundTurn } from './endpoint-health.js';
import { type PreparedEndpoint, type PreparedService, defaults, services } from './entries.js';
import type { FoundRoute } from './find-route.js';
import { readOn } from './read-on.js';
import { give, goOn } from './go-on.js';
import { nextTurn } from './next-turn.js';
import { cut, find } from './text.js';

/** Whether an answer with this status is to be replaced. */
export function isReplaced({ statuses }: ErrorPages, status: number): boolean {
  for (const one of statuses) {
    if (one === status) return true;
  }
  return false;
}

/** Sets out for the Service, or answers with `status`. The headers are those of ingress-nginx. */
export function askForPage(found: FoundRoute, errors: ErrorPages, status: number): void {
  const backend = errors.backend ?? defaultBackend(found);
  const service = backend === undefined ? undefined : readOn(services, found.class, backend, found.generation);
  if (service === undefined || service.endpoints.length === 0) return ngx.exit(status);
  const { namespace, ingress, backend: own } = found.match.route;
  tell('X-Code', tostring(status));
  tell('X-Format', ngx.var.http_accept ?? '');
  tell('X-Namespace', namespace);
  tell('X-Ingress-Name', ingress);
  tell('X-Service-Name', found.match.route.service);
  tell('X-Service-Port', portOf(own));
  give('original', ngx.var.request_uri ?? '');
  ngx.var.ia_uri = '/';
  give('scheme', 'http');
  give('backend_host', ngx.var.ia_host ?? '');
  // Whoever is asked for a password has to learn by whom. The only 401 that comes here is a backend's.
  if (status === 401) ngx.header['WWW-Authenticate'] = ngx.var.upstream_http_www_authenticate;
  // The status that was to be answered counts no more.
  ngx.status = 200;
  sendTo(service);
}

function sendTo(service: PreparedService): void {
  const turn = soundTurn(service.endpoints, nextTurn(service));
  const context = ngx.ctx;
  context.service = service;
  context.turn = turn;
  context.tried = 0;
  context.toPage = true;
  ngx.var.ia_shard = (pickEndpoint(service.endpoints, turn, 0) as PreparedEndpoint).shard;
  goOn(undefined);
}

/** Also over what the client says under these names. */
function tell(name: string, value: string): void {
  if (value === '') ngx.req.clear_header(name);
  else ngx.req.set_header(name, value);
}

function portOf(backend: string): string {
  let at = 0;
  for (let slash = find(backend, '/', 0); slash >= 0; slash = find(backend, '/', at)) at = slash + 1;
  return cut(backend, at, backend.length);
}

function defaultBackend(found: FoundRoute): string | undefined {
  const index = readOn(defaults, found.class, '', found.generation);
  const match = index === undefined ? undefined : matchPath(index, '/', noPattern) as PathMatchResult | undefined;
  return match === undefined ? undefined : match.route.backend;
}

/** A default backend has no patterns. */
function noPattern(): undefined {
  return undefined;
}

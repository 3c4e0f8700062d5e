// Log phase, where the engine keeps a log of requests: whose each was, for nginx's own log module, which comes after, and what is
// done at its end in any case. An Ingress may want none of its requests in it.

import type { PreparedPolicy } from '../route-table/match.js';
import { run as count } from './count.js';
import { countedClass, countedRoute } from './count-request.js';
import { run as endRequest } from './end-request.js';

/** `mode`: `counted`, or `uncounted` where requests are not. */
export function run(this: void, mode: string): void {
  // First: with its end a request's context is another one's.
  noteOwner(ngx.ctx);
  if (mode === 'counted') count();
  else endRequest();
}

function noteOwner(context: RequestContext): void {
  const policy = context.policy as PreparedPolicy | undefined;
  const variables = ngx.var;
  if (policy !== undefined && policy.asked.unlogged === true) {
    variables.ia_logged = '';
    return;
  }
  const className = countedClass(context);
  const route = countedRoute(context, className);
  variables.ia_log_class = className;
  variables.ia_log_ingress = route.ingress === '' ? '' : route.namespace + '/' + route.ingress;
  variables.ia_log_service = route.service;
}

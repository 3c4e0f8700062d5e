// What an answer lets pages of other origins do (Fetch, section 3.2). It stands in place of what the backend says: two sets of these
// headers are none to a browser.

import { allowedOrigin } from '../route-table/cors-origin.js';
import type { Cors } from '../route-table/types.js';
import { textOf, variable } from './read-variable.js';

/** The defaults of ingress-nginx. */
const METHODS = 'GET, PUT, POST, DELETE, PATCH, OPTIONS';
const HEADERS = 'DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization';
const MAX_AGE = '1728000';

const ORIGIN = variable('http_origin');

/**
 * Before a request is sent: has nginx say it of the answer, at a fraction of what setCors costs. False: there is nothing to say, or more
 * than is said of most. What pages may read of an answer is left to the backend unless the policy says it.
 */
export function sayCors(cors: Cors): boolean {
  if (cors.expose !== undefined) return false;
  const origin = originFor(cors);
  if (origin === undefined) return false;
  const variables = ngx.var;
  variables.ia_cors_origin = origin;
  if (cors.credentials) variables.ia_cors_credentials = 'true';
  variables.ia_cors_methods = cors.methods ?? METHODS;
  variables.ia_cors_headers = cors.headers ?? HEADERS;
  variables.ia_cors_age = cors.maxAge === undefined ? MAX_AGE : tostring(cors.maxAge);
  return true;
}

/** Header filter: says it of the present answer, wherever that comes from. */
export function setCors(cors: Cors): void {
  const origin = originFor(cors);
  if (origin === undefined) return;
  const header = ngx.header;
  header['Access-Control-Allow-Origin'] = origin;
  header['Access-Control-Allow-Credentials'] = cors.credentials ? 'true' : undefined;
  header['Access-Control-Allow-Methods'] = cors.methods ?? METHODS;
  header['Access-Control-Allow-Headers'] = cors.headers ?? HEADERS;
  header['Access-Control-Max-Age'] = cors.maxAge === undefined ? MAX_AGE : tostring(cors.maxAge);
  if (cors.expose !== undefined) header['Access-Control-Expose-Headers'] = cors.expose;
}

/** To read a variable costs more than to know that it does not matter. */
function originFor({ origins }: Cors): string | undefined {
  return origins[0] === '*' ? '*' : allowedOrigin(origins, textOf(ORIGIN));
}

// What an answer lets pages of other origins do (Fetch, section 3.2). It stands in place of what the backend says: two sets of these
// headers are none to a browser.

import { corsDefaults } from '../route-table/cors-defaults.js';
import { allowedOrigin } from '../route-table/cors-origin.js';
import type { Cors } from '../route-table/types.js';
import { textOf, variable } from './read-variable.js';

const ORIGIN = variable('http_origin');

/**
 * Before a request is sent: has nginx say it of the answer, at a fraction of what setCors costs. The location that says it; undefined:
 * there is nothing to say, or more than is said of most. What pages may read of an answer is left to the backend unless the policy says it.
 */
export function sayCors(cors: Cors): string | undefined {
  if (cors.expose !== undefined) return undefined;
  const origin = originFor(cors);
  if (origin === undefined) return undefined;
  const variables = ngx.var;
  variables.ia_cors_origin = origin;
  if (cors.credentials) variables.ia_cors_credentials = 'true';
  if (cors.methods === undefined && cors.headers === undefined && cors.maxAge === undefined) return '@cors';
  variables.ia_cors_methods = cors.methods ?? corsDefaults.methods;
  variables.ia_cors_headers = cors.headers ?? corsDefaults.headers;
  variables.ia_cors_age = maxAgeOf(cors);
  return '@cors_own';
}

/** Header filter: says it of the present answer, wherever that comes from. */
export function setCors(cors: Cors): void {
  const origin = originFor(cors);
  if (origin === undefined) return;
  const header = ngx.header;
  header['Access-Control-Allow-Origin'] = origin;
  header['Access-Control-Allow-Credentials'] = cors.credentials ? 'true' : undefined;
  header['Access-Control-Allow-Methods'] = cors.methods ?? corsDefaults.methods;
  header['Access-Control-Allow-Headers'] = cors.headers ?? corsDefaults.headers;
  header['Access-Control-Max-Age'] = maxAgeOf(cors);
  if (cors.expose !== undefined) header['Access-Control-Expose-Headers'] = cors.expose;
}

function maxAgeOf({ maxAge }: Cors): string {
  return maxAge === undefined ? corsDefaults.maxAge : tostring(maxAge);
}

/** To read a variable costs more than to know that it does not matter. */
function originFor({ origins }: Cors): string | undefined {
  return origins[0] === '*' ? '*' : allowedOrigin(origins, textOf(ORIGIN));
}

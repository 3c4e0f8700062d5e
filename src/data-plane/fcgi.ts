// FastCGI to endpoints. The relay speaks it (relay.ts), so that everything else of a request is as with HTTP; what a backend is told
// in CGI's names is partly known where the request came in, and partly of the path that is sent on.

import * as cjson from 'cjson';
import { type FastCgi, cgiParams, cgiPathVariables, cgiVariables } from '../route-table/cgi-params.js';
import type { Policy } from '../route-table/types.js';
import { filled } from './change-headers.js';
import { byteAt, lower } from './text.js';

const SLASH = 47;

/** What nginx calls variables where a request comes in, unless it calls them so. */
const WHERE_IT_CAME_IN: Record<string, string | undefined> = {
  http_host: 'ia_host', remote_addr: 'ia_address', request_id: 'ia_request_id', scheme: 'ia_forwarded_proto', server_name: 'host', server_port: 'ia_forwarded_port',
};

/** From where the request came in to the relay. */
interface Told {
  values: Record<string, string | undefined>;
  asked: FastCgi;
}

/** Every variable, under its own name. */
const variables: Record<string, string | undefined> = {};
for (const name of cgiVariables) variables[name] = name;
for (const name of cgiPathVariables) variables[name] = name;

/** What the relay has to know, as the value of a header. */
export function tellRelay({ fcgi }: Policy): string {
  const values: Told['values'] = {};
  for (const name of cgiVariables) values[name] = ngx.var[WHERE_IT_CAME_IN[name] ?? name];
  values.https = values.scheme === 'https' ? 'on' : '';
  return cjson.encode({ values, asked: fcgi ?? {} });
}

/** Access phase of the relay's location for FastCGI. */
export function run(): void {
  const { values, asked } = cjson.decode(ngx.var.http_x_arbiter_cgi ?? '') as Told;
  // Backends read as much as they are told that there is.
  if (ngx.var.http_transfer_encoding !== undefined) ngx.req.read_body();
  for (const name of cgiPathVariables) values[name] = ngx.var[name];
  const path = ngx.var.uri ?? '';
  values.fastcgi_script_name = byteAt(path, path.length - 1) === SLASH ? path + (asked.index ?? '') : path;
  for (const { name, value } of cgiParams) ngx.var['ia_cgi_' + lower(name)] = filled(value, variables, values);
  for (const { name, value } of asked.params ?? []) ngx.var['ia_cgi_' + lower(name)] = filled(value, variables, values);
}

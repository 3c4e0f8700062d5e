// The way to endpoints whose TLS nginx can't speak: a socket of the agent, one for each endpoint and each set of settings
// (route-table/backend-tls). On it the protocol is spoken in the clear; a socket that is not there is a backend that does not answer.

import type { PreparedPolicy } from '../route-table/match.js';
import { hopNameLength, hopText } from '../route-table/backend-tls.js';
import type { Policy } from '../route-table/types.js';
import type { PreparedEndpoint } from './entries.js';
import { hopsPath } from './init.js';
import { cut } from './text.js';

/** What nginx itself speaks for a policy. */
export function spokenBy({ protocol, tls }: Policy): Policy['protocol'] {
  if (tls === undefined) return protocol;
  return protocol === 'grpcs' ? 'grpc' : undefined;
}

/** The address for set_current_peer. Kept at the endpoint, which is one class's and mostly has one set of settings. */
export function hopTo({ tls }: PreparedPolicy, className: string, endpoint: PreparedEndpoint): string {
  if (endpoint.hop === undefined || endpoint.hopTls !== tls) {
    endpoint.hop = 'unix:' + hopsPath() + cut(ngx.md5(hopText({ class: className, tls: tls as string }, endpoint.address, endpoint.port)), 0, hopNameLength);
    endpoint.hopTls = tls as string;
  }
  return endpoint.hop;
}

// The way to endpoints whose TLS nginx can't speak: a socket of the agent, one for each endpoint and each set of settings
// (route-table/backend-tls). On it the protocol is spoken in the clear; a socket that is not there is a backend that does not answer.

import type { PreparedPolicy } from '../route-table/match.js';
import type { ExternalAuth, OutsideServer } from '../route-table/access-types.js';
import { hopNameLength, hopText, outsideText } from '../route-table/backend-tls.js';
import type { Policy } from '../route-table/types.js';
import type { PreparedEndpoint } from './entries.js';
import { hopsPath } from './init.js';
import { cut } from './text.js';

/** What nginx itself speaks for a policy. */
export function spokenBy({ protocol, tls }: Policy): Policy['protocol'] {
  if (tls === undefined) return protocol;
  return protocol === 'grpcs' ? 'grpc' : undefined;
}

/** The socket that leads to a server outside of the cluster, for set_current_peer. */
export function hopOutside(className: string, { scheme, host, outside }: ExternalAuth): string {
  const { port, trusted } = outside as OutsideServer;
  return socketFor({ class: className, tls: outsideText(scheme, trusted) }, host, port);
}

function socketFor(settings: { class: string; tls: string }, address: string, port: number): string {
  return 'unix:' + hopsPath() + cut(ngx.md5(hopText(settings, address, port)), 0, hopNameLength);
}

/** The address for set_current_peer. Kept at the endpoint, which is one class's and mostly has one set of settings. */
export function hopTo({ tls }: PreparedPolicy, className: string, endpoint: PreparedEndpoint): string {
  if (endpoint.hop === undefined || endpoint.hopTls !== tls) {
    endpoint.hop = socketFor({ class: className, tls: tls as string }, endpoint.address, endpoint.port);
    endpoint.hopTls = tls as string;
  }
  return endpoint.hop;
}

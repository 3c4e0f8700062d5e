// The way to endpoints whose TLS nginx can't speak, or whose name it would have to resolve: a socket of the agent, one for each
// endpoint and each set of settings (route-table/backend-tls). On it the protocol is spoken in the clear, or in TLS of nginx's own;
// a socket that is not there is a backend that does not answer.

import type { PreparedPolicy } from '../route-table/match.js';
import type { ExternalAuth, OutsideServer } from '../route-table/access-types.js';
import { hopDirectory, hopNameLength, hopText, outsideText } from '../route-table/backend-tls.js';
import type { Endpoint, Policy } from '../route-table/types.js';
import type { PreparedEndpoint } from './entries.js';
import { cut } from './text.js';

/** Where the agent's sockets are that lead to endpoints; ends with a slash. */
export function hopsPath(): string {
  return ngx.config.prefix() + hopDirectory;
}

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

/** The socket that leads to an endpoint that has a name: what nginx speaks there passes as it is. */
export function hopToName(className: string, { address, port }: Endpoint): string {
  return socketFor({ class: className, tls: outsideText('http', undefined) }, address, port);
}

function socketFor(settings: { class: string; tls: string }, address: string, port: number): string {
  return 'unix:' + hopsPath() + cut(ngx.md5(hopText(settings, address, port)), 0, hopNameLength);
}

/** The address for set_current_peer. Kept at the endpoint, which is one class's and mostly has one set of settings. */
export function hopTo({ tls }: PreparedPolicy, className: string, endpoint: PreparedEndpoint): string {
  if (endpoint.hop === undefined || endpoint.hopTls !== tls) {
    endpoint.hop = socketFor({ class: className, tls: tls as string }, endpoint.name ?? endpoint.address, endpoint.port);
    endpoint.hopTls = tls as string;
  }
  return endpoint.hop;
}

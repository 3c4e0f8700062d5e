// Who the client is and how it came, when proxies before the engine are believed. What they say counts only when the connection
// itself comes from one of them; then address lists, limits, redirects and backends go by it.

import { addressBytes } from '../route-table/address-bytes.js';
import { forwardedClient } from '../route-table/forwarded-for.js';
import type { PreparedPolicy } from '../route-table/match.js';
import { type SourceRange, inRanges } from '../route-table/source-range.js';
import { give } from './go-on.js';
import { lower } from './text.js';
import { textOf, variable } from './read-variable.js';

const HOST = '^(?:[a-z0-9_.-]+|\\[[0-9a-f:.]+\\])(?::[0-9]{1,5})?$';
const PORT = '^[1-9][0-9]{0,4}$';

const ADDRESS = variable('binary_remote_addr');

/** Takes what a trusted proxy says of the request. Anybody else's words are not looked at. */
export function takeForwarded({ asked: { forwarded }, trusted, forwardedFor }: PreparedPolicy): void {
  const variables = ngx.var;
  if (forwarded === undefined || !inRanges(trusted as SourceRange[], variables.binary_remote_addr ?? '')) return;
  const list = variables[forwardedFor as string];
  const client = list === undefined ? undefined : forwardedClient(list, trusted as SourceRange[]);
  if (client !== undefined) {
    ngx.ctx.address = addressBytes(client);
    give('address', client);
    give('forwarded_for', forwarded.full === true ? (list as string) + ', ' + (variables.remote_addr ?? '') : client);
  }
  takeWay(variables.http_x_forwarded_proto, variables.http_x_forwarded_port, variables.http_x_forwarded_host);
}

/** What is none of these is as if it were not said. */
function takeWay(proto: string | undefined, port: string | undefined, host: string | undefined): void {
  const scheme = proto === undefined ? undefined : lower(proto);
  if (scheme === 'http' || scheme === 'https') {
    ngx.ctx.scheme = scheme;
    give('forwarded_proto', scheme);
  }
  if (port !== undefined && ngx.re.find(port, PORT, 'jo') !== undefined) give('forwarded_port', port);
  if (host !== undefined && ngx.re.find(host, HOST, 'ijo') !== undefined) give('forwarded_host', host);
}

/** The client's address, 4 or 16 bytes. */
export function clientAddress(): string {
  return ngx.ctx.address ?? textOf(ADDRESS) ?? '';
}

/** The scheme that the client used. TLS that ended before the engine is known by port 443 of the PROXY protocol, too. */
export function clientScheme(): string {
  const { scheme } = ngx.ctx;
  if (scheme !== undefined) return scheme;
  return ngx.var.scheme === 'https' || ngx.var.ia_proxy_port === '443' ? 'https' : 'http';
}

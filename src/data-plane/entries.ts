// The kinds of entries that requests and handshakes read, each prepared once per worker for many uses.

import * as ssl from 'ngx.ssl';
import type { Certificate, Endpoint, HostRoutes, ServerName, ServiceEndpoints } from '../route-table/types.js';
import { type PathIndex, indexPaths } from '../route-table/match.js';
import { find } from './text.js';
import { entryKind } from './read-entry.js';

/** nginx keeps idle upstream connections per upstream block in one list; many blocks keep those lists short. */
const SHARDS = 64;

export interface PreparedEndpoint extends Endpoint {
  /** The upstream block whose idle connections this endpoint shares. */
  shard: string;
}

export interface PreparedService {
  endpoints: PreparedEndpoint[];
  /** Where the turns of the Service are counted, over all workers. */
  cursor: string;
}

export interface PreparedCertificate {
  chain: ParsedCertificates;
  key: ParsedKey;
}

export const hosts = entryKind<PathIndex>('host/', (record, _className, name) => {
  // The counters of a route name its host.
  for (const route of (record as HostRoutes).routes) (route as { host?: string }).host = name;
  return indexPaths(record as HostRoutes);
});

/** The class's default backend, under the name ''. */
export const defaults = entryKind<PathIndex>('default', (record) => indexPaths(record as HostRoutes));

/** Named by the whole key: routes refer to it so. */
export const services = entryKind<PreparedService>('', (record, className, name) => {
  const endpoints: PreparedEndpoint[] = [];
  for (const endpoint of (record as ServiceEndpoints).endpoints) {
    endpoints.push({ address: bracketed(endpoint.address), port: endpoint.port, shard: shardOf(endpoint) });
  }
  return { endpoints, cursor: className + '|' + name };
});

export const serverNames = entryKind<string>('sni/', (record) => (record as ServerName).certificate);

/** Parsing costs more than the handshake itself, so it happens once per worker; undefined when it does not parse. */
export const certificates = entryKind<PreparedCertificate | undefined>('certificate/', (record, className, name) => {
  const { chain, key } = record as Certificate;
  const [parsedChain, chainProblem] = ssl.parse_pem_cert(chain);
  const [parsedKey, keyProblem] = ssl.parse_pem_priv_key(key);
  if (parsedChain === undefined || parsedKey === undefined) {
    ngx.log(ngx.ERR, 'certificate ', name, ' of class ', className, ': ', chainProblem ?? keyProblem ?? '');
    return undefined;
  }
  return { chain: parsedChain, key: parsedKey };
});

function bracketed(address: string): string {
  return find(address, ':', 0) >= 0 ? '[' + address + ']' : address;
}

function shardOf(endpoint: Endpoint): string {
  let sum = endpoint.port;
  for (let at = 1; at <= endpoint.address.length; at++) {
    sum = (sum * 31 + string.byte(endpoint.address, at)) % 65521;
  }
  return 'ia_shard_' + tostring(sum % SHARDS);
}

// The kinds of entries that requests and handshakes read, each prepared once per worker for many uses.

import * as ssl from 'ngx.ssl';
import type { Certificate, ClientAuthority, Endpoint, HostRoutes, RevokedCertificates, ServerName, ServiceEndpoints } from '../route-table/types.js';
import { type PathIndex, type PathMatchResult, indexPaths } from '../route-table/match.js';
import { type PackedRoutes, unpackRoutes } from '../route-table/packed-routes.js';
import { type UpstreamFamily, upstreamBlocks, upstreamName } from '../route-table/upstream-blocks.js';
import { chance } from './chance.js';
import { prepareEndpoints } from './prepare-endpoints.js';
import { entryKind } from './read-entry.js';
import { type Recent, newRecent } from './recent.js';

/** What was found for a path as the request has it. */
export interface FoundPath {
  /** In normal form. */
  path: string;
  match: PathMatchResult;
}

/** The routes of one host, and what was found among them lately: one table, for a worker has one for each host that is asked for. */
export interface PreparedHost extends Recent<FoundPath> {
  index: PathIndex;
}

export interface PreparedEndpoint extends Endpoint {
  /** The upstream block whose idle connections this endpoint shares. */
  shard: string;
  /** From which the upstream block of another protocol follows. */
  spread: number;
  /** By which clients are given to endpoints. */
  hash: number;
  /** Until when it is passed over, in seconds since the epoch, and failures since its last answer. */
  until: number;
  failures: number;
  /** Seconds to the header of its answers, when that was observed last (seconds since the epoch), and requests under way: endpoint-load.ts. */
  average: number;
  observedAt: number;
  underWay: number;
  /** The socket that leads to it with TLS that somebody has asked for, and with which: hop.ts. */
  hop?: string;
  hopTls?: string;
}

export interface PreparedService {
  endpoints: PreparedEndpoint[];
  /** Requests of this worker that were sent to it by turns, from a beginning by chance (next-turn.ts). */
  turns: number;
}

export interface PreparedCertificate {
  chain: ParsedCertificates;
  key: ParsedKey;
}

export const hosts = entryKind<PreparedHost>('host/', (record, _className, name) => {
  const unpacked = unpackRoutes(record as PackedRoutes);
  // The counters of a route name its host.
  for (const route of unpacked.routes) (route as { host?: string }).host = name;
  return prepareHost(unpacked);
});

/** The class's default backend, under the name ''. */
export const defaults = entryKind<PreparedHost>('default', (record) => prepareHost(unpackRoutes(record as PackedRoutes)));

/** Where the turns of a Service may begin: workers must not go round together, nor anew at the first each time that a worker forgets. */
const MOST_TURNS = 10_000;

/** Named by the whole key: routes refer to it so. */
export const services = entryKind<PreparedService>('', (record, _className, _name, before) => (
  { endpoints: prepareEndpoints((record as ServiceEndpoints).endpoints, before === undefined ? [] : before.endpoints), turns: before === undefined ? chance(MOST_TURNS) : before.turns }
));

export const serverNames = entryKind<ServerName>('sni/', (record) => record as ServerName);

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

export interface PreparedAuthority {
  /** Undefined when it does not parse: no handshake can be made then. */
  chain: ParsedCertificates | undefined;
  depth: number;
  /** Tells it from others. */
  key: string;
}

/** What handshakes ask clients for. */
export const authorities = entryKind<PreparedAuthority>('clients/', (record, className, name) => {
  const { authority, chain, depth } = record as ClientAuthority;
  const [parsed, problem] = ssl.parse_pem_cert(chain);
  if (parsed === undefined) ngx.log(ngx.ERR, 'authority of clients of ', name, ' of class ', className, ': ', problem ?? '');
  return { chain: parsed, depth, key: authority + '/' + tostring(depth) };
});

export interface PreparedRevocations {
  from: number;
  until: number;
  /** By number of the certificate. */
  serials: Record<string, boolean | undefined>;
}

/** What authorities of clients have revoked, by the authority's name: of each one at a time counts. */
export const revocations = entryKind<Record<string, PreparedRevocations[] | undefined>>('revoked/', (record) => {
  const byIssuer: Record<string, PreparedRevocations[] | undefined> = {};
  for (const { issuer, from, until, serials } of (record as RevokedCertificates).lists) {
    const revoked: Record<string, boolean | undefined> = {};
    for (const serial of serials) revoked[serial] = true;
    const lists = byIssuer[issuer] ?? [];
    lists.push({ from, until, serials: revoked });
    byIssuer[issuer] = lists;
  }
  return byIssuer;
});

function prepareHost(routes: HostRoutes): PreparedHost {
  const { young, old, size } = newRecent<FoundPath>();
  return { index: indexPaths(routes), young, old, size };
}

/** The upstream block for connections with TLS, or for gRPC. */
export function shardFor(scheme: Exclude<UpstreamFamily, 'shard'>, { spread }: PreparedEndpoint): string {
  return upstreamName(scheme, spread % upstreamBlocks[scheme]);
}

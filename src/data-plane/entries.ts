// The kinds of entries that requests and handshakes read, each prepared once per worker for many uses.

import * as cjson from 'cjson';
import * as ssl from 'ngx.ssl';
import type { Certificate, ClientAuthority, Endpoint, RevokedCertificates, ServerName, ServiceEndpoints } from '../route-table/types.js';
import { type PathIndex, type PathMatchResult, hasRootOnly, indexPaths } from '../route-table/match.js';
import { unpackRoutes } from '../route-table/packed-routes.js';
import { type UpstreamFamily, upstreamBlocks, upstreamName } from '../route-table/upstream-blocks.js';
import { chance } from './chance.js';
import { prepareEndpoints } from './prepare-endpoints.js';
import { entryKind, largeEntryKind, lastingEntryKind } from './read-entry.js';
import type { CountedRoute } from './origin-key.js';
import { type Recent, newRecent, recall, remember } from './recent.js';

/** Paths that a worker remembers for each host, in each half: bounds its memory. */
const RECENT_PATHS = 8;

/** The routes of one host, of which a worker has many: four fields, for LuaJIT makes room for twice as many as soon as there are five. */
export interface PreparedHost extends PathIndex {
  /** What was found lately, by path in normal form; of a host with one route for all paths nothing. */
  found: Recent<PathMatchResult>;
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
  /** Outside of the cluster: the address is that of a socket then. */
  name?: string;
  /** The socket that leads to it with TLS that somebody has asked for, and with which: hop.ts. */
  hop?: string;
  hopTls?: string;
}

export interface PreparedService {
  endpoints: PreparedEndpoint[];
  /** Requests of this worker that were sent to it by turns, from a beginning by chance (next-turn.ts). */
  turns: number;
}

export interface ParsedCertificate {
  chain: ParsedCertificates;
  key: ParsedKey;
}

export interface PreparedCertificate {
  /** Undefined when it does not parse. */
  parsed: ParsedCertificate | undefined;
}

export const hosts = entryKind<PreparedHost>('host/', prepareHost);

/** The class's default backend, under the name ''. */
export const defaults = entryKind<PreparedHost>('default', (record) => prepareHost(record, undefined, undefined));

/** Where the turns of a Service may begin: workers must not go round together, nor anew at the first each time that a worker forgets. */
const MOST_TURNS = 10_000;

/** Named by the whole key: routes refer to it so. */
export const services = lastingEntryKind<PreparedService>('', (record, className, _name, before) => {
  const { endpoints } = cjson.decode(record) as ServiceEndpoints;
  return { endpoints: prepareEndpoints(endpoints, before === undefined ? [] : before.endpoints, className), turns: before === undefined ? chance(MOST_TURNS) : before.turns };
});

export const serverNames = entryKind<ServerName>('sni/', (record) => cjson.decode(record) as ServerName);

/** Parsing costs more than the handshake itself, so it happens once per worker. */
export const certificates = largeEntryKind<PreparedCertificate>('certificate/', (record, className, name) => {
  const { chain, key } = cjson.decode(record) as Certificate;
  const [parsedChain, chainProblem] = ssl.parse_pem_cert(chain);
  const [parsedKey, keyProblem] = ssl.parse_pem_priv_key(key);
  if (parsedChain === undefined || parsedKey === undefined) {
    ngx.log(ngx.ERR, 'certificate ', name, ' of class ', className, ': ', chainProblem ?? keyProblem ?? '');
    return { parsed: undefined };
  }
  return { parsed: { chain: parsedChain, key: parsedKey } };
});

export interface PreparedAuthority {
  /** Undefined when it does not parse: no handshake can be made then. */
  chain: ParsedCertificates | undefined;
  depth: number;
  /** Tells it from others. */
  key: string;
}

/** What handshakes ask clients for. */
export const authorities = largeEntryKind<PreparedAuthority>('clients/', (record, className, name) => {
  const { authority, chain, depth } = cjson.decode(record) as ClientAuthority;
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
export const revocations = largeEntryKind<Record<string, PreparedRevocations[] | undefined>>('revoked/', (record) => {
  const byIssuer: Record<string, PreparedRevocations[] | undefined> = {};
  for (const { issuer, from, until, serials } of (cjson.decode(record) as RevokedCertificates).lists) {
    const revoked: Record<string, boolean | undefined> = {};
    for (const serial of serials) revoked[serial] = true;
    const lists = byIssuer[issuer] ?? [];
    lists.push({ from, until, serials: revoked });
    byIssuer[issuer] = lists;
  }
  return byIssuer;
});

function prepareHost(this: void, record: string, _className: string | undefined, name: string | undefined): PreparedHost {
  const unpacked = unpackRoutes(record, cjson.decode);
  // The counters of a route name its host.
  if (name !== undefined) for (const route of unpacked.routes) (route as CountedRoute).host = name;
  const host = indexPaths(unpacked) as PreparedHost;
  host.found = NOTHING_FOUND;
  return host;
}

/** Of all hosts whose paths nobody has asked for yet. */
const NOTHING_FOUND = newRecent<PathMatchResult>();

/** What was found before for a path in normal form; undefined: nothing. */
export function recallMatch(host: PreparedHost, path: string): PathMatchResult | undefined {
  return hasRootOnly(host) ? host.root : recall(host.found, path);
}

export function rememberMatch(host: PreparedHost, path: string, match: PathMatchResult): void {
  if (hasRootOnly(host)) return;
  if (host.found === NOTHING_FOUND) host.found = newRecent();
  remember(host.found, path, match, RECENT_PATHS);
}

/** The upstream block for connections with TLS, or for gRPC. */
export function shardFor(scheme: Exclude<UpstreamFamily, 'shard'>, { spread }: PreparedEndpoint): string {
  return upstreamName(scheme, spread % upstreamBlocks[scheme]);
}

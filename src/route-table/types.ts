// The contract between both planes: what a class table is made of. Plain data, JSON on every wire.
// No null anywhere (Lua has none), no optional field whose absence means two things, arrays where order matters.

import type { BasicAuth, ClientCertificates, Cors, ExternalAuth, Forwarded, Limits } from './access-types.js';
import type { BackendTls } from './backend-tls.js';
import type { Balance, HashBalance, KeyPart } from './balance-types.js';
import type { FastCgi } from './cgi-params.js';

export type { BackendTls, Balance, BasicAuth, ClientCertificates, Cors, ExternalAuth, FastCgi, Forwarded, HashBalance, KeyPart, Limits };

/** How a path of an Ingress is compared with the path of a request. */
export type PathMatch =
  /** Byte-equal (pathType Exact). */
  | 'exact'
  /** Element by element, a trailing slash ignored (pathType Prefix). */
  | 'prefix'
  /** Plain start of the path, as ingress-nginx reads ImplementationSpecific: `/foo` also takes `/foobar`. */
  | 'string-prefix'
  /** Case-insensitive regular expression anchored at the start only, as ingress-nginx reads paths of a regex host. */
  | 'regex';

/** One path of one Ingress on one host. */
export interface Route {
  match: PathMatch;
  /** In the normal form of normalizePath; for `regex` the pattern as written. */
  path: string;
  /** The Ingress that the route comes from: where its requests are counted. */
  namespace: string;
  ingress: string;
  /** Name of the Service, for the counters; empty when the backend could not be resolved. */
  service: string;
  /** Key of the ServiceEndpoints entry in the same class table. */
  backend: string;
  /** Template of the path sent upstream (annotation rewrite-target): `$1`…`$9` are the captures of the pattern. */
  rewrite?: string;
  /** Place of the route's policy in the list of its host; absent: nothing is asked for. */
  policy?: number;
  /** Where a share of the route's requests goes instead. */
  canary?: Canary;
}

/** Which requests a canary takes. Asked in the order header, cookie, weight (annotations canary-*). */
export interface CanaryRule {
  /** Of `total` requests this many, by chance. */
  weight: number;
  total: number;
  /** Name of a header: `always` and `never` decide, unless a value or a pattern is given, which decide for it alone. */
  header?: string;
  value?: string;
  pattern?: string;
  /** Name of a cookie: `always` and `never` decide. */
  cookie?: string;
  /** How its endpoints are chosen, where no cookie does; absent: they take turns. */
  balance?: Balance;
  /** What keeps clients with it and on its endpoints; `none`: nothing. Absent: what keeps them on those of its primary. */
  affinity?: Affinity | 'none';
}

/** Another Ingress of the same namespace, under which its requests are counted, and its backend. */
export interface Canary extends CanaryRule {
  ingress: string;
  service: string;
  backend: string;
}

/** What is asked for beside the way to a backend. Every field that is absent asks for nothing. Shared by routes. */
export interface Policy {
  forwarded?: Forwarded;
  /** Plain HTTP is sent to https with 308; `redirect-as-is` keeps a trailing slash. */
  https?: 'redirect' | 'redirect-as-is';
  /** Answered with this code and Location: an absolute URL with variables, or a path on the request's own host. */
  redirect?: Redirect;
  /** Ranges as `<address bytes in hexadecimal>/<bits>`. `deny` is asked first; with `allow` everybody else is refused. */
  allow?: string[];
  deny?: string[];
  /** Largest request body; 0: without limit. */
  bodyBytes?: number;
  /** Waits of one try, in seconds. */
  connectSeconds?: number;
  sendSeconds?: number;
  readSeconds?: number;
  /** What the endpoints speak, where it is not HTTP/1.1 in the clear; `auto`: the scheme of the request. */
  protocol?: 'https' | 'auto' | 'grpc' | 'grpcs' | 'fcgi';
  /** Of https and grpcs, where it is not the engine's usual one. */
  tls?: BackendTls;
  /** Of fcgi. */
  fcgi?: FastCgi;
  /** Host header for the backend. */
  host?: string;
  cors?: Cors;
  affinity?: Affinity;
  balance?: Balance;
  basic?: BasicAuth;
  external?: ExternalAuth;
  clients?: ClientCertificates;
  /** One of address list, password and other server is enough. Who is denied by address is refused all the same. */
  satisfyAny?: true;
  flow?: Flow;
  retry?: Retry;
  errors?: ErrorPages;
  limits?: Limits;
  /** Speed of an answer. */
  rate?: Rate;
  /** Value of X-Forwarded-Prefix where the path is rewritten, `$1`…`$9` as there. */
  prefix?: string;
  /** Headers of the request that is sent on. */
  headers?: HeaderLine[];
  answer?: AnswerChanges;
  /** Requests are not in the engine's log of requests. */
  unlogged?: true;
}

export interface Redirect {
  code: number;
  location: string;
  /** One slash at the end of a path without query is left out. */
  stripSlash?: true;
}

/** A header that is set in place of any other; an empty value takes it away. Variables are those of change-headers.ts. */
export interface HeaderLine {
  name: string;
  value: string;
}

/** What becomes of the headers of an answer. */
export interface AnswerChanges {
  /** Location; the domain and the path of cookies. Of answers of backends only. See rewrite-answer.ts. */
  location?: Replacement;
  cookieDomain?: Replacement;
  cookiePath?: Replacement;
  headers?: HeaderLine[];
}

export interface Replacement {
  from: string;
  to: string;
}

export interface Rate {
  /** Bytes a second, after so many bytes at full speed. */
  bytes: number;
  after: number;
}

/** How bodies pass through. Sizes are met by the next larger step there is (lanes.ts). */
export interface Flow {
  answers?: 'buffered';
  /** Request bodies go on as they come, and then to one endpoint only. */
  requests?: 'streamed';
  /** Size of a buffer in KiB; the header of an answer must fit into one. */
  kilobytes?: number;
  /** Number of buffers, where answers are buffered. */
  buffers?: number;
}

/** When a request goes to another endpoint. Absent: after errors and timeouts, as far as it is safe to repeat. */
export interface Retry {
  /** Whether a connection that fails or breaks is a reason, and a wait that is over. */
  error: boolean;
  timeout: boolean;
  /** Whether an answer is that has no valid header. */
  invalid?: true;
  /** Answers that are. */
  statuses: number[];
  /** Whether requests are repeated that do something each time (POST, PATCH, LOCK) and were sent already. */
  repeat: boolean;
  /** All tries together, and for how many seconds further ones begin; 0: without end. */
  tries: number;
  seconds: number;
}

/** Answers of endpoints that another Service answers instead. */
export interface ErrorPages {
  statuses: number[];
  /** Key of its endpoints; absent: the class's default backend. */
  backend?: string;
  /** Whether it also answers when the route's own Service has no endpoint. */
  whenEmpty: boolean;
}

/** A cookie that keeps a client on one endpoint. */
export interface Affinity {
  cookie: string;
  /** Whether a client stays although there are new endpoints. */
  persistent: boolean;
  /** Whether a client moves for good when its endpoint fails. */
  changeOnFailure?: true;
  /** Of the cookie; absent: that of the route, or the root for a pattern. */
  path?: string;
  domain?: string;
  sameSite?: 'None' | 'Lax' | 'Strict';
  /** Present: always Secure; absent: over https. */
  secure?: true;
  /** Seconds. */
  maxAge?: number;
  expires?: number;
}

/** Entry `host/<host>`: all routes of one host in one class. Sorted by precedence where order decides (regex, string-prefix). */
export interface HostRoutes {
  routes: Route[];
  /** Absent when no route has one. */
  policies?: Policy[];
}

export interface Endpoint {
  /** IPv4, or IPv6 without brackets; with `resolve` the name of a server outside of the cluster. */
  address: string;
  port: number;
  resolve?: true;
}

/** Entry `service/<namespace>/<name>/<port>`: where a backend's requests may go now. Empty means 503. */
export interface ServiceEndpoints {
  endpoints: Endpoint[];
}

/** Entry `sni/<host>`: which certificate a server name is served with. */
export interface ServerName {
  /** Id of a `certificate/<id>` entry: a hash of its content, so that a changed Secret is a new certificate. */
  certificate: string;
  /** Whose it is. Of a wildcard or an alias: it is not shown for a host that has routes of other namespaces only. Absent: for every host. */
  namespace?: string;
}

/** Entry `passthrough/<host>`: connections with this server name go to the backend as they are, TLS and all (annotation ssl-passthrough). */
export interface PassedHost {
  /** The Ingress under which they are counted. */
  namespace: string;
  ingress: string;
  /** Key of the ServiceEndpoints entry in the same class table. */
  backend: string;
}

/** Entry `clients/<host>`: the certificates that the handshake for a server name asks for. */
export interface ClientAuthority {
  /** Id of the chain (PEM), whose certificates clients' certificates must be signed by: a hash of its content. */
  authority: string;
  chain: string;
  depth: number;
}

/** Entry `certificate/<id>`. */
export interface Certificate {
  /** PEM: the leaf first, then its chain. */
  chain: string;
  /** PEM, unencrypted. */
  key: string;
}

/** Entry `trusted/<id>`: authorities that certificates of endpoints may lead to, and lists of what these have revoked, PEM. */
export interface TrustedAuthorities {
  trusted: string;
  lists?: string;
}

/** Entry `revoked/<id>`: which certificates of clients their authorities have revoked. */
export interface RevokedCertificates {
  lists: RevokedBy[];
}

/** What one authority has revoked. A certificate of an authority without a list, or at another time, counts as revoked. At most one of an authority counts at a time. */
export interface RevokedBy {
  /** The authority's name as it is in certificates (DER), Base64. */
  issuer: string;
  /** Seconds since the epoch. */
  from: number;
  until: number;
  /** Numbers of certificates, big-endian without leading zeros, Base64. */
  serials: string[];
}

export type EntryValue = TrustedAuthorities | RevokedCertificates | HostRoutes | ServiceEndpoints | ServerName | Certificate | ClientAuthority | PassedHost;

/** Everything the engine needs for one class: entries by key. */
export type ClassTable = Map<string, EntryValue>;

/** One step of a class table, taken as a whole or not at all. */
export interface TableUpdate {
  class: string;
  /** Grows with every change of the claim's holder; an older one is refused. */
  epoch: number;
  /** Grows by one with every update within an epoch. */
  sequence: number;
  /** True: `set` is the whole table and whatever is not in it goes. */
  full: boolean;
  set: { key: string; value: EntryValue }[];
  remove: string[];
  /** Number of entries after the update: both sides must agree. */
  count: number;
}

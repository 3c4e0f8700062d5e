// The parts of a policy about who may ask and be answered, and how often (see types.ts). Plain data as everything there.

import type { HeaderLine } from './types.js';

/** Clients are known by certificates. The handshake asks for them (ClientAuthority), the request is judged by them. */
export interface ClientCertificates {
  /** What the handshake must have verified against. */
  authority: string;
  depth: number;
  /** `on`: without one 400. `optional`: one that is there must be valid. `optional_no_ca`: its issuer need not be known. */
  verify: 'on' | 'optional' | 'optional_no_ca';
  /** `CN=` and a pattern: 403 when no common name matches at its start. */
  subject?: string;
  /** Where who is refused with 400 is sent instead. */
  errorPage?: string;
  /** The backend gets the certificate. */
  pass?: true;
  /** Id of the RevokedCertificates entry; absent: whatever is verified counts. */
  revoked?: string;
}

/** Another server is asked whether a request may go on: 2xx lets it, 401 and 403 refuse it, all else fails it. */
export interface ExternalAuth {
  scheme: 'http' | 'https';
  /** Key of the ServiceEndpoints entry that is asked; absent: the endpoints of the listener's own route for `host` and the path of `target`. */
  service?: string;
  /** `host` is a name outside of the cluster, which the engine resolves; then there is no `service`. */
  outside?: OutsideServer;
  /** Host header of the question, in lower case; `$host` is the request's own. */
  host: string;
  /** Path and query of the question, with variables. */
  target: string;
  method?: string;
  /** Where a client that is refused with 401 is sent: an absolute URL with variables. */
  signin?: string;
  /** Value of the question's header X-Auth-Request-Redirect, with variables; absent: the request's path and query. */
  redirect?: string;
  /** Headers of the verdict that the backend gets. What the client says under these names is dropped. */
  responseHeaders?: string[];
  /** Headers of the question, in place of the client's. */
  headers?: HeaderLine[];
  cache?: VerdictCache;
  /** Cookies of the verdict go to the client whatever the backend's status is. */
  alwaysSetCookie?: true;
}

/** Of https the certificate must be valid for the name, and lead to these authorities (entry `trusted/<id>`), or to those that everybody trusts. */
export interface OutsideServer {
  port: number;
  trusted?: string;
}

/** A password is asked for (RFC 7617). */
export interface BasicAuth {
  realm: string;
  /** `<name>:<hash>` as in a htpasswd file. */
  users: string[];
  /** Only a proof of it is (RFC 7616, MD5): hashes are MD5 of `<name>:<realm>:<password>`, hexadecimal in lower case. */
  digest?: true;
}

/** What one client may ask of one Ingress. */
export interface Limits {
  /** Requests a second and a minute, and how many times that at once. */
  rps?: number;
  rpm?: number;
  burst: number;
  /** Requests at the same time. */
  connections?: number;
  /** Ranges that no limit counts for, as in `allow`. */
  except?: string[];
  /** What a request beyond a limit is answered with. */
  requestStatus: number;
  connectionStatus: number;
}

export interface Cors {
  /** `*` alone, or origins; `scheme://*.` before a name stands for one label. */
  origins: string[];
  methods?: string;
  headers?: string;
  /** Whether the header that allows credentials is sent. */
  credentials: boolean;
  expose?: string;
  maxAge?: number;
}

/** Verdicts are kept for a while. */
export interface VerdictCache {
  /** Text with variables of nginx that is part of what a verdict is kept under. */
  key: string;
  times: CacheTime[];
}

export interface CacheTime {
  statuses: number[];
  seconds: number;
}

/** Proxies are believed what they say of clients. */
export interface Forwarded {
  /** Their addresses, as in `allow`. */
  trusted: string[];
  /** The header with the list of addresses. */
  header: string;
  /** Backends get the whole list, with the proxy added, in place of the client alone. */
  full?: true;
}

// What the data plane uses of the Lua API of nginx (lua-nginx-module 0.10.23, lua-resty-core 0.1.25) and of lua-cjson.
// Methods carry `this`, so that they compile to colon calls; a function that answers (value, error) declares both.

interface SharedDict {
  get(this: SharedDict, key: string): string | number | undefined;
  /** Overwrites in place when the key exists with a value of the same size, as numbers always are. */
  set(this: SharedDict, key: string, value: number | string, expirySeconds?: number): LuaMultiReturn<[boolean, string | undefined]>;
  /** Fails with 'exists'; what was used longest ago makes room. */
  add(this: SharedDict, key: string, value: string, expirySeconds: number): LuaMultiReturn<[boolean, string | undefined]>;
  /** Fails with 'exists' or 'no memory'; unlike add and set it never evicts another key to make room. */
  safe_add(this: SharedDict, key: string, value: string | number, expirySeconds?: number): LuaMultiReturn<[boolean, string | undefined]>;
  /** As set, for a key that exists. */
  replace(this: SharedDict, key: string, value: number, expirySeconds: number): LuaMultiReturn<[boolean, string | undefined]>;
  expire(this: SharedDict, key: string, seconds: number): LuaMultiReturn<[boolean | undefined, string | undefined]>;
  /** Every key (0: no limit). It holds the zone's lock all the while. */
  get_keys(this: SharedDict, limit: number): string[];
  delete(this: SharedDict, key: string): void;
  incr(this: SharedDict, key: string, by: number, init?: number): LuaMultiReturn<[number | undefined, string | undefined]>;
  /** Adds to a list in front; with no memory it fails and evicts nothing. */
  lpush(this: SharedDict, key: string, value: number): LuaMultiReturn<[number | undefined, string | undefined]>;
  rpop(this: SharedDict, key: string): LuaMultiReturn<[string | number | undefined, string | undefined]>;
  llen(this: SharedDict, key: string): LuaMultiReturn<[number | undefined, string | undefined]>;
  flush_all(this: SharedDict): void;
  free_space(this: SharedDict): number;
  capacity(this: SharedDict): number;
}

/** Lives as long as the request, and is another one's then (request-context.ts): nobody may keep it. */
interface RequestContext {
  class?: string;
  match?: unknown;
  /** What is asked of the request beside its way. */
  policy?: unknown;
  service?: unknown;
  /** Of the client, when a trusted proxy has told them: bytes, and `http` or `https`. */
  address?: string;
  scheme?: string;
  /** nginx adds what the answer lets other origins do (cors.ts). */
  saysCors?: boolean;
  /** A cookie to be set by the answer. */
  cookie?: string;
  /** What the connection's handshake has asked the client's certificate for. */
  authority?: string;
  /** Cookies of another server's verdict. */
  verdictCookies?: string[];
  turn?: number;
  /** Tries so far; of those, how many before the request came into this location; the endpoint of the present one. */
  attempt?: number;
  tried?: number;
  endpoint?: unknown;
  /** Endpoints are chosen by their load. */
  byLoad?: boolean;
  /** The endpoint whose load the present try is, and whether it counts among what is under way there. */
  loaded?: unknown;
  loadCounted?: boolean;
  /** Came from another location. */
  resumed?: boolean;
  /** On its way to the Service whose answers stand in for others. */
  toPage?: boolean;
  /** Key of a count that goes down by one when the request ends. */
  held?: string;
  /** When the last try began, and when the header of the answer was there: ngx.now(). By then the request has been counted. */
  triedAt?: number;
  headerAt?: number;
  /** The route's Service has nobody to send the request to. */
  noEndpoints?: boolean;
  /** Used again by another request afterwards (request-context.ts). */
  kept?: boolean;
}

/** @noSelf */
interface NgxRegex {
  match(subject: string, pattern: string, options: string):
    LuaMultiReturn<[Record<number, string | false> | undefined, string | undefined]>;
  find(subject: string, pattern: string, options: string): number | undefined;
}

/** @noSelf */
interface NgxRequest {
  get_method(): string;
  http_version(): number | undefined;
  /** Seconds since the epoch, from nginx's cached clock as ngx.now(). */
  start_time(): number;
  /** Waits until the body is there; answers 413 by itself when it is larger than the location allows. */
  read_body(): void;
  /** Lets the body go unread. */
  discard_body(): void;
  set_header(name: string, value: string | string[]): void;
  /** Takes a header away from what is sent on. */
  clear_header(name: string): void;
  /** Sets one of what is sent on. */
  set_header(name: string, value: string): void;
  /** By name in lower case; 0: all of them. A name that is there several times has a list. */
  get_headers(most: number): LuaTable<string, string | string[] | undefined> & Record<string, string | string[] | undefined>;
  set_uri(uri: string): void;
  set_uri_args(args: string): void;
  get_body_data(): string | undefined;
  get_body_file(): string | undefined;
}

/** @noSelf */
interface NgxConfig {
  prefix(): string;
}

/** @noSelf */
interface NgxWorker {
  pid(): number;
  /** From 0; that of a worker that has died is its successor's. */
  id(): number;
}

/** @noSelf */
interface NgxTimer {
  every(seconds: number, callback: (this: void) => void): LuaMultiReturn<[boolean, string | undefined]>;
}

/** @noSelf */
interface Ngx {
  shared: Record<'ia_versions' | 'ia_pointers' | 'ia_records' | 'ia_counters' | 'ia_client_certificates' | 'ia_limits' | 'ia_verdicts', SharedDict>;
  ctx: RequestContext;
  var: Record<string, string | undefined>;
  /** Headers of the answer; undefined takes one away. */
  header: Record<string, string | string[] | undefined>;
  /** Goes on in a named location of nginx.conf. The context is lost, variables stay. */
  exec(location: string): void;
  status: number;
  /** What ngx.exit takes to fail a handshake. */
  ERROR: number;
  /** Log level. */
  ERR: number;
  log(level: number, ...parts: (string | number)[]): void;
  exit(status: number): void;
  say(...parts: string[]): void;
  print(...parts: string[]): void;
  now(): number;
  /** Brings the clock that `now` tells up to date. */
  update_time(): void;
  /** Lets others run; only where a handler may wait. */
  sleep(seconds: number): void;
  timer: NgxTimer;
  /** Whole seconds since the epoch. */
  time(): number;
  /** A time as cookies write it. */
  cookie_time(seconds: number): string;
  /** Hexadecimal. */
  md5(text: string): string;
  /** Bytes. */
  md5_bin(text: string): string;
  sha1_bin(text: string): string;
  /** Bytes. */
  hmac_sha1(key: string, text: string): string;
  encode_base64(text: string): string;
  /** Undefined for what is none. */
  decode_base64(text: string): string | undefined;
  worker: NgxWorker;
  config: NgxConfig;
  re: NgxRegex;
  req: NgxRequest;
}

declare const ngx: Ngx;

/** @noResolution */
declare module 'cjson' {
  export function decode(text: string): unknown;
  export function encode(value: unknown): string;
}

/** @noResolution */
declare module 'jit.opt' {
  export function start(this: void, option: string): void;
}

/** Memory that is C's. */
type Foreign = { readonly __brand: 'foreign' };
/** A text of C, and what nginx answers for a variable (read-variable.ts). */
type ForeignText = Foreign & { readonly length: number };
/** Numbers of C, from 0. */
type ForeignNumbers = Foreign & Record<number, number>;
type ForeignRequest = Foreign & { readonly connection: { readonly sent: Foreign } };
type ForeignValue = Foreign & { readonly bits: number; readonly bytes: Foreign };

/** @noResolution */
declare module 'ffi' {
  export function cdef(this: void, declarations: string): void;
  function make<Made extends Foreign = Foreign>(this: void, type: string, ...initial: (number | string | (number | Foreign)[])[]): Made;
  export { make as 'new' };
  export function cast<Made extends Foreign = Foreign>(this: void, type: string, address: Foreign): Made;
  export function errno(this: void): number;
  function text(this: void, memory: Foreign, length?: number): string;
  export { text as 'string' };
  export const C: {
    crypt_r(this: void, password: string, setting: string, scratch: Foreign): Foreign | undefined;
    mmap(this: void, where: Foreign | undefined, bytes: number, protection: number, flags: number, descriptor: number, offset: number): Foreign;
    strerror(this: void, problem: number): Foreign;
    write(this: void, descriptor: number, bytes: string, length: number): unknown;
    RAND_bytes(this: void, bytes: Foreign, count: number): number;
    ngx_http_get_variable(this: void, request: Foreign, name: ForeignText, key: Foreign): ForeignValue | undefined;
    ngx_hash_key(this: void, bytes: Foreign, length: number): Foreign;
    ngx_atoof(this: void, digits: Foreign, length: number): Foreign;
    ngx_atofp(this: void, digits: Foreign, length: number, point: number): Foreign;
  };
}

/** @noResolution */
declare module 'bit' {
  export function band(this: void, a: number, b: number): number;
  export function rshift(this: void, a: number, by: number): number;
}

/** @noResolution */
declare module 'resty.core.base' {
  /** The request that is being served. */
  export function get_request(this: void): Foreign;
}

/** @noResolution */
declare module 'ngx.balancer' {
  export function set_current_peer(address: string, port: number): LuaMultiReturn<[boolean, string | undefined]>;
  export function set_timeouts(connect: number | undefined, send: number | undefined, read: number | undefined): LuaMultiReturn<[boolean, string | undefined]>;
  /** How the try before has failed: nothing, or a word and a status. */
  export function get_last_failure(): LuaMultiReturn<[string | undefined, number | undefined]>;
  export function set_more_tries(count: number): LuaMultiReturn<[boolean, string | undefined]>;
  /** Writes the headers of the request anew, for a further try. */
  export function recreate_request(): LuaMultiReturn<[boolean, string | undefined]>;
}

type ParsedCertificates = { readonly __brand: 'certificates' };
type ParsedKey = { readonly __brand: 'key' };

/** @noResolution */
declare module 'ngx.ssl' {
  export function server_name(): LuaMultiReturn<[string | undefined, string | undefined]>;
  /** `kind`: inet, inet6 or unix, and then the address is a path. */
  export function raw_server_addr(): LuaMultiReturn<[address: string | undefined, kind: string | undefined]>;
  export function server_port(): LuaMultiReturn<[number | undefined, string | undefined]>;
  export function clear_certs(): LuaMultiReturn<[boolean | undefined, string | undefined]>;
  export function parse_pem_cert(pem: string): LuaMultiReturn<[ParsedCertificates | undefined, string | undefined]>;
  export function parse_pem_priv_key(pem: string): LuaMultiReturn<[ParsedKey | undefined, string | undefined]>;
  export function set_cert(chain: ParsedCertificates): LuaMultiReturn<[boolean | undefined, string | undefined]>;
  /** Asks the client for a certificate; what comes of it is in $ssl_client_verify, the handshake goes on in any case. */
  export function verify_client(authorities: ParsedCertificates, depth: number): LuaMultiReturn<[boolean | undefined, string | undefined]>;
  export function set_priv_key(key: ParsedKey): LuaMultiReturn<[boolean | undefined, string | undefined]>;
}

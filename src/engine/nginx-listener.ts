// Renders the server block of one listener. Which classes it serves is data for the Lua side, not nginx configuration.

import { isIPv6 } from 'node:net';
import { nginxText } from './nginx-text.js';
import type { EngineSettings, ListenerSettings } from './settings.js';

/**
 * The headers that ingress-nginx sets, overwritten and never appended: no peer is trusted yet. What a backend behind a proxy
 * likes to believe and only a proxy may say is taken out.
 */
const REQUEST_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['Host', '$ia_backend_host'],
  ['X-Request-ID', '$ia_request_id'],
  ['X-Arbiter-Hops', '$ia_hops'],
  ['X-Real-IP', '$remote_addr'],
  ['X-Forwarded-For', '$remote_addr'],
  ['X-Forwarded-Host', '$ia_host'],
  ['X-Forwarded-Port', '$server_port'],
  ['X-Forwarded-Proto', '$scheme'],
  ['X-Forwarded-Scheme', '$scheme'],
  ['X-Scheme', '$scheme'],
  ['X-Original-Forwarded-For', '$http_x_forwarded_for'],
  ...['Proxy', 'Forwarded', 'X-Forwarded-Prefix', 'X-Forwarded-Client-Cert', 'X-Original-URI', 'X-Original-URL', 'X-Original-Host', 'X-Original-Method', 'X-Rewrite-URL',
    'ssl-client-verify', 'ssl-client-subject-dn', 'ssl-client-issuer-dn', 'ssl-client-cert'].map((name) => [name, '""'] as const),
];

/** Only HTTP/1.1 has connections that change their protocol. */
const PROXY_HEADERS = [['Upgrade', '$ia_upgrade'], ['Connection', '$ia_connection'], ...REQUEST_HEADERS] as const;

/** Bounds of bodies whose length is not known; data-plane/body.ts chooses among them. */
const BODY_BOUNDS = ['64k', '128k', '256k', '512k', '1m', '2m', '4m', '8m', '16m', '32m', '64m', '128m', '256m', '512m', '1g', '2g', '4g', '8g', '16g', '32g', '64g'];

/** For the whole server: what nginx refuses before it knows the location is counted, too. */
const COUNTING = `
  log_by_lua_block { require("data-plane.count").run() }`;

/** One server for every host: which host it is, and which certificate and route it gets, is looked up in shared memory. */
export function renderListener(settings: EngineSettings, listener: ListenerSettings): string {
  const address = isIPv6(listener.address) ? `[${listener.address}]` : listener.address;
  return nginxText`
server {
  listen ${`${address}:${listener.httpPort}`} default_server backlog=4096;
  listen ${`${address}:${listener.httpsPort}`} ssl http2 default_server backlog=4096;
  set $ia_listener ${listener.name};
  set $ia_location "";
  set $ia_scheme "http";
  set $ia_shard "";
  set $ia_uri "";
  set $ia_vhost "";
  # The validated host; the Lua side may put the client's port back.
  set $ia_host $host;
  # Bodies are measured by the Lua side: how large they may be is data.
  client_max_body_size 0;
  ssl_session_cache ${`shared:ia_tls_${listener.name}:${settings.sharedMemoryMegabytes.tlsSessions}m`};
  ssl_certificate_by_lua_block { require("data-plane.certificate").run() }
` + (settings.metrics.traffic ? COUNTING : '') + '\n' + [
    proxyLocation('/'), proxyLocation('@again'), askedLocation(), questionLocation(), grpcLocation('grpc'), grpcLocation('grpcs'), ...BODY_BOUNDS.map(bodyLocation),
  ].join('\n') + `
}`;
}

function proxyLocation(name: string, more: readonly string[] = []): string {
  return routed(name, [...more, 'proxy_pass $ia_scheme://$ia_shard$ia_uri;', ...PROXY_HEADERS.map(([header, value]) => `proxy_set_header ${header} ${value};`)]);
}

/** No path of a request begins so: only nginx itself gets there. */
const QUESTION = 'ia:question';

/** Where requests go that another server has to be asked about: it is asked, then they are routed again. */
function askedLocation(): string {
  return proxyLocation('@asked', [`auth_request ${QUESTION};`]);
}

/** What ingress-nginx tells the other server, and nothing that a client could say in its place. */
const QUESTION_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['Host', '$ia_ask_host'],
  ['Connection', '""'],
  ['Content-Length', '""'],
  ['X-Original-URL', '$scheme://$ia_host$ia_ask_original'],
  ['X-Original-URI', '$ia_ask_original'],
  ['X-Original-Method', '$request_method'],
  ['X-Auth-Request-Redirect', '$ia_ask_redirect'],
  ['X-Sent-From', 'nginx-ingress-controller'],
  ['X-Request-ID', '$ia_request_id'],
  ['X-Arbiter-Hops', '$ia_hops'],
  ['X-Real-IP', '$remote_addr'],
  ['X-Forwarded-For', '$remote_addr'],
  ['X-Scheme', '$scheme'],
  ...['Proxy', 'Forwarded', 'X-Forwarded-Host', 'X-Forwarded-Port', 'X-Forwarded-Proto', 'X-Forwarded-Scheme', 'X-Forwarded-Prefix', 'X-Forwarded-Client-Cert',
    'X-Original-Forwarded-For', 'X-Original-Host', 'X-Rewrite-URL', 'ssl-client-verify', 'ssl-client-subject-dn', 'ssl-client-issuer-dn', 'ssl-client-cert',
    'If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since', 'If-Range', 'Range'].map((name) => [name, '""'] as const),
];

/** The question itself. Its answer is read whole, so that the connection can be kept. */
function questionLocation(): string {
  return location(`= ${QUESTION}`, [
    'internal;', 'rewrite_by_lua_block { require("data-plane.ask").run() }', 'header_filter_by_lua_block { require("data-plane.ask").hear() }',
    'proxy_pass $ia_ask_scheme://$ia_ask_shard$ia_ask_uri;', 'proxy_method $ia_ask_method;', 'proxy_pass_request_body off;', 'proxy_buffering on;',
    'proxy_ssl_server_name on;', 'proxy_ssl_name $ia_ask_host;',
    ...QUESTION_HEADERS.map(([header, value]) => `proxy_set_header ${header} ${value};`),
  ]);
}

/** gRPC: HTTP/2 to the backend, bodies streamed both ways. */
function grpcLocation(scheme: 'grpc' | 'grpcs'): string {
  return routed(`@${scheme}`, [
    `set $ia_location "${scheme}";`, `grpc_pass ${scheme}://$ia_shard;`,
    ...REQUEST_HEADERS.map(([header, value]) => `grpc_set_header ${header} ${value};`),
  ]);
}

function routed(name: string, lines: readonly string[]): string {
  return location(name, [
    'access_by_lua_block { require("data-plane.route").run() }',
    'header_filter_by_lua_block { require("data-plane.answer-headers").run() }',
    ...lines,
  ]);
}

function bodyLocation(bound: string): string {
  return location(`@body_${bound}`, [
    `client_max_body_size ${bound};`, 'access_by_lua_block { require("data-plane.body").run() }',
  ]);
}

function location(name: string, lines: readonly string[]): string {
  return [`  location ${name} {`, ...lines.map((line) => `    ${line}`), '  }'].join('\n');
}

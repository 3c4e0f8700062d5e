// Renders the server block of one listener. Which classes it serves is data for the Lua side, not nginx configuration.

import { isIPv6 } from 'node:net';
import { bodyBounds, boundedKilobytes } from '../route-table/body-bounds.js';
import { bufferSteps, flowLane, numberSteps, relayLane, relayMark, statusLane, takenBack } from '../route-table/lanes.js';
import { frontSocket } from './front-socket.js';
import { relayUpstream } from './nginx-relay.js';
import { nginxText, quote } from './nginx-text.js';
import { corsLines } from './nginx-variables.js';
import type { EngineSettings, ListenerSettings } from './settings.js';

/** What is known of a client by its certificate; not sent when nothing is. */
const CLIENT_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['ssl-client-verify', '$ia_client_verify'], ['ssl-client-subject-dn', '$ia_client_subject'],
  ['ssl-client-issuer-dn', '$ia_client_issuer'], ['ssl-client-cert', '$ia_client_cert'],
];

/** What a backend behind a proxy likes to believe and only a proxy may say. */
const TAKEN_OUT = ['Proxy', 'Forwarded', 'X-Forwarded-Client-Cert', 'X-Original-URL', 'X-Original-Host', 'X-Original-Method', 'X-Rewrite-URL'];

/**
 * The headers that ingress-nginx sets, overwritten: what a client says counts only where a class trusts the proxy that it comes
 * from (data-plane/forwarded.ts). The variables are data-plane/go-on.ts's.
 */
const REQUEST_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['Host', '$ia_backend_host'],
  ['X-Request-ID', '$ia_request_id'],
  ['X-Arbiter-Hops', '$ia_hops'],
  ['X-Real-IP', '$ia_address'],
  ['X-Forwarded-For', '$ia_forwarded_for'],
  ['X-Forwarded-Host', '$ia_forwarded_host'],
  ['X-Forwarded-Port', '$ia_forwarded_port'],
  ['X-Forwarded-Proto', '$ia_forwarded_proto'],
  ['X-Forwarded-Scheme', '$ia_forwarded_proto'],
  ['X-Scheme', '$ia_forwarded_proto'],
  ['X-Original-Forwarded-For', '$http_x_forwarded_for'],
  ['X-Forwarded-Prefix', '$ia_prefix'],
  ['X-Original-URI', '$ia_original'],
  ...CLIENT_HEADERS,
  ...TAKEN_OUT.map((name) => [name, '""'] as const),
];

/** The same where nothing was given: what nginx knows of the connection, without a variable of ours between. */
function directHeaders({ proxyProtocolFrom, sslPassthrough }: ListenerSettings): (readonly [name: string, value: string])[] {
  const direct: Record<string, string> = {
    $ia_backend_host: '$http_host', $ia_address: '$remote_addr', $ia_forwarded_for: '$remote_addr', $ia_forwarded_host: '$http_host',
    ...(proxyProtocolFrom === undefined && sslPassthrough !== true ? { $ia_forwarded_port: '$server_port', $ia_forwarded_proto: '$scheme' } : {}),
    $ia_upgrade: '""', $ia_connection: '""', $ia_hops: '1', $ia_prefix: '""', $ia_original: '""', ...Object.fromEntries(CLIENT_HEADERS.map(([, value]) => [value, '""'])),
  };
  return PROXY_HEADERS.map(([name, value]) => [name, direct[value] ?? value]);
}

/** Only HTTP/1.1 has connections that change their protocol. */
const PROXY_HEADERS = [['Upgrade', '$ia_upgrade'], ['Connection', '$ia_connection'], ...REQUEST_HEADERS] as const;

/** `relay`: the name of its socket. One server for every host: which host it is, and which certificate and route it gets, is looked up in shared memory. */
export function renderListener(settings: EngineSettings, listener: ListenerSettings, relay: string): string {
  const { name } = listener;
  const address = isIPv6(listener.address) ? `[${listener.address}]` : listener.address;
  const proxied = listener.proxyProtocolFrom === undefined ? '' : ' proxy_protocol';
  return nginxText`
server {
  listen ${`${address}:${listener.httpPort}`} default_server backlog=4096` + proxied + nginxText`;
  listen ${httpsAddress(settings, listener, address)} ssl http2 default_server backlog=4096` + (listener.sslPassthrough === true ? ' proxy_protocol' : proxied) + ';' + realAddress(listener) + nginxText`
  limit_rate_after $ia_rate_after;
  # Bodies are measured by the Lua side: how large they may be is data.
  client_max_body_size 0;
  ssl_session_cache ${`shared:ia_tls_${listener.name}:${settings.sharedMemoryMegabytes.tlsSessions}m`};
  ssl_certificate_by_lua_block { require("data-plane.certificate").run() }
` + headerLines() + endOf(settings) + '\n' + [
    entrance(listener), ...corsLocations(listener), routed('@given', name, [PROXY_PASS]), proxyLocation('@again', name, ['set $ia_location "";']), proxyLocation('@answered', name, ['set $ia_location "answered";', 'recursive_error_pages on;']),
    leaveLocation(name), ...laneLocations(name), relayedLocation(name, relay), askedLocation(name), questionLocation(), grpcLocation('grpc', name), grpcLocation('grpcs', name), ...bodyBounds.map(({ name: bound }) => bodyLocation(bound)),
  ].join('\n') + `
}`;
}

function httpsAddress({ workDirectory }: EngineSettings, { httpsPort, sslPassthrough }: ListenerSettings, address: string): string {
  return sslPassthrough === true ? `unix:${frontSocket(workDirectory, httpsPort)}` : `${address}:${httpsPort}`;
}

/** The port that a connection came in on, where the agent hands some on; nothing where it does not. Looked up by those few that ask. */
export function listenerPorts({ listeners, workDirectory }: EngineSettings): string {
  const lines = listeners.filter(isHandedOn).map(({ httpsPort }) => nginxText`  ${`unix:${frontSocket(workDirectory, httpsPort)}`} ${httpsPort};`);
  return lines.length === 0 ? '' : ['map $server_addr $ia_port {', '  default $server_port;', ...lines, '}', ''].join('\n');
}

/** Whether TLS connections of the listener come in through the agent. */
export function isHandedOn({ sslPassthrough }: ListenerSettings): boolean {
  return sslPassthrough === true;
}

function portVariable(listeners: readonly ListenerSettings[]): string {
  return listeners.some(isHandedOn) ? '$ia_port' : '$server_port';
}

/** Whose a request is, by its port, which one listener has: looked up by those few that ask. */
export function listenerNames(listeners: readonly ListenerSettings[]): string {
  const byPort = listeners.flatMap(({ name, httpPort, httpsPort }) => [httpPort, httpsPort].map((port) => nginxText`  ${port} ${name};`));
  return [`map ${portVariable(listeners)} $ia_listener {`, ...byPort, '}'].join('\n');
}

/** The client's address is what the PROXY protocol says when a proxy that is named speaks it, or the agent, which has judged that. */
function realAddress({ proxyProtocolFrom = [], sslPassthrough }: ListenerSettings): string {
  const believed = [...proxyProtocolFrom.map((range) => nginxText`  set_real_ip_from ${range};`), ...(sslPassthrough === true ? ['  set_real_ip_from unix:;'] : [])];
  return believed.length === 0 ? '' : ['', ...believed, '  real_ip_header proxy_protocol;'].join('\n');
}

/** Whether the connection is from a proxy whose PROXY protocol counts at its listener: the port that it tells is believed then. */
export function proxyRanges(listeners: readonly ListenerSettings[]): string {
  const trusting = listeners.filter(({ proxyProtocolFrom, sslPassthrough }) => proxyProtocolFrom !== undefined || sslPassthrough === true);
  const ranges = trusting.map(({ proxyProtocolFrom = [] }, at) => [`geo $realip_remote_addr $ia_from_proxy_${at} {`, '  default "";', ...proxyProtocolFrom.map((range) => nginxText`  ${range} yes;`), '}']);
  const byPort = trusting.flatMap(({ httpPort, httpsPort, sslPassthrough }, at) => [httpPort, httpsPort].map((port) => (
    nginxText`  ${port} ` + (port === httpsPort && sslPassthrough === true ? 'yes;' : `$ia_from_proxy_${at};`))));
  return [...ranges.flat(), `map ${portVariable(listeners)} $ia_from_proxy {`, '  default "";', ...byPort, '}'].join('\n');
}

/** For the whole server: what nginx refuses before it knows the location is counted, too. What a request held is given back in any case. */
function endOf({ accessLog, metrics: { traffic } }: EngineSettings): string {
  const atItsEnd = traffic ? 'ia_count()' : 'require("data-plane.end-request").run()';
  return `
  header_filter_by_lua_block { ${traffic ? 'ia_count_answer()' : 'ia_answer_headers()'} }
  log_by_lua_block { ${accessLog === undefined ? atItsEnd : `ia_log(${quote(traffic ? 'counted' : 'uncounted')})`} }` + (accessLog === undefined ? '' : nginxText`
  access_log ${accessLog} ia_requests buffer=64k flush=1s if=$ia_logged;`);
}

/** For the whole server: nginx shares what locations inherit, and there are many. */
function headerLines(): string {
  return [
    ...PROXY_HEADERS.map(([header, value]) => `  proxy_set_header ${header} ${value};`),
    ...REQUEST_HEADERS.map(([header, value]) => `  grpc_set_header ${header} ${value};`),
  ].join('\n');
}

const PROXY_PASS = 'proxy_pass $ia_scheme://$ia_shard$ia_uri;';

function proxyLocation(name: string, listener: string, lines: readonly string[] = []): string {
  return routed(name, listener, [...lines, PROXY_PASS]);
}

/** Where requests come in. Most go on from here, in the clear and with nothing to tell but what nginx knows. */
function entrance(listener: ListenerSettings): string {
  return routed('/', listener.name, direct(listener));
}

/** The same for those whose answers are for pages of other origins; what the backend says of that does not count. */
function corsLocations(listener: ListenerSettings): string[] {
  return [['@cors', 'usual'] as const, ['@cors_own', 'own'] as const].map(([name, kind]) => routed(name, listener.name, [...direct(listener), ...corsLines(kind)]));
}

function direct(listener: ListenerSettings): string[] {
  return [...directHeaders(listener).map(([header, value]) => `proxy_set_header ${header} ${value};`), 'proxy_pass http://$ia_shard$ia_uri;'];
}

/** No path of a request begins so: only nginx itself gets there. */
const QUESTION = 'ia:question';

/** Where requests go that another server has to be asked about: it is asked, then they are routed again. */
function askedLocation(listener: string): string {
  return proxyLocation('@asked', listener, [`auth_request ${QUESTION};`]);
}

/** What ingress-nginx tells the other server, and nothing that a client could say in its place. */
const QUESTION_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['Host', '$ia_ask_host'],
  ['Connection', '""'],
  ['Content-Length', '""'],
  ['X-Original-URL', '$ia_forwarded_proto://$ia_host$ia_ask_original'],
  ['X-Original-URI', '$ia_ask_original'],
  ['X-Original-Method', '$request_method'],
  ['X-Auth-Request-Redirect', '$ia_ask_redirect'],
  ['X-Sent-From', 'nginx-ingress-controller'],
  ['X-Request-ID', '$ia_request_id'],
  ['X-Arbiter-Hops', '$ia_hops'],
  ['X-Real-IP', '$ia_address'],
  ['X-Forwarded-For', '$ia_forwarded_for'],
  ['X-Scheme', '$ia_forwarded_proto'],
  ...CLIENT_HEADERS,
  ...['Host', 'Port', 'Proto', 'Scheme'].map((what) => [`X-Forwarded-${what}`, `$ia_ask_xf_${what.toLowerCase()}`] as const),
  ...['Proxy', 'Forwarded', 'X-Forwarded-Prefix', 'X-Forwarded-Client-Cert',
    'X-Original-Forwarded-For', 'X-Original-Host', 'X-Rewrite-URL',
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

/** What the lanes have in common: Lua decides what of a request may be repeated, and reads its body where that is asked for. */
const LANE = ['proxy_next_upstream error timeout invalid_header non_idempotent;', 'proxy_request_buffering off;'];
/** Large enough for nearly every header: lanes that take answers back have one size. */
const STATUS_LANE_KILOBYTES = 32;

/** Every lane there is (route-table/lanes). */
function laneLocations(listener: string): string[] {
  const flows = bufferSteps.flatMap((kilobytes) => [flowLane(false, kilobytes, 4), ...numberSteps.map((number) => flowLane(true, kilobytes, number))]);
  const named = new Map(flows.map((flow) => [flow.name, flow]));
  const subsets = Array.from({ length: 2 ** takenBack.length - 1 }, (_, at) => takenBack.filter((_status, bit) => ((at + 1) >> bit) & 1));
  return [
    ...[...named.values()].map(({ name, buffered, kilobytes, number }) => proxyLocation(name, listener, [
      `set $ia_location "${name}";`, ...LANE, `proxy_buffering ${buffered ? 'on' : 'off'};`, ...buffers(kilobytes, number),
    ])),
    ...subsets.map((statuses) => proxyLocation(statusLane(statuses)!, listener, takingBack(statusLane(statuses)!, statuses))),
  ];
}

function takingBack(name: string, statuses: readonly number[]): string[] {
  return [
    `set $ia_location "${name}";`, ...LANE, ...buffers(STATUS_LANE_KILOBYTES, 4), 'proxy_intercept_errors on;', 'recursive_error_pages on;',
    `error_page ${statuses.join(' ')} @answered;`,
  ];
}

/** For every other set of statuses: the relay, which is told where the request goes on, marks what is to be taken back. */
function relayedLocation(listener: string, socket: string): string {
  return routed(relayLane, listener, [
    nginxText`set $ia_relay_socket ${socket};`, ...takingBack(relayLane, [relayMark]),
    ...PROXY_HEADERS.map(([header, value]) => `proxy_set_header ${header} ${value};`), 'proxy_set_header X-Arbiter-Relay $ia_relay;', 'proxy_set_header X-Arbiter-Cgi $ia_cgi;',
    `proxy_pass http://${relayUpstream}$ia_uri;`,
  ]);
}

function buffers(kilobytes: number, number: number): string[] {
  return [`proxy_buffer_size ${kilobytes}k;`, `proxy_buffers ${number} ${kilobytes}k;`];
}

/** Where requests go while clients are asked to go elsewhere: the answer ends the connection, unless it has changed its protocol. */
function leaveLocation(listener: string): string {
  return proxyLocation('@leave', listener, ['set $ia_leaving "yes";', 'keepalive_timeout 0;']);
}

/** gRPC: HTTP/2 to the backend, bodies streamed both ways. */
function grpcLocation(scheme: 'grpc' | 'grpcs', listener: string): string {
  return routed(`@${scheme}`, listener, [
    `set $ia_location "${scheme}";`, `grpc_pass ${scheme}://$ia_shard;`,
  ]);
}

/** How a request is routed (data-plane/route.ts): anew, unless it has just come in, or was routed there already. */
const ROUTING: Record<string, string | undefined> = { '/': 'ia_route', '@given': 'ia_arrive', '@cors': 'ia_arrive', '@cors_own': 'ia_arrive' };

function routed(name: string, listener: string, lines: readonly string[]): string {
  return location(name, [
    `access_by_lua_block { ${ROUTING[name] ?? 'ia_resume'}(${quote(listener)}) }`,
    ...lines,
  ]);
}

function bodyLocation(bound: string): string {
  return location(`@body_${bound}`, [
    `set $ia_location "@body_${bound}";`, `client_max_body_size ${bound};`, 'access_by_lua_block { require("data-plane.body").run() }',
    ...LANE, ...buffers(boundedKilobytes, 4), PROXY_PASS,
  ]);
}

function location(name: string, lines: readonly string[]): string {
  return [`  location ${name} {`, ...lines.map((line) => `    ${line}`), '  }'].join('\n');
}

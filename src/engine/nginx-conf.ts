// Renders nginx.conf and data-plane.json from the engine's settings, and from nothing else: the bytes of both are the same
// whatever the class tables hold. Pure; work-directory.ts writes the result.
//
// Left out on purpose: rewrite, if, map with regex, return, alias, root, ssi, slice, charset and their like. Most
// advisories of nginx and of its ingress controllers live there, and the lint test keeps them out.

import { createHash } from 'node:crypto';
import path from 'node:path';
import { isHandedOn, listenerNames, listenerPorts, proxyRanges, renderListener } from './nginx-listener.js';
import { relayBlocks } from './nginx-relay.js';
import { declaringLocation, lazyVariables } from './nginx-variables.js';
import { nginxText } from './nginx-text.js';
import type { EngineSettings } from './settings.js';
import { hopDirectory } from '../route-table/backend-tls.js';
import { type UpstreamFamily, upstreamBlocks, upstreamName } from '../route-table/upstream-blocks.js';

export interface RenderedFile {
  path: string;
  content: string;
  /** SHA-256 of the content, hexadecimal. */
  hash: string;
}

/** Where things lie below the work directory. */
export function engineFiles(workDirectory: string) {
  const inside = (...parts: string[]) => path.join(workDirectory, ...parts);
  return {
    configuration: inside('nginx.conf'),
    dataPlane: inside('data-plane.json'),
    /** Process id of the nginx that takes requests. */
    pid: inside('nginx.pid'),
    certificate: inside('private', 'default.crt'),
    privateKey: inside('private', 'default.key'),
    /** For the agent's account only: whoever reaches the control socket decides what is served. */
    privateDirectories: [inside('control'), inside('private'), inside('private', 'tables'), inside(hopDirectory)],
    /** Sockets that lead to endpoints: of the agent and of nginx's workers. */
    hops: inside(hopDirectory),
    /** Leads to the control socket of the nginx that takes requests. */
    controlSocket: inside('control', 'control.sock'),
    logPipe: inside('control', 'log.pipe'),
    lastCounters: inside('control', 'last-counters'),
    /** What the next nginx begins with, a file for each class; data-plane/first-tables.ts reads it. */
    firstTables: inside('private', 'tables'),
    testConfiguration: inside('nginx.conf.test'),
    temporary: inside('temp'),
  };
}

/** Number of the run whose files only `nginx -t` uses. */
export const TEST_RUN = 0;

/** What each of several nginx that live at the same time has for itself. */
export function runFiles(workDirectory: string, run: number) {
  return {
    controlSocket: path.join(workDirectory, 'control', `${run}.sock`),
    pid: path.join(workDirectory, 'control', `${run}.pid`),
    /** Of its relay (nginx-relay.ts), where its workers come, too. */
    relaySocket: path.join(workDirectory, hopDirectory, `relay-${run}`),
  };
}

/** `run`: number of the nginx that is to be started with it. */
export function renderNginxConf(settings: EngineSettings, run = 1): RenderedFile {
  const { controlSocket, pid, relaySocket } = runFiles(settings.workDirectory, run);
  const blocks = [
    mainBlock(settings, pid),
    'http {',
    httpBlock(settings),
    limitsBlock(settings),
    tlsBlock(settings),
    proxyBlock(settings),
    ...(Object.keys(upstreamBlocks) as UpstreamFamily[])
      .flatMap((family) => Array.from({ length: upstreamBlocks[family] }, (_, at) => shardBlock(settings, upstreamName(family, at)))),
    ...settings.listeners.map((listener) => renderListener(settings, listener, path.basename(relaySocket))),
    relayBlocks(settings, relaySocket),
    controlBlock(controlSocket),
    '}',
  ];
  return rendered(engineFiles(settings.workDirectory).configuration, blocks.map((block) => block.trim()).join('\n\n') + '\n');
}

/** What the Lua side has to know of the listeners (it reads it once, when nginx starts). */
export function renderDataPlaneSettings(settings: EngineSettings): RenderedFile {
  const content = {
    listeners: Object.fromEntries(settings.listeners.map(({ name, classes }) => [name, classes])),
    httpsPorts: Object.fromEntries(settings.listeners.map(({ name, httpsPort }) => [String(httpsPort), name])),
    httpPorts: Object.fromEntries(settings.listeners.map(({ name, httpPort }) => [String(httpPort), name])),
    metrics: {
      perIngress: settings.metrics.histogramsPerIngress,
      paths: settings.metrics.ingressNginxNames,
      seriesPerClass: settings.metrics.seriesPerClass,
    },
    workers: settings.workers,
    numbersMegabytes: settings.sharedMemoryMegabytes.numbers,
    bodyBytes: settings.limits.bodyMegabytes * 1024 * 1024,
  };
  return rendered(engineFiles(settings.workDirectory).dataPlane, JSON.stringify(content, undefined, 2) + '\n');
}

function rendered(file: string, content: string): RenderedFile {
  return { path: file, content, hash: createHash('sha256').update(content).digest('hex') };
}

function mainBlock(settings: EngineSettings, pid: string): string {
  const { limits } = settings;
  const user = settings.workerUser === undefined ? '' : nginxText`user ${settings.workerUser};`;
  return nginxText`
load_module ${path.join(settings.modulesDirectory, 'ndk_http_module.so')};
load_module ${path.join(settings.modulesDirectory, 'ngx_http_lua_module.so')};
daemon off;
worker_processes ${settings.workers};
worker_rlimit_nofile ${limits.workerConnections * 2};
worker_shutdown_timeout ${`${limits.drainSeconds}s`};
pid ${pid};
error_log stderr warn;
` + user + nginxText`
events {
  worker_connections ${limits.workerConnections};
}`;
}

function httpBlock(settings: EngineSettings): string {
  const { limits } = settings;
  const { temporary } = engineFiles(settings.workDirectory);
  const megabytes = settings.sharedMemoryMegabytes;
  // The names of sockets are long.
  const mapped = settings.listeners.some(isHandedOn) ? '\nmap_hash_bucket_size 256;' : '';
  return mapped + nginxText`
lua_package_path ${`${settings.luaDirectory}/?.lua;;`};
lua_shared_dict ia_versions ${`${megabytes.versions}m`};
lua_shared_dict ia_pointers ${`${megabytes.pointers}m`};
lua_shared_dict ia_records ${`${megabytes.records}m`};
lua_shared_dict ia_counters ${`${megabytes.counters}m`};
lua_shared_dict ia_client_certificates ${`${megabytes.clientCertificates}m`};
lua_shared_dict ia_limits ${`${megabytes.limits}m`};
lua_shared_dict ia_verdicts ${`${megabytes.verdicts}m`};
lua_regex_cache_max_entries ${limits.compiledPatterns};
lua_regex_match_limit 100000;
# Globals: to find a module by its name costs more than some of them do.
init_by_lua_block {
  require("data-plane.init").start()
  ia_route = require("data-plane.route").run
  ia_resume = require("data-plane.route").resume
  ia_arrive = require("data-plane.route").arrive
  ia_balance = require("data-plane.balance").run
  ia_answer_headers = require("data-plane.answer-headers").run
  ia_count_answer = require("data-plane.count-answer").run
  ia_count = require("data-plane.count").run
  ia_log = require("data-plane.access-log").run
}
init_worker_by_lua_block { require("data-plane.start-worker").start() }
exit_worker_by_lua_block { require("data-plane.start-worker").stop() }

client_body_temp_path ${path.join(temporary, 'body')};
proxy_temp_path ${path.join(temporary, 'proxy')};
fastcgi_temp_path ${path.join(temporary, 'fastcgi')};
uwsgi_temp_path ${path.join(temporary, 'uwsgi')};
scgi_temp_path ${path.join(temporary, 'scgi')};

access_log off;
server_tokens off;
tcp_nodelay on;
variables_hash_max_size 2048;

# Only WebSocket may change the protocol of a connection.
map $http_upgrade $ia_upgrade { default ""; websocket websocket; }
map $ia_upgrade $ia_connection { default ""; websocket upgrade; }
# How often a request has come by: an endpoint may be this very engine. Empty when too often, or when it is no number of ours.
map $http_x_arbiter_hops $ia_hops { default ""; "" 1; 1 2; 2 3; 3 4; }
map $http_x_request_id $ia_request_id { default $http_x_request_id; "" $request_id; }` + '\n' + listenerPorts(settings) + listenerNames(settings.listeners) + '\n' + proxyRanges(settings.listeners) + requestLogFormat(settings) + '\n' + lazyVariables();
}

/** One JSON object a line. Whose a request was is set by data-plane/access-log.ts. */
function requestLogFormat({ accessLog }: EngineSettings): string {
  if (accessLog === undefined) return '';
  const texts = {
    time: 'time_iso8601', class: 'ia_log_class', ingress: 'ia_log_ingress', service: 'ia_log_service', client: 'ia_address', scheme: 'ia_forwarded_proto', host: 'host', method: 'request_method', uri: 'request_uri',
    protocol: 'server_protocol', userAgent: 'http_user_agent', requestId: 'ia_request_id', endpoints: 'upstream_addr', endpointStatuses: 'upstream_status', endpointSeconds: 'upstream_response_time',
  };
  const numbers = { status: 'status', seconds: 'request_time', requestBytes: 'request_length', answerBytes: 'bytes_sent' };
  const fields = [...Object.entries(texts).map(([name, variable]) => `"${name}":"$${variable}"`), ...Object.entries(numbers).map(([name, variable]) => `"${name}":$${variable}`)];
  return `\nlog_format ia_requests escape=json '{${fields.join(',')}}';`;
}

function limitsBlock({ limits }: EngineSettings): string {
  const maxHeaders = limits.requestHeaders > 0 ? nginxText`max_headers ${limits.requestHeaders};` : '';
  return nginxText`
underscores_in_headers off;
ignore_invalid_headers on;
large_client_header_buffers 4 8k;
client_header_timeout ${`${limits.clientHeaderSeconds}s`};
client_body_timeout ${`${limits.clientBodySeconds}s`};
client_max_body_size ${`${limits.bodyMegabytes}m`};
client_body_buffer_size 16k;
send_timeout 60s;
keepalive_timeout 75s;
keepalive_requests 1000;
# What a proxied request takes in any case, at once and not in three pieces.
request_pool_size 12k;
http2_max_concurrent_streams 128;
reset_timedout_connection on;
` + maxHeaders;
}

/** Mozilla's intermediate profile. */
function tlsBlock(settings: EngineSettings): string {
  const files = engineFiles(settings.workDirectory);
  return nginxText`
ssl_protocols TLSv1.2 TLSv1.3;
ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;
ssl_prefer_server_ciphers off;
ssl_ecdh_curve X25519:prime256v1:secp384r1;
ssl_session_timeout 1d;
ssl_session_tickets off;
ssl_early_data off;
ssl_certificate ${files.certificate};
ssl_certificate_key ${files.privateKey};`;
}

function proxyBlock({ limits }: EngineSettings): string {
  return nginxText`
proxy_http_version 1.1;
proxy_connect_timeout ${`${limits.connectSeconds}s`};
proxy_send_timeout ${`${limits.sendSeconds}s`};
proxy_read_timeout ${`${limits.readSeconds}s`};
proxy_buffering off;
proxy_request_buffering on;
proxy_buffer_size 4k;
proxy_buffers 4 4k;
proxy_max_temp_file_size 0;
proxy_redirect off;
proxy_next_upstream error timeout;
proxy_next_upstream_tries 0;
proxy_ssl_protocols TLSv1.2 TLSv1.3;
grpc_connect_timeout ${`${limits.connectSeconds}s`};
grpc_send_timeout ${`${limits.sendSeconds}s`};
grpc_read_timeout ${`${limits.readSeconds}s`};
grpc_next_upstream error timeout;
grpc_next_upstream_tries 0;
grpc_ssl_protocols TLSv1.2 TLSv1.3;
# A pod must not steer nginx itself.
proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;`;
}

function shardBlock({ limits }: EngineSettings, name: string): string {
  // nginx looks it up by what the data plane puts into $ia_shard.
  // `keepalive` must come after the balancer (openresty/lua-resty-core#284).
  return `upstream ${name} {` + nginxText`
  server 0.0.0.1;
  balancer_by_lua_block { ia_balance() }
  keepalive ${limits.idleUpstreamConnections};
  keepalive_requests 100000;
  keepalive_timeout 60s;
  keepalive_time 1h;
}`;
}

function controlBlock(socket: string): string {
  return nginxText`
server {
  listen ${`unix:${socket}`};
  client_max_body_size 256m;
  client_body_buffer_size 1m;
  client_body_timeout 30s;
  keepalive_requests 1000000;
  keepalive_timeout 1h;
  location / {
    content_by_lua_block { require("data-plane.control").run() }
  }
` + declaringLocation() + '\n}';
}

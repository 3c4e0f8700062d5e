// Renders the server block of one listener. Which classes it serves is data for the Lua side, not nginx configuration.

import { isIPv6 } from 'node:net';
import { nginxText } from './nginx-text.js';
import type { EngineSettings, ListenerSettings } from './settings.js';

/**
 * The headers that ingress-nginx sets, overwritten and never appended: no peer is trusted yet. What a backend behind a proxy
 * likes to believe and only a proxy may say is taken out.
 */
const REQUEST_HEADERS = `
    proxy_set_header Host $ia_host;
    proxy_set_header Upgrade $ia_upgrade;
    proxy_set_header Connection $ia_connection;
    proxy_set_header X-Request-ID $ia_request_id;
    proxy_set_header X-Arbiter-Hops $ia_hops;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Host $ia_host;
    proxy_set_header X-Forwarded-Port $server_port;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Scheme $scheme;
    proxy_set_header X-Scheme $scheme;
    proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for;
    proxy_set_header Proxy "";
    proxy_set_header Forwarded "";
    proxy_set_header X-Forwarded-Prefix "";
    proxy_set_header X-Forwarded-Client-Cert "";
    proxy_set_header X-Original-URI "";
    proxy_set_header X-Original-URL "";
    proxy_set_header X-Original-Host "";
    proxy_set_header X-Original-Method "";
    proxy_set_header X-Rewrite-URL "";
    proxy_set_header ssl-client-verify "";
    proxy_set_header ssl-client-subject-dn "";
    proxy_set_header ssl-client-issuer-dn "";
    proxy_set_header ssl-client-cert "";`.slice(1);

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
  set $ia_shard "";
  set $ia_uri "";
  # The validated host; the Lua side may put the client's port back.
  set $ia_host $host;
  ssl_session_cache ${`shared:ia_tls_${listener.name}:${settings.sharedMemoryMegabytes.tlsSessions}m`};
  ssl_certificate_by_lua_block { require("data-plane.certificate").run() }
` + (settings.metrics.traffic ? COUNTING : '') + nginxText`
  location / {
    access_by_lua_block { require("data-plane.route").run() }
    proxy_pass http://$ia_shard$ia_uri;
` + REQUEST_HEADERS + `
  }
}`;
}

// Renders the relay (data-plane/relay.ts): the server, and the upstream blocks of the way to it and on from it. Both keep no
// connections: one that has gone stale would look like an endpoint that fails. What it gets is what nginx has made of a request
// already, so it bounds and changes nothing; how long anybody waits is for the lane to say.

import { cgiParams } from '../route-table/cgi-params.js';
import { nginxText, quote } from './nginx-text.js';
import type { EngineSettings } from './settings.js';

/** The upstream block that leads to the relay. Longer than the names of all shards, which nginx need not compare with it then. */
export const relayUpstream = 'to_the_relay_of_ia';

/** Longer than any wait that an annotation may ask for. */
const NO_END = '8d';

export function relayBlocks({ limits }: EngineSettings, socket: string): string {
  return `upstream ${relayUpstream} {
  server 0.0.0.1;
  balancer_by_lua_block { ia_balance() }
}

upstream from_the_relay_of_ia {
  server 0.0.0.1;
  balancer_by_lua_block { require("data-plane.relay").balance() }
}

server {` + nginxText`
  listen ${`unix:${socket}`};
  client_max_body_size 0;
  client_body_timeout ${NO_END};
  send_timeout ${NO_END};
  large_client_header_buffers 8 64k;
  underscores_in_headers on;
  ignore_invalid_headers off;
` + (limits.requestHeaders > 0 ? nginxText`  max_headers ${limits.requestHeaders + 100};
` : '') + `
  location / {
    access_by_lua_block { require("data-plane.relay").run() }
    header_filter_by_lua_block { require("data-plane.relay").mark() }
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $ia_upgrade;
    proxy_set_header Connection $ia_connection;
    proxy_set_header X-Arbiter-Relay "";
    proxy_set_header X-Arbiter-Cgi "";
    proxy_request_buffering off;
    proxy_buffer_size 32k;
    proxy_buffers 4 32k;
    proxy_send_timeout ${NO_END};
    proxy_read_timeout ${NO_END};
    proxy_next_upstream off;
    # What nginx says itself is no answer of the endpoint's.
    error_page 502 504 @unanswered;
    proxy_pass $ia_scheme://from_the_relay_of_ia$request_uri;
  }

${fastCgiLocation(limits.connectSeconds)}

  location @unanswered {
    access_by_lua_block { require("data-plane.relay").hangUp() }
  }
}`;
}

/** Of FastCGI. Each header of the request is told as HTTP_…, but for these: ours, and what would name a proxy to the backend's own requests (httpoxy). */
const NOT_TOLD = ['HTTP_PROXY', 'HTTP_X_ARBITER_RELAY', 'HTTP_X_ARBITER_CGI'];

/** What frames the request is nginx's to say. */
const FRAME = [['CONTENT_LENGTH', '$content_length'], ['CONTENT_TYPE', '$content_type'], ['REQUEST_METHOD', '$request_method'], ['GATEWAY_INTERFACE', 'CGI/1.1']] as const;

/** Variables are data-plane/fcgi.ts's. What a backend writes to its error stream does not fill the engine's log. */
function fastCgiLocation(connectSeconds: number): string {
  return ['  location @fcgi {', ...[
    'access_by_lua_block { require("data-plane.fcgi").run() }', 'header_filter_by_lua_block { require("data-plane.relay").mark() }',
    'error_log stderr crit;', 'error_page 502 504 @unanswered;',
    ...FRAME.map(([name, value]) => `fastcgi_param ${name} ${value};`),
    ...cgiParams.map(({ name }) => `fastcgi_param ${name} $ia_cgi_${name.toLowerCase()}${name === 'QUERY_STRING' ? '' : ' if_not_empty'};`),
    ...NOT_TOLD.map((name) => `fastcgi_param ${name} ${quote('')} if_not_empty;`),
    'fastcgi_buffering off;', 'fastcgi_request_buffering off;', 'fastcgi_buffer_size 32k;', 'fastcgi_buffers 4 32k;', 'fastcgi_max_temp_file_size 0;',
    nginxText`fastcgi_connect_timeout ${`${connectSeconds}s`};`, `fastcgi_send_timeout ${NO_END};`, `fastcgi_read_timeout ${NO_END};`, 'fastcgi_next_upstream off;',
    '# A pod must not steer nginx itself.', 'fastcgi_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;',
    'fastcgi_pass from_the_relay_of_ia;',
  ].map((line) => `    ${line}`), '  }'].join('\n');
}

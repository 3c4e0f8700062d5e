// Renders the relay (data-plane/relay.ts): the server, and the upstream blocks of the way to it and on from it. Both keep no
// connections: one that has gone stale would look like an endpoint that fails. What it gets is what nginx has made of a request
// already, so it bounds and changes nothing; how long anybody waits is for the lane to say.

import { nginxText } from './nginx-text.js';
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

  location @unanswered {
    access_by_lua_block { require("data-plane.relay").hangUp() }
  }
}`;
}

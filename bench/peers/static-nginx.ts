// nginx as an expert would configure it by hand: one server block for each host, one upstream for the pods all hosts share,
// kept connections. It is the limit that a proxy with changing routes is held against.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePorts } from '../../test/fixtures/free-ports.js';
import { CANARY_PERCENT, COOKIE, REWRITE, type Scenario, hostName, hostsOf } from '../harness/scenario.js';
import { firstLine, startChildProxy } from './child-proxy.js';
import { type Peer, type Prepared, forwarded, takenOut } from './peer.js';

/** What ingress-nginx, and so our engine, adds to every answer of a route with enable-cors. */
const cors = [
  ['Access-Control-Allow-Origin', '*'], ['Access-Control-Allow-Credentials', 'true'], ['Access-Control-Allow-Methods', 'GET, PUT, POST, DELETE, PATCH, OPTIONS'],
  ['Access-Control-Allow-Headers', 'DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization'], ['Access-Control-Max-Age', '1728000'],
] as const;

const POLICIES = `allow 127.0.0.0/8; deny all; client_max_body_size 8m; proxy_connect_timeout 5s; proxy_read_timeout 30s;
      ${cors.map(([name, value]) => `add_header ${name} ${JSON.stringify(value)} always; proxy_hide_header ${name};`).join(' ')}`;

export const staticNginx: Peer = {
  name: 'static-nginx',
  version: () => firstLine('/usr/sbin/nginx', '-v'),
  async start(prepared) {
    const { folder, scenario } = prepared;
    const ports = await freePorts(scenario.classes);
    const file = path.join(folder, 'nginx.conf');
    mkdirSync(path.join(folder, 'temp'));
    writeFileSync(file, renderConfiguration(prepared, ports));
    return startChildProxy([...prepared.wrap ?? [], '/usr/sbin/nginx', '-p', folder, '-c', file, '-e', 'stderr', ...(prepared.wrap === undefined ? [] : ['-g', 'master_process off;'])], ports);
  },
};

export function renderConfiguration({ folder, scenario, pods, certificates }: Prepared, ports: readonly number[]): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/temp/${kind};`).join(' ');
  const hosts = ports.flatMap((port, at) => {
    const { from, to } = hostsOf(scenario, at);
    // nginx reads the certificate again for each server block; where handshakes are compared, one block is what is asked for.
    if (scenario.certificates === 'each') return [renderHost(scenario, port, '*.example.com')];
    return Array.from({ length: to - from }, (_, offset) => renderHost(scenario, port, hostName(from + offset)));
  });
  return `daemon off; worker_processes 1; ${process.getuid?.() === 0 ? 'user root;' : ''} pid ${folder}/nginx.pid; error_log stderr error; worker_rlimit_nofile 20000;
events { worker_connections 8192; }
http {
  access_log off; ${temporary} server_names_hash_max_size 524288; server_names_hash_bucket_size 128; keepalive_requests 1000; tcp_nodelay on;
  ${scenario.scheme === 'http' ? '' : renderTls(folder, certificates[0]!)}
  map $http_upgrade $upgrade { default ""; websocket websocket; } map $upgrade $hop { default ""; websocket upgrade; }
  map $http_x_request_id $given_request_id { default $http_x_request_id; "" $request_id; }
  proxy_http_version 1.1; proxy_set_header Upgrade $upgrade; proxy_set_header Connection $hop; proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for; proxy_set_header Host $host; proxy_buffering off; proxy_buffer_size 4k;
  ${forwarded.map(([name, value]) => `proxy_set_header ${name} ${value};`).join(' ')}
  ${forwarded.map(([name, value]) => `grpc_set_header ${name} ${value};`).join(' ')}
  ${takenOut.map((name) => `proxy_set_header ${name} "";`).join(' ')}
  ${renderUpstream('pods', pods, scenario.routing === 'cookie' ? `hash $cookie_${COOKIE} consistent;` : '')}
  ${scenario.routing === 'canary' ? `${renderUpstream('next', pods, '')} split_clients $request_id $pool { ${CANARY_PERCENT}% next; * pods; }` : ''}
${hosts.join('\n')}
}
`;
}

function renderUpstream(name: string, pods: readonly number[], choice: string): string {
  return `upstream ${name} { ${choice} ${pods.map((port) => `server 127.0.0.1:${port};`).join(' ')} keepalive 64; keepalive_requests 100000; }`;
}

function renderHost({ paths, routing, policies, scheme, traffic }: Scenario, port: number, name: string): string {
  const own = policies ? POLICIES : '';
  const pass = traffic === 'grpc' ? 'grpc_pass grpc://pods;' : `proxy_pass http://${routing === 'canary' ? '$pool' : 'pods'};`;
  const locations = ['/', ...Array.from({ length: paths }, (_, path) => `/p${path}/`)].map((prefix) => `location ${prefix} { ${own} ${pass} }`);
  // As ingress-nginx writes it.
  if (routing === 'rewrite') locations.push(`location ~* "^${REWRITE.pattern}" { ${own} rewrite "(?i)^${REWRITE.pattern}" ${REWRITE.to} break; ${pass} }`);
  return `  server { listen 127.0.0.1:${port}${scheme === 'http' ? '' : scheme === 'h2' ? ' ssl http2' : ' ssl'}; server_name ${name}; ${locations.join(' ')} }`;
}

function renderTls(folder: string, { certificate, key }: { certificate: string; key: string }): string {
  writeFileSync(path.join(folder, 'tls.crt'), certificate);
  writeFileSync(path.join(folder, 'tls.key'), key, { mode: 0o600 });
  return `ssl_certificate ${folder}/tls.crt; ssl_certificate_key ${folder}/tls.key; ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:tls:10m; ssl_session_tickets off;`;
}

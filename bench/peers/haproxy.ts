// HAProxy with a map of hosts and one backend for the pods that all hosts share, one thread.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePorts } from '../../test/fixtures/free-ports.js';
import { hostName, hostsOf } from '../harness/scenario.js';
import { firstLine, startChildProxy } from './child-proxy.js';
import type { Peer, Prepared } from './peer.js';

export const haproxy: Peer = {
  name: 'haproxy-map',
  version: () => firstLine('haproxy', '-v'),
  async start(prepared) {
    const ports = await freePorts(prepared.scenario.classes);
    const file = path.join(prepared.folder, 'haproxy.cfg');
    writeFileSync(file, renderConfiguration(prepared, ports));
    return startChildProxy(['haproxy', '-db', '-f', file], ports);
  },
};

function renderConfiguration({ folder, scenario, pods }: Prepared, ports: readonly number[]): string {
  const frontends = ports.map((port, at) => {
    const { from, to } = hostsOf(scenario, at);
    const map = path.join(folder, `hosts-${at}.map`);
    writeFileSync(map, Array.from({ length: to - from }, (_, offset) => `${hostName(from + offset)} pods\n`).join(''));
    return `frontend class${at}
  bind 127.0.0.1:${port}
  http-request set-header X-Request-ID %[uuid]
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Scheme http
  http-request set-header X-Scheme http
  use_backend %[req.hdr(host),lower,map(${map})]`;
  });
  return `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout client 75s
  timeout server 60s
  timeout connect 5s
  http-reuse always
${frontends.join('\n')}
backend pods
${pods.map((port, at) => `  server pod${at} 127.0.0.1:${port}`).join('\n')}
`;
}

// Caddy with all hosts in one matcher and one reverse proxy for the pods that all hosts share, on one processor.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePorts } from '../../test/fixtures/free-ports.js';
import { hostName, hostsOf } from '../harness/scenario.js';
import { firstLine, startChildProxy } from './child-proxy.js';
import type { Peer } from './peer.js';

export const caddy: Peer = {
  name: 'caddy',
  version: () => firstLine('caddy', 'version'),
  async start({ folder, scenario, pods }) {
    const ports = await freePorts(scenario.classes);
    const servers = Object.fromEntries(ports.map((port, at) => {
      const { from, to } = hostsOf(scenario, at);
      return [`class${at}`, {
        listen: [`127.0.0.1:${port}`], automatic_https: { disable: true },
        routes: [{
          match: [{ host: Array.from({ length: to - from }, (_, offset) => hostName(from + offset)) }],
          handle: [{ handler: 'reverse_proxy', upstreams: pods.map((pod) => ({ dial: `127.0.0.1:${pod}` })) }],
        }],
      }];
    }));
    const file = path.join(folder, 'caddy.json');
    writeFileSync(file, JSON.stringify({ admin: { disabled: true }, logging: { logs: { default: { level: 'ERROR' } } }, apps: { http: { servers } } }));
    return startChildProxy(['caddy', 'run', '--config', file], ports, { GOMAXPROCS: '1', XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder });
  },
};

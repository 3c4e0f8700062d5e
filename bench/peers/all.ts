// Every proxy that a scenario may name.

import { caddy } from './caddy.js';
import { haproxy } from './haproxy.js';
import { control, countedByIngress, fewerHosts, ingressArbiter, uncounted } from './ingress-arbiter.js';
import type { Peer } from './peer.js';
import { staticNginx } from './static-nginx.js';

const all: readonly Peer[] = [staticNginx, haproxy, caddy, ingressArbiter, control, uncounted, countedByIngress, fewerHosts];

/** A proxy by its name. Throws when there is none. */
export function peerNamed(name: string): Peer {
  const peer = all.find((one) => one.name === name);
  if (peer === undefined) throw new Error(`no proxy is called ${JSON.stringify(name)}; there are ${all.map((one) => one.name).join(', ')}`);
  return peer;
}

// All peers whose class selection is known, and how their flags are given in a text.

import { apisix, aws } from './by-object.js';
import { contour, kongReconciler, kongStore, nginxInc, skipper } from './by-name.js';
import { haproxyIngress, haproxytech } from './haproxy.js';
import { ingressNginx } from './ingress-nginx.js';
import type { Peer, PeerSettings } from './peer.js';
import { traefikIngress, traefikIngressNginx } from './traefik.js';

export const peers: readonly Peer[] = [
  ingressNginx, traefikIngressNginx, traefikIngress, haproxyIngress, haproxytech, nginxInc, contour, kongStore, kongReconciler,
  apisix, skipper, aws,
];

/** A peer with its flags as somebody runs it. */
export interface RunningPeer {
  peer: Peer;
  settings: PeerSettings;
  /** The text that it was given as: tells two instances of one peer apart. */
  label: string;
}

/**
 * Reads `name` or `name:flag=value,flag=value`. A flag without a value is true. Returns what is wrong as a text that says what
 * would be right. A comma inside a value is written as `+`.
 */
export function parsePeer(given: string): RunningPeer | string {
  const colon = given.indexOf(':');
  const name = colon < 0 ? given : given.slice(0, colon);
  const peer = peers.find((candidate) => candidate.name === name);
  if (peer === undefined) return `no controller "${name}" is known; these are: ${peers.map((one) => one.name).join(', ')}`;
  const settings: Record<string, string | boolean> = { ...peer.defaults };
  for (const part of colon < 0 ? [] : given.slice(colon + 1).split(',')) {
    const problem = setFlag(settings, peer, part);
    if (problem !== undefined) return problem;
  }
  return { peer, settings, label: given };
}

function setFlag(settings: Record<string, string | boolean>, { name, defaults }: Peer, part: string): string | undefined {
  const equals = part.indexOf('=');
  const flag = equals < 0 ? part : part.slice(0, equals);
  const value = equals < 0 ? 'true' : part.slice(equals + 1);
  if (!Object.hasOwn(defaults, flag)) return `${name} has no flag "${flag}"; it has ${Object.keys(defaults).join(', ')}`;
  if (typeof defaults[flag] === 'string') settings[flag] = value.replaceAll('+', ',');
  else if (value === 'true' || value === 'false') settings[flag] = value === 'true';
  else return `${name}: flag ${flag} is true or false, not "${value}"`;
  return undefined;
}

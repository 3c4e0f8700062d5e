// Which addresses a request may be sent to. Anyone who may write an EndpointSlice writes these: the machine itself, the
// cloud's metadata service and addresses that are no single host are refused, however they are spelled.

import { BlockList, isIP } from 'node:net';
import type { Endpoint } from '../route-table/types.js';
import { isPort, shown } from './check-names.js';

export type EndpointCheck = (endpoint: Endpoint) => string | undefined;

const never: [string, number, 'ipv4' | 'ipv6'][] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  // The IPv4 forms inside IPv6, compatible and mapped: the same machine under another spelling.
  ['::', 96, 'ipv6'],
  ['::ffff:0:0', 96, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];

/** Says what is wrong with an endpoint's address or port, or undefined. */
export function createEndpointCheck(allowLoopback: boolean): EndpointCheck {
  const refused = new BlockList();
  for (const [network, prefix, family] of never) refused.addSubnet(network, prefix, family);
  if (!allowLoopback) refused.addSubnet('127.0.0.0', 8, 'ipv4');
  return ({ address, port }) => {
    if (!isPort(port)) return `port ${shown(port)} is not in 1–65535`;
    const family = typeof address === 'string' && !address.includes('%') ? isIP(address) : 0;
    if (family === 0) return `address ${shown(address)} is not an IP address`;
    if (allowLoopback && address === '::1') return undefined;
    if (refused.check(address, family === 4 ? 'ipv4' : 'ipv6')) return `address ${shown(address)} is not one that a pod can have`;
    return undefined;
  };
}

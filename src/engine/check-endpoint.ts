// Which addresses a request may be sent to. Anyone who may write an EndpointSlice writes these: the machine itself, the
// cloud's metadata service and addresses that are no single host are refused, however they are spelled.

import { BlockList, isIP } from 'node:net';
import type { Endpoint } from '../route-table/types.js';
import { isPort, shown } from './check-names.js';

export type EndpointCheck = (endpoint: Endpoint) => string | undefined;

const neverIPv4: [network: string, prefix: number][] = [['0.0.0.0', 8], ['169.254.0.0', 16], ['224.0.0.0', 4], ['240.0.0.0', 4]];
/** Among them the forms of IPv4 inside IPv6 (compatible, mapped, translated): the same machine under another spelling. */
const neverIPv6: [network: string, prefix: number][] = [
  ['::', 96], ['::ffff:0:0', 96], ['64:ff9b::', 96], ['fe80::', 10], ['fec0::', 10], ['ff00::', 8],
];

/** Says what is wrong with an endpoint's address or port, or undefined. */
export function createEndpointCheck(allowLoopback: boolean): EndpointCheck {
  // One list for each family: in a common one, an IPv4 address is found under the mapped network.
  const [ipv4, ipv6] = [new BlockList(), new BlockList()];
  for (const [network, prefix] of neverIPv4) ipv4.addSubnet(network, prefix, 'ipv4');
  for (const [network, prefix] of neverIPv6) ipv6.addSubnet(network, prefix, 'ipv6');
  if (!allowLoopback) ipv4.addSubnet('127.0.0.0', 8, 'ipv4');
  return ({ address, port }) => {
    if (!isPort(port)) return `port ${shown(port)} is not in 1–65535`;
    const family = typeof address === 'string' && !address.includes('%') ? isIP(address) : 0;
    if (family === 0) return `address ${shown(address)} is not an IP address`;
    if (allowLoopback && address === '::1') return undefined;
    const refused = family === 4 ? ipv4.check(address, 'ipv4') : ipv6.check(address, 'ipv6');
    return refused ? `address ${shown(address)} is not one that a pod can have` : undefined;
  };
}

// Addresses of listeners as they are given on the command line: http://address:port, https://address:port, or a bare address
// for both with their usual ports.

import type { ListenerAddress } from '../../migration/send-request.js';
import { SourceProblem, exitCodes } from '../sources/source-options.js';

const usual = { http: 80, https: 443 } as const;

/** One listener out of all that was given for it. */
export function listenerAddress(option: string, given: readonly string[]): ListenerAddress {
  const address: ListenerAddress = {};
  for (const text of given) {
    const found = /^(?:(https?):\/\/)?(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?\/?$/i.exec(text);
    if (found === null) throw new SourceProblem(`${option} "${text}" is no address; write http://address:port, https://address:port, or an address for both`, exitCodes.usage);
    const [, scheme, name, port] = found;
    const host = name!.replace(/^\[|\]$/g, '');
    for (const one of scheme === undefined ? ['http', 'https'] as const : [scheme.toLowerCase() as 'http' | 'https']) {
      address[one] = { host, port: port === undefined ? usual[one] : Number(port) };
    }
  }
  return address;
}

/** Ports of a listener that stand for none in a Location. */
export function portsOf(address: ListenerAddress): number[] {
  return [...Object.values(address).map(({ port }) => port), ...Object.values(usual)];
}

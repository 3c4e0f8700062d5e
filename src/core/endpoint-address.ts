// Which addresses a request may be sent to. Anyone who may write an EndpointSlice writes these, so the machine itself, a
// cloud's metadata service and addresses that are no single host are refused, however they are spelled. Both sides ask this
// one function: the controller drops such an endpoint, the engine refuses whoever sends one all the same.

import type { Endpoint } from '../route-table/types.js';

/** What is wrong with an endpoint, in words, or undefined. `allowLoopback`: lets 127.0.0.0/8 and ::1 pass, for development. */
export function endpointProblem({ address, port }: Endpoint, allowLoopback: boolean): string | undefined {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return `port ${String(port).slice(0, 20)} is not in 1–65535`;
  const shown = JSON.stringify(String(address).slice(0, 60));
  const octets = parseIpv4(address);
  const groups = octets === undefined ? parseIpv6(address) : undefined;
  if (octets === undefined && groups === undefined) return `address ${shown} is not an IP address`;
  const refused = octets === undefined ? isRefusedIpv6(groups!, allowLoopback) : isRefusedIpv4(octets, allowLoopback);
  return refused ? `address ${shown} is not one that a pod can have` : undefined;
}

/** RFC 1122 (this host, loopback), RFC 3927 (link-local, where clouds keep their metadata), RFC 5771 and 1112 (no single host). */
function isRefusedIpv4([first, second]: number[], allowLoopback: boolean): boolean {
  if (first === 127) return !allowLoopback;
  return first === 0 || first! >= 224 || (first === 169 && second === 254);
}

/**
 * RFC 4291: unspecified, loopback, link-local, multicast; the retired site-local; and every form of an IPv4 address inside an
 * IPv6 one (compatible, mapped, RFC 6052), which would be the same host under another spelling.
 */
function isRefusedIpv6(groups: number[], allowLoopback: boolean): boolean {
  const [first, second] = groups as [number, number];
  const startsWithZeros = (count: number): boolean => groups.slice(0, count).every((group) => group === 0);
  if (startsWithZeros(7) && groups[7] === 1) return !allowLoopback;
  if (startsWithZeros(6) || (startsWithZeros(5) && groups[5] === 0xffff)) return true;
  if (first === 0x64 && second === 0xff9b) return true;
  return (first & 0xff80) === 0xfe80 || (first & 0xff00) === 0xff00;
}

/** Dotted decimal without leading zeros, which some programs read as octal. */
function parseIpv4(text: string): number[] | undefined {
  if (!/^(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})$/.test(text)) return undefined;
  const octets = text.split('.').map(Number);
  return octets.every((octet) => octet <= 255) ? octets : undefined;
}

/** The eight groups of an IPv6 address without a zone, in any of the forms of RFC 4291, section 2.2. */
function parseIpv6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(parseGroups);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  if (tail === undefined) return head.length === 8 ? head : undefined;
  const missing = 8 - head.length - tail.length;
  return missing < 1 ? undefined : [...head, ...Array<number>(missing).fill(0), ...tail];
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const dotted = parseIpv4(parts.at(-1)!);
  const plain = dotted === undefined ? parts : parts.slice(0, -1);
  if (!plain.every((part) => /^[0-9a-fA-F]{1,4}$/.test(part))) return undefined;
  const groups = plain.map((part) => parseInt(part, 16));
  return dotted === undefined ? groups : [...groups, dotted[0]! * 256 + dotted[1]!, dotted[2]! * 256 + dotted[3]!];
}

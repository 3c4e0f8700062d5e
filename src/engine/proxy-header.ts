// The PROXY protocol (haproxy.org, proxy-protocol.txt): reads the header that a connection begins with, in text (version 1) or in
// binary (version 2), and writes the one in text that nginx gets. It decides nothing about who may be believed.

import { isIPv4, isIPv6 } from 'node:net';

/** Who speaks with whom, as somebody tells it. */
export interface Ends {
  address: string;
  port: number;
  ownAddress: string;
  ownPort: number;
}

/** `length`: bytes of the header. `ends` absent: it tells of no TCP connection, such as the proxy's own checks. */
export interface ProxyHeader {
  length: number;
  ends?: Ends;
}

const LONGEST_TEXT = 107;
/** Addresses, and what proxies like to add. */
const LONGEST_BINARY = 16 + 4096;
export const longestHeader = LONGEST_BINARY;

const TEXT = Buffer.from('PROXY ', 'latin1');
const BINARY = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const PORT = /^(?:0|[1-9][0-9]{0,4})$/;

/** Undefined: more bytes are needed; 'none': the connection does not begin with a header. Never throws. */
export function readProxyHeader(bytes: Buffer): ProxyHeader | 'none' | undefined {
  if (startsLike(bytes, TEXT)) return bytes.length < TEXT.length ? undefined : readText(bytes);
  if (startsLike(bytes, BINARY)) return bytes.length < 16 ? undefined : readBinary(bytes);
  return 'none';
}

/** The header in text; `ends` of two kinds of addresses can't be told. */
export function renderProxyHeader({ address, port, ownAddress, ownPort }: Ends): string {
  const [from, to] = [withoutZone(address), withoutZone(ownAddress)];
  if (isIPv4(from) && isIPv4(to)) return `PROXY TCP4 ${from} ${to} ${port} ${ownPort}\r\n`;
  if (isIPv6(from) && isIPv6(to)) return `PROXY TCP6 ${from} ${to} ${port} ${ownPort}\r\n`;
  return 'PROXY UNKNOWN\r\n';
}

function withoutZone(address: string): string {
  return address.split('%', 1)[0]!;
}

function startsLike(bytes: Buffer, pattern: Buffer): boolean {
  const length = Math.min(bytes.length, pattern.length);
  return bytes.subarray(0, length).equals(pattern.subarray(0, length));
}

const FAMILIES: ReadonlyMap<string, (text: string) => boolean> = new Map([['TCP4', isIPv4], ['TCP6', isIPv6]]);
const isPort = (text: string): boolean => PORT.test(text) && Number(text) <= 65_535;

function readText(bytes: Buffer): ProxyHeader | 'none' | undefined {
  const end = bytes.subarray(0, LONGEST_TEXT).indexOf('\r\n', 0, 'latin1');
  if (end < 0) return bytes.length >= LONGEST_TEXT ? 'none' : undefined;
  const [, family = '', ...rest] = bytes.toString('latin1', 0, end).split(' ');
  const length = end + 2;
  if (family === 'UNKNOWN') return { length };
  const ends = endsIn(family, rest);
  return ends === undefined ? 'none' : { length, ends };
}

function endsIn(family: string, words: readonly string[]): Ends | undefined {
  const isAddress = FAMILIES.get(family);
  if (isAddress === undefined || words.length !== 4) return undefined;
  const [address, ownAddress, port, ownPort] = words as [string, string, string, string];
  if (![address, ownAddress].every((one) => isAddress(one) && !one.includes('%')) || ![port, ownPort].every(isPort)) return undefined;
  return { address, port: Number(port), ownAddress, ownPort: Number(ownPort) };
}

/** Length of an address, by the byte that tells family and transport: TCP over IPv4, over IPv6. */
const ADDRESS_BYTES: Record<number, 4 | 16 | undefined> = { 0x11: 4, 0x21: 16 };

function readBinary(bytes: Buffer): ProxyHeader | 'none' | undefined {
  const [command, family] = [bytes[12]!, bytes[13]!];
  const length = 16 + bytes.readUInt16BE(14);
  if ((command !== 0x20 && command !== 0x21) || length > LONGEST_BINARY) return 'none';
  if (bytes.length < length) return undefined;
  const size = ADDRESS_BYTES[family];
  // A proxy that speaks for itself (LOCAL), or of what is no TCP.
  if (command === 0x20 || size === undefined) return { length };
  if (length < 16 + 2 * size + 4) return 'none';
  const address = (at: number): string => shown(bytes.subarray(at, at + size));
  return {
    length,
    ends: { address: address(16), ownAddress: address(16 + size), port: bytes.readUInt16BE(16 + 2 * size), ownPort: bytes.readUInt16BE(18 + 2 * size) },
  };
}

function shown(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  return Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16)).join(':');
}

// Which addresses a pod can have. Who may write an EndpointSlice by hand writes these: the machine itself, the cloud's
// metadata service and addresses that are no single host are left out, however they are spelled.

const byte = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const ipv4 = new RegExp(`^${byte}(?:\\.${byte}){3}$`);

/** Networks of IPv4 by their first bytes: this host, link-local, multicast, reserved. */
const never = /^(?:0|169\.254|22[4-9]|23[0-9]|24[0-9]|25[0-5])\./;

/** Whether a request may be sent to this address. */
export function isPodAddress(address: string, allowLoopback: boolean): boolean {
  if (ipv4.test(address)) return !never.test(address) && (allowLoopback || !address.startsWith('127.'));
  const groups = ipv6Groups(address);
  if (groups === undefined) return false;
  const loopback = groups.slice(0, 7).every((group) => group === 0) && groups[7] === 1;
  return loopback ? allowLoopback : !isSpecial(groups);
}

/** IPv4 inside IPv6 in any of its forms (compatible, mapped, NAT64), link-local, site-local, multicast. */
function isSpecial(groups: readonly number[]): boolean {
  const [first = 0, second] = groups;
  const zeroes = groups.findIndex((group) => group !== 0);
  const embedded = zeroes < 0 || zeroes >= 6 || (zeroes === 5 && groups[5] === 0xffff) || (first === 0x64 && second === 0xff9b && groups.slice(2, 6).every((group) => group === 0));
  return embedded || (first >= 0xfe80 && first <= 0xfeff) || first >= 0xff00;
}

/** The eight groups of an IPv6 address without a zone; undefined for any other text. */
function ipv6Groups(address: string): number[] | undefined {
  const last = address.slice(address.lastIndexOf(':') + 1);
  const text = ipv4.test(last) ? address.slice(0, -last.length) + ipv4Groups(last) : address;
  const halves = text.split('::');
  if (halves.length > 2 || !text.includes(':')) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (![...head, ...tail].every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...Array<string>(missing).fill('0'), ...tail].map((group) => parseInt(group, 16));
}

function ipv4Groups(address: string): string {
  const [a, b, c, d] = address.split('.').map(Number) as [number, number, number, number];
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

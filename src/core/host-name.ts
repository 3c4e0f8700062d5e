// The names under which Ingresses are served: one normal form, so that `A.test.` and `a.test` are one host.

const label = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const plain = new RegExp(`^${label}(?:\\.${label})*$`);
const address = /^[0-9]+(?:\.[0-9]+){3}$/;

/**
 * Lower case, without a trailing dot. Returns undefined for what is no host of an Ingress: anything but a DNS name or
 * `*.` before one (the API's rule for spec.rules[].host), names over 253 bytes, IP addresses.
 */
export function normalizeHost(host: string): string | undefined {
  // Lower case of all of Unicode would turn the Kelvin sign into a k: only ASCII has two cases here.
  const name = host.replace(/[A-Z]+/g, (part) => part.toLowerCase()).replace(/\.$/, '');
  const base = name.startsWith('*.') ? name.slice(2) : name;
  if (name.length > 253 || !plain.test(base) || address.test(base)) return undefined;
  return name;
}

/** Whether `pattern` is `host`, or a wildcard for exactly one more label in its place (RFC 6125, section 6.4.3). */
export function coversHost(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  return pattern.startsWith('*.') && host.includes('.') && host.slice(host.indexOf('.')) === pattern.slice(1);
}

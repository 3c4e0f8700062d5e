// The grammars of names that come with a class table, checked over their whole length. Names are compared and kept as they
// are: nothing is trimmed, lower-cased or repaired here, a name that would need it is refused.

import { isIP } from 'node:net';

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const PORT_NUMBER = /^[1-9][0-9]{0,4}$/;
const CERTIFICATE_ID = /^[A-Za-z0-9_-]{8,128}$/;

/** DNS label (RFC 1123): namespaces, Services, names of ports. */
export function isLabel(text: unknown): text is string {
  return typeof text === 'string' && LABEL.test(text);
}

/** DNS subdomain: names of Ingresses and classes. */
export function isSubdomain(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 253 && SUBDOMAIN.test(text);
}

/** A host of a rule or a server name: lower case, `*.` at most once and in front; '' stands for every host. */
export function isHost(text: string): boolean {
  if (text === '') return true;
  if (text.length > 253) return false;
  const name = text.startsWith('*.') ? text.slice(2) : text;
  return isIP(name) === 0 && name.split('.').every(isLabel);
}

export function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535;
}

export function isCertificateId(text: unknown): text is string {
  return typeof text === 'string' && CERTIFICATE_ID.test(text);
}

/** What comes after `service/` in a key: `<namespace>/<name>/<port number or name>`, or `<namespace>/<name>/cluster-ip/<port number>`. */
export function isServicePath(text: string): boolean {
  const parts = text.split('/');
  const [namespace, name, port] = parts;
  if (!isLabel(namespace) || !isLabel(name)) return false;
  if (parts.length === 4) return port === 'cluster-ip' && PORT_NUMBER.test(parts[3]!) && isPort(Number(parts[3]));
  if (parts.length !== 3) return false;
  return PORT_NUMBER.test(port!) ? isPort(Number(port)) : isLabel(port) && /[a-z]/.test(port);
}

/** A value from outside as it may stand in a message: short, in quotes, with every control byte escaped. */
export function shown(value: unknown): string {
  if (typeof value !== 'string') return value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value === 'number' ? String(value) : `a ${typeof value}`;
  const text = value.length > 60 ? `${value.slice(0, 60)}…` : value;
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

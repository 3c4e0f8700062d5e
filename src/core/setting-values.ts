// How values of a class's ConfigMap are read. Each reader takes the whole text or nothing: undefined means that it is no
// value of its kind. Nothing is guessed and nothing is cut off.

import { addressRanges } from './annotations/addresses.js';
import { isServerName } from './server-names.js';

const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const subdomain = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

/** A boolean as Go's strconv.ParseBool reads it, as "true" or "false". */
export function readFlag(text: string): string | undefined {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return 'true';
  return /^(?:0|f|F|FALSE|false|False)$/.test(text) ? 'false' : undefined;
}

/** Whole seconds up to a day, as text: what timeouts of ingress-nginx look like. */
export function readSeconds(text: string): string | undefined {
  return /^[0-9]{1,5}$/.test(text) && Number(text) <= 86_400 ? text : undefined;
}

/** A size as nginx writes it: bytes, or with k, m or g. */
export function readSize(text: string): string | undefined {
  return /^[0-9]{1,12}[kKmMgG]?$/.test(text) ? text : undefined;
}

/** Any text of one line. */
export function readText(text: string): string | undefined {
  return /^[\x20-\x7e]{1,8192}$/.test(text) ? text : undefined;
}

/** A whole number from 1 to a million. */
export function readNumber(text: string): number | undefined {
  const value = Number(text);
  return /^[1-9][0-9]{0,6}$/.test(text) && value <= 1_000_000 ? value : undefined;
}

/** A duration as Go writes it, in ms; at most a day. A number alone is seconds. */
export function readDuration(text: string): number | undefined {
  const match = /^(?:([0-9]{1,2})h)?(?:([0-9]{1,4})m)?(?:([0-9]{1,5})s?)?$/.exec(text);
  if (match === null || text === '') return undefined;
  const [hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  const ms = ((hours * 60 + minutes) * 60 + seconds) * 1000;
  return ms <= 86_400_000 ? ms : undefined;
}

/** Names of namespaces, separated by commas. */
export function readNames(text: string): string[] | undefined {
  const names = text.split(',').map((name) => name.trim());
  return names.every((name) => label.test(name)) ? names : undefined;
}

/** Names of servers in lower case, `*.` allowed before one for all below it; separated by commas. */
export function readServerNames(text: string): string[] | undefined {
  const names = text.split(',').map((name) => name.trim().toLowerCase());
  return names.every((name) => isServerName(name.replace(/^\*\./, 'a.'))) ? names : undefined;
}

/** Addresses and networks, as policies carry them. */
export function readRanges(text: string): string[] | undefined {
  const reading = addressRanges.read(text);
  return 'value' in reading ? reading.value : undefined;
}

/** The name of a header. */
export function readHeaderName(text: string): string | undefined {
  return /^[A-Za-z0-9](?:[-A-Za-z0-9]{0,62}[A-Za-z0-9])?$/.test(text) ? text : undefined;
}

/** Names of headers, separated by commas, in lower case. */
export function readHeaderNames(text: string): string[] | undefined {
  const names = text.split(',').map((name) => name.trim().toLowerCase());
  return names.every((name) => /^[a-z0-9](?:[-a-z0-9]{0,62}[a-z0-9])?$/.test(name)) ? names : undefined;
}

/** `name`, `name:port`, or either with `namespace/` before it when that is the one where it is looked for. */
export function readReference(text: string, namespace: string): { name: string; port?: string } | undefined {
  const [, inNamespace, name = '', port] = /^(?:([^/]*)\/)?([^/:]*)(?::(.*))?$/.exec(text) ?? [];
  if (!subdomain.test(name) || (inNamespace !== undefined && inNamespace !== namespace)) return undefined;
  if (port === undefined) return { name };
  return label.test(port) ? { name, port } : undefined;
}

// Knows a usual request by one look: HTTP/1 without a body and without what only few requests have, for a host by its very name.
// nginx says all of the former in one variable, which of usual requests is one of four texts. Anything else is looked at in full.

import { byteAt } from './text.js';
import { isFilled, textOf, variable } from './read-variable.js';

export interface UsualRequest {
  /** Without TLS: nothing was noted of the connection in a handshake. */
  plain: boolean;
}

/** RFC 1035, section 2.3.4. */
const LONGEST_NAME = 253;
const STAR = 42;

const REQUEST = variable('ia_request');
const HOST = variable('host');
const HOST_HEADER = variable('http_host');
const HOPS = variable('http_x_arbiter_hops');
const UPGRADE = variable('http_upgrade');

/** By the variable (engine/nginx-variables): after the bar stands what usual requests have none of. */
const USUAL: Record<string, UsualRequest | undefined> = {
  'HTTP/1.1http|': { plain: true }, 'HTTP/1.0http|': { plain: true }, 'HTTP/1.1https|': { plain: false }, 'HTTP/1.0https|': { plain: false },
};

/** Undefined: the present request is not usual. */
export function usualRequest(): UsualRequest | undefined {
  return USUAL[textOf(REQUEST) ?? ''];
}

/**
 * The host that the present request is for, when its Host header is that very text: undefined when it is not. Whether the text is a
 * valid name is not asked; no entry of a class table has one that is not, but for those of wildcards.
 */
export function namedHost(): string | undefined {
  const host = textOf(HOST_HEADER);
  return host === undefined || host === '' || host.length > LONGEST_NAME || byteAt(host, 0) === STAR || host !== textOf(HOST) ? undefined : host;
}

/** Whether it has come by here before, or asks for another protocol: backends are told of both, in another location than `/`. */
export function isRare(): boolean {
  return isFilled(HOPS) || isFilled(UPGRADE);
}

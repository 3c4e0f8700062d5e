// A URL as the request that a client makes of it: host and path as the proxy sees them. What the proxy would refuse is a
// problem here too.

import { normalizePath } from '../../route-table/normalize-path.js';

export interface AskedRequest {
  url: string;
  scheme: 'http' | 'https';
  /** Lower case, without port and trailing dot, as nginx gives it. */
  host: string;
  /** As it is sent. */
  sentPath: string;
  /** In normal form: what is matched. Undefined: the proxy answers 400. */
  path: string | undefined;
}

/** What the proxy takes as a Host header, port included. */
const authority = /^(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/i;

/** Reads `http(s)://host[:port]/path?query`. Returns what is wrong as a text. Dots and slashes in the path stay as written. */
export function readRequestUrl(url: string): AskedRequest | string {
  const [, scheme, name, path] = /^(https?):\/\/([^/?#]*)([^?#]*)/i.exec(url) ?? [];
  if (scheme === undefined) return `"${url}" is no URL of a request; write it as https://host/path`;
  if (!authority.test(name!)) return `"${name}" is no host that a request can name; write a DNS name, a port after it if need be`;
  const sentPath = encodeNonAscii(path === '' ? '/' : path!);
  return {
    url, scheme: scheme.toLowerCase() as 'http' | 'https', sentPath, path: normalizePath(sentPath),
    host: name!.toLowerCase().replace(/:[0-9]{1,5}$/, '').replace(/\.$/, ''),
  };
}

/** As clients send it: UTF-8, percent-encoded. */
function encodeNonAscii(text: string): string {
  return text.replace(/[^\u0000-\u007f]+/g, (part) => encodeURI(part.replace(/\p{Surrogate}/gu, '\ufffd')));
}

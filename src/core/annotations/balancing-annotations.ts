// Annotations about the choice among the endpoints of a Service. A key of upstream-hash-by is read into pieces here, once; its
// variables are those of a closed list, so nothing that an Ingress says is evaluated.

import type { KeyPart } from '../../route-table/types.js';
import { carriedOut } from './annotation.js';
import { type Grammar, flag, oneOf, wholeNumber } from './grammar.js';

/** Names of ingress-nginx for variables that it makes itself, and what they are here. */
const otherNames: Readonly<Record<string, string>> = { best_http_host: 'http_host', the_real_ip: 'remote_addr', query_string: 'args' };

const variables = new Set([
  'args', 'binary_remote_addr', 'host', 'http_host', 'is_args', 'remote_addr', 'remote_port', 'request_id', 'request_method', 'request_uri', 'scheme', 'server_port', 'ssl_client_fingerprint', 'ssl_client_s_dn', 'ssl_session_id', 'uri',
]);

/** The value of a header, a cookie or a parameter. */
const family = /^(?:http|cookie|arg)_[a-z0-9_]{1,64}$/;

const mostParts = 16;

/** Endpoints of one key: each request goes through all endpoints of the Service once for each of them, half of them on average. */
export const mostSubset = 32;

/** Whether a key may have this variable. */
export function isKeyVariable(name: string): boolean {
  return variables.has(name) || family.test(name);
}

/** Whether a key may have this text. */
export function isKeyText(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,256}$/.test(text);
}

/** Whether this is a key that requests can be told apart by. */
export function isKey(parts: readonly KeyPart[]): boolean {
  return parts.length > 0 && parts.length <= mostParts && parts.every((part) => ('text' in part ? isKeyText(part.text) : isKeyVariable(part.variable)));
}

/** The characters are those of ingress-nginx. */
const hashKey: Grammar<KeyPart[]> = {
  form: 'text and variables such as `$request_uri`, `$remote_addr`, `$http_…`, `$cookie_…`, `$arg_…`',
  read: (text) => {
    const pieces = text.match(/\$\{[A-Za-z0-9_]+\}|\$[A-Za-z0-9_]+|[A-Za-z0-9_-]+/g) ?? [];
    const parts = pieces.map(partOf);
    const whole = pieces.join('') === text && isKey(parts);
    return whole ? { value: parts } : { problem: `may have letters, digits, - and _, and of variables ${[...variables].map((name) => `$${name}`).join(', ')}, $http_…, $cookie_… and $arg_… only` };
  },
};

function partOf(piece: string): KeyPart {
  const [, name] = /^\$\{?([A-Za-z0-9_]+)\}?$/.exec(piece) ?? [];
  if (name === undefined) return { text: piece };
  const lower = name.toLowerCase();
  return { variable: Object.hasOwn(otherNames, lower) ? otherNames[lower]! : lower };
}

export const balancingAnnotations = {
  'load-balance': carriedOut('location low', oneOf(['round_robin', 'ewma']), '`round_robin`', {
    note: 'ewma: of two endpoints by chance the one with the lower product of its time to the header of an answer (a moving average over 10 s, in which a longer time counts at once) and its requests under way. Each worker of nginx knows its own. Affinity and upstream-hash-by come first, as there. A canary is balanced as it says itself, and by the cookie of its primary.',
  }),
  'upstream-hash-by': carriedOut('location high', hashKey, 'none', {
    note: 'Requests with the same key go to the same endpoint. When an endpoint goes, only its keys move, each to another one; when one comes, it takes its share of all. A key without any value is balanced by turns, as nginx does it. After affinity, as there.',
  }),
  'upstream-hash-by-subset': carriedOut('location low', flag, '`false`', { note: 'Requests with the same key go to any of a few endpoints. Unlike there the few of a key change by one when an endpoint goes.' }),
  'upstream-hash-by-subset-size': carriedOut('location low', wholeNumber(1, mostSubset), '`3`', { note: `At most ${mostSubset}.` }),
  'service-upstream': carriedOut('ingress low', flag, '`false`', { note: 'True: requests go to the cluster IP of the Service and its port, and kube-proxy or a mesh chooses among endpoints; nothing of affinity, keys and further tries has more than that one to choose from. A Service without a cluster IP keeps its endpoints. The Services of default-backend and auth-url are always asked by their endpoints.' }),
  'ssl-passthrough': carriedOut('ingress low', flag, '`false`', {
    support: 'approximated',
    note: 'Where a listener of the class has `sslPassthrough` ([running](running.md)): TLS connections that name a host of the Ingress (SNI) go as they are to the endpoints of the Service of its path `/`, by turns. Nothing else of the host counts for them, neither other paths (IA129) nor other annotations; so a host of which some path keeps requests out is not passed through (IA128), unlike there, nor one of which an older Ingress of another namespace has a path. A wildcard passes one label through. Plain HTTP of the host goes the usual way: redirected to https, else to the backend over TLS. Where no listener passes through (IA151), TLS ends at the engine, as there without --enable-ssl-passthrough, and begins anew to the backend.',
  }),
} as const;

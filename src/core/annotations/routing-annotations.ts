// Annotations about which requests a path takes, what becomes of the path, and redirects.

import { normalizePath } from '../../route-table/normalize-path.js';
import { carriedOut, leftOut } from './annotation.js';
import { addressRanges } from './addresses.js';
import { type Grammar, flag, textLike, wholeNumber } from './grammar.js';
import { backendHost } from './backend-host.js';
import { hostNames } from './host-names.js';
import { forwardedPrefix } from './replacements.js';
import { redirectTarget } from './redirect-target.js';

/** The characters that ingress-nginx allows in a rewrite target. */
const rewriteCharacters = /^\/?[-._~A-Za-z0-9/:$]*$/;

const rewriteTemplate: Grammar<string> = {
  form: 'path template with `$1`…`$9`',
  read: (text) => (rewriteCharacters.test(text) && text.length <= 2048 && isSafeTemplate(text)
    ? { value: text }
    : { problem: 'may hold letters, digits, - . _ ~ / : and $1…$9 only, and no empty or dot segments' }),
};

/** Two digits after a $ would be read as one capture and a digit; what leads out of the root would fail every request. */
function isSafeTemplate(template: string): boolean {
  const path = template.startsWith('/') ? template : `/${template}`;
  return !/\$[0-9]{2}/.test(template) && !/\/\.{0,2}\/|\/\.{1,2}$/.test(path) && normalizePath(path) === path;
}

const ownPath: Grammar<string> = {
  form: 'path',
  read: (text) => (text.length <= 2048 && text !== '/' && normalizePath(text.split('?')[0]!) === text.split('?')[0] && /^\/(?!\/)[-._~A-Za-z0-9/:@!$&'()*+,;=%?]*$/.test(text)
    ? { value: text } : { problem: 'must be a path such as /app, in plain ASCII, other than /' }),
};

const redirectCode = (most: number): Grammar<number> => ({
  form: `300–${most}`,
  read: (text) => (/^30[0-9]$/.test(text) && Number(text) <= most ? { value: Number(text) } : { problem: `must be a code from 300 to ${most}` }),
});

const codes: Grammar<number[]> = {
  form: 'statuses 400–599, separated by commas',
  read: (text) => {
    const parts = text.split(',').map((part) => part.trim());
    return parts.length <= 50 && parts.every((part) => /^[45][0-9]{2}$/.test(part)) ? { value: [...new Set(parts.map(Number))].sort() } : { problem: 'must be statuses 400–599, separated by commas' };
  },
};

export const routingAnnotations = {
  'rewrite-target': carriedOut('ingress medium', rewriteTemplate, 'path as it came', {
    failMode: 'refuse',
    note: 'Turns all paths of the host, within this class, into case-insensitive patterns that are anchored at their start only, as there. The result is brought into normal form again, so a capture can not climb out of the path.',
  }),
  'use-regex': carriedOut('location low', flag, '`false`', { note: 'As rewrite-target, without a rewrite. It never reaches another class.' }),
  'app-root': carriedOut('location medium', ownPath, 'none', {
    note: 'Counts for the path `/` of each host of the Ingress: 302 to the path on the same scheme and host. An older Ingress with Exact `/` on the host wins.',
  }),
  'ssl-redirect': carriedOut('location low', flag, '`true`', {
    note: '308 to `https://`, without port and without one trailing slash, when a `tls` entry of an Ingress on the host covers the host. A wildcard host with TLS of its own does not make other hosts redirect. Never for `/.well-known/acme-challenge`.',
  }),
  'force-ssl-redirect': carriedOut('location medium', flag, '`false`', { note: 'As ssl-redirect, whether or not the host has TLS.' }),
  'preserve-trailing-slash': carriedOut('location medium', flag, '`false`', { note: 'Keeps the trailing slash that ssl-redirect strips.' }),
  'permanent-redirect': carriedOut('location medium', redirectTarget, 'none', {
    failMode: 'refuse',
    note: '`http://` or `https://`. May hold `$request_uri`, `$uri`, `$args`, `$is_args`, `$host`, `$http_host`, `$scheme`; no other variables.',
  }),
  'permanent-redirect-code': carriedOut('location low', redirectCode(308), '`301`', { note: '' }),
  'temporal-redirect': carriedOut('location medium', redirectTarget, 'none', { failMode: 'refuse', note: 'Wins over permanent-redirect.' }),
  'temporal-redirect-code': carriedOut('location low', redirectCode(307), '`302`', { note: '' }),
  'relative-redirects': leftOut('location low', 'no', 'Redirects always carry scheme and host.', { harmless: ['false'] }),
  'use-port-in-redirects': leftOut('location low', 'no', 'Redirects to https never carry a port.', { harmless: ['false'] }),
  'from-to-www-redirect': carriedOut('location low', flag, '`false`', {
    note: '308 from each host of the rules with `www.` before it, or without its own `www.`, to that host: scheme, path and query stay, without port and without one trailing slash. A host that any Ingress of the class has a rule for is left to it. Over https the counterpart needs a certificate of the Ingress that covers it.',
  }),
  'server-alias': carriedOut('ingress high', hostNames, 'none', {
    support: 'approximated',
    note: 'The paths of this Ingress on further hosts; unlike there not those that other Ingresses have on its hosts. A host that any Ingress of the class has a rule for is left to it (IA127), between aliases the oldest counts. Names, and `*.` before one for one label. A pattern (`~^…$`) counts as the names that it stands for, at most 32 of all, such as `~^(www|shop)\\.example\\.com$`; `.+`, `[^.]+` or `[a-z0-9-]+` as its first label is `*`; others are left out. They count in the budgets of hosts and paths, and have a certificate when a `tls` entry names them or its certificate covers them.',
  }),
  'upstream-vhost': carriedOut('location low', backendHost, 'the request\'s host', {
    failMode: 'refuse', note: 'May hold `$host`, `$http_host`, and of the path `$namespace`, `$ingress_name`, `$service_name`, `$service_port`; no other variables.',
  }),
  'x-forwarded-prefix': carriedOut('location medium', textLike(forwardedPrefix, 'a path, `$1`…`$9` as in rewrite-target'), 'none', {
    note: 'Sent where rewrite-target changes the path, as there. What clients send is always removed.',
  }),
  'default-backend': carriedOut('location low', textLike(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, 'the name of a Service of the namespace', 63), 'none', { note: 'Its first port answers when the Service of a path has no endpoint, and for custom-http-errors. Not for gRPC.' }),
  'custom-http-errors': carriedOut('location low', codes, 'none', {
    note: 'What backends answer with one of these; what the engine answers itself (a password, an address list) stays. Asked of default-backend, or of the default backend of the class, with X-Code, X-Format, X-Original-URI, X-Namespace, X-Ingress-Name, X-Service-Name, X-Service-Port. Answers are not buffered and their headers may have 32k. With statuses other than 403, 404, 429, 500, 502, 503 and 504 requests take a way within the engine on which each has a connection of its own to its endpoint.',
  }),
  'disable-proxy-intercept-errors': carriedOut('location low', flag, '`false`', { note: 'As if there were no custom-http-errors.' }),
} as const;

const most = wholeNumber(0, 10_000_000);
const perClient = 'Of one client address (IPv6: its /64) to one Ingress, over all workers of an engine; what the engine can\'t keep apart for want of memory shares one limit.';
const answered = 'More is answered with 503';

export const trafficAnnotations = {
  'mirror-target': leftOut('ingress high', 'no', 'Needs a second request to a target that the Ingress chooses freely.'),
  'mirror-host': leftOut('ingress high', 'no', 'See mirror-target.'),
  'mirror-request-body': leftOut('ingress low', 'no', 'See mirror-target.'),
  'limit-rps': carriedOut('location low', most, '`0` (no limit)', { note: `${perClient} ${answered}, \`limit-req-status-code\` of the class.` }),
  'limit-rpm': carriedOut('location low', most, '`0` (no limit)', { note: 'The same by the minute. With both, both count.' }),
  'limit-connections': carriedOut('location low', most, '`0` (no limit)', { note: `Requests of one client at the same time. ${answered}, \`limit-conn-status-code\` of the class.` }),
  'limit-burst-multiplier': carriedOut('location low', wholeNumber(1, 1000), '`5`', { note: 'So many times the limit may come at once.' }),
  'limit-allowlist': carriedOut('location low', addressRanges, 'nobody', { alias: 'limit-whitelist', note: 'For these no limit counts.' }),
  'limit-rate': carriedOut('location low', wholeNumber(0, 2 ** 30, ' (KB a second)'), '`0` (no limit)', { note: 'Of each answer. The answer is buffered.' }),
  'limit-rate-after': carriedOut('location low', wholeNumber(0, 2 ** 30, ' (KB)'), '`0`', { note: 'At full speed until then.' }),
} as const;

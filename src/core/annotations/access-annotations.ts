// Annotations that keep requests out: addresses, passwords, other servers' verdicts, client certificates. What can't be
// carried out of these closes the route.

import { carriedOut, leftOut } from './annotation.js';
import { addressRanges } from './addresses.js';
import { clientCertificateAnnotations } from './client-certificate-annotations.js';
import { externalAuthAnnotations } from './external-auth-annotations.js';
import { flag, oneOf, secretName, textLike } from './grammar.js';

export const accessAnnotations = {
  'allowlist-source-range': carriedOut('location medium', addressRanges, 'everybody', {
    alias: 'whitelist-source-range', failMode: 'closed', note: '403 for other addresses. The address is that of the connection, or what a trusted proxy says (docs/class-settings.md, `use-forwarded-headers`).',
  }),
  'denylist-source-range': carriedOut('location medium', addressRanges, 'nobody', { failMode: 'closed', note: '403; asked before the allow list.' }),
  'auth-type': carriedOut('location low', oneOf(['basic', 'digest']), 'no password', {
    failMode: 'closed',
    note: '`basic`: 401 without a known name and password. `digest` (RFC 7616: MD5, qop=auth): 401 without a proof of it; a nonce counts for five minutes and each of its counts once, as far as the engine has room to remember; each engine has its own. `Authorization` is not passed on. Without auth-secret 503. Not asked for on paths below `/.well-known/acme-challenge`.',
  }),
  'auth-secret': carriedOut('location medium', secretName, 'none', { failMode: 'closed', note: 'An Opaque Secret of the same namespace. Hashes: apr1, SHA, bcrypt up to cost 12, crypt(3); of `digest` lines `<name>:<auth-realm>:<MD5>` as htdigest writes them. Missing, empty or unreadable: 503.' }),
  'auth-secret-type': carriedOut('location low', oneOf(['auth-file', 'auth-map']), '`auth-file`', { failMode: 'closed', note: 'The key `auth` with a htpasswd or htdigest file, or a key for each user.' }),
  'auth-realm': carriedOut('location medium', textLike(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/, 'a text in plain ASCII without quotes and backslashes', 200), '`Authentication Required`', { note: '' }),
  ...externalAuthAnnotations,
  satisfy: carriedOut('location low', oneOf(['all', 'any']), '`all`', { failMode: 'closed', note: 'With `any`, one of allow list, password and auth-url is enough. Unlike there, the deny list refuses in any case.' }),
  ...clientCertificateAnnotations,
  'enable-modsecurity': leftOut('ingress low', 'no', 'There is no such module in the engine; requests are not inspected.', { harmless: ['false'] }),
  'enable-owasp-core-rules': leftOut('ingress low', 'no', 'See enable-modsecurity.', { harmless: ['false'] }),
  'modsecurity-transaction-id': leftOut('ingress high', 'no', 'See enable-modsecurity.'),
  'ssl-ciphers': leftOut('ingress low', 'no', 'One list for each listener, set by the operator.'),
  'ssl-prefer-server-ciphers': leftOut('ingress low', 'no', 'See ssl-ciphers.'),
} as const;

const never = 'Raw configuration is never accepted; `lint --fix` proposes other annotations where some say the same.';

export const refusedAnnotations = {
  'configuration-snippet': leftOut('location critical', 'no', never),
  'server-snippet': leftOut('ingress critical', 'no', never),
  'stream-snippet': leftOut('ingress critical', 'no', never),
  'auth-snippet': leftOut('location critical', 'no', never),
  'modsecurity-snippet': leftOut('ingress critical', 'no', never),
} as const;

export const observingAnnotations = {
  'enable-access-log': carriedOut('location low', flag, '`true`', { note: 'Requests are logged where the engine\'s settings name a file for it (`accessLog`, docs/run.md); with `false` those of this Ingress are not.' }),
  'enable-rewrite-log': leftOut('location low', 'no', 'There is no such log.', { harmless: ['false'] }),
  'enable-opentelemetry': leftOut('location low', 'no', 'There is no such module in the engine; trace headers are passed on.', { harmless: ['false'] }),
  'opentelemetry-trust-incoming-span': leftOut('location low', 'no', 'See enable-opentelemetry.'),
  'opentelemetry-operation-name': leftOut('location medium', 'no', 'See enable-opentelemetry.'),
} as const;

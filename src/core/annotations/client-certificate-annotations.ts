// Annotations of client certificates. All but the page for those who are refused close the route when they can't be carried out.

import { regexProblem } from '../check-regex.js';
import { carriedOut } from './annotation.js';
import { type Grammar, flag, oneOf, secretName, wholeNumber } from './grammar.js';
import { redirectTarget } from './redirect-target.js';

/** Of a common name, anchored at its start only, as in ingress-nginx. */
const commonName: Grammar<string> = {
  form: '`CN=` and a regular expression',
  read: (text) => (isSubjectPattern(text) ? { value: text } : { problem: 'must be CN= and a regular expression for the common name, in visible ASCII' }),
};

/** Whether this is a pattern for common names that can be evaluated in little time. */
export function isSubjectPattern(text: string): boolean {
  return text.length <= 1024 && text.startsWith('CN=') && text.length > 3 && regexProblem(text) === undefined;
}

export const clientCertificateAnnotations = {
  'auth-tls-secret': carriedOut('location medium', secretName, 'none', {
    failMode: 'closed',
    note: 'A Secret of the same namespace, of type kubernetes.io/tls or Opaque, with `ca.crt` (at most 10 certificates) and perhaps `ca.crl` (PEM, at most 10 lists with 5,000 certificates). Missing or unreadable: 503. With `ca.crl` a certificate needs a current list of its authority, which is in `ca.crt`, and of each one above it, as in nginx; what is revoked, and everything once a list has ended, gets 400, also on connections and sessions that are open. Counts for all paths of the host that Ingresses of this namespace have, the oldest first; a host asks for one authority, so other namespaces with another one on the same host get 503. 400 without a certificate that is valid, also over plain HTTP unless that is redirected; 421 on a connection whose handshake was for a host with another authority (HTTP/2 connections and resumed sessions are shared between hosts). Not asked for on paths below `/.well-known/acme-challenge`.',
  }),
  'auth-tls-verify-client': carriedOut('location medium', oneOf(['on', 'off', 'optional', 'optional_no_ca']), '`on`', { failMode: 'closed', note: 'Without auth-tls-secret: 503, unless `off`. The backend gets `ssl-client-verify`, `ssl-client-subject-dn`, `ssl-client-issuer-dn`.' }),
  'auth-tls-match-cn': carriedOut('location high', commonName, 'every name', { failMode: 'closed', note: '403 when no common name of the certificate matches. Unlike there, text that looks like a common name inside another field does not count.' }),
  'auth-tls-verify-depth': carriedOut('location low', wholeNumber(0, 100), '`1`', { failMode: 'closed', note: '' }),
  'auth-tls-error-page': carriedOut('location high', redirectTarget, '400', { note: '302 there instead of 400. Without variables other than those of permanent-redirect.' }),
  'auth-tls-pass-certificate-to-upstream': carriedOut('location low', flag, '`false`', { failMode: 'closed', note: 'The header `ssl-client-cert`: PEM, escaped.' }),
} as const;

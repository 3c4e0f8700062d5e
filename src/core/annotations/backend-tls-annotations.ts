// Annotations of TLS to backends. They count with backend-protocol HTTPS and GRPCS; what should tell a right backend from a wrong
// one closes the route when it can't be carried out.

import type { TlsVersion } from '../../route-table/backend-tls.js';
import { carriedOut } from './annotation.js';
import { type Grammar, oneOf, secretName, textLike, wholeNumber } from './grammar.js';

const versions: readonly TlsVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
const former = ['SSLv2', 'SSLv3'];

/** The name of a certificate, or of a server. */
export const backendName = /^[A-Za-z0-9](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?)*$/;

/** Names of OpenSSL, and what adds and removes them. */
export const cipherList = /^[A-Za-z0-9+:_!-]+$/;

/** From the lowest to the highest: a gap between them can't be had. */
const protocols: Grammar<{ least: TlsVersion; most: TlsVersion }> = {
  form: versions.map((version) => `\`${version}\``).join(', '),
  read: (text) => {
    const words = text.split(/ +/).filter((word) => word !== '');
    const found = versions.filter((version) => words.includes(version));
    const known = words.every((word) => former.includes(word) || versions.includes(word as TlsVersion));
    return known && found.length > 0 ? { value: { least: found[0]!, most: found.at(-1)! } } : { problem: `must be words of ${versions.join(', ')}` };
  },
};

const beside = 'Counts with `backend-protocol: HTTPS` and `GRPCS`.';

export const backendTlsAnnotations = {
  'proxy-ssl-secret': carriedOut('ingress medium', secretName, 'none', {
    failMode: 'closed', note: `A Secret of the same namespace, of type kubernetes.io/tls or Opaque: \`tls.crt\` and \`tls.key\` are shown to the backend, \`ca.crt\` (at most 10 certificates) is for proxy-ssl-verify, \`ca.crl\` (PEM) has what these have revoked: with it each certificate on the way needs a current list of its authority, else 502. Missing or unreadable: 503. ${beside} Requests with any of these annotations go through the agent of the engine, which speaks TLS for nginx; connections are shared by equal settings only.`,
  }),
  'proxy-ssl-verify': carriedOut('ingress low', oneOf(['on', 'off']), '`off`', {
    failMode: 'closed', note: 'The backend\'s certificate must lead to an authority of proxy-ssl-secret and be valid for proxy-ssl-name; without either 503 (there nginx compares with a name that no backend has). A backend that can\'t prove it gets no request: 502. With a backend-protocol without TLS 503.',
  }),
  'proxy-ssl-verify-depth': carriedOut('ingress low', wholeNumber(0, 100), '`1`', { failMode: 'closed', note: 'Certificates between the backend\'s and its authority\'s, as nginx counts them.' }),
  'proxy-ssl-name': carriedOut('ingress high', textLike(backendName, 'a host name', 253), 'none', { failMode: 'closed', note: 'Which the certificate must be valid for. A plain name only: no variables.' }),
  'proxy-ssl-server-name': carriedOut('ingress low', oneOf(['on', 'off']), '`off`', { note: `Sends proxy-ssl-name in the handshake, without it the name of upstream-vhost; without both none. ${beside}` }),
  'proxy-ssl-ciphers': carriedOut('ingress medium', textLike(cipherList, 'a list of ciphers as OpenSSL writes it'), 'OpenSSL\'s', { note: `Never those without authentication or encryption. With a list that OpenSSL does not know the backend is not asked: 502. ${beside}` }),
  'proxy-ssl-protocols': carriedOut('ingress low', protocols, '`TLSv1.2 TLSv1.3`', { support: 'approximated', note: `From the lowest to the highest one; SSLv2 and SSLv3 are gone, and those before TLSv1.2 need a backend that OpenSSL still talks to. ${beside}` }),
} as const;

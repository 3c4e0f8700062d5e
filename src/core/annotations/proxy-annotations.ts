// Annotations about the way to the backend: protocol, sizes, waits, buffers, TLS to it.

import { carriedOut, leftOut } from './annotation.js';
import { oneOf, size, wholeNumber } from './grammar.js';

/** Waits above a week are a week. */
const wait = wholeNumber(1, 604_800, ' (seconds)');

const buffers = 'Answers are passed on as they come, through buffers of the engine\'s own size.';

export const proxyAnnotations = {
  'backend-protocol': carriedOut('location low', oneOf(['HTTP', 'HTTPS', 'AUTO_HTTP', 'GRPC', 'GRPCS', 'FCGI'], { anyCase: true }), '`HTTP`', {
    support: 'approximated',
    note: '`HTTPS` and `GRPCS` do not verify the backend, as there. `AUTO_HTTP` is the protocol of the request. gRPC needs HTTP/2, so TLS, from the client. With `FCGI` requests are answered with 503: it is not supported.',
  }),
  'proxy-body-size': carriedOut('location medium', size, 'engine setting, `1m`', {
    note: '413 for more, whether the length is told or the body is chunked; `0` is without limit. Bodies of unknown length to gRPC backends are not counted: they are streams that nothing stores.',
  }),
  'proxy-connect-timeout': carriedOut('location low', wait, 'engine setting, `5`', { note: 'Per try.' }),
  'proxy-send-timeout': carriedOut('location low', wait, 'engine setting, `60`', { note: '' }),
  'proxy-read-timeout': carriedOut('location low', wait, 'engine setting, `60`', { note: '' }),
  'proxy-next-upstream': leftOut('location medium', 'not-yet', 'Requests that are safe to repeat are tried on up to three endpoints after errors and timeouts.'),
  'proxy-next-upstream-tries': leftOut('location low', 'not-yet', 'See proxy-next-upstream.'),
  'proxy-next-upstream-timeout': leftOut('location low', 'not-yet', 'See proxy-next-upstream.'),
  'proxy-buffering': leftOut('location low', 'not-yet', buffers, { harmless: ['off'] }),
  'proxy-buffer-size': leftOut('location low', 'not-yet', buffers),
  'proxy-buffers-number': leftOut('location low', 'not-yet', buffers),
  'proxy-busy-buffers-size': leftOut('location low', 'no', buffers),
  'proxy-max-temp-file-size': leftOut('location low', 'no', 'Answers are never written to disk.', { harmless: ['0'] }),
  'proxy-request-buffering': leftOut('location low', 'not-yet', 'Requests are read whole before they are sent on, except for gRPC.', { harmless: ['on'] }),
  'client-body-buffer-size': leftOut('location low', 'no', 'The engine has one size for all.'),
  'proxy-http-version': leftOut('location low', 'no', 'Always 1.1.', { harmless: ['1.1'] }),
  'proxy-redirect-from': leftOut('location medium', 'not-yet', 'The Location headers of backends are passed on.', { harmless: ['off'] }),
  'proxy-redirect-to': leftOut('location medium', 'not-yet', 'See proxy-redirect-from.', { harmless: ['off'] }),
  'proxy-cookie-domain': leftOut('location medium', 'not-yet', 'The cookies of backends are passed on.'),
  'proxy-cookie-path': leftOut('location medium', 'not-yet', 'The cookies of backends are passed on.'),
  'connection-proxy-header': leftOut('location low', 'no', 'The header is set as the connection needs it.'),
  'http2-push-preload': leftOut('location low', 'no', 'No browser takes pushed answers any more.', { harmless: ['false'] }),
  'custom-headers': leftOut('location medium', 'not-yet', 'Needs ConfigMaps.'),
  'proxy-ssl-secret': leftOut('ingress medium', 'not-yet', 'Backends see no client certificate.'),
  'proxy-ssl-verify': leftOut('ingress low', 'not-yet', 'With it requests are answered with 503: the backend\'s certificate is not verified yet.', { failMode: 'closed', harmless: ['off'] }),
  'proxy-ssl-verify-depth': leftOut('ingress low', 'not-yet', 'See proxy-ssl-verify.'),
  'proxy-ssl-name': leftOut('ingress high', 'not-yet', 'See proxy-ssl-verify.'),
  'proxy-ssl-server-name': leftOut('ingress low', 'not-yet', 'No server name is sent to the backend, as there by default.', { harmless: ['off'] }),
  'proxy-ssl-ciphers': leftOut('ingress medium', 'no', 'The engine has one list for all.'),
  'proxy-ssl-protocols': leftOut('ingress low', 'no', 'The engine has one list for all.'),
  'fastcgi-index': leftOut('location medium', 'no', 'FastCGI is not supported.'),
  'fastcgi-params-configmap': leftOut('location medium', 'no', 'FastCGI is not supported.'),
} as const;

export const balancingAnnotations = {
  'load-balance': leftOut('location low', 'not-yet', 'Always round robin.', { harmless: ['round_robin'] }),
  'upstream-hash-by': leftOut('location high', 'not-yet', 'Round robin is used.'),
  'upstream-hash-by-subset': leftOut('location low', 'not-yet', 'See upstream-hash-by.'),
  'upstream-hash-by-subset-size': leftOut('location low', 'not-yet', 'See upstream-hash-by.'),
  'service-upstream': leftOut('ingress low', 'not-yet', 'Requests go to the endpoints, which serves the same requests.', { harmless: ['false'] }),
  'ssl-passthrough': leftOut('ingress low', 'no', 'TLS ends at the engine, as there without --enable-ssl-passthrough.', { harmless: ['false'] }),
} as const;

// Annotations of external authentication: another server is asked before a request goes on. Those that can only make the
// verdict stricter or the refusal nicer fail open, all others close the route.

import { carriedOut, leftOut } from './annotation.js';
import { cacheDuration, cacheKey } from './auth-cache.js';
import { authMethods, authTarget, handedHeaders, requestRedirect, signinPage } from './auth-target.js';
import { configMapName, flag, oneOf, textLike } from './grammar.js';

export const externalAuthAnnotations = {
  'auth-url': carriedOut('location high', authTarget, 'nobody is asked', {
    failMode: 'closed',
    note: 'Asked for every request, without its body: 2xx lets it go on, 401 and 403 are answered, everything else is 500. The host is a Service (`<name>.<namespace>.svc`, `.cluster.local` allowed) of any namespace, by its port; or, as `$host` may be, a host of the same listener: then the Service of its own route is asked, without leaving the engine. A name outside of the cluster is asked when the class allows it (`auth-url-hosts`, docs/class-settings.md): the engine resolves it for new connections, anew when its name servers say so, never asks loopback, link-local or metadata addresses, and over https the certificate must be valid for the name. Other names are not resolved: write a Service without selector, with an EndpointSlice. A route with policies of access or a redirect of its own can not be asked. Nobody to ask: 503. The certificate of a Service or a host of the listener is not verified, as there. Not asked on paths below `/.well-known/acme-challenge`. In the question, paths are in the normal form that the backend gets.',
  }),
  'auth-method': carriedOut('location low', oneOf(authMethods), '`GET`', { failMode: 'closed', note: 'Of the question.' }),
  'auth-signin': carriedOut('location high', signinPage, '401', { note: '302 instead of 401, with `rd=<scheme>://<host><escaped request>` added unless the parameter is there. Of variables those of permanent-redirect and `$escaped_request_uri`.' }),
  'auth-signin-redirect-param': carriedOut('location medium', textLike(/^[A-Za-z0-9_-]+$/, 'the name of a parameter', 100), '`rd`', { note: '' }),
  'auth-response-headers': carriedOut('location medium', handedHeaders, 'none', { failMode: 'closed', note: 'Handed from the verdict to the backend. What the client says under these names is dropped.' }),
  'auth-request-redirect': carriedOut('location medium', requestRedirect, 'the request', { note: 'The question\'s header `X-Auth-Request-Redirect`.' }),
  'auth-always-set-cookie': carriedOut('location low', flag, '`false`', { note: 'Cookies of the verdict go to the client also with statuses of the backend other than 200, 201, 204, 206, 301–304, 307 and 308.' }),
  'auth-proxy-set-headers': carriedOut('location medium', configMapName, 'none', { failMode: 'closed', note: 'A ConfigMap of the same namespace: headers of the question, in place of the client\'s. Not those of the connection or the length, nor what the engine says there itself (X-Original-*, X-Forwarded-For …); X-Forwarded-Host, -Port, -Proto, -Scheme, Authorization and Cookie may be set. Variables as in `ingress-arbiter.io/request-headers`. Without the ConfigMap 503.' }),
  'auth-cache-key': carriedOut('location medium', cacheKey, 'every request is asked for', { note: 'Verdicts are kept, at most for the time of auth-cache-duration and in bounded memory of the engine. Unlike there, the key has besides this text everything that may tell one user from another: method, host, client address and certificate, the target of the question, and all request headers but a fixed list of those that are no credentials (Accept-*, User-Agent, Referer …). The request\'s path is part of it only when it is in this text or in auth-url. Verdicts with cookies, or that say `Cache-Control: no-store`, `no-cache` or `private`, are not kept.' }),
  'auth-cache-duration': carriedOut('location medium', cacheDuration, '`200 202 401 5m`', { note: 'Only verdicts that let through or refuse are ever kept (2xx, 401, 403); a day at most.' }),
  'auth-keepalive': leftOut('location low', 'no', 'The engine keeps its own connections.'),
  'auth-keepalive-share-vars': leftOut('location low', 'no', 'See auth-keepalive.'),
  'auth-keepalive-requests': leftOut('location low', 'no', 'See auth-keepalive.'),
  'auth-keepalive-timeout': leftOut('location low', 'no', 'See auth-keepalive.'),
  'enable-global-auth': carriedOut('location low', flag, '`true`', { failMode: 'closed', note: 'With `false` the class\'s setting `global-auth-url` does not count. An auth-url of the Ingress counts instead of it.' }),
} as const;

// The registry holds every annotation of ingress-nginx, and the document is what the registry says.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { annotationRegistry, canonicalName } from '../../../../src/core/annotations/registry.js';
import { renderAnnotationsDocument } from '../../../../src/core/annotations/render-document.js';

/** The 136 canonical keys of ingress-nginx 1.15, by how they are ranked for this product. */
const keys = `rewrite-target use-regex app-root ssl-redirect force-ssl-redirect permanent-redirect temporal-redirect backend-protocol proxy-body-size
  proxy-connect-timeout proxy-read-timeout proxy-send-timeout allowlist-source-range enable-cors cors-allow-origin cors-allow-methods cors-allow-headers
  cors-allow-credentials affinity session-cookie-name canary canary-weight canary-by-header canary-by-header-value auth-type auth-secret auth-realm auth-url
  auth-signin auth-response-headers
  cors-max-age cors-expose-headers canary-by-cookie canary-by-header-pattern canary-weight-total session-cookie-path session-cookie-max-age
  session-cookie-expires session-cookie-samesite session-cookie-secure session-cookie-domain from-to-www-redirect server-alias proxy-next-upstream
  proxy-next-upstream-tries proxy-next-upstream-timeout proxy-buffering proxy-buffer-size proxy-request-buffering upstream-hash-by upstream-vhost limit-rps
  limit-connections permanent-redirect-code temporal-redirect-code
  session-cookie-change-on-failure affinity-mode affinity-canary-behavior proxy-buffers-number upstream-hash-by-subset upstream-hash-by-subset-size
  service-upstream limit-rpm limit-burst-multiplier limit-allowlist custom-http-errors default-backend disable-proxy-intercept-errors x-forwarded-prefix
  proxy-ssl-secret proxy-ssl-verify proxy-ssl-name proxy-ssl-server-name ssl-passthrough auth-tls-secret auth-tls-verify-client auth-tls-verify-depth
  auth-tls-pass-certificate-to-upstream load-balance denylist-source-range enable-access-log custom-headers
  proxy-http-version proxy-max-temp-file-size proxy-busy-buffers-size proxy-redirect-from proxy-redirect-to proxy-cookie-domain proxy-cookie-path
  client-body-buffer-size connection-proxy-header preserve-trailing-slash use-port-in-redirects relative-redirects http2-push-preload
  auth-method auth-secret-type auth-cache-key auth-cache-duration auth-keepalive auth-keepalive-share-vars auth-keepalive-requests auth-keepalive-timeout
  auth-proxy-set-headers auth-request-redirect auth-signin-redirect-param auth-always-set-cookie enable-global-auth satisfy auth-tls-error-page
  auth-tls-match-cn ssl-ciphers ssl-prefer-server-ciphers proxy-ssl-ciphers proxy-ssl-protocols proxy-ssl-verify-depth
  session-cookie-conditional-samesite-none limit-rate limit-rate-after enable-opentelemetry opentelemetry-trust-incoming-span
  opentelemetry-operation-name enable-rewrite-log mirror-target mirror-host mirror-request-body fastcgi-index fastcgi-params-configmap
  enable-modsecurity enable-owasp-core-rules modsecurity-transaction-id
  configuration-snippet server-snippet stream-snippet auth-snippet modsecurity-snippet`.split(/\s+/);

describe('core: registry of annotations', () => {
  it('has the 136 keys, no other, and the two old names', () => {
    expect(keys).to.have.length(136);
    expect([...annotationRegistry.keys()].sort()).to.deep.equal([...keys].sort());
    expect([canonicalName('whitelist-source-range'), canonicalName('limit-whitelist'), canonicalName('constructor')])
      .to.deep.equal(['allowlist-source-range', 'limit-allowlist', 'constructor']);
  });

  it('fails closed for whatever keeps requests out', () => {
    for (const name of ['allowlist-source-range', 'denylist-source-range', 'auth-type', 'auth-secret', 'auth-url', 'auth-method', 'auth-response-headers', 'auth-proxy-set-headers', 'enable-global-auth', 'satisfy', 'auth-tls-secret', 'auth-tls-verify-client', 'auth-tls-match-cn', 'proxy-ssl-verify']) {
      expect(annotationRegistry.get(name)!.failMode, name).to.equal('closed');
    }
  });

  it('never reads raw configuration', () => {
    const critical = [...annotationRegistry].filter(([, { risk }]) => risk === 'critical');
    expect(critical.map(([name]) => name)).to.have.length(5);
    for (const [name, row] of critical) expect([name, row.grammar, row.support]).to.deep.equal([name, undefined, 'no']);
  });

  it('docs/annotations.md is what the registry says (make docs writes it)', () => {
    expect(readFileSync('docs/annotations.md', 'utf8')).to.equal(renderAnnotationsDocument());
  });
});

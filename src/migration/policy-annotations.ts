// Which annotations (and settings of the same names) a field of a route's policy comes from: the words for why two routes differ.

/** By field of Policy (route-table/types.ts): names without prefix, the most likely first. */
export const policyAnnotations: Readonly<Record<string, readonly string[]>> = {
  https: ['ssl-redirect', 'force-ssl-redirect', 'preserve-trailing-slash'],
  redirect: ['permanent-redirect', 'temporal-redirect', 'permanent-redirect-code', 'temporal-redirect-code', 'app-root', 'from-to-www-redirect'],
  allow: ['whitelist-source-range', 'allowlist-source-range'],
  deny: ['denylist-source-range'],
  bodyBytes: ['proxy-body-size'],
  connectSeconds: ['proxy-connect-timeout'],
  sendSeconds: ['proxy-send-timeout'],
  readSeconds: ['proxy-read-timeout'],
  protocol: ['backend-protocol'],
  host: ['upstream-vhost'],
  cors: ['enable-cors', 'cors-allow-origin', 'cors-allow-methods', 'cors-allow-headers', 'cors-allow-credentials', 'cors-expose-headers', 'cors-max-age'],
  affinity: ['affinity', 'session-cookie-name', 'affinity-mode', 'session-cookie-path', 'session-cookie-samesite', 'session-cookie-secure'],
  basic: ['auth-type', 'auth-secret', 'auth-realm'],
  external: ['auth-url', 'auth-method', 'auth-signin', 'auth-response-headers', 'auth-proxy-set-headers', 'auth-cache-key', 'auth-cache-duration'],
  answer: ['custom-headers', 'proxy-redirect-from', 'proxy-cookie-domain', 'proxy-cookie-path'],
  forwarded: ['use-forwarded-headers', 'proxy-real-ip-cidr', 'forwarded-for-header', 'compute-full-forwarded-for'],
  unlogged: ['enable-access-log'],
};

/** The annotations of a policy field; a field that is not in the list is called by its own name. */
export function annotationsOfField(field: string): readonly string[] {
  return policyAnnotations[field] ?? [field];
}

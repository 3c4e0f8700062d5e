// The keys of a class table's entries. Parts are names that Kubernetes has validated (no slash, no control byte), so the
// joined key is unambiguous; entry values never become part of a key.

import { cut } from './text.js';

/** Key of a host's routes. `host` is lower case; `*.example.com` for a wildcard, '' for rules without a host. */
export function hostKey(host: string): string {
  return 'host/' + host;
}

/** Key of the class's default backend: asked when neither the host's routes nor those without a host match. */
export const defaultKey = 'default';

/** Whether the entry of this key is a HostRoutes. */
export function isRoutesKey(key: string): boolean {
  return key === defaultKey || cut(key, 0, hostKey('').length) === hostKey('');
}

/** Key of a Service's endpoints. `port` is the port number as text, or the port's name. */
export function serviceKey(namespace: string, name: string, port: string): string {
  return 'service/' + namespace + '/' + name + '/' + port;
}

/** Key of a Service's own address in the place of its endpoints. `port` is the port number as text. */
export function clusterIpKey(namespace: string, name: string, port: string): string {
  return 'service/' + namespace + '/' + name + '/cluster-ip/' + port;
}

/** Key of the certificate choice for a server name (SNI); same forms as hostKey, '' for the class's default certificate. */
export function serverNameKey(host: string): string {
  return 'sni/' + host;
}

/** Key of a certificate. */
export function certificateKey(id: string): string {
  return 'certificate/' + id;
}

/** Key of what the handshake asks clients for under a server name; same forms as hostKey. */
export function clientsKey(host: string): string {
  return 'clients/' + host;
}

/** Key of where whole connections for a server name go; same forms as hostKey, never ''. */
export function passthroughKey(host: string): string {
  return 'passthrough/' + host;
}

/** Key of the authorities that certificates of endpoints may lead to. */
export function trustedKey(id: string): string {
  return 'trusted/' + id;
}

/** Key of the certificates of clients that their authorities have revoked. */
export function revokedKey(id: string): string {
  return 'revoked/' + id;
}

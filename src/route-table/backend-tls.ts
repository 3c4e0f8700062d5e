// TLS to endpoints with settings of an Ingress's own, and how such a way is named. nginx has one setting for all, so these requests
// go through the agent: the name is that of the socket that leads to one endpoint with one set of settings.

import { find } from './text.js';

/** What TLS to endpoints is spoken with. Certificates are in entries of their own, named by a hash of their content. */
export interface BackendTls {
  /** The endpoint's certificate must lead to the authorities of entry `trusted/<id>` and be valid for the name. Absent: not judged. */
  verify?: { trusted: string; depth: number; name: string };
  /** Sent in the handshake (SNI); absent: none is. */
  serverName?: string;
  /** Id of the pair (entry `certificate/<id>`) that endpoints are shown. */
  certificate?: string;
  /** Versions from the one to the other. */
  least?: TlsVersion;
  most?: TlsVersion;
  /** As OpenSSL writes them. */
  ciphers?: string;
  /** HTTP/2 is spoken inside (ALPN). */
  http2?: true;
  /** Wait for connection and handshake together; absent: that of the engine. */
  connectSeconds?: number;
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** Tells settings from all others: connections are shared by those that are equal to the last letter. No part holds a line end. */
export function tlsText(tls: BackendTls): string {
  const { verify } = tls;
  const judged = verify === undefined ? '' : verify.trusted + ' ' + `${verify.depth}` + ' ' + verify.name;
  const seconds = tls.connectSeconds === undefined ? '' : `${tls.connectSeconds}`;
  return judged + '\n' + (tls.serverName ?? '') + '\n' + (tls.certificate ?? '') + '\n' + (tls.least ?? '') + '\n' + (tls.most ?? '') + '\n' +
    (tls.ciphers ?? '') + '\n' + (tls.http2 === undefined ? '' : 'h2') + '\n' + seconds;
}

/** The same of a server outside of the cluster, which can't be taken for what tlsText gives. */
export function outsideText(scheme: string, trusted: string | undefined): string {
  return 'outside\n' + scheme + '\n' + (trusted ?? '');
}

/** An endpoint's address as nginx writes it: IPv6 in brackets. */
export function shownAddress(address: string): string {
  return find(address, ':', 0) >= 0 ? '[' + address + ']' : address;
}

/** What the name of a socket is a hash of. `tls`: tlsText; no class uses another one's. `address`: as shownAddress gives it, or a name. */
export function hopText(settings: { class: string; tls: string }, address: string, port: number): string {
  return settings.class + '\n' + settings.tls + '\n' + address + ' ' + `${port}`;
}

/** Letters of the hash (MD5, hexadecimal) that are the socket's name: paths of sockets are short. */
export const hopNameLength = 24;

/** What the names of nginx's own sockets there begin with, before the port of which the agent hands TLS connections on. */
export const frontSocketName = 'tls-';

/** Directory of these sockets in nginx's prefix. */
export const hopDirectory = 'hops/';

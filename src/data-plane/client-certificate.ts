// Client certificates. The handshake asks for those of the host's authority, and remembers which one that was; each request is
// judged by what its own route asks for, because connections and sessions are shared between hosts.

import * as ssl from 'ngx.ssl';
import type { ClientCertificates } from '../route-table/types.js';
import { type RedirectRequest, fillVariables } from '../route-table/redirect-location.js';
import { searchServerNames } from '../route-table/search-hosts.js';
import { type PreparedAuthority, authorities } from './entries.js';
import type { FoundRoute } from './find-route.js';
import { give } from './go-on.js';
import { cut, find } from './text.js';
import { currentGeneration, readEntry } from './read-entry.js';
import { isRevoked } from './revocation.js';

const MOST_ATTEMPTS = 20;

/** As long as sessions are kept, and some more. */
const REMEMBERED_SECONDS = 90000;

/** What OpenSSL says when nothing is wrong but that the issuer is not known (nginx: ngx_ssl_verify_error_optional). */
const ISSUER_UNKNOWN: Record<string, boolean | undefined> = {
  'FAILED:unable to get issuer certificate': true, 'FAILED:unable to get local issuer certificate': true,
  'FAILED:self signed certificate': true, 'FAILED:self-signed certificate': true,
  'FAILED:self signed certificate in certificate chain': true, 'FAILED:self-signed certificate in certificate chain': true,
  'FAILED:unable to verify the first certificate': true,
};

let searched: string[] = [];

/** Handshake: asks for a certificate when the host does. False: it must, and can't; the handshake has to fail. */
export function askForCertificate(classes: string[], name: string): boolean {
  searched = classes;
  const authority = searchServerNames(askClass, classes.length, name);
  if (authority === undefined) return true;
  if (authority.chain === undefined) return false;
  const [done, problem] = ssl.verify_client(authority.chain, authority.depth);
  if (!done) {
    ngx.log(ngx.ERR, 'client certificates for ', name, ': ', problem ?? '');
    return false;
  }
  ngx.ctx.authority = authority.key;
  return true;
}

function askClass(this: void, name: string, at: number): PreparedAuthority | undefined {
  const className = searched[at];
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const [authority, moved] = readEntry(authorities, className, name, currentGeneration(className));
    if (!moved) return authority;
  }
  return undefined;
}

/** The status with which a request is refused for its certificate; undefined when it may go on, and the backend is told of it. */
export function refusedByCertificate(clients: ClientCertificates, found: FoundRoute, request: RedirectRequest): number | undefined {
  const verdict = ngx.var.scheme === 'https' ? verdictFor(clients.authority + '/' + tostring(clients.depth)) : 'NONE';
  if (verdict === undefined) return 421;
  if (!suffices(clients, verdict) || (verdict === 'SUCCESS' && clients.revoked !== undefined && isRevoked(clients.revoked, found))) return refuse(clients, request);
  const subject = ngx.var.ssl_client_s_dn ?? '';
  if (clients.subject !== undefined && (verdict === 'NONE' || !matches(clients.subject, subject))) return 403;
  tell(clients, verdict, subject);
  return undefined;
}

function tell({ pass }: ClientCertificates, verdict: string, subject: string): void {
  const variables = ngx.var;
  give('client_verify', verdict);
  give('client_subject', subject);
  give('client_issuer', variables.ssl_client_i_dn ?? '');
  if (pass) give('client_cert', variables.ssl_client_escaped_cert ?? '');
}

/**
 * What a handshake for this very authority has said of the client's certificate, `NONE` when it has none; undefined when the
 * connection's handshake was for something else. A session that is resumed brings its certificate with it, from whatever
 * host: it counts when it was once seen in a handshake for this authority.
 */
function verdictFor(key: string): string | undefined {
  const seen = ngx.var.ssl_client_verify ?? 'NONE';
  const asked = ngx.ctx.authority === key;
  const resumed = ngx.var.ssl_session_reused === 'r';
  if (seen === 'NONE') return asked || resumed ? seen : undefined;
  const remembered = '\n' + key + '|' + (ngx.var.ssl_client_fingerprint ?? '');
  const memory = ngx.shared.ia_client_certificates;
  const known = memory.get(remembered) as string | undefined;
  if (!asked) return resumed ? known : undefined;
  if (known === seen) return seen;
  if (known !== undefined) memory.delete(remembered);
  // Without room it is not remembered: the session can't be resumed for this host then.
  memory.safe_add(remembered, seen, REMEMBERED_SECONDS);
  return seen;
}

function suffices({ verify }: ClientCertificates, verdict: string): boolean {
  if (verdict === 'SUCCESS') return true;
  if (verdict === 'NONE') return verify !== 'on';
  return verify === 'optional_no_ca' && ISSUER_UNKNOWN[verdict] === true;
}

/** 400, as nginx. */
function refuse({ errorPage }: ClientCertificates, request: RedirectRequest): number {
  if (errorPage === undefined) return 400;
  ngx.header.Location = fillVariables(errorPage, request);
  return 302;
}

/** Whether one of the common names in a distinguished name (RFC 2253) matches. An escaped comma separates nothing. */
function matches(pattern: string, name: string): boolean {
  let begin = 0;
  for (let at = 0; at <= name.length; at++) {
    const byte = at < name.length ? cut(name, at, at + 1) : ',';
    if (byte === '\\') at = at + 1;
    else if (byte === ',' || byte === '+') {
      const part = cut(name, begin, at);
      if (find(part, 'CN=', 0) === 0 && ngx.re.find(part, '^(?:' + pattern + ')', 'jo') !== undefined) return true;
      begin = at + 1;
    }
  }
  return false;
}

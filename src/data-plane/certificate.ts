// TLS handshake: serves the certificate of the requested server name, exact before wildcard, from the listener's own classes,
// else the default certificate of the first of them that has one. Without any it leaves nginx's self-signed default. It never
// waits and never parses what the worker has parsed before.

import * as ssl from 'ngx.ssl';
import { mayShow, searchServerNames } from '../route-table/search-hosts.js';
import { frontSocketName } from '../route-table/backend-tls.js';
import { cut, find, lower } from './text.js';
import { askForCertificate } from './client-certificate.js';
import { type ParsedCertificate, certificates, hosts, serverNames } from './entries.js';
import { add } from './counters.js';
import { classesOfPort } from './init.js';
import { currentGeneration, readEntry } from './read-entry.js';

const MOST_ATTEMPTS = 20;

/** The listener's classes. No handshake waits between, so one list per worker is enough. */
let searched: string[] = [];
let requestedName = '';

/** Runs for every handshake that does not resume a session. */
export function run(): void {
  const [requested] = ssl.server_name();
  const port = portOfConnection();
  if (port === undefined) return;
  searched = classesOfPort(port);
  add('tlsHandshakes|' + (searched[0] ?? '') + '|full', 1);
  const name = requested === undefined ? '' : lower(requested);
  requestedName = name;
  const certificate = searchServerNames(askClass, searched.length, name);
  if (certificate !== undefined) serve(certificate, name);
  if (!askForCertificate(searched, name)) ngx.exit(ngx.ERROR);
}

/** Of a connection that the agent has handed on, the port at which it took it: its socket is named after that (engine/front-socket.ts). */
function portOfConnection(): number | undefined {
  const [port] = ssl.server_port();
  if (port !== undefined) return port;
  const [address] = ssl.raw_server_addr();
  const start = address === undefined ? -1 : find(address, '/' + frontSocketName, 0);
  return start < 0 ? undefined : tonumber(cut(address as string, start + frontSocketName.length + 1, (address as string).length));
}

function askClass(this: void, name: string, at: number): ParsedCertificate | undefined {
  return certificateOf(searched[at], name);
}

function certificateOf(className: string, name: string): ParsedCertificate | undefined {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const generation = currentGeneration(className);
    const [entry, entryMoved] = readEntry(serverNames, className, name, generation);
    if (entry === undefined && !entryMoved) return undefined;
    if (entry !== undefined) {
      if (entry.namespace !== undefined && !isOwn(entry.namespace)) return undefined;
      const [certificate, moved] = readEntry(certificates, className, entry.certificate, generation);
      if (!moved) return certificate?.parsed;
    }
  }
  return undefined;
}

/** Whether the requested name has no routes of its own, or some of this namespace, in each class of the listener. */
function isOwn(namespace: string): boolean {
  for (const className of searched) {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const [host, moved] = readEntry(hosts, className, requestedName, currentGeneration(className));
      if (!moved && !mayShow(namespace, host)) return false;
      if (!moved) break;
    }
  }
  return true;
}

/** A handshake that can't have its certificate fails: the default one would be the wrong one. */
function serve(certificate: ParsedCertificate, name: string): void {
  ssl.clear_certs();
  const [chainSet, chainProblem] = ssl.set_cert(certificate.chain);
  const [keySet, keyProblem] = ssl.set_priv_key(certificate.key);
  if (!chainSet || !keySet) {
    ngx.log(ngx.ERR, 'certificate for ', name, ': ', chainProblem ?? keyProblem ?? '');
    ngx.exit(ngx.ERROR);
  }
}

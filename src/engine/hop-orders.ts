// Which sockets a class's table needs for TLS to its endpoints and for names outside of the cluster, out of the entries as nginx has them. Pure. What an entry that is
// missing would have to give is not made up: there is no socket then, and the endpoint gets no request.

import { createHash } from 'node:crypto';
import path from 'node:path';
import memoize from 'lodash/memoize.js';
import { type BackendTls, hopDirectory, hopNameLength, hopText, outsideText, shownAddress, tlsText } from '../route-table/backend-tls.js';
import { given } from '../core/given.js';
import { certificateKey, isRoutesKey, trustedKey } from '../route-table/entry-keys.js';
import type { Certificate, ExternalAuth, HostRoutes, ServiceEndpoints, TrustedAuthorities } from '../route-table/types.js';
import type { HopOrder } from './tls-hop.js';

/** That the endpoints of an entry are spoken to with these settings, or that a server outside of the cluster is asked. */
export type HopUse = EndpointUse | { outside: Pick<ExternalAuth, 'scheme' | 'host' | 'outside'> };

interface EndpointUse {
  tls: BackendTls;
  backend: string;
}

/** The entry of a key, as JSON. */
export type EntryOf = (key: string) => string | undefined;

/** The uses that one entry makes; undefined: none. The text is looked at first, for nearly no host has any. */
export function usesOf(key: string, json: string | undefined): HopUse[] | undefined {
  if (json === undefined) return undefined;
  if (!isRoutesKey(key)) return json.includes('"resolve":true') ? usesOfNames(JSON.parse(json) as ServiceEndpoints) : undefined;
  if (!(json.includes('"tls":{') || json.includes('"outside":{'))) return undefined;
  const { routes, policies = [] } = JSON.parse(json) as HostRoutes;
  const asked: HopUse[] = policies.flatMap(({ external }) => (external?.outside === undefined ? [] : [{ outside: external }]));
  const uses = asked.concat(routes.flatMap(({ policy, backend, canary }) => {
    const tls = policy === undefined ? undefined : policies[policy]!.tls;
    return tls === undefined ? [] : [backend, ...(canary === undefined ? [] : [canary.backend])].map((one) => ({ tls, backend: one }));
  }));
  return uses.length === 0 ? undefined : uses;
}

/** nginx itself speaks to these, whatever it is: all that passes is passed on as it is, as a question in the clear is. */
function usesOfNames({ endpoints }: ServiceEndpoints): HopUse[] {
  return endpoints.filter(({ resolve }) => resolve).map(({ address, port }) => ({ outside: { scheme: 'http', host: address, outside: { port } } }));
}

/** Keys of the entries that the sockets of these uses depend on. */
export function neededBy(uses: Iterable<HopUse>): Set<string> {
  const keys = new Set<string>();
  for (const use of uses) {
    if ('outside' in use) {
      if (use.outside.outside?.trusted !== undefined) keys.add(trustedKey(use.outside.outside.trusted));
      continue;
    }
    const { tls, backend } = use;
    keys.add(backend);
    if (tls.verify !== undefined) keys.add(trustedKey(tls.verify.trusted));
    if (tls.certificate !== undefined) keys.add(certificateKey(tls.certificate));
  }
  return keys;
}

/** The sockets, by path. Each entry is read once, however many routes name it. */
export function ordersOf(className: string, uses: Iterable<HopUse>, entryOf: EntryOf, workDirectory: string): Map<string, HopOrder> {
  const orders = new Map<string, HopOrder>();
  const read = memoize((key: string): unknown => {
    const json = entryOf(key);
    return json === undefined ? undefined : JSON.parse(json);
  });
  for (const [text, { tls, backends }] of distinct(uses)) {
    const common = settingsOf(tls, read);
    if (common === undefined) continue;
    for (const backend of backends) {
      for (const { address, port, resolve } of (read(backend) as ServiceEndpoints | undefined)?.endpoints ?? []) {
        const file = path.join(workDirectory, hopDirectory, nameOf(hopText({ class: className, tls: text }, shownAddress(address), port)));
        orders.set(file, { ...common, path: file, address, port, ...given('resolve', resolve) });
      }
    }
  }
  for (const use of uses) {
    const order = 'outside' in use ? orderOutside(use.outside, read) : undefined;
    if (order === undefined) continue;
    const { scheme, trusted, ...rest } = order;
    const file = path.join(workDirectory, hopDirectory, nameOf(hopText({ class: className, tls: outsideText(scheme, trusted) }, rest.address, rest.port)));
    orders.set(file, { ...rest, path: file });
  }
  return orders;
}

function nameOf(text: string): string {
  return createHash('md5').update(text, 'latin1').digest('hex').slice(0, hopNameLength);
}

/** Certificates between a server's and its authority's: as many as anybody has. */
const usualDepth = 10;

/** Over https it has to prove who it is. */
function orderOutside({ scheme, host, outside }: Pick<ExternalAuth, 'scheme' | 'host' | 'outside'>, read: (key: string) => unknown): Omit<HopOrder, 'path'> & { scheme: string; trusted: string | undefined } | undefined {
  const { port, trusted } = outside!;
  const common = { scheme, trusted, address: host, port, resolve: true as const };
  if (scheme === 'http') return { ...common, inTheClear: true };
  const authorities = trusted === undefined ? {} : read(trustedKey(trusted)) as TrustedAuthorities | undefined;
  return authorities && { ...common, verify: { ...authorities, depth: usualDepth, name: host }, serverName: host };
}

/** By text of their settings. */
function distinct(uses: Iterable<HopUse>): Map<string, { tls: BackendTls; backends: Set<string> }> {
  const all = new Map<string, { tls: BackendTls; backends: Set<string> }>();
  for (const use of uses) {
    if ('outside' in use) continue;
    const { tls, backend } = use;
    const text = tlsText(tls);
    const known = all.get(text);
    if (known === undefined) all.set(text, { tls, backends: new Set([backend]) });
    else known.backends.add(backend);
  }
  return all;
}

function settingsOf(tls: BackendTls, read: (key: string) => unknown): Omit<HopOrder, 'path' | 'address' | 'port'> | undefined {
  const { verify, certificate, connectSeconds: seconds, ...rest } = tls;
  const trusted = verify === undefined ? undefined : read(trustedKey(verify.trusted)) as TrustedAuthorities | undefined;
  const pair = certificate === undefined ? undefined : read(certificateKey(certificate)) as Certificate | undefined;
  if ((verify !== undefined && trusted === undefined) || (certificate !== undefined && pair === undefined)) return undefined;
  return { ...rest, ...(seconds !== undefined && { seconds }), ...(verify && { verify: { ...verify, ...trusted! } }), ...(pair && { pair }) };
}

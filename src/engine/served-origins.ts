// What the class tables say is served: which Ingresses, by host and path, and which certificate for which host. Kept in step
// by the updates that nginx has taken; it tells counters of what is served from those of what has gone.

import { createHash } from 'node:crypto';
import type { Certificate, HostRoutes, Route, ServerName, TableUpdate } from '../route-table/types.js';

export interface ServedOrigins {
  /** Takes an update that nginx serves. */
  take(update: TableUpdate): void;
  /** Whether the class has had a table: before, nothing can be said about what has gone. */
  knows(className: string): boolean;
  /** Whether a route of the class is counted under this origin. */
  has(className: string, origin: string): boolean;
  /** Origins of each class with host and path, as the counters of requests have them. */
  origins(className: string): Iterable<string>;
  entries(className: string): number;
  classes(): Iterable<string>;
  /** PEM chains by server name. */
  chains(className: string): Iterable<[host: string, chain: string]>;
}

interface ClassOrigins {
  /** Origins that each entry stands for, so that a changed entry takes its old ones away. */
  byEntry: Map<string, string[]>;
  /** How many routes stand for an origin. */
  long: Map<string, number>;
  short: Map<string, number>;
  serverNames: Map<string, string>;
  chains: Map<string, string>;
  count: number;
}

/** `paths`: whether requests are counted by host and path, too. */
export function createServedOrigins(paths: boolean): ServedOrigins {
  const classes = new Map<string, ClassOrigins>();
  return {
    take(update) {
      const kept = update.full ? undefined : classes.get(update.class);
      const state = kept ?? newClass();
      classes.set(update.class, state);
      for (const key of update.remove) removeEntry(state, key);
      for (const { key, value } of update.set) setEntry(state, key, { value, paths });
      state.count = update.count;
    },
    knows: (name) => classes.has(name),
    has: (name, origin) => classes.get(name)?.long.has(origin) === true || classes.get(name)?.short.has(origin) === true,
    origins: (name) => classes.get(name)?.long.keys() ?? [],
    entries: (name) => classes.get(name)?.count ?? 0,
    classes: () => classes.keys(),
    *chains(name) {
      const { serverNames, chains } = classes.get(name) ?? newClass();
      for (const [host, id] of serverNames) {
        const chain = chains.get(id);
        if (chain !== undefined) yield [host, chain];
      }
    },
  };
}

/** Names a chain in a cache. */
export function chainId(chain: string): string {
  return createHash('sha256').update(chain).digest('base64url');
}

function newClass(): ClassOrigins {
  return { byEntry: new Map(), long: new Map(), short: new Map(), serverNames: new Map(), chains: new Map(), count: 0 };
}

function setEntry(state: ClassOrigins, key: string, { value, paths }: { value: unknown; paths: boolean }): void {
  const [kind, ...rest] = key.split('/');
  const name = rest.join('/');
  if (kind === 'sni') state.serverNames.set(name, (value as ServerName).certificate);
  if (kind === 'certificate') state.chains.set(name, (value as Certificate).chain);
  if (kind !== 'host' && kind !== 'default') return;
  removeEntry(state, key);
  const origins = (value as HostRoutes).routes.filter(({ ingress }) => ingress !== '').map((route) => longOrigin(route, paths ? name : undefined));
  state.byEntry.set(key, origins);
  for (const origin of origins) {
    raise(state.long, origin, 1);
    raise(state.short, shortOrigin(origin), 1);
  }
}

function removeEntry(state: ClassOrigins, key: string): void {
  if (key.startsWith('sni/')) state.serverNames.delete(key.slice('sni/'.length));
  if (key.startsWith('certificate/')) state.chains.delete(key.slice('certificate/'.length));
  for (const origin of state.byEntry.get(key) ?? []) {
    raise(state.long, origin, -1);
    raise(state.short, shortOrigin(origin), -1);
  }
  state.byEntry.delete(key);
}

function raise(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

/** `<namespace>|<ingress>|<service>|<host>|<path>`; names hold no `|`, a path comes last and may. */
function longOrigin({ namespace, ingress, service, path }: Route, host: string | undefined): string {
  return host === undefined ? `${namespace}|${ingress}|${service}||` : `${namespace}|${ingress}|${service}|${host}|${path}`;
}

function shortOrigin(origin: string): string {
  return origin.split('|', 3).join('|');
}

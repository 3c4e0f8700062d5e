// Which connections of a listener go where as they are, out of the class tables: what the thread that takes them is told, and how
// it looks a server name up. Pure; hosts that end at the engine count too, for the more specific host has a connection.

import { searchPassed } from '../core/search-passed.js';
import { setOrDelete } from '../core/set-or-delete.js';
import { hostKey, passthroughKey } from '../route-table/entry-keys.js';
import type { Endpoint, PassedHost, ServiceEndpoints } from '../route-table/types.js';
import type { Change } from './control-client.js';

/** `engine`: TLS ends there. */
export type Destination = PassedHost | 'engine';

/** What has changed of one class; undefined: it is gone. */
export interface PassedChanges {
  class: string;
  hosts: (readonly [host: string, to: Destination | undefined])[];
  services: (readonly [key: string, endpoints: Endpoint[] | undefined])[];
}

/** One class as it counts here. */
export interface PassedClass {
  readonly hosts: Map<string, Destination>;
  /** Endpoints of the Services that some host leads to. */
  readonly services: Map<string, Endpoint[]>;
  /** How many hosts lead to each of them. */
  readonly uses: Map<string, number>;
}

export function newPassedClass(): PassedClass {
  return { hosts: new Map(), services: new Map(), uses: new Map() };
}

/** What changes of an update mean here, on top of `known`. `entries`: the class's entries before them, as JSON. Costs what changes. */
export function passedChanges(className: string, { hosts, services, uses }: PassedClass, entries: ReadonlyMap<string, string>, changes: readonly Change[]): PassedChanges {
  const changed = new Map(changes);
  const json = (key: string): string | undefined => (changed.has(key) ? changed.get(key) : entries.get(key));
  const names = new Set(changes.flatMap(([key]) => nameIn(key, hostKey('')) ?? nameIn(key, passthroughKey('')) ?? []));
  const next = [...names].map((name) => [name, destination(json(passthroughKey(name)), json(hostKey(name)))] as const);
  const moved = next.filter(([name, to]) => !isSame(hosts.get(name), to));
  const added = usesOf(moved, hosts);
  const told: [string, Endpoint[] | undefined][] = [];
  for (const key of new Set([...added.keys(), ...changed.keys()])) {
    const count = (uses.get(key) ?? 0) + (added.get(key) ?? 0);
    if (count > 0 && (changed.has(key) || !services.has(key))) told.push([key, endpointsIn(json(key))]);
    if (count === 0 && services.has(key)) told.push([key, undefined]);
  }
  return { class: className, hosts: moved, services: told };
}

/** All of a class, as changes of nothing. */
export function wholeClass(className: string, { hosts, services }: PassedClass): PassedChanges {
  return { class: className, hosts: [...hosts], services: [...services] };
}

export function takeChanges({ hosts, services, uses }: PassedClass, changes: PassedChanges): void {
  for (const [key, by] of usesOf(changes.hosts, hosts)) setOrDelete(uses, key, ((uses.get(key) ?? 0) + by) || undefined);
  for (const [name, to] of changes.hosts) setOrDelete(hosts, name, to);
  for (const [key, endpoints] of changes.services) setOrDelete(services, key, endpoints);
}

export function isNothing({ hosts, services }: PassedChanges): boolean {
  return hosts.length === 0 && services.length === 0;
}

/** Where a connection goes. */
export interface Found {
  class: string;
  to: PassedHost;
}

/** Undefined: to the engine. `name`: in lower case. */
export function findPassed(classes: readonly string[], name: string, classOf: (className: string) => PassedClass | undefined): Found | undefined {
  return searchPassed((className, host) => {
    const to = classOf(className)?.hosts.get(host);
    return typeof to === 'object' ? { class: className, to } : to;
  }, classes, name);
}

/** What stands after `prefix`; the host '' is of rules without one, which no name leads to. */
function nameIn(key: string, prefix: string): string | undefined {
  return key.length > prefix.length && key.startsWith(prefix) ? key.slice(prefix.length) : undefined;
}

function destination(passed: string | undefined, host: string | undefined): Destination | undefined {
  if (passed !== undefined) return JSON.parse(passed) as PassedHost;
  return host === undefined ? undefined : 'engine';
}

function isSame(a: Destination | undefined, b: Destination | undefined): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return a === b;
  return a.namespace === b.namespace && a.ingress === b.ingress && a.backend === b.backend;
}

/** By how much the hosts that lead to each Service become more. */
function usesOf(moved: PassedChanges['hosts'], before: ReadonlyMap<string, Destination>): Map<string, number> {
  const added = new Map<string, number>();
  const count = (to: Destination | undefined, by: number): void => {
    if (typeof to === 'object') added.set(to.backend, (added.get(to.backend) ?? 0) + by);
  };
  for (const [name, to] of moved) {
    count(before.get(name), -1);
    count(to, 1);
  }
  return added;
}

/** Without names: whoever connects would resolve them, and nobody would look at where they lead to. */
function endpointsIn(json: string | undefined): Endpoint[] {
  return json === undefined ? [] : (JSON.parse(json) as ServiceEndpoints).endpoints.filter(({ resolve }) => !resolve);
}

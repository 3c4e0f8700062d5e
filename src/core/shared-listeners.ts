// Classes that share a listener: on one host the listener's first class is asked first, so a later one can lose a path to it.
// The loser is told by whom. Each class keeps its own table; what requests get is decided by the listener's order, so a bug of
// ours that is met here costs findings and nothing else.

import { defaultKey, hostKey, isRoutesKey } from '../route-table/entry-keys.js';
import { type PathIndex, indexPaths, matchPath } from '../route-table/match.js';
import type { ClassTable, HostRoutes, Route } from '../route-table/types.js';
import type { Claim } from './claim.js';
import { type Finding, finding, quote } from './finding.js';
import type { Failure } from './plan-safely.js';

export interface SharedListeners {
  /** Looks again at what has changed: keys of entries by class. Tells what could not be looked at, and the objects of which there may be other findings. */
  settle(changed: ReadonlyMap<string, Iterable<string>>, failed: (failure: Failure) => void, told?: (object: string) => void): void;
  /** About the Ingresses of one class. */
  findings(className: string): Finding[];
  /** Those about one class and one entry of its table. */
  findingsOn(className: string, entry: string): readonly Finding[];
}

/** `tables`: the table of each class; the maps live on. */
export function createSharedListeners(claims: readonly Claim[], tables: ReadonlyMap<string, ClassTable>): SharedListeners {
  const findings = new Map<string, Finding[]>();
  const neighbours = (name: string): Claim[] => {
    const listener = claims.find((claim) => claim.class === name)?.listener;
    return listener === undefined ? [] : claims.filter((claim) => claim.listener?.name === listener.name).sort((a, b) => a.listener!.place - b.listener!.place);
  };
  const look = (entry: string, order: readonly Claim[], { failed, told }: { failed: (failure: Failure) => void; told: (object: string) => void }): void => {
    for (const [at, { class: name }] of order.entries()) {
      for (const { object } of findings.get(`${name} ${entry}`) ?? []) told(object);
      findings.delete(`${name} ${entry}`);
      try {
        const lost = lostPaths({ name, tables, entry }, order.slice(0, at));
        for (const { object } of lost) told(object);
        if (lost.length > 0) findings.set(`${name} ${entry}`, lost);
      } catch (error) {
        failed({ object: `IngressClass ${name}, ${quote(entry)}`, error });
      }
    }
  };
  return {
    settle(changed, failed, told = () => undefined) {
      for (const [name, entries] of changed) {
        const order = neighbours(name);
        if (order.length < 2) continue;
        for (const entry of entries) if (isRoutesKey(entry)) look(entry, order, { failed, told });
      }
    },
    findings: (name) => [...findings].flatMap(([id, found]) => (id.startsWith(`${name} `) ? found : [])),
    findingsOn: (className, entry) => findings.get(`${className} ${entry}`) ?? [],
  };
}

interface Place {
  name: string;
  tables: ReadonlyMap<string, ClassTable>;
  entry: string;
}

function lostPaths({ name, tables, entry }: Place, before: readonly Claim[]): Finding[] {
  const routesOf = (of: string): Route[] => (tables.get(of)?.get(entry) as HostRoutes | undefined)?.routes ?? [];
  const earlier = before.map((claim) => ({ claim, index: indexPaths({ routes: routesOf(claim.class) }) }));
  return routesOf(name).filter(({ ingress }) => ingress !== '').flatMap((route) => {
    for (const { claim, index } of earlier) {
      const winner = takes(index, route);
      // During a hand-over both classes serve the same Ingress: it loses nothing to itself.
      if (winner !== undefined && winner.ingress === route.ingress && winner.namespace === route.namespace) return [];
      if (winner !== undefined) return [lostFinding(entry, route, { class: claim.class, winner })];
    }
    return [];
  });
}

/** The route that gets the requests of `route`'s own path. Patterns are compared as texts only. */
function takes(index: PathIndex, route: Route): Route | undefined {
  if (index.others.regexes.length > 0 || route.match === 'regex') return index.others.regexes.find((other) => other.route.match === route.match && other.route.path === route.path)?.route;
  const found = matchPath(index, route.path, () => undefined);
  return found === undefined || found === false ? undefined : found.route;
}

function lostFinding(entry: string, { namespace, ingress, path }: Route, { class: name, winner }: { class: string; winner: Route }): Finding {
  const who = winner.ingress === '' ? 'its default backend' : `Ingress ${winner.namespace}/${winner.ingress}`;
  const host = entry === defaultKey ? 'any other host' : `host ${quote(entry.slice(hostKey('').length))}`;
  const message = `requests for path ${quote(path)} of ${host} go to ${who} of class "${name}", which comes first on the listener that both share; choose another host or path`;
  return finding('route-taken-by-class', `Ingress ${namespace}/${ingress}`, message);
}

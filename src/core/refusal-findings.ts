// What engines refuse, told to the Ingresses that it comes from. The engine's words come from outside: they are quoted, and
// nothing is decided by them.

import { certificateKey, defaultKey, hostKey, passthroughKey, revokedKey, serverNameKey, trustedKey } from '../route-table/entry-keys.js';
import type { ClassTable } from '../route-table/types.js';
import { type Finding, finding, quote } from './finding.js';
import { compareText } from './order.js';
import type { IngressPlan } from './plan-ingress.js';

/** An entry of a class that an engine refuses. */
export interface EngineRefusal {
  class: string;
  engine: string;
  key: string;
  reason: string;
  /** Which members of its list it is about; absent: all of it. */
  places?: readonly number[];
}

export interface RefusalSources {
  plans: ReadonlyMap<string, IngressPlan>;
  tables: ReadonlyMap<string, ClassTable>;
}

/** Engines that a finding names; of more it tells the number. */
const mostNamed = 3;
const longestReason = 200;

/** One finding for each entry and Ingress concerned; for the IngressClass when it is no Ingress's. */
export function refusalFindings(refusals: readonly EngineRefusal[], sources: RefusalSources): Finding[] {
  const entries = new Map<string, EngineRefusal[]>();
  for (const refusal of refusals) {
    const id = `${refusal.class} ${refusal.key}`;
    entries.set(id, [...entries.get(id) ?? [], refusal]);
  }
  const wanting = ingressesOf(new Set(entries.keys()), sources.plans);
  return [...entries].flatMap(([id, all]) => {
    const message = messageOf(all);
    const concerned = ownersOf(all, wanting.get(id) ?? [], sources.tables);
    const objects = concerned.length === 0 ? [`IngressClass ${all[0]!.class}`] : concerned.map((ingress) => `Ingress ${ingress}`);
    return objects.map((object) => finding('refused-by-engine', object, message));
  });
}

/** Keys of the Ingresses that want something of each entry, by `<class> <entry>`. Costs a look at every plan. */
function ingressesOf(ids: ReadonlySet<string>, plans: RefusalSources['plans']): Map<string, string[]> {
  const found = new Map<string, string[]>();
  if (ids.size === 0) return found;
  for (const [ingress, { ownership: { owner }, wants }] of plans) {
    for (const key of wants.keys()) {
      const id = `${owner} ${key}`;
      if (ids.has(id)) found.set(id, [...found.get(id) ?? [], ingress]);
    }
  }
  return found;
}

/** Those whose routes are not served as they are wanted; else all. */
function ownersOf(refusals: readonly EngineRefusal[], wanting: readonly string[], tables: RefusalSources['tables']): readonly string[] {
  const { class: name, key } = refusals[0]!;
  const value = tables.get(name)?.get(key);
  if (value === undefined || !('routes' in value) || !Array.isArray(value.routes) || refusals.some(({ places }) => places === undefined)) return wanting;
  const named = new Set(refusals.flatMap(({ places = [] }) => places.flatMap((place) => {
    const route = value.routes[place];
    return route === undefined ? [] : [`${route.namespace}/${route.ingress}`, ...(route.canary === undefined ? [] : [`${route.namespace}/${route.canary.ingress}`])];
  })));
  return wanting.filter((ingress) => named.has(ingress));
}

function messageOf(refusals: readonly EngineRefusal[]): string {
  const { key, reason } = refusals[0]!;
  const engines = [...new Set(refusals.map(({ engine }) => engine))].sort(compareText);
  const more = engines.length <= mostNamed ? '' : ` and ${engines.length - mostNamed} more`;
  return `${subjectOf(key)} is refused by engine ${engines.slice(0, mostNamed).join(', ')}${more}: ${quote(reason, longestReason)}; ` +
    `${consequenceOf(key)}. Correct it; when nothing is wrong with it, bring engines and controllers to one version and the same limits`;
}

function subjectOf(key: string): string {
  if (key === defaultKey) return 'the default backend of the class';
  if (key.startsWith(hostKey(''))) return `what it asks for on host ${quote(key.slice(hostKey('').length))}`;
  if (key.startsWith(serverNameKey(''))) return `the certificate of host ${quote(key.slice(serverNameKey('').length))}`;
  if (key.startsWith(passthroughKey(''))) return `ssl-passthrough of host ${quote(key.slice(passthroughKey('').length))}`;
  if (key.startsWith(trustedKey(''))) return 'the authorities of its backends';
  if (key.startsWith(revokedKey(''))) return 'the lists of revoked certificates';
  return key.startsWith(certificateKey('')) ? 'its certificate' : `the list of endpoints ${quote(key)}`;
}

function consequenceOf(key: string): string {
  if (key.startsWith(serverNameKey(''))) return 'the last certificate that was taken goes on being served, else the default one';
  if (key.startsWith(certificateKey(''))) return 'clients get the last one that was taken, else the default one; backends that it is shown to get no requests';
  if (key.startsWith(passthroughKey(''))) return 'TLS for it ends at that engine';
  if (key.startsWith(trustedKey(''))) return 'these backends get no requests';
  if (key.startsWith(revokedKey(''))) return 'no certificate of a client counts there';
  return key.startsWith('service/') ? 'the endpoints in question get no requests there' : 'requests for it are answered with 503 there';
}

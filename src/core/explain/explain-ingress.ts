// Everything about one Ingress: which class it asks for and how, which rule decided, who serves it, which of its routes are
// served and who has the others, and what stops it.

import { defaultKey, hostKey } from '../../route-table/entry-keys.js';
import type { HostRoutes, Route } from '../../route-table/types.js';
import type { WantedPath } from '../build-host.js';
import { type Finding, compareFindings } from '../finding.js';
import { type Ingress, type LoadBalancerIngress, objectKey } from '../kubernetes-objects.js';
import { resolvePath } from '../resolve-path.js';
import type { Ownership } from '../resolve-owner.js';
import { type EndpointsView, describeEndpoints } from './endpoints-view.js';
import type { Decided } from './facts.js';
import { type HandOverView, handOverView } from './hand-over-view.js';
import { type Holder, holderOf } from './holder.js';
import { suggestName } from './suggest-name.js';
import { classNames, suggestClass, visibleFindings } from './visible-findings.js';

export interface RouteView {
  /** As in the class's table: '' for rules without a host, undefined for the class's default backend. */
  host: string | undefined;
  path: string;
  pathType: string;
  /** 'taken': another Ingress has this path; 'refused': a finding says why it is not served. */
  state: 'served' | 'taken' | 'refused';
  match?: string;
  rewrite?: string;
  /** `namespace/name` of the Ingress that has the path. */
  takenBy?: string;
  endpoints?: EndpointsView;
}

export interface IngressExplanation {
  ingress: string;
  /** Where it is defined: file:line:column; left out for a cluster. */
  origin?: string;
  reference: Ownership['reference'];
  rule: Ownership['rule'];
  owner?: string;
  holder?: Holder;
  /** The IngressClass of the name that was asked for. */
  ingressClass?: { name: string; controller: string };
  /** A class of almost the same name. */
  suggestion?: string;
  /** While it is on its way from class to class. */
  handOver?: HandOverView;
  routes: RouteView[];
  findings: Finding[];
  status: LoadBalancerIngress[];
}

/** The explanation of `key` (`namespace/name`); when there is no such Ingress, a name like it, if any. */
export function explainIngress(decided: Decided, key: string): IngressExplanation | MissingIngress {
  const plan = decided.plans.get(key);
  if (plan === undefined) return missingIngress(decided, key);
  const { ingress, ownership: { owner, rule, reference } } = plan;
  const handOver = handOverView(decided, key);
  return {
    ingress: key, reference, rule,
    ...(handOver && { handOver }),
    ...(owner !== undefined && { owner, holder: holderOf(decided, owner) }),
    ...classOf(decided, plan.ownership),
    routes: owner === undefined ? [] : routesOf(decided, owner, plan.wants),
    findings: findingsOf(decided, ingress),
    status: ingress.status?.loadBalancer?.ingress ?? [],
  };
}

/** There is no such Ingress. */
export interface MissingIngress {
  missing: string;
  suggestion?: string;
}

function missingIngress({ plans }: Decided, key: string): MissingIngress {
  const suggestion = suggestName(key, plans.keys()) ?? sameName(key, plans.keys());
  return { missing: key, ...(suggestion !== undefined && { suggestion }) };
}

function classOf({ snapshot, claims }: Decided, { owner, reference }: Ownership): Pick<IngressExplanation, 'ingressClass' | 'suggestion'> {
  const ingressClass = reference.by === 'nothing' ? undefined : snapshot.ingressClasses.get(reference.value);
  const suggestion = owner === undefined ? suggestClass(reference, classNames(snapshot, claims)) : undefined;
  return {
    ...(ingressClass && { ingressClass: { name: ingressClass.metadata.name, controller: ingressClass.spec?.controller ?? '' } }),
    ...(suggestion !== undefined && { suggestion }),
  };
}

/** The same name in another namespace. */
function sameName(key: string, keys: Iterable<string>): string | undefined {
  const name = key.slice(key.indexOf('/'));
  return [...keys].find((candidate) => candidate.endsWith(name) && candidate.slice(candidate.indexOf('/')) === name);
}

function findingsOf(decided: Decided, ingress: Ingress): Finding[] {
  const services = new Set(decided.plans.get(objectKey(ingress))!.dependsOn.services.map((name) => `Service ${name}`));
  return visibleFindings(decided.findings, decided)
    .filter(({ object }) => object === `Ingress ${objectKey(ingress)}` || services.has(object)).sort(compareFindings);
}

function routesOf(decided: Decided, owner: string, wants: ReadonlyMap<string, { of: string; paths?: WantedPath[] }>): RouteView[] {
  const table = decided.tables.get(owner)!;
  const views: RouteView[] = [];
  for (const [key, { of, paths = [] }] of wants) {
    if (of !== 'host') continue;
    const { routes } = (table.get(key) as HostRoutes | undefined) ?? { routes: [] };
    const host = key === defaultKey ? undefined : key.slice(hostKey('').length);
    for (const wanted of paths) views.push(routeView(decided, owner, { host, wanted, routes }));
  }
  return views;
}

interface OnHost {
  host: string | undefined;
  wanted: WantedPath;
  routes: readonly Route[];
}

function routeView(decided: Decided, owner: string, { host, wanted, routes }: OnHost): RouteView {
  const { path = '', pathType = '' } = wanted.path;
  const view = { host, path, pathType };
  const resolved = resolvePath(wanted.path, routes.some(({ match }) => match === 'regex'));
  const route = 'problem' in resolved ? undefined : routes.find((one) => one.match === resolved.match && one.path === resolved.path);
  if (route === undefined) return { ...view, state: 'refused' };
  if (route.namespace !== wanted.namespace || route.ingress !== wanted.ingress) {
    return { ...view, state: 'taken', match: route.match, takenBy: `${route.namespace}/${route.ingress}` };
  }
  return {
    ...view, state: 'served', match: route.match, ...(route.rewrite !== undefined && { rewrite: route.rewrite }),
    endpoints: describeEndpoints(decided, owner, route),
  };
}

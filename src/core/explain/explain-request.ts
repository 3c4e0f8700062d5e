// Follows one request through the class tables as the proxy does, with the proxy's own functions, and notes every step: where
// was looked, what was there, which route has it and why, where it goes, and what certificate the server shows.

import { certificateKey, defaultKey, hostKey, serverNameKey } from '../../route-table/entry-keys.js';
import { indexPaths, matchPath, type PathMatchResult } from '../../route-table/match.js';
import { rewritePath } from '../../route-table/rewrite-path.js';
import { mayShow, searchHosts, searchServerNames } from '../../route-table/search-hosts.js';
import type { HostRoutes, ServerName } from '../../route-table/types.js';
import { type Candidates, listCandidates } from './candidates.js';
import { type CertificateView, describeCertificate } from './certificate-view.js';
import { type EndpointsView, describeEndpoints } from './endpoints-view.js';
import type { Decided } from './facts.js';
import { type CanaryView, type PolicyView, describeCanary, describePolicy } from './policy-view.js';
import { type Neighbours, findNeighbours } from './neighbours.js';
import { explainPassed } from './passed-request.js';
import { capturesMayDiffer, regexMatch } from './regex-match.js';
import type { AskedRequest } from './request-url.js';

export type HostMatch = 'exact' | 'wildcard' | 'any-host' | 'default-backend';

/** One place that was looked into. */
export interface SearchStep extends Partial<Candidates> {
  class: string;
  hostMatch: HostMatch;
  /** As the Ingress names it; '' for rules without a host. */
  host: string;
  found: 'nothing' | 'no-path' | 'route' | 'undecidable';
}

export interface TakenRequest {
  class: string;
  hostMatch: HostMatch;
  host: string;
  ingress: string;
  match: string;
  path: string;
  /** The Ingress's template, when it has one. */
  rewrite?: string;
  /** What the pod is asked for; absent when the rewrite gives no path (the proxy answers 400). */
  sentPath?: string;
  /** nginx may capture something else (see capturesMayDiffer). */
  capturesMayDiffer?: true;
  endpoints: EndpointsView;
  /** What is asked for beside the backend. */
  policy?: PolicyView;
  canary?: CanaryView;
  /** Its connection is the backend's from the first byte (annotation ssl-passthrough), whatever its path. */
  passed?: true;
}

export interface RequestExplanation {
  request: AskedRequest;
  /** Classes of the listener in their order. */
  listener: string[];
  steps: SearchStep[];
  taken?: TakenRequest;
  /** What the proxy answers by itself; absent when a pod answers, or when it is not known whether one does. */
  status?: number;
  certificate?: CertificateView;
  neighbours: Neighbours;
}

type Found = { step: SearchStep; match: PathMatchResult };

/** The way of `request` on a listener of these classes. */
export function explainRequest(decided: Decided, request: AskedRequest, listener: readonly string[]): RequestExplanation {
  const passed = request.scheme === 'https' && request.host !== '' ? explainPassed(decided, request.host, listener) : undefined;
  if (passed !== undefined) return { request, listener: [...listener], steps: [], taken: passed, neighbours: findNeighbours(decided, request.host, listener) };
  const steps: SearchStep[] = [];
  const outcome = request.path === undefined ? 'bad-path' : search(decided, request as AskedRequest & { path: string }, listener, steps);
  const taken = typeof outcome === 'string' ? undefined : follow(decided, request as AskedRequest & { path: string }, outcome, listener);
  const status = statusOf(outcome, taken);
  return {
    request, listener: [...listener], steps,
    ...(taken && { taken }), ...(status !== undefined && { status }),
    ...(request.scheme === 'https' && { certificate: certificateOf(decided, request.host, listener) }),
    neighbours: findNeighbours(decided, request.host, listener),
  };
}

function search({ tables }: Decided, { host, path }: AskedRequest & { path: string }, listener: readonly string[], steps: SearchStep[]): Found | 'none' | 'undecidable' {
  return searchHosts<Found | 'undecidable'>((name, at, wanted) => {
    const className = listener[at]!;
    const entry = tables.get(className)?.get(name === undefined ? defaultKey : hostKey(name)) as HostRoutes | undefined;
    const step: SearchStep = { class: className, hostMatch: hostMatchOf(name, host), host: name ?? '', found: 'nothing' };
    steps.push(step);
    if (entry === undefined) return 'none';
    const match = matchPath(indexPaths(entry), wanted, regexMatch);
    Object.assign(step, listCandidates(entry.routes, wanted, regexMatch));
    step.found = match === false ? 'undecidable' : match === undefined ? 'no-path' : 'route';
    if (match === false) return 'undecidable';
    return match === undefined ? 'none' : { step, match };
  }, listener.length, host, path);
}

function hostMatchOf(name: string | undefined, host: string): HostMatch {
  if (name === undefined) return 'default-backend';
  if (name === '') return 'any-host';
  return name === host ? 'exact' : 'wildcard';
}

function follow(decided: Decided, request: AskedRequest & { path: string }, { step, match: { route, captures, policy } }: Found, listener: readonly string[]): TakenRequest {
  const requestPath = request.path;
  const sentPath = route.rewrite === undefined ? requestPath : rewritePath(route.rewrite, captures);
  return {
    class: step.class, hostMatch: step.hostMatch, host: step.host,
    ingress: `${route.namespace}/${route.ingress}`, match: route.match, path: route.path,
    ...(route.rewrite !== undefined && { rewrite: route.rewrite }),
    ...(sentPath !== undefined && { sentPath }),
    ...(route.rewrite !== undefined && captures.length > 0 && capturesMayDiffer(route.path) && { capturesMayDiffer: true as const }),
    endpoints: describeEndpoints(decided, step.class, route),
    ...(policy && { policy: describePolicy(policy.asked, { decided, class: step.class, host: request.host, listener }) }),
    ...(route.canary && { canary: describeCanary(decided, step.class, route) }),
  };
}

function statusOf(outcome: Found | 'none' | 'undecidable' | 'bad-path', taken: TakenRequest | undefined): number | undefined {
  if (outcome === 'bad-path') return 400;
  if (outcome === 'none') return 404;
  if (outcome === 'undecidable' || taken === undefined) return 503;
  if (taken.sentPath === undefined) return 400;
  return taken.endpoints.state !== 'unknown' && taken.endpoints.inUse === 0 ? 503 : undefined;
}

function certificateOf(decided: Decided, name: string, listener: readonly string[]): CertificateView {
  const found = searchServerNames((serverName, at) => {
    const className = listener[at]!;
    const table = decided.tables.get(className);
    const entry = table?.get(serverNameKey(serverName)) as ServerName | undefined;
    const id = entry?.certificate;
    const isShown = listener.every((one) => {
      const routes = decided.tables.get(one)?.get(hostKey(name)) as HostRoutes | undefined;
      return mayShow(entry?.namespace, routes && indexPaths(routes));
    });
    return id === undefined || !isShown || !table!.has(certificateKey(id)) ? undefined : { class: className, serverName, id };
  }, listener.length, name);
  return describeCertificate(decided, name, found);
}

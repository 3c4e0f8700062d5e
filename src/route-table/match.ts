// Finds the route of a request's path among the routes of one host. Compiled for Node (explain, lint) and for Lua (nginx),
// so that both give the same answer. It knows nothing of hosts, classes or endpoints.

import type { Affinity, Balance, Canary, ExternalAuth, HostRoutes, Policy, Route } from './types.js';
import { byteAt, byteText, cut, find, lower } from './text.js';
import { tlsText } from './backend-tls.js';
import { lastSlash } from './normalize-path.js';
import { laneOf } from './lanes.js';
import { type SourceRange, prepareRanges } from './source-range.js';

const SLASH = 47;

/**
 * Case-insensitive regular expression, anchored at the start of the subject: the captures (without the whole match; a group
 * that took no part is ''), undefined when it does not match, false when it could not be evaluated (too much backtracking).
 */
export type RegexMatch = (subject: string, pattern: string) => string[] | undefined | false;

export interface PathMatchResult {
  route: Route;
  captures: string[];
  policy?: PreparedPolicy;
  canary?: PreparedCanary;
  /** How its endpoints are chosen; absent: in turn, or by a cookie. */
  balance?: Balance;
  /** The same of the cookie that keeps clients there. */
  affinity?: Affinity;
}

/** A canary with the names of nginx's variables that it asks for. */
export interface PreparedCanary {
  rule: Canary;
  /** Under which its requests are counted. */
  match: PathMatchResult;
  header: string | undefined;
  cookie: string | undefined;
}

/** A policy with what is made of it once for all requests. */
export interface PreparedPolicy {
  asked: Policy;
  allow: SourceRange[] | undefined;
  deny: SourceRange[] | undefined;
  /** Tells the question of `external` from all others: a verdict counts for the very question that was asked. */
  question: string | undefined;
  /** Proxies that are believed, and nginx's variable of their list. */
  trusted: SourceRange[] | undefined;
  forwardedFor: string | undefined;
  /** Who is not limited. */
  except: SourceRange[] | undefined;
  /** Where requests with this policy go on, while there are further endpoints to ask and at the last one. */
  lane: string | undefined;
  lastLane: string | undefined;
  /** Whether some answers are taken back there. */
  takesBack: boolean;
  /** Tells TLS to its endpoints from all other (backend-tls.ts). */
  tls: string | undefined;
}

/** The routes of one host, prepared once so that a look-up allocates nothing. */
export interface PathIndex {
  /** Namespaces that have routes here, each between commas. */
  namespaces: string;
  exact: Record<string, PathMatchResult | undefined>;
  /** By path without its trailing slash; the root is ''. */
  prefix: Record<string, PathMatchResult | undefined>;
  /** Length of the longest key of `prefix`; -1 without any. */
  longestPrefix: number;
  /** Longest first. */
  stringPrefixes: PathMatchResult[];
  /** In the order in which they are tried. */
  regexes: PathMatchResult[];
}

// What most hosts have none of is one for all of them: a worker of nginx has an index for each host that is asked for.
const NO_PATHS: Record<string, PathMatchResult | undefined> = {};
const NO_MATCHES: PathMatchResult[] = [];
const NO_CAPTURES: string[] = [];

/** Prepares a host's routes. Of two routes with the same match and path the first one counts. */
export function indexPaths(host: HostRoutes): PathIndex {
  const index: PathIndex = { namespaces: ',', exact: NO_PATHS, prefix: {}, longestPrefix: -1, stringPrefixes: NO_MATCHES, regexes: NO_MATCHES };
  const policies = preparePolicies(host.policies ?? []);
  for (const route of host.routes) {
    if (find(index.namespaces, ',' + route.namespace + ',', 0) < 0) index.namespaces = index.namespaces + route.namespace + ',';
    const candidate: PathMatchResult = { route, captures: NO_CAPTURES };
    if (route.policy !== undefined) take(candidate, policies[route.policy]);
    if (route.canary !== undefined) candidate.canary = prepareCanary(candidate, route.canary);
    put(index, candidate);
  }
  return index;
}

function put(index: PathIndex, candidate: PathMatchResult): void {
  const { route } = candidate;
  if (route.match === 'exact') {
    if (index.exact === NO_PATHS) index.exact = {};
    if (index.exact[route.path] === undefined) index.exact[route.path] = candidate;
  } else if (route.match === 'prefix') {
    const path = withoutTrailingSlash(route.path);
    if (index.prefix[path] === undefined) index.prefix[path] = candidate;
    if (path.length > index.longestPrefix) index.longestPrefix = path.length;
  } else if (route.match === 'string-prefix') {
    index.stringPrefixes = withOne(index.stringPrefixes, candidate);
  } else {
    index.regexes = withOne(index.regexes, candidate);
  }
}

function withOne(list: PathMatchResult[], one: PathMatchResult): PathMatchResult[] {
  if (list === NO_MATCHES) return [one];
  list.push(one);
  return list;
}

/** Who only searches for a path may give routes without their policies. */
function take(candidate: PathMatchResult, policy: PreparedPolicy | undefined): void {
  if (policy === undefined) return;
  candidate.policy = policy;
  if (policy.asked.balance !== undefined) candidate.balance = policy.asked.balance;
  if (policy.asked.affinity !== undefined) candidate.affinity = policy.asked.affinity;
}

/** A route to which the host that it is counted under has been added. */
type Counted = Route & { host?: string };

function prepareCanary({ route, policy }: PathMatchResult, rule: Canary): PreparedCanary {
  const { match, path, namespace } = route;
  const counted: Counted = { match, path, namespace, ingress: rule.ingress, service: rule.service, backend: rule.backend };
  const { host } = route as Counted;
  if (host !== undefined) counted.host = host;
  const own: PathMatchResult = { route: counted, captures: NO_CAPTURES };
  if (policy !== undefined) own.policy = policy;
  if (rule.balance !== undefined) own.balance = rule.balance;
  const affinity = rule.affinity ?? (policy === undefined ? undefined : policy.asked.affinity);
  if (affinity !== undefined && affinity !== 'none') own.affinity = affinity;
  return {
    rule, match: own,
    header: rule.header === undefined ? undefined : 'http_' + variableName(rule.header),
    cookie: rule.cookie === undefined ? undefined : 'cookie_' + rule.cookie,
  };
}

/** As nginx names the variable of a header. */
function variableName(header: string): string {
  let name = '';
  for (let at = 0; at < header.length; at++) {
    const byte = byteAt(header, at);
    name = name + (byte === 45 ? '_' : byteText(byte));
  }
  return lower(name);
}

/** No part holds a line end. */
function questionOf({ scheme, service, outside, host, target, method, redirect, responseHeaders, headers }: ExternalAuth): string {
  let question = scheme + '\n' + (service ?? '') + '\n' + host + '\n' + target + '\n' + (method ?? '') + '\n' + (redirect ?? '');
  if (outside !== undefined) question = question + '\n' + `${outside.port}` + ' ' + (outside.trusted ?? '');
  for (const name of responseHeaders ?? []) question = question + '\n' + name;
  for (const { name, value } of headers ?? []) question = question + '\n' + name + ': ' + value;
  return question;
}

function takesBack({ retry, errors, protocol }: Policy): boolean {
  // Of what the relay could not bring anywhere, too.
  return protocol === 'fcgi' || (retry !== undefined && retry.statuses.length > 0) || (errors !== undefined && errors.statuses.length > 0);
}

function preparePolicies(policies: Policy[]): PreparedPolicy[] {
  const prepared: PreparedPolicy[] = [];
  for (const asked of policies) {
    prepared.push({
      asked,
      allow: asked.allow === undefined ? undefined : prepareRanges(asked.allow),
      deny: asked.deny === undefined ? undefined : prepareRanges(asked.deny),
      question: asked.external === undefined ? undefined : questionOf(asked.external),
      trusted: asked.forwarded === undefined ? undefined : prepareRanges(asked.forwarded.trusted),
      forwardedFor: asked.forwarded === undefined ? undefined : 'http_' + variableName(asked.forwarded.header),
      except: asked.limits === undefined || asked.limits.except === undefined ? undefined : prepareRanges(asked.limits.except),
      lane: laneOf(asked, false),
      lastLane: laneOf(asked, true),
      tls: asked.tls === undefined ? undefined : tlsText(asked.tls),
      takesBack: takesBack(asked),
    });
  }
  return prepared;
}

/**
 * The route for `path` (in normal form). Exact wins, then the longest prefix, as the Ingress API documents for
 * pathType; a regex host tries its patterns in order and nothing else. False: a pattern could not be evaluated, and no
 * less strict route may take its place.
 */
export function matchPath(index: PathIndex, path: string, regexMatch: RegexMatch): PathMatchResult | undefined | false {
  if (index.regexes.length > 0) return matchRegexes(index.regexes, path, regexMatch);
  return index.exact[path] ?? longestPrefix(index, path);
}

function matchRegexes(candidates: PathMatchResult[], path: string, regexMatch: RegexMatch): PathMatchResult | undefined | false {
  for (const candidate of candidates) {
    const captures = regexMatch(path, candidate.route.path);
    if (captures === false) return false;
    if (captures !== undefined) return withCaptures(candidate, captures);
  }
  return undefined;
}

/** A pattern without groups gives the prepared result itself. */
function withCaptures(candidate: PathMatchResult, captures: string[]): PathMatchResult {
  if (captures.length === 0) return candidate;
  const result: PathMatchResult = { route: candidate.route, captures };
  if (candidate.policy !== undefined) result.policy = candidate.policy;
  if (candidate.canary !== undefined) result.canary = candidate.canary;
  if (candidate.balance !== undefined) result.balance = candidate.balance;
  if (candidate.affinity !== undefined) result.affinity = candidate.affinity;
  return result;
}

function longestPrefix(index: PathIndex, path: string): PathMatchResult | undefined {
  const byElement = index.longestPrefix >= 0 ? prefixByElement(index, path) : undefined;
  for (const candidate of index.stringPrefixes) {
    const start = candidate.route.path;
    if (byElement !== undefined && byElement.route.path.length >= start.length) return byElement;
    if (cut(path, 0, start.length) === start) return candidate;
  }
  return byElement;
}

/** Cuts the path element by element from its end: no more look-ups than the longest route has elements, however long the path. */
function prefixByElement(index: PathIndex, path: string): PathMatchResult | undefined {
  let rest = withoutTrailingSlash(path);
  const longest = index.longestPrefix;
  if (rest.length > longest) {
    // A route may end where an element of the path does: at `longest` itself, or at the last slash before it.
    rest = cut(rest, 0, byteAt(rest, longest) === SLASH ? longest : lastSlash(cut(rest, 0, longest + 1)));
  }
  while (rest !== '') {
    const match = index.prefix[rest];
    if (match !== undefined) return match;
    rest = cut(rest, 0, lastSlash(rest));
  }
  return index.prefix[''];
}

function withoutTrailingSlash(path: string): string {
  return byteAt(path, path.length - 1) === SLASH ? cut(path, 0, path.length - 1) : path;
}

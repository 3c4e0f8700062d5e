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

/** The routes of one host, prepared once so that a look-up allocates nothing. Small, for a worker of nginx has one for each host that is asked for. */
export interface PathIndex {
  /** Namespaces that have routes here, each between commas. */
  namespaces: string;
  /** The route of the prefix `/`: it takes every path that nothing else takes. */
  root: PathMatchResult | undefined;
  others: OtherPaths;
}

/** Routes beside that of the prefix `/`. */
interface OtherPaths {
  exact: Record<string, PathMatchResult | undefined>;
  /** By path without its trailing slash. */
  prefix: Record<string, PathMatchResult | undefined>;
  /** Length of the longest key of `prefix`; 0 without any. */
  longestPrefix: number;
  /** Longest first. */
  stringPrefixes: PathMatchResult[];
  /** In the order in which they are tried. */
  regexes: PathMatchResult[];
}

/** Of all hosts that have none. */
const NO_OTHERS: OtherPaths = { exact: {}, prefix: {}, longestPrefix: 0, stringPrefixes: [], regexes: [] };
const NO_CAPTURES: string[] = [];

/** Prepares a host's routes. Of two routes with the same match and path the first one counts. */
export function indexPaths({ routes, policies }: HostRoutes): PathIndex {
  const index: PathIndex = { namespaces: ',', root: undefined, others: NO_OTHERS };
  const prepared = policies === undefined ? undefined : preparePolicies(policies);
  // Most hosts have one route: LuaJIT does not compile a function around a loop that goes round.
  if (routes.length > 0) indexRoute(index, routes[0]!, prepared);
  for (let at = 1; at < routes.length; at++) indexRoute(index, routes[at]!, prepared);
  return index;
}

/** Whether every path is taken by the one route of the prefix `/`. */
export function hasRootOnly({ root, others }: PathIndex): boolean {
  return root !== undefined && others === NO_OTHERS;
}

function indexRoute(index: PathIndex, route: Route, policies: PreparedPolicy[] | undefined): void {
  if (index.namespaces === ',') index.namespaces = ',' + route.namespace + ',';
  else if (find(index.namespaces, ',' + route.namespace + ',', 0) < 0) index.namespaces = index.namespaces + route.namespace + ',';
  const candidate: PathMatchResult = { route, captures: NO_CAPTURES };
  if (route.policy !== undefined && policies !== undefined) take(candidate, policies[route.policy]);
  if (route.canary !== undefined) candidate.canary = prepareCanary(candidate, route.canary);
  if (route.match !== 'prefix' || withoutTrailingSlash(route.path) !== '') put(othersOf(index), candidate);
  else if (index.root === undefined) index.root = candidate;
}

function othersOf(index: PathIndex): OtherPaths {
  if (index.others === NO_OTHERS) index.others = { exact: {}, prefix: {}, longestPrefix: 0, stringPrefixes: [], regexes: [] };
  return index.others;
}

function put(others: OtherPaths, candidate: PathMatchResult): void {
  const { route } = candidate;
  if (route.match === 'exact') {
    if (others.exact[route.path] === undefined) others.exact[route.path] = candidate;
  } else if (route.match === 'prefix') {
    const path = withoutTrailingSlash(route.path);
    if (others.prefix[path] === undefined) others.prefix[path] = candidate;
    if (path.length > others.longestPrefix) others.longestPrefix = path.length;
  } else if (route.match === 'string-prefix') {
    others.stringPrefixes.push(candidate);
  } else {
    others.regexes.push(candidate);
  }
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
  const { root, others } = index;
  if (others === NO_OTHERS) return root;
  if (others.regexes.length > 0) return matchRegexes(others.regexes, path, regexMatch);
  return others.exact[path] ?? longestPrefix(others, root, path);
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

function longestPrefix(others: OtherPaths, root: PathMatchResult | undefined, path: string): PathMatchResult | undefined {
  const byElement = prefixByElement(others, path) ?? root;
  for (const candidate of others.stringPrefixes) {
    const start = candidate.route.path;
    if (byElement !== undefined && byElement.route.path.length >= start.length) return byElement;
    if (cut(path, 0, start.length) === start) return candidate;
  }
  return byElement;
}

/** Cuts the path element by element from its end: no more look-ups than the longest route has elements, however long the path. */
function prefixByElement({ prefix, longestPrefix: longest }: OtherPaths, path: string): PathMatchResult | undefined {
  let rest = withoutTrailingSlash(path);
  if (rest.length > longest) {
    // A route may end where an element of the path does: at `longest` itself, or at the last slash before it.
    rest = cut(rest, 0, byteAt(rest, longest) === SLASH ? longest : lastSlash(cut(rest, 0, longest + 1)));
  }
  while (rest !== '') {
    const match = prefix[rest];
    if (match !== undefined) return match;
    rest = cut(rest, 0, lastSlash(rest));
  }
  return undefined;
}

function withoutTrailingSlash(path: string): string {
  return byteAt(path, path.length - 1) === SLASH ? cut(path, 0, path.length - 1) : path;
}

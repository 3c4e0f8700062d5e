// Finds the route of a request's path among the routes of one host. Compiled for Node (explain, lint) and for Lua (nginx),
// so that both give the same answer. It knows nothing of hosts, classes or endpoints.

import type { HostRoutes, Route } from './types.js';
import { byteAt, cut } from './text.js';
import { lastSlash } from './normalize-path.js';

const SLASH = 47;

/**
 * Case-insensitive regular expression, anchored at the start of the subject: the captures (without the whole match; a group
 * that took no part is ''), undefined when it does not match, false when it could not be evaluated (too much backtracking).
 */
export type RegexMatch = (subject: string, pattern: string) => string[] | undefined | false;

export interface PathMatchResult {
  route: Route;
  captures: string[];
}

/** The routes of one host, prepared once so that a look-up allocates nothing. */
export interface PathIndex {
  exact: Record<string, PathMatchResult | undefined>;
  /** By path without its trailing slash; the root is ''. */
  prefix: Record<string, PathMatchResult | undefined>;
  /** Length of the longest key of `prefix`; -1 without any. */
  longestPrefix: number;
  /** Longest first. */
  stringPrefixes: PathMatchResult[];
  /** In the order in which they are tried. */
  regexes: Route[];
}

/** Prepares a host's routes. Of two routes with the same match and path the first one counts. */
export function indexPaths(host: HostRoutes): PathIndex {
  const index: PathIndex = { exact: {}, prefix: {}, longestPrefix: -1, stringPrefixes: [], regexes: [] };
  for (const route of host.routes) {
    if (route.match === 'exact') {
      if (index.exact[route.path] === undefined) index.exact[route.path] = { route, captures: [] };
    } else if (route.match === 'prefix') {
      const path = withoutTrailingSlash(route.path);
      if (index.prefix[path] === undefined) index.prefix[path] = { route, captures: [] };
      if (path.length > index.longestPrefix) index.longestPrefix = path.length;
    } else if (route.match === 'string-prefix') {
      index.stringPrefixes.push({ route, captures: [] });
    } else {
      index.regexes.push(route);
    }
  }
  return index;
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

function matchRegexes(routes: Route[], path: string, regexMatch: RegexMatch): PathMatchResult | undefined | false {
  for (const route of routes) {
    const captures = regexMatch(path, route.path);
    if (captures === false) return false;
    if (captures !== undefined) return { route, captures };
  }
  return undefined;
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

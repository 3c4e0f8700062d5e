// The routes of one host beside each other for one path: which of them fit, in the order in which they count, and why the
// others do not. Every answer is the matcher's own.

import { type RegexMatch, indexPaths, matchPath } from '../../route-table/match.js';
import type { PathMatch, Route } from '../../route-table/types.js';

export type NearMiss = 'element-boundary' | 'trailing-slash' | 'case' | 'pattern';

export interface Candidate {
  match: PathMatch;
  path: string;
  /** `namespace/name` of its Ingress. */
  ingress: string;
  fits: boolean;
  /** Why one that looks as if it fitted does not. */
  nearMiss?: NearMiss;
}

/** The reason why the first of the fitting candidates has the request. */
export type WinReason = 'only' | 'exact' | 'longest-prefix' | 'element-before-text' | 'first-pattern';

const mostShown = 12;

export interface Candidates {
  /** Those that fit in order of precedence, then near misses; for patterns all up to the first that fits, in their order. */
  list: Candidate[];
  /** Routes of the host that are not in the list. */
  others: number;
  why?: WinReason;
}

/** Sorts the routes of a host for `path`, which is in normal form. */
export function listCandidates(routes: readonly Route[], path: string, regexMatch: RegexMatch): Candidates {
  const judged = routes.map((route) => judge(route, path, regexMatch));
  const isPatterns = routes.some(({ match }) => match === 'regex');
  const list = isPatterns ? triedPatterns(judged.filter(({ match }) => match === 'regex')) : byPrecedence(judged);
  const shown = list.slice(0, mostShown);
  const fitting = list.filter(({ fits }) => fits);
  return { list: shown, others: routes.length - shown.length, ...(fitting.length > 0 && { why: reasonOf(fitting, isPatterns) }) };
}

function judge(route: Route, path: string, regexMatch: RegexMatch): Candidate {
  const candidate = { match: route.match, path: route.path, ingress: `${route.namespace}/${route.ingress}` };
  const found = matchPath(indexPaths({ routes: [route] }), path, regexMatch);
  if (found) return { ...candidate, fits: true };
  const nearMiss = missOf(route, path);
  return { ...candidate, fits: false, ...(nearMiss && { nearMiss }) };
}

function missOf({ match, path: wanted }: Route, path: string): NearMiss | undefined {
  if (match === 'regex') return 'pattern';
  const bare = (text: string): string => (text.length > 1 && text.endsWith('/') ? text.slice(0, -1) : text);
  if (bare(wanted) === bare(path)) return 'trailing-slash';
  if (match === 'prefix' && path.startsWith(wanted)) return 'element-boundary';
  return path.toLowerCase().startsWith(wanted.toLowerCase()) && match !== 'exact' ? 'case' : bare(wanted).toLowerCase() === bare(path).toLowerCase() ? 'case' : undefined;
}

function triedPatterns(judged: readonly Candidate[]): Candidate[] {
  const first = judged.findIndex(({ fits }) => fits);
  const tried = first < 0 ? judged : judged.slice(0, first + 1);
  return [...tried, ...judged.slice(tried.length).filter(({ fits }) => fits)];
}

const rank: Readonly<Record<PathMatch, number>> = { exact: 0, prefix: 1, 'string-prefix': 2, regex: 3 };

function byPrecedence(judged: readonly Candidate[]): Candidate[] {
  const fitting = judged.filter(({ fits }) => fits)
    // An exact path is as long as the request's, so no prefix that fits is longer.
    .sort((a, b) => b.path.length - a.path.length || rank[a.match] - rank[b.match]);
  return [...fitting, ...judged.filter(({ fits, nearMiss }) => !fits && nearMiss !== undefined)];
}

function reasonOf([winner, second]: readonly Candidate[], isPatterns: boolean): WinReason {
  if (isPatterns) return 'first-pattern';
  if (second === undefined) return 'only';
  if (winner!.match === 'exact') return 'exact';
  return winner!.path.length > second.path.length ? 'longest-prefix' : 'element-before-text';
}

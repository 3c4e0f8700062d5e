// Finds class, route and endpoints of a request in the order of route-table/search-hosts, from tables that do not change under
// the search. A listener's classes are all it can ever see.

import { type PathMatchResult, matchPath } from '../route-table/match.js';
import { searchHosts } from '../route-table/search-hosts.js';
import { isForCanary } from './choose-canary.js';
import { type PreparedService, defaults, hosts, services } from './entries.js';
import { currentGeneration, readEntry } from './read-entry.js';

export interface FoundRoute {
  class: string;
  match: PathMatchResult;
  /** The match itself, or its canary: whose backend is taken, and under whom the request is counted. */
  taken: PathMatchResult;
  service: PreparedService | undefined;
  /** Of the class, as of which all this was found. */
  generation: number;
}

/** 'undecidable': a pattern could not be evaluated. 'busy': the tables changed under the read, again and again. */
export type RouteFailure = 'none' | 'undecidable' | 'busy';

const MOST_ATTEMPTS = 20;

/** Filled anew by each search. No request waits between, so one record per worker is enough and nothing is allocated. */
const found: FoundRoute = { class: '', match: undefined as never, taken: undefined as never, service: undefined, generation: 0 };
const generations: number[] = [];
let searched: string[] = [];

/** The route of (`host`, `path`) among `classes`. The result is valid until the next call. */
export function findRoute(classes: string[], host: string, path: string): FoundRoute | RouteFailure {
  searched = classes;
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    for (let at = 0; at < classes.length; at++) generations[at] = currentGeneration(classes[at]);
    const outcome = searchHosts<FoundRoute | RouteFailure>(askClass, classes.length, host, path);
    if (outcome !== 'busy') return outcome;
  }
  return 'busy';
}

function askClass(this: void, name: string | undefined, at: number, path: string): FoundRoute | RouteFailure {
  const className = searched[at];
  const [index, moved] = readEntry(name === undefined ? defaults : hosts, className, name ?? '', generations[at]);
  if (moved) return 'busy';
  const match = index === undefined ? undefined : matchPath(index, path, matchRegex);
  if (match === false) return 'undecidable';
  if (match !== undefined) return withService(className, match, generations[at]);
  return 'none';
}

function withService(className: string, match: PathMatchResult, generation: number): FoundRoute | 'busy' {
  found.class = className;
  found.match = match;
  found.generation = generation;
  if (match.canary !== undefined && isForCanary(match, match.canary)) {
    const [service, moved] = readEntry(services, className, match.canary.rule.backend, generation);
    if (moved) return 'busy';
    // A canary without endpoints takes nothing away.
    if (service !== undefined && service.endpoints.length > 0) return take(match.canary.match, service);
  }
  const [service, moved] = readEntry(services, className, match.route.backend, generation);
  return moved ? 'busy' : take(match, service);
}

function take(match: PathMatchResult, service: PreparedService | undefined): FoundRoute {
  found.taken = match;
  found.service = service;
  return found;
}

function matchRegex(subject: string, pattern: string): string[] | undefined | false {
  const [groups, problem] = ngx.re.match(subject, '^' + pattern, 'ijo');
  if (groups === undefined) return problem === undefined ? undefined : false;
  const captures: string[] = [];
  for (let group = 1; group <= 9 && groups[group] !== undefined; group++) {
    captures.push(groups[group] === false ? '' : groups[group] as string);
  }
  return captures;
}

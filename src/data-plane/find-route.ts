// Finds class, route and endpoints of a request in the order of route-table/search-hosts, from tables that do not change under
// the search. A listener's classes are all it can ever see.

import { normalizePath } from '../route-table/normalize-path.js';
import { type PathMatchResult, matchPath } from '../route-table/match.js';
import { searchHosts } from '../route-table/search-hosts.js';
import { isForCanary } from './choose-canary.js';
import { type PreparedService, defaults, hosts, recallMatch, rememberMatch, services } from './entries.js';
import { groupsOf } from './groups-of.js';
import { currentGeneration, readEntry } from './read-entry.js';
import { newRecent, recall, remember } from './recent.js';

export interface FoundRoute {
  class: string;
  /** The path in normal form. */
  path: string;
  match: PathMatchResult;
  /** The match itself, or its canary: whose backend is taken, and under whom the request is counted. */
  taken: PathMatchResult;
  service: PreparedService | undefined;
  /** Of the class, as of which all this was found. */
  generation: number;
  /** Of the request: known as usual (usual-request.ts). The caller's word. */
  usual: boolean;
}

/** 'malformed': the path has no normal form. 'undecidable': a pattern could not be evaluated. 'busy': the tables changed under the read, again and again. */
export type RouteFailure = 'none' | 'malformed' | 'undecidable' | 'busy';

const MOST_ATTEMPTS = 20;
/** Paths whose normal form a worker remembers, in each half, and how long they may be: bounds its memory. */
const RECENT_PATHS = 5000;
const LONGEST_RECENT = 128;

/** By the path as a request has it. */
const normalForms = newRecent<string>();

/** Filled anew by each search. No request waits between, so one record per worker is enough and nothing is allocated. */
const found: FoundRoute = { class: '', path: '', match: undefined as never, taken: undefined as never, service: undefined, generation: 0, usual: false };
const generations: number[] = [];
let searched: string[] = [];

/**
 * What needs no search: the host itself in the listener's first class, and a path that was asked for before. Undefined: it needs
 * one. Without a loop, for LuaJIT does not compile a function around one. Valid until the next call.
 */
export function findAgain(className: string, host: string, rawPath: string): FoundRoute | undefined {
  const path = recall(normalForms, rawPath);
  if (path === undefined) return undefined;
  const generation = currentGeneration(className);
  const [entry, moved] = readEntry(hosts, className, host, generation);
  const match = moved || entry === undefined ? undefined : recallMatch(entry, path);
  if (match === undefined) return undefined;
  found.path = path;
  const outcome = withService(className, match, generation);
  return outcome === 'busy' ? undefined : outcome;
}

/** The route of (`host`, `rawPath`) among `classes`; the path as the request has it, without query. Valid until the next call. */
export function findRoute(classes: string[], host: string, rawPath: string): FoundRoute | RouteFailure {
  const path = normalizePath(rawPath);
  if (path === undefined) return 'malformed';
  if (rawPath.length <= LONGEST_RECENT) remember(normalForms, rawPath, path, RECENT_PATHS);
  searched = classes;
  found.path = path;
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    for (let at = 0; at < classes.length; at++) generations[at] = currentGeneration(classes[at]);
    const outcome = searchHosts<FoundRoute | RouteFailure>(askClass, classes.length, host, path);
    if (outcome !== 'busy') return outcome;
  }
  return 'busy';
}

function askClass(this: void, name: string | undefined, at: number, path: string): FoundRoute | RouteFailure {
  const className = searched[at];
  const [entry, moved] = readEntry(name === undefined ? defaults : hosts, className, name ?? '', generations[at]);
  if (moved) return 'busy';
  const match = entry === undefined ? undefined : matchPath(entry, path, matchRegex);
  if (match === false) return 'undecidable';
  if (entry === undefined || match === undefined) return 'none';
  if (path.length <= LONGEST_RECENT) rememberMatch(entry, path, match);
  return withService(className, match, generations[at]);
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
  return groupsOf(subject, '^' + pattern, 'ijo');
}

// Log phase: counts the request under its class and Ingress, in shared memory, so that counts outlive a worker. Label values
// come from the table or from closed lists; nothing that a client chooses becomes one.

import type { PathMatchResult } from '../route-table/match.js';

const counters = ngx.shared.ia_counters;

const METHODS: Record<string, string | undefined> = {
  GET: 'GET', HEAD: 'HEAD', POST: 'POST', PUT: 'PUT', PATCH: 'PATCH', DELETE: 'DELETE', OPTIONS: 'OPTIONS',
};

/** Counter keys by `<method> <status>`, kept at the match so that counting builds no text. */
type CountedMatch = PathMatchResult & { keys?: Record<string, Record<number, string | undefined> | undefined> };

/** For requests that no route took, by class. */
const unmatched: Record<string, CountedMatch | undefined> = {};

/** Runs for every request of a data listener. */
export function run(): void {
  const context = ngx.ctx;
  const className = context.class ?? '';
  const match = (context.match as CountedMatch | undefined) ?? unmatchedOf(className);
  const key = counterKey(match, className, METHODS[ngx.req.get_method()] ?? 'OTHER', ngx.status);
  const [count] = counters.incr(key, 1);
  if (count === undefined) begin(key);
}

function unmatchedOf(className: string): CountedMatch {
  let match = unmatched[className];
  if (match === undefined) {
    match = { route: { match: 'prefix', path: '', namespace: '', ingress: '', service: '', backend: '' }, captures: [] };
    unmatched[className] = match;
  }
  return match;
}

function counterKey(match: CountedMatch, className: string, method: string, status: number): string {
  const keys = match.keys ?? {};
  match.keys = keys;
  const byStatus = keys[method] ?? {};
  keys[method] = byStatus;
  let key = byStatus[status];
  if (key === undefined) {
    const { namespace, ingress, service } = match.route;
    key = table.concat(['requests', className, namespace, ingress, service, method, tostring(status)], '|');
    byStatus[status] = key;
  }
  return key;
}

/** First sight of a counter: it starts at 1 and is listed under a number, so that a scrape needs no scan of the zone. */
function begin(key: string): void {
  const [added, problem] = counters.safe_add(key, 1);
  if (!added) {
    if (problem === 'exists') counters.incr(key, 1);
    else counters.incr('dropped', 1);
    return;
  }
  const [number] = counters.incr('listed', 1);
  if (number !== undefined) counters.safe_add('#' + tostring(number), key);
}

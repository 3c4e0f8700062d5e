// Asks of a request what decides about a canary: the affinity cookie, the rule's header and cookie, chance.

import type { PathMatchResult, PreparedCanary } from '../route-table/match.js';
import type { Affinity } from '../route-table/types.js';
import { type CanaryRequest, takesCanary } from '../route-table/takes-canary.js';
import { markOf, markOfCookie } from './affinity.js';
import { chance } from './chance.js';

/** Filled anew for each request: none waits between. */
const request: CanaryRequest = { header: undefined, cookie: undefined, chance: 0 };

/** Whether the request goes to the canary of its route. Whoever is kept by a cookie stays where that is from. */
export function isForCanary(match: PathMatchResult, { rule, match: canary, header, cookie }: PreparedCanary): boolean {
  if (isKeptBy(match.affinity, match.route.backend)) return false;
  if (isKeptBy(canary.affinity, rule.backend)) return true;
  request.header = header === undefined ? undefined : ngx.var[header];
  request.cookie = cookie === undefined ? undefined : ngx.var[cookie];
  request.chance = chance(rule.total);
  return takesCanary(rule, request, isMatch);
}

function isKeptBy(affinity: Affinity | undefined, backend: string): boolean {
  const mark = affinity === undefined ? undefined : markOfCookie(affinity);
  return mark !== undefined && mark === markOf(backend);
}

function isMatch(subject: string, pattern: string): boolean {
  return ngx.re.find(subject, pattern, 'jo') !== undefined;
}

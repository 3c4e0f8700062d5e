// Asks of a request what decides about a canary: the affinity cookie, the rule's header and cookie, chance.

import type { PathMatchResult, PreparedCanary } from '../route-table/match.js';
import { type CanaryRequest, takesCanary } from '../route-table/takes-canary.js';
import { markOf, markOfCookie } from './affinity.js';
import { chance } from './chance.js';

/** Filled anew for each request: none waits between. */
const request: CanaryRequest = { header: undefined, cookie: undefined, chance: 0 };

/** Whether the request goes to the canary of its route. */
export function isForCanary(match: PathMatchResult, { rule, header, cookie }: PreparedCanary): boolean {
  const affinity = match.policy === undefined ? undefined : match.policy.asked.affinity;
  if (affinity !== undefined && affinity.stickyCanary) {
    const mark = markOfCookie(affinity);
    if (mark !== undefined && mark === markOf(rule.backend)) return true;
    if (mark !== undefined && mark === markOf(match.route.backend)) return false;
  }
  request.header = header === undefined ? undefined : ngx.var[header];
  request.cookie = cookie === undefined ? undefined : ngx.var[cookie];
  request.chance = chance(rule.total);
  return takesCanary(rule, request, isMatch);
}

function isMatch(subject: string, pattern: string): boolean {
  return ngx.re.find(subject, pattern, 'jo') !== undefined;
}

// Whether one request goes to the canary of its route. Pure: chance, header and cookie come from the caller.

import type { CanaryRule } from './types.js';

/** Whether the pattern is somewhere in the subject, letters as they are; false also when that can't be told. */
export type HeaderMatch = (subject: string, pattern: string) => boolean;

/** What a request brings: the values of the rule's header and cookie, and a whole number from 1 to its total. */
export interface CanaryRequest {
  header: string | undefined;
  cookie: string | undefined;
  chance: number;
}

/**
 * The order of ingress-nginx: a header that decides, then a cookie that does, then the weight. With a value or a pattern the
 * header decides only for the canary, and `never` has no meaning of its own.
 */
export function takesCanary(rule: CanaryRule, { header, cookie, chance }: CanaryRequest, headerMatch: HeaderMatch): boolean {
  if (rule.header !== undefined && header !== undefined) {
    if (rule.value !== undefined) {
      if (header === rule.value) return true;
    } else if (rule.pattern !== undefined) {
      if (headerMatch(header, rule.pattern)) return true;
    } else if (header === 'always' || header === 'never') return header === 'always';
  }
  if (rule.cookie !== undefined && (cookie === 'always' || cookie === 'never')) return cookie === 'always';
  return chance <= rule.weight;
}

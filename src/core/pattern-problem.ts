// Which regular expressions a path may be. They run in nginx (PCRE) for every request of their host, so what can recurse, set
// limits, call out or refer back is refused; how long one may try is limited there besides.

import { longestPattern } from './limits.js';

const visible = /^[\x21-\x7e]*$/;

/** Groups other than (?: (?i) (?= (?! : recursion, callouts, conditions, named ones; verbs; back references and odd escapes. */
const forbidden = /\(\?(?!:|i\)|=|!)|\(\*|\\[1-9CgkQEGK]/;

/** What is wrong with a pattern, in words, or undefined. Both the controller and the engine ask. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.length > longestPattern) return `is longer than ${longestPattern} bytes`;
  if (!pattern.startsWith('/') || !visible.test(pattern)) return 'must start with "/" and have visible ASCII only';
  // So that the second half of an escaped backslash is not read as the start of an escape.
  if (forbidden.test(pattern.replaceAll('\\\\', '..'))) return 'uses a kind of group, an escape or a back reference that is not allowed';
  try {
    new RegExp(pattern.replaceAll('(?i)', ''), 'i');
    return undefined;
  } catch (error) {
    return `is not a regular expression (${(error as Error).message.replace(/^.*: /, '')})`;
  }
}

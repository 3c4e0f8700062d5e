// `allow` and `deny` of nginx as lists of addresses. nginx takes the first line that fits an address; the annotations ask for all
// denied ones first, then for the allowed ones: only an order of lines that means the same is translated.

import type { Directive } from './parse-snippet.js';

const everybody = '0.0.0.0/0,::/0';

export function addressLists(directives: readonly Directive[]): { annotations: [string, string][] } | { problem: string } {
  if (directives.length === 0) return { annotations: [] };
  const lines = directives.map(({ name, args }) => ({ allows: name === 'allow', who: args[0] ?? '' }));
  if (directives.some(({ args }) => args.length !== 1) || lines.some(({ who }) => who === 'unix:' || who === '')) return { problem: 'allow and deny must name one address, range, or all' };
  const end = lines.findIndex(({ who }) => who === 'all');
  const before = end < 0 ? lines : lines.slice(0, end);
  const firstAllow = before.findIndex(({ allows }) => allows);
  if (firstAllow >= 0 && before.slice(firstAllow).some(({ allows }) => !allows)) return { problem: 'a deny after an allow depends on their order, which the annotations do not have' };
  const list = (allows: boolean): string => before.filter((one) => one.allows === allows).map(({ who }) => who).join(',');
  const [allowed, denied] = [list(true), list(false)];
  const deniesRest = end >= 0 && !lines[end]!.allows;
  if (deniesRest && allowed === '') return { annotations: [['denylist-source-range', everybody]] };
  // Whoever is named and let in by an `allow` is so anyway where everybody else is.
  return { annotations: [...(denied === '' ? [] : [['denylist-source-range', denied] as [string, string]]), ...(deniesRest ? [['allowlist-source-range', allowed] as [string, string]] : [])] };
}

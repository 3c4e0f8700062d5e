// What the groups of a pattern have found in a text. Patterns come checked from the class table (core/check-regex).

/** Up to nine groups, empty for one that took no part; undefined when the pattern does not match, false when that can't be told. */
export function groupsOf(subject: string, pattern: string, options: 'jo' | 'ijo'): string[] | undefined | false {
  const [groups, problem] = ngx.re.match(subject, pattern, options);
  if (groups === undefined) return problem === undefined ? undefined : false;
  const captures: string[] = [];
  for (let group = 1; group <= 9 && groups[group] !== undefined; group++) {
    captures.push(groups[group] === false ? '' : groups[group] as string);
  }
  return captures;
}

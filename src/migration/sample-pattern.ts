// Paths that a regular expression of an Ingress takes: the shortest way through it, and one with more in it. For the kind of
// pattern that core/check-regex lets through; what cannot be read gives no sample, never a wrong one.

import { regexMatch } from '../core/explain/regex-match.js';

/** How much is taken of what may be repeated, and which branch of several. */
interface Taste {
  repeats: number;
  branch: 'first' | 'last';
}

const tastes: readonly Taste[] = [{ repeats: 0, branch: 'first' }, { repeats: 1, branch: 'first' }, { repeats: 1, branch: 'last' }, { repeats: 3, branch: 'last' }];

/** Paths that begin with a slash and match the pattern; no two alike, none for a pattern that cannot be read. */
export function samplePattern(pattern: string): string[] {
  const samples = tastes.map((taste) => {
    const text = sample(pattern.replace(/\(\?i\)/, ''), taste);
    return text.startsWith('/') ? text : `/${text}`;
  });
  return [...new Set(samples)].filter((text) => matches(pattern, text));
}

function matches(pattern: string, text: string): boolean {
  try {
    return /^\/[!-~]*$/.test(text) && regexMatch(text, pattern) !== undefined;
  } catch {
    return false;
  }
}

function sample(pattern: string, taste: Taste): string {
  const reader = { pattern, at: 0 };
  return alternatives(reader, taste);
}

interface Reader {
  pattern: string;
  at: number;
}

function alternatives(reader: Reader, taste: Taste): string {
  const branches = [''];
  while (reader.at < reader.pattern.length && reader.pattern[reader.at] !== ')') {
    if (reader.pattern[reader.at] === '|') {
      reader.at += 1;
      branches.push('');
      continue;
    }
    const one = atom(reader, taste);
    branches[branches.length - 1] += one.repeat(repetition(reader, taste));
  }
  return taste.branch === 'first' ? branches[0]! : branches.at(-1)!;
}

const classes: Readonly<Record<string, string>> = { d: '7', w: 'w', s: ' ', D: 'x', W: '-', S: 's' };

function atom(reader: Reader, taste: Taste): string {
  const { pattern } = reader;
  const char = pattern[reader.at]!;
  reader.at += 1;
  if (char === '(') return group(reader, taste);
  if (char === '[') return member(reader);
  if (char === '.') return 'v';
  if (char === '^' || char === '$') return '';
  if (char !== '\\') return char;
  const escaped = pattern[reader.at] ?? '';
  reader.at += 1;
  return /[bBAzZ]/.test(escaped) ? '' : classes[escaped] ?? escaped;
}

function group(reader: Reader, taste: Taste): string {
  const looksAhead = /^\?[=!]/.test(reader.pattern.slice(reader.at));
  reader.at += /^\?(?::|[=!]|i\))/.exec(reader.pattern.slice(reader.at))?.[0].length ?? 0;
  const text = alternatives(reader, taste);
  reader.at += 1;
  return looksAhead ? '' : text;
}

/** A member of a set; of a negated one a letter that is mostly not in it. */
function member(reader: Reader): string {
  const [whole = '', negated = '', members = ''] = /^(\^?)(\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*)\]/.exec(reader.pattern.slice(reader.at)) ?? [];
  reader.at += Math.max(1, whole.length);
  if (negated !== '') return 'v';
  const named = /^\[:([a-z]+):\]/.exec(members)?.[1];
  if (named !== undefined) return named.endsWith('digit') ? '7' : 'a';
  return members.startsWith('\\') ? classes[members[1]!] ?? members[1]! : members[0] ?? '';
}

function repetition(reader: Reader, { repeats }: Taste): number {
  const found = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})[?+]?/.exec(reader.pattern.slice(reader.at));
  if (found === null) return 1;
  reader.at += found[0].length;
  const [, sign, least, , most] = found;
  const low = sign === undefined ? Number(least) : sign === '+' ? 1 : 0;
  const high = sign === '?' ? 1 : most === undefined || most === '' ? 64 : Number(most);
  return Math.min(Math.max(low, repeats), Math.max(high, low), 64);
}

// JavaScript's regular expressions in place of PCRE's, for the patterns that check-regex lets through. Where both could
// differ, the answer says so; it is for explanations only, nginx matches with PCRE.

import type { RegexMatch } from '../../route-table/match.js';

const posix: Readonly<Record<string, string | undefined>> = {
  alnum: 'A-Za-z0-9', alpha: 'A-Za-z', digit: '0-9', lower: 'A-Za-z', upper: 'A-Za-z', xdigit: '0-9A-Fa-f',
  punct: '!-\\/:-@\\[-`{-~', space: '\\s', word: '\\w',
};
const posixNegated: Readonly<Record<string, string | undefined>> = {
  alnum: '\\x00-\\/:-@\\[-`{-\\x7f', alpha: '\\x00-@\\[-`{-\\x7f', digit: '\\D', lower: '\\x00-@\\[-`{-\\x7f', upper: '\\x00-@\\[-`{-\\x7f',
  xdigit: '\\x00-\\/:-@G-`g-\\x7f', punct: '\\x00- 0-9A-Za-z\\x7f', space: '\\S', word: '\\W',
};

/** A set with its brackets; a bracket that comes first is a member of it. */
const set = /\[(\^?)(\]?)((?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*)\]/y;

/** The pattern of a regex host as JavaScript writes it: without the mark (?i), sets without POSIX names. */
export function javaScriptPattern(pattern: string): string {
  const source = pattern.replace(/^(\/?)\(\?i\)/, '$1');
  let result = '';
  let at = 0;
  while (at < source.length) {
    if (source[at] === '\\') {
      result += source.slice(at, at + 2);
      at += 2;
    } else if (source[at] === '[') {
      set.lastIndex = at;
      const [whole = '[', negated = '', first = '', members = ''] = set.exec(source) ?? [];
      result += `[${negated}${first === '' ? '' : '\\]'}${javaScriptMembers(members)}]`;
      at += whole.length;
    } else {
      result += source[at]!;
      at += 1;
    }
  }
  return result;
}

function javaScriptMembers(members: string): string {
  return members.replace(/\[:(\^?)([a-z]+):\]|\\.|\[/g, (part, negated: string | undefined, name: string | undefined) => {
    if (name === undefined) return part === '[' ? '\\[' : part;
    return (negated === '^' ? posixNegated : posix)[name] ?? part;
  });
}

/** As the data plane asks PCRE: case-insensitive, anchored at the start, at most nine captures, '' for a group without part. */
export const regexMatch: RegexMatch = (subject, pattern) => {
  const found = new RegExp(`^${javaScriptPattern(pattern)}`, 'i').exec(subject);
  return found === null ? undefined : found.slice(1, 10).map((group) => group ?? '');
};

/**
 * Whether a capture of the pattern may be another one in nginx. PCRE keeps what a group took in an earlier round of the
 * repetition around it, JavaScript forgets it; and JavaScript tries something else before it takes an empty round, PCRE does
 * not. Whether the pattern matches is the same in both.
 */
export function capturesMayDiffer(pattern: string): boolean {
  const open: { at: number; captures: boolean }[] = [];
  // Escapes and sets as what they are like: a character, or nothing.
  const source = javaScriptPattern(pattern).replace(/\\[bB]/g, '').replace(/\\.|\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\]/g, 'x');
  for (let at = 0; at < source.length; at++) {
    if (source[at] === '(') open.push({ at, captures: !source.startsWith('(?', at) });
    if (source[at] !== ')') continue;
    const group = open.pop();
    if (group === undefined) continue;
    const outer = open.at(-1);
    if (outer !== undefined) outer.captures ||= group.captures;
    if (isDoubtful(source.slice(group.at, at + 1), source.slice(at + 1), group.captures)) return /\((?!\?)/.test(source);
  }
  return false;
}

/** A group with a capture in it that is repeated, or any that may be taken empty or left out. */
function isDoubtful(group: string, rest: string, captures: boolean): boolean {
  if (captures && /^(?:[*+]|\{)/.test(rest)) return true;
  return /^(?:[*+?]|\{)/.test(rest) && (/\(\?[=!]/.test(group) || new RegExp(`^${group}$`).test(''));
}

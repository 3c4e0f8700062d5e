// What may stand in the headers of backends' answers in place of something else: plain text of URLs, and in those of redirects a
// few variables that no client can put a line end or a quote into. What it is put in place of may be a pattern (`~…`).

import type { Replacement } from '../../route-table/types.js';
import { regexProblem } from '../check-regex.js';
import type { Grammar } from './grammar.js';

export const replacedLocation = /^(?:(?:https?|\$scheme):\/\/(?:[-A-Za-z0-9._~:[\]]|\$(?:host|http_host|server_port)(?![a-z0-9_]))+)?(?:\/[-A-Za-z0-9._~:/?#[\]@!&'()*+,=%]*)?$/;
/** As there with the characters that ingress-nginx has for it, but for a tilde at the beginning: that is a pattern's. */
export const replacedDomain = /^[-._A-Za-z0-9/:][-._~A-Za-z0-9/:]*$/;
export const replacedPath = /^\/[-._~A-Za-z0-9/%!&'()*+:=@?]*$/;
/** In place of what a pattern has found: also what its groups have. */
const groupsToo = /\$[1-9](?![0-9])/g;
/** Captures of the pattern may be in it. */
export const forwardedPrefix = /^(?:[-._~A-Za-z0-9/:]|\$[1-9](?![0-9]))[-._~A-Za-z0-9/:]*(?:\$[1-9](?![0-9])[-._~A-Za-z0-9/:]*)*$/;

/** Off, or two words: what is replaced, and by what. */
export function replacementOf(word: RegExp, form: string): Grammar<Replacement | 'off'> {
  return {
    form: `\`off\`, or ${form} (\`~\` before a pattern) and another one in its place`,
    read: (text) => {
      const words = text.split(/ +/).filter((one) => one !== '');
      if (words.length === 1 && words[0] === 'off') return { value: 'off' };
      const value = { from: words[0]!, to: words[1]! };
      return words.length === 2 && isReplacement(value, word) ? { value } : { problem: `must be off, or ${form} and another one, with a space between` };
    },
  };
}

/** Whether a plain text, or a pattern that can be evaluated in little time, is replaced by a plain text. Both are of characters that `word` allows. */
export function isReplacement({ from, to }: Replacement, word: RegExp): boolean {
  return isReplaced(from, word) && isInstead(to, word);
}

export function isReplaced(text: string, word: RegExp): boolean {
  if (text.length > 1024) return false;
  return text.startsWith('~') ? /^~\*?[^*]/.test(text) && regexProblem(text.replace(/^~\*?/, '')) === undefined : word.test(text);
}

export function isInstead(text: string, word: RegExp): boolean {
  return text.length <= 1024 && (word.test(text.replace(groupsToo, '-')) || word.test(text.replace(groupsToo, '/')));
}

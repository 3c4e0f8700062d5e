// What may stand in the headers of backends' answers in place of something else: plain text of URLs, and in those of redirects a
// few variables that no client can put a line end or a quote into.

import type { Replacement } from '../../route-table/types.js';
import type { Grammar } from './grammar.js';

export const replacedLocation = /^(?:(?:https?|\$scheme):\/\/(?:[-A-Za-z0-9._~:[\]]|\$(?:host|http_host|server_port)(?![a-z0-9_]))+)?(?:\/[-A-Za-z0-9._~:/?#[\]@!&'()*+,=%]*)?$/;
export const replacedDomain = /^\.?[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?$/;
export const replacedPath = /^\/[-._~A-Za-z0-9/%!&'()*+:=@]*$/;
/** Captures of the pattern may be in it. */
export const forwardedPrefix = /^\/[-._~A-Za-z0-9/:]*(?:\$[1-9](?![0-9])[-._~A-Za-z0-9/:]*)*$/;

/** Off, or two words: what is replaced, and by what. */
export function replacementOf(word: RegExp, form: string): Grammar<Replacement | 'off'> {
  return {
    form: `\`off\`, or ${form} and another one in its place`,
    read: (text) => {
      const words = text.split(/ +/).filter((one) => one !== '');
      if (words.length === 1 && words[0] === 'off') return { value: 'off' };
      const sound = words.length === 2 && words.every((one) => one.length <= 1024 && word.test(one));
      return sound ? { value: { from: words[0]!, to: words[1]! } } : { problem: `must be off, or ${form} and another one, with a space between` };
    },
  };
}

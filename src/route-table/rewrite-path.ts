// The path that the backend sees: a rewrite template filled with the captures of the pattern that matched.
// It decides nothing about which route is taken and never touches the query.

import { byteAt, cut } from './text.js';
import { normalizePath } from './normalize-path.js';

const DOLLAR = 36;

/**
 * Fills `$1`…`$9` of a rewrite-target (annotation nginx.ingress.kubernetes.io/rewrite-target) and brings the result into
 * normal form again: a capture such as `/..` must not climb out. A group that does not exist is empty. Undefined when the
 * result has no normal form; the request is then refused.
 */
export function rewritePath(template: string, captures: string[]): string | undefined {
  const result = fillTemplate(template, captures);
  return normalizePath(byteAt(result, 0) === 47 ? result : '/' + result);
}

/** The template with its captures in it, and nothing else done. */
export function fillTemplate(template: string, captures: string[]): string {
  let result = '';
  let at = 0;
  while (at < template.length) {
    const byte = byteAt(template, at);
    const digit = byteAt(template, at + 1) - 48;
    if (byte === DOLLAR && digit >= 1 && digit <= 9) {
      result = result + (captures[digit - 1] ?? '');
      at = at + 2;
    } else {
      result = result + cut(template, at, at + 1);
      at = at + 1;
    }
  }
  return result;
}

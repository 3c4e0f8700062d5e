// The grammars of annotation values that several annotations share. A grammar reads the whole text or says what it should be;
// it never repairs a value and never looks for bad words in it.

import { longestOwnName, ownName } from '../own-object.js';

/** What came of reading a value. A problem completes the sentence "annotation x: …". */
export type Reading<Value> = { value: Value } | { problem: string };

export interface Grammar<Value> {
  /** How the document describes the values. */
  form: string;
  read: (text: string) => Reading<Value>;
}

const yes = /^(?:1|t|T|TRUE|true|True)$/;
const no = /^(?:0|f|F|FALSE|false|False)$/;

/** Booleans as Go's strconv.ParseBool reads them. */
export const flag: Grammar<boolean> = {
  form: '`true` or `false`',
  read: (text) => (yes.test(text) ? { value: true } : no.test(text) ? { value: false } : { problem: 'is neither true nor false' }),
};

/** Whole numbers in decimal, as Go's strconv.Atoi reads them, without a sign. Above `most` they are clamped. */
export function wholeNumber(least: number, most: number, unit = ''): Grammar<number> {
  return {
    form: `whole number ${least}–${most}${unit}`,
    read: (text) => {
      if (!/^[0-9]{1,20}$/.test(text) || Number(text) < least) return { problem: `must be a whole number of at least ${least}, without a unit` };
      return { value: Math.min(Number(text), most) };
    },
  };
}

const units: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Sizes as nginx writes them (`8m`), in bytes. */
export const size: Grammar<number> = {
  form: 'nginx size (`512k`, `8m`, `2g`)',
  read: (text) => {
    const [, digits, unit] = /^([0-9]{1,12})([kKmMgG]?)$/.exec(text) ?? [];
    if (digits === undefined) return { problem: 'must be a size such as 512k, 8m or 2g' };
    return { value: Math.min(Number(digits) * units[unit!.toLowerCase()]!, 2 ** 50) };
  },
};

/** One of a closed list, compared as it stands or, where the original does so, in any case. */
export function oneOf<const Value extends string>(values: readonly Value[], { anyCase = false } = {}): Grammar<Value> {
  return {
    form: values.map((value) => `\`${value}\``).join(', '),
    read: (text) => {
      const found = values.find((value) => value === text || (anyCase && value.toLowerCase() === text.toLowerCase()));
      return found === undefined ? { problem: `must be one of ${values.join(', ')}` } : { value: found };
    },
  };
}

/** A text that matches over its whole length. */
export function textLike(pattern: RegExp, form: string, most = 1024): Grammar<string> {
  return {
    form,
    read: (text) => (text.length <= most && pattern.test(text) ? { value: text } : { problem: `must be ${form}` }),
  };
}

/** What an object may be called, its namespace allowed before it. */
export const configMapName = textLike(ownName, 'the name of a ConfigMap', longestOwnName);
export const secretName = textLike(ownName, 'the name of a Secret', longestOwnName);

/** Members between commas, the space around them ignored; none may be empty, and each must be in `member`. */
export function listOf(member: RegExp, form: string, most = 200): Grammar<string[]> {
  return {
    form: `${form}, separated by commas`,
    read: (text) => {
      const parts = text.split(',').map((part) => part.trim());
      const sound = parts.length <= most && parts.every((part) => part.length <= 256 && member.test(part));
      return sound ? { value: parts } : { problem: `must be ${form}, separated by commas` };
    },
  };
}

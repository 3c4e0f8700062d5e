// Sets of the 128 characters that a path in normal form can hold, as bits: what one element of a pattern matches.

export type Characters = bigint;

export const every: Characters = (1n << 128n) - 1n;
const digits = charactersOf(/[0-9]/);
const spaces = charactersOf(/\s/);
const words = charactersOf(/\w/);

/** What `\d` and its like match, by their letter. */
export const escapes: Readonly<Record<string, Characters | undefined>> = {
  d: digits, D: every & ~digits, s: spaces, S: every & ~spaces, w: words, W: every & ~words,
};

const posix: Readonly<Record<string, RegExp | undefined>> = {
  alnum: /[A-Za-z0-9]/, alpha: /[A-Za-z]/, digit: /[0-9]/, lower: /[A-Za-z]/, upper: /[A-Za-z]/, xdigit: /[0-9A-Fa-f]/,
  punct: /[!-/:-@[-`{-~]/, space: /\s/, word: /\w/,
};

function charactersOf(pattern: RegExp): Characters {
  let set = 0n;
  for (let code = 0; code < 128; code++) if (pattern.test(String.fromCharCode(code))) set |= 1n << BigInt(code);
  return set;
}

/** One character in both cases: patterns are matched without regard to case. */
export function eitherCase(character: string): Characters {
  return (1n << BigInt(character.toLowerCase().charCodeAt(0))) | (1n << BigInt(character.toUpperCase().charCodeAt(0)));
}

/** One element between the brackets of a set. A range can't begin or end with a set of its own. */
const element = /^(?:(\[:\^?[a-z]+:\])(?!-.)|\\([dDsSwW])(?!-.)|(\\.|[^[\\])-(\\.|[^[\\])|(\\.|[^[\\])(?!-\[))/;

/** The characters of a set, `source` being what stands between its brackets; undefined when it is none. */
export function charactersOfSet(source: string): Characters | undefined {
  const negated = source.startsWith('^');
  let rest = source.slice(negated ? 1 : 0);
  let set: Characters = 0n;
  while (rest !== '') {
    const found = element.exec(rest);
    const part = found === null ? undefined : charactersOfElement(found);
    if (part === undefined) return undefined;
    set |= part;
    rest = rest.slice(found![0].length);
  }
  return negated ? every & ~set : set;
}

function charactersOfElement([, group, escape, low, high, single]: RegExpExecArray): Characters | undefined {
  if (group !== undefined) return posixCharacters(group);
  if (escape !== undefined) return escapes[escape];
  return low !== undefined ? range(literal(low), literal(high!)) : one(literal(single!));
}

function posixCharacters(group: string): Characters | undefined {
  const negated = group[2] === '^';
  const pattern = posix[group.slice(negated ? 3 : 2, -2)];
  if (pattern === undefined) return undefined;
  return negated ? every & ~charactersOf(pattern) : charactersOf(pattern);
}

/** The character that a backslash before punctuation stands for; undefined before a letter or a digit. */
function literal(text: string): string | undefined {
  return text.length === 1 ? text : /[A-Za-z0-9]/.test(text[1]!) ? undefined : text[1];
}

function one(character: string | undefined): Characters | undefined {
  return character === undefined ? undefined : eitherCase(character);
}

function range(low: string | undefined, high: string | undefined): Characters | undefined {
  if (low === undefined || high === undefined || low > high) return undefined;
  let set = 0n;
  for (let code = low.charCodeAt(0); code <= high.charCodeAt(0); code++) set |= eitherCase(String.fromCharCode(code));
  return set;
}

// The names that a pattern of nginx's server_name stands for, when they are few: such a pattern is a list, written short. What
// stands for any number of names is none here: a host is looked up, never searched through patterns.

/** As far as the pattern has been read, and what it stands for so far. */
interface Reading {
  text: string;
  at: number;
  /** More are not made. */
  most: number;
}

const digits = [...'0123456789'];
/** One label of any name, in the forms in which it is written: what `*.` is here. */
const anyLabel = /^(?:[^()]+?|\((?:\?:)?[^()]+\))\\\./;
const labels = ['.+', '.*', '[^.]+', '[^.]*', '[a-z0-9-]+', '[a-z0-9\\-]+', '[a-zA-Z0-9-]+', '[\\w-]+', '\\w+'];

/**
 * The names of `~^…$`, in lower case and not judged further; undefined when it is no such pattern, or stands for more than `most`.
 * A dot is a dot, though nginx lets it stand for any character: that is what whoever forgets to escape it means.
 */
export function namesOfPattern(pattern: string, most: number): string[] | undefined {
  const [, body] = /^~\^(.+)\$$/.exec(pattern) ?? [];
  if (body === undefined || pattern.length > 256) return undefined;
  const [label = ''] = anyLabel.exec(body) ?? [];
  const isWild = labels.includes(label.replace(/^\((?:\?:)?|\)?\\\.$/g, ''));
  const reading: Reading = { text: isWild ? body.slice(label.length) : body, at: 0, most };
  // Where any label comes first it is one of all that follows: an alternative to it would be another name.
  const names = isWild ? sequence(reading) : alternatives(reading);
  if (names === undefined || reading.at < reading.text.length) return undefined;
  return [...new Set(names)].map((name) => (isWild ? '*.' : '') + name.toLowerCase());
}

function alternatives(reading: Reading): string[] | undefined {
  const all: string[] = [];
  do {
    const some = sequence(reading);
    if (some === undefined) return undefined;
    all.push(...some);
  } while (taken(reading, '|'));
  return all.length > reading.most ? undefined : all;
}

function sequence(reading: Reading): string[] | undefined {
  let all = [''];
  while (reading.at < reading.text.length && !'|)'.includes(reading.text[reading.at]!)) {
    const some = atom(reading);
    if (some === undefined) return undefined;
    if (taken(reading, '?')) some.push('');
    if (all.length * some.length > reading.most) return undefined;
    all = all.flatMap((start) => some.map((end) => start + end));
  }
  return all;
}

function atom(reading: Reading): string[] | undefined {
  if (taken(reading, '(')) {
    if (!taken(reading, '?:') && reading.text[reading.at] === '?') return undefined;
    const inner = alternatives(reading);
    return taken(reading, ')') ? inner : undefined;
  }
  if (taken(reading, '\\d')) return [...digits];
  if (taken(reading, '\\.') || taken(reading, '.')) return ['.'];
  if (taken(reading, '[')) return members(reading);
  const [letter] = /^\\?-|^[A-Za-z0-9]/.exec(reading.text.slice(reading.at)) ?? [];
  if (letter === undefined) return undefined;
  reading.at += letter.length;
  return [letter.slice(-1)];
}

/** Of a class of characters: letters, digits, ranges of them. */
function members(reading: Reading): string[] | undefined {
  const [whole, inner] = /^((?:[A-Za-z0-9](?:-[A-Za-z0-9])?|\\d)+-?)\]/.exec(reading.text.slice(reading.at)) ?? [];
  if (whole === undefined || inner === undefined) return undefined;
  reading.at += whole.length;
  return [...inner.matchAll(/\\d|([A-Za-z0-9])-([A-Za-z0-9])|[A-Za-z0-9-]/g)].flatMap(([member, from, to]) => {
    if (member === '\\d') return digits;
    return from === undefined || to === undefined ? [member] : between(from.charCodeAt(0), to.charCodeAt(0));
  });
}

function between(from: number, to: number): string[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => String.fromCharCode(from + at)).filter((letter) => /[A-Za-z0-9]/.test(letter));
}

function taken(reading: Reading, text: string): boolean {
  if (!reading.text.startsWith(text, reading.at)) return false;
  reading.at += text.length;
  return true;
}

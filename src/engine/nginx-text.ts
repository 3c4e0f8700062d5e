// The one way a value gets into nginx.conf: quoted, or refused. Everything else in the file is fixed text of the templates.

/** What must not stand in a quoted string of nginx.conf: control bytes, line separators, half characters, quotes, `\`, `$`. */
const FORBIDDEN = /[\p{Cc}\p{Cs}\u2028\u2029"'`\\$]/u;

/** A value as a quoted string of nginx.conf. Throws when the value could be anything but one literal word there. */
export function quote(value: string | number): string {
  const text = typeof value === 'number' ? wholeNumber(value) : value;
  if (FORBIDDEN.test(text)) {
    throw new Error(`nginx.conf: the value ${JSON.stringify(text)} contains a character that must not get there`);
  }
  return `"${text}"`;
}

/** Template of nginx.conf: its text is taken as it stands, every interpolated value goes through quote. */
export function nginxText(fixed: TemplateStringsArray, ...values: (string | number)[]): string {
  return fixed.raw.reduce((text, part, index) => text + quote(values[index - 1]!) + part);
}

function wholeNumber(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`nginx.conf: ${value} is not a whole number`);
  return String(value);
}

// Small values that thousands of Ingresses have alike (the list with their class, the one with their namespace) kept once. What
// is kept here is bounded and decides nothing: two equal values may be one or two.

const most = 4096;
const texts = new Map<string, string>();
const lists = new Map<string, readonly string[]>();
const data = new Map<string, unknown>();
const none: readonly string[] = Object.freeze([]);

/** The same text. */
export function sharedText(text: string): string {
  return remembered(texts, text, () => text);
}

/** For each text the same `<prefix> <text>`. Who asks again costs no new text: one is made, and looked through, only for what is not known. */
export function sharedAfter(prefix: string): (text: string) => string {
  const after = new Map<string, string>();
  return (text) => remembered(after, text, () => `${prefix} ${text}`);
}

/** The same list, to be read only; it takes no more room than it needs. */
export function sharedList(list: readonly string[]): readonly string[] {
  if (list.length === 0) return none;
  return list.length === 1 ? remembered(lists, list[0]!, () => Object.freeze([list[0]!])) : list.slice();
}

/** The same data: what JSON can say, nothing secret, to be read only. `id`: another one for other data; it must not begin as JSON does. */
export function sharedData<Data>(value: Data, id = JSON.stringify(value)): Data {
  return remembered(data as Map<string, Data>, id, () => value);
}

function remembered<Value>(values: Map<string, Value>, key: string, make: () => Value): Value {
  const known = values.get(key);
  if (known !== undefined) return known;
  if (values.size >= most) values.clear();
  const made = make();
  values.set(key, made);
  return made;
}

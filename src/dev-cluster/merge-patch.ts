// JSON merge patch, RFC 7386: null removes, objects merge, everything else replaces. Changes neither argument.
import isPlainObject from 'lodash/isPlainObject.js';

type Fields = Record<string, unknown>;

export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isPlainObject(patch)) return patch;
  // Map to entries and back: assigning a key named __proto__ would change the prototype instead.
  const result = new Map(isPlainObject(target) ? Object.entries(target as Fields) : []);
  for (const [key, value] of Object.entries(patch as Fields)) {
    if (value === null) result.delete(key);
    else result.set(key, mergePatch(result.get(key), value));
  }
  return Object.fromEntries(result);
}

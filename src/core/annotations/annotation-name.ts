// What an annotation's key means: its name after one of the prefixes that count, an old name replaced by the new one, before
// anything else is asked about it. And which keys look like annotations of ingress-nginx under a prefix that does not count.

import { ownPrefix } from './own-annotations.js';
import { annotationRegistry, canonicalName } from './registry.js';

/** What the names of annotations begin with, unless the claim says otherwise. */
export const usualPrefixes: readonly string[] = ['nginx.ingress.kubernetes.io'];

/** The name as it is written, without the prefix; undefined for a key with none of the prefixes. */
export function writtenName(key: string, prefixes: readonly string[]): string | undefined {
  const prefix = prefixes.find((one) => key.startsWith(`${one}/`));
  return prefix === undefined ? undefined : key.slice(prefix.length + 1);
}

/** The canonical name; undefined for a key with none of the prefixes. */
export function annotationName(key: string, prefixes: readonly string[]): string | undefined {
  const name = writtenName(key, prefixes);
  return name === undefined ? undefined : canonicalName(name);
}

/** Whether the key has the name of something that keeps requests out, and is not read here because of its prefix. */
export function isForeignProtection(key: string, prefixes: readonly string[]): boolean {
  const slash = key.indexOf('/');
  if (slash <= 0 || [...prefixes, ownPrefix].includes(key.slice(0, slash))) return false;
  return annotationRegistry.get(canonicalName(key.slice(slash + 1)))?.failMode === 'closed';
}

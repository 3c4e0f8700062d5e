// A class's own values for annotations that an Ingress leaves out. What the Ingress says itself always counts.

import omitBy from 'lodash/omitBy.js';
import { flag } from './annotations/grammar.js';
import { annotationName } from './annotations/annotation-name.js';
import { canonicalName } from './annotations/registry.js';
import { type ClassSettings, settingRegistry } from './class-settings.js';
import type { Ingress } from './kubernetes-objects.js';

/**
 * The Ingress as if it had written the class's defaults, under the first of `prefixes`. An empty value counts as none, as ingress-nginx reads
 * it. Two names of one annotation are one: a default of the one must not join a value of the other.
 */
export function withDefaults(ingress: Ingress, { annotations: defaults, globalAuth }: ClassSettings, prefixes: readonly string[]): Ingress {
  // Most classes have no defaults, and this is asked for each Ingress.
  if (Object.keys(defaults).length === 0 && globalAuth?.['auth-url'] === undefined) return ingress;
  const own = ingress.metadata.annotations ?? {};
  const written = new Set(Object.entries(own).flatMap(([key, value]) => { const name = annotationName(key, prefixes); return name === undefined || value.trim() === '' ? [] : [name]; }));
  const missing = Object.entries(defaults).filter(([name]) => !written.has(canonicalName(name)));
  const isGlobal = globalAuth?.['auth-url'] !== undefined && !leavesGlobalAuth(own, prefixes);
  if (missing.length === 0 && !isGlobal) return ingress;
  const prefixed = (entries: readonly (readonly [string, string])[]): Record<string, string> => Object.fromEntries(entries.map(([name, value]) => [`${prefixes[0]}/${name}`, value]));
  // An empty one beside the default, under another prefix, would be a second value.
  const names = new Set(missing.map(([name]) => canonicalName(name)));
  const said = omitBy(isGlobal ? withoutQuestion(own, prefixes) : own, (value, key) => value.trim() === '' && names.has(annotationName(key, prefixes) ?? ''));
  const annotations = { ...said, ...prefixed(missing), ...(isGlobal ? prefixed(Object.entries(globalAuth!)) : {}) };
  return { ...ingress, metadata: { ...ingress.metadata, annotations } };
}

/** Whether the class's external authentication does not count: the Ingress says so, or asks somebody else, however badly. */
function leavesGlobalAuth(own: Readonly<Record<string, string>>, prefixes: readonly string[]): boolean {
  const named = (name: string): string[] => Object.entries(own).filter(([key]) => annotationName(key, prefixes) === name).map(([, value]) => value.trim());
  const isOff = named('enable-global-auth').map((text) => flag.read(text)).some((enabled) => 'value' in enabled && !enabled.value);
  return named('auth-url').length > 0 || isOff;
}

/** The class's question is one: nothing of it is the Ingress's. */
function withoutQuestion(own: Readonly<Record<string, string>>, prefixes: readonly string[]): Record<string, string> {
  const isOfQuestion = (name: string | undefined): boolean => name === 'auth-proxy-set-headers' || settingRegistry.some((setting) => setting.key === `global-${name ?? ''}`);
  return Object.fromEntries(Object.entries(own).filter(([key]) => !isOfQuestion(annotationName(key, prefixes))));
}

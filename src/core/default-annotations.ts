// A class's own values for annotations that an Ingress leaves out. What the Ingress says itself always counts.

import { flag } from './annotations/grammar.js';
import { canonicalName } from './annotations/registry.js';
import { type ClassSettings, settingRegistry } from './class-settings.js';
import type { Ingress } from './kubernetes-objects.js';

/**
 * The Ingress as if it had written the class's defaults, under `prefix`. An empty value counts as none, as ingress-nginx reads
 * it. Two names of one annotation are one: a default of the one must not join a value of the other.
 */
export function withDefaults(ingress: Ingress, { annotations: defaults, globalAuth }: ClassSettings, prefix: string): Ingress {
  const own = ingress.metadata.annotations ?? {};
  const written = new Set(Object.entries(own).flatMap(([key, value]) => (key.startsWith(`${prefix}/`) && value.trim() !== '' ? [canonicalName(key.slice(prefix.length + 1))] : [])));
  const missing = Object.entries(defaults).filter(([name]) => !written.has(canonicalName(name)));
  const isGlobal = globalAuth?.['auth-url'] !== undefined && !leavesGlobalAuth(own, prefix);
  if (missing.length === 0 && !isGlobal) return ingress;
  const prefixed = (entries: readonly (readonly [string, string])[]): Record<string, string> => Object.fromEntries(entries.map(([name, value]) => [`${prefix}/${name}`, value]));
  const annotations = { ...(isGlobal ? withoutQuestion(own, prefix) : own), ...prefixed(missing), ...(isGlobal ? prefixed(Object.entries(globalAuth!)) : {}) };
  return { ...ingress, metadata: { ...ingress.metadata, annotations } };
}

/** Whether the class's external authentication does not count: the Ingress says so, or asks somebody else, however badly. */
function leavesGlobalAuth(own: Readonly<Record<string, string>>, prefix: string): boolean {
  const enabled = flag.read(own[`${prefix}/enable-global-auth`]?.trim() ?? 'true');
  return own[`${prefix}/auth-url`] !== undefined || ('value' in enabled && !enabled.value);
}

/** The class's question is one: nothing of it is the Ingress's. */
function withoutQuestion(own: Readonly<Record<string, string>>, prefix: string): Record<string, string> {
  return Object.fromEntries(Object.entries(own).filter(([key]) => !key.startsWith(`${prefix}/`) || !settingRegistry.some((setting) => setting.key === `global-${key.slice(prefix.length + 1)}`)));
}

// A class's own values for annotations that an Ingress leaves out. What the Ingress says itself always counts.

import { canonicalName } from './annotations/registry.js';
import type { ClassSettings } from './class-settings.js';
import type { Ingress } from './kubernetes-objects.js';

/**
 * The Ingress as if it had written the class's defaults, under `prefix`. An empty value counts as none, as ingress-nginx reads
 * it. Two names of one annotation are one: a default of the one must not join a value of the other.
 */
export function withDefaults(ingress: Ingress, { annotations: defaults }: ClassSettings, prefix: string): Ingress {
  const own = ingress.metadata.annotations ?? {};
  const written = new Set(Object.entries(own).flatMap(([key, value]) => (key.startsWith(`${prefix}/`) && value.trim() !== '' ? [canonicalName(key.slice(prefix.length + 1))] : [])));
  const missing = Object.entries(defaults).filter(([name]) => !written.has(canonicalName(name)));
  if (missing.length === 0) return ingress;
  const annotations = { ...own, ...Object.fromEntries(missing.map(([name, value]) => [`${prefix}/${name}`, value])) };
  return { ...ingress, metadata: { ...ingress.metadata, annotations } };
}

// A class's own values for annotations that an Ingress leaves out. What the Ingress says itself always counts.

import { annotationPrefix } from './annotations.js';
import type { ClassSettings } from './class-settings.js';
import type { Ingress } from './kubernetes-objects.js';

/** Two names of one annotation (ingress-nginx's aliases): a default of the one must not join a value of the other. */
const alias: Readonly<Record<string, string | undefined>> = { 'whitelist-source-range': 'allowlist-source-range' };

/** The Ingress as if it had written the class's defaults. An empty value counts as none, as ingress-nginx reads it. */
export function withDefaults(ingress: Ingress, { annotations: defaults }: ClassSettings): Ingress {
  const own = ingress.metadata.annotations ?? {};
  const has = (name: string | undefined): boolean => name !== undefined && (own[annotationPrefix + name] ?? '').trim() !== '';
  const missing = Object.entries(defaults).filter(([name]) => !has(name) && !has(alias[name]));
  if (missing.length === 0) return ingress;
  const annotations = { ...own, ...Object.fromEntries(missing.map(([name, value]) => [annotationPrefix + name, value])) };
  return { ...ingress, metadata: { ...ingress.metadata, annotations } };
}

// What the annotations of an Ingress say, and those of its class where they say nothing. Thousands of Ingresses mostly have a few sets of
// annotations between them, so each set is read once. What is remembered is bounded and decides nothing: a set may be read again.

import { annotationName, isForeignProtection, usualPrefixes, writtenName } from './annotations/annotation-name.js';
import { keptElsewhere, ownPrefix } from './annotations/own-annotations.js';
import { type ReadAnnotations, readAnnotations } from './annotations/read-annotations.js';
import type { Claim } from './claim.js';
import { type ClassSettings, defaultSettings } from './class-settings.js';
import { withDefaults } from './default-annotations.js';
import type { Ingress } from './kubernetes-objects.js';

/** `asksItself`: its auth-url is its own, not the class's. To be read only: Ingresses that are annotated alike have the same one. */
export interface ReadWithDefaults extends ReadAnnotations {
  asksItself: boolean;
}

/** Sets of annotations, and keys of annotations, of each class. */
const most = 4096;

interface Known {
  readings: Map<string, ReadWithDefaults>;
  /** By key of an annotation: whether anything depends on it. */
  counts: Map<string, boolean>;
}

/** By the settings and the prefixes that annotations are read with. */
const known = new WeakMap<ClassSettings, WeakMap<readonly string[], Known>>();

/** Without valid settings of the class all is closed. */
export function readWithDefaults(ingress: Ingress, { annotationPrefixes: prefixes = usualPrefixes, settings = defaultSettings }: Pick<Claim, 'annotationPrefixes' | 'settings'>): ReadWithDefaults {
  const { readings, counts } = knownWith(settings, prefixes);
  const id = idOf(ingress.metadata.annotations ?? {}, prefixes, counts);
  const before = readings.get(id);
  if (before !== undefined) return before;
  const read = readAnnotations(withDefaults(ingress, settings, prefixes), prefixes);
  const reading = { ...read, closed: read.closed || settings.closed, asksItself: Object.keys(ingress.metadata.annotations ?? {}).some((key) => annotationName(key, prefixes) === 'auth-url') };
  // A finding names the Ingress.
  if (read.findings.length === 0) remember(readings, id, reading);
  return reading;
}

function knownWith(settings: ClassSettings, prefixes: readonly string[]): Known {
  const ofSettings = known.get(settings) ?? new WeakMap<readonly string[], Known>();
  known.set(settings, ofSettings);
  const one = ofSettings.get(prefixes) ?? { readings: new Map(), counts: new Map() };
  ofSettings.set(prefixes, one);
  return one;
}

/** The same text only for the same annotations that count: as JSON, for a value of one must not look like another annotation. */
function idOf(annotations: Readonly<Record<string, string>>, prefixes: readonly string[], counts: Known['counts']): string {
  const counted: string[] = [];
  for (const key of Object.keys(annotations)) if (isCounted(key, prefixes, counts)) counted.push(key, annotations[key]!);
  return JSON.stringify(counted);
}

function isCounted(key: string, prefixes: readonly string[], counts: Known['counts']): boolean {
  const before = counts.get(key);
  if (before !== undefined) return before;
  const own = writtenName(key, [ownPrefix]);
  const counted = writtenName(key, prefixes) !== undefined || (own !== undefined && !keptElsewhere.has(own)) || isForeignProtection(key, prefixes);
  remember(counts, key, counted);
  return counted;
}

function remember<Value>(values: Map<string, Value>, key: string, value: Value): void {
  if (values.size >= most) values.clear();
  values.set(key, value);
}

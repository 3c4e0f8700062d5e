// Reads an Ingress's annotations by the registry: values that are valid, findings for the rest, and what becomes of the
// Ingress's routes when something can't be carried out.

import { type Finding, finding } from '../finding.js';
import { type Ingress, objectKey } from '../kubernetes-objects.js';
import type { Annotation } from './annotation.js';
import { keptElsewhere, ownPrefix } from './own-annotations.js';
import { annotationName, isForeignProtection, usualPrefixes, writtenName } from './annotation-name.js';
import { type AnnotationValues, annotationRegistry, ownRegistry } from './registry.js';

/** What an Ingress's annotations ask for. */
export interface ReadAnnotations {
  values: AnnotationValues;
  findings: Finding[];
  /** True when something that must keep requests out can't be carried out: every route answers 503. */
  closed: boolean;
  /** False when something can't be carried out that decides where requests go: the Ingress gets no routes. */
  valid: boolean;
}

/**
 * Reads the annotations under any of `prefixes` of one Ingress. An empty value is none, as in ingress-nginx, except for what keeps
 * requests out: there it can't be told from a value that was lost.
 */
export function readAnnotations(ingress: Ingress, prefixes: readonly string[] = usualPrefixes): ReadAnnotations {
  const read: ReadAnnotations = { values: {}, findings: [], closed: false, valid: true };
  const note = (kind: Parameters<typeof finding>[0], message: string): void => {
    read.findings.push(finding(kind, `Ingress ${objectKey(ingress)}`, message));
  };
  readFrom(read, note, { written: writtenNames(ingress, prefixes), registry: annotationRegistry, whose: 'none that ingress-nginx has' });
  readFrom(read, note, { written: writtenNames(ingress, [ownPrefix]), registry: ownRegistry, whose: `none of ${ownPrefix}/` });
  for (const key of Object.keys(ingress.metadata.annotations ?? {}).filter((one) => isForeignProtection(one, prefixes))) {
    note('protection-under-other-prefix', `annotation ${key.slice(0, 120)} keeps nobody out here: annotations of the class begin with ${prefixes.join(' or ')}; write it so, or remove it`);
  }
  return read;
}

interface Source {
  written: ReadonlyMap<string, Written>;
  registry: ReadonlyMap<string, Annotation<unknown>>;
  /** What an unknown name is not. */
  whose: string;
}

function readFrom(read: ReadAnnotations, note: Note, { written, registry, whose }: Source): void {
  for (const [canonical, { name, texts }] of written) {
    const row = registry.get(canonical);
    if (registry === ownRegistry && keptElsewhere.has(canonical)) continue;
    if (row === undefined) note('unknown-annotation', `annotation ${name.slice(0, 63)} is ${whose}; it does nothing, check its spelling`);
    else if (row.grammar === undefined && !texts.every((text) => row.harmless?.includes(text))) noteLeftOut(read, note, name, row);
    else if (row.grammar !== undefined && texts.some((text) => text !== '' || row.failMode === 'closed')) readValue(read, note, { canonical, name, texts, row });
  }
}

interface Written {
  /** As it is written: findings speak of that name. */
  name: string;
  /** Several when an annotation is there under two names or prefixes, with different values. */
  texts: string[];
}

/** What is written, by canonical name. */
function writtenNames(ingress: Ingress, prefixes: readonly string[]): Map<string, Written> {
  const written = new Map<string, Written>();
  for (const [key, value] of Object.entries(ingress.metadata.annotations ?? {})) {
    const name = writtenName(key, prefixes);
    const canonical = annotationName(key, prefixes);
    if (name === undefined || canonical === undefined) continue;
    const texts = written.get(canonical)?.texts ?? [];
    written.set(canonical, { name, texts: [...new Set([...texts, value])] });
  }
  return written;
}

type Note = (kind: Parameters<typeof finding>[0], message: string) => void;

const consequences = {
  open: 'it is left out',
  closed: 'requests are answered with 503 rather than let through without it',
  refuse: 'the Ingress is not served until it is mended',
} as const;

function readValue(read: ReadAnnotations, note: Note, { canonical, name, texts, row }: Written & { canonical: string; row: Annotation<unknown> }): void {
  const reading = texts.length > 1 ? { problem: 'is there under two names or prefixes with different values' } : row.grammar!.read(texts[0]!);
  if ('value' in reading) {
    (read.values as Record<string, unknown>)[canonical] = reading.value;
    return;
  }
  note('invalid-annotation', `annotation ${name}: ${reading.problem}; ${row.failMode === 'open' ? `its default counts (${row.initial})` : consequences[row.failMode]}`);
  fail(read, row);
}

function noteLeftOut(read: ReadAnnotations, note: Note, name: string, row: Annotation<unknown>): void {
  if (row.risk === 'critical') note('refused-annotation', `annotation ${name}: raw configuration is never accepted; express it with other annotations (ingress-arbiter lint --fix proposes some) or remove it`);
  else if (row.failMode === 'closed') note('protection-not-supported', `annotation ${name} is not carried out yet; ${consequences.closed}`);
  else note('unsupported-annotation', `annotation ${name} is not carried out; ${row.failMode === 'refuse' ? 'the Ingress is not served' : 'requests are served without it'}. ${row.note}`);
  fail(read, row);
}

function fail(read: ReadAnnotations, { failMode }: Annotation<unknown>): void {
  if (failMode === 'closed') read.closed = true;
  if (failMode === 'refuse') read.valid = false;
}

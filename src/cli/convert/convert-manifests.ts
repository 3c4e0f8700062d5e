// Rewrites the Ingress and IngressClass objects of a YAML or JSON text from v1beta1 to networking.k8s.io/v1, as edits of
// the source: whatever is not converted stays byte for byte. An object that cannot be converted safely stays as it is.

import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, visit, type Document, type Node, type YAMLMap } from 'yaml';
import { convertApiVersion, convertObject } from './convert-ingress.js';
import { checkAliases, field, type Finding, type Position, type Walk } from './manifest-walk.js';
import { isTooDeep } from './read-text.js';
import { applyEdits, type Edit } from './source-edits.js';

export interface Converted {
  text: string;
  findings: Finding[];
  /** Number of objects rewritten. */
  converted: number;
}

const OLD: Record<string, string[]> = {
  Ingress: ['extensions/v1beta1', 'networking.k8s.io/v1beta1'],
  IngressClass: ['networking.k8s.io/v1beta1'],
};

/** The documents of a text, and what is where in it; or the finding, of severity `fatal`, that there are none. */
export function readDocuments(text: string, fileName: string): { documents: Document.Parsed[]; position: (offset: number) => Position } | { findings: Finding[] } {
  const lines = new LineCounter();
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file: fileName, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const documents = parse(text, lines);
  if (typeof documents === 'string') return { findings: [{ ...position(0), severity: 'fatal', message: documents }] };
  const problem = documents.flatMap((doc) => doc.errors)[0];
  if (problem !== undefined) {
    const message = `this is not valid YAML: ${sentence(problem.message)}; ${advice(text)}`;
    return { findings: [{ ...position(problem.pos[0]), severity: 'fatal', message }] };
  }
  return { documents, position };
}

/** Pure. A text that is no YAML comes back unchanged with one finding of severity `fatal`. */
export function convertManifests(text: string, fileName: string): Converted {
  const read = readDocuments(text, fileName);
  if ('findings' in read) return { text, converted: 0, findings: read.findings };
  const { documents, position } = read;
  const results = documents.map((doc) => convertDocument({
    text, doc, position, edits: [], findings: [], roles: new Map(), followed: new Set(), direct: new Set(), subject: '',
  }));
  return {
    text: applyEdits(text, results.flatMap((result) => result.edits)),
    findings: results.flatMap((result) => result.findings),
    converted: results.reduce((sum, result) => sum + result.converted, 0),
  };
}

const TOO_DEEP = 'this is nested too deeply to be a manifest; nothing is converted';

function parse(text: string, lineCounter: LineCounter): Document.Parsed[] | string {
  if (isTooDeep(text)) return TOO_DEEP;
  try {
    const documents = parseAllDocuments(text, { lineCounter, keepSourceTokens: true, prettyErrors: false });
    return Array.isArray(documents) ? documents : [];
  } catch (error) {
    if (error instanceof RangeError) return TOO_DEEP;
    throw error;
  }
}

function sentence(message: string): string {
  return message.split('\n')[0]!.replace(/[.:]$/, '');
}

function advice(text: string): string {
  return text.includes('{{') ? 'it looks like a template: render it first (helm template …)' : 'correct it, then convert';
}

interface DocumentResult { edits: Edit[]; findings: Finding[]; converted: number }

function convertDocument(walk: Walk): DocumentResult {
  const findings: Finding[] = [];
  let edits: Edit[] = [];
  let converted = 0;
  let refused = 0;
  for (const { node, kind, convert } of oldObjects(walk.doc)) {
    walk.edits = [];
    walk.findings = [];
    walk.subject = subjectOf(walk.doc, node, kind);
    convert(walk);
    findings.push(...walk.findings);
    if (walk.findings.some((finding) => finding.severity === 'error')) refused += 1;
    else {
      edits.push(...walk.edits);
      converted += kind.endsWith('List') ? 0 : 1;
    }
  }
  if (edits.length === 0 && refused === 0) return { edits, findings, converted };
  walk.edits = edits;
  walk.findings = [];
  checkAliases(walk);
  // Where parts are shared, one refused object may own what another one needs: then the whole document stays.
  if (walk.findings.length > 0 || (refused > 0 && hasAlias(walk.doc))) [edits, converted] = [[], 0];
  return { edits, findings: [...findings, ...walk.findings], converted };
}

interface OldObject { node: Node; kind: string; convert: (walk: Walk) => void }

/** The objects of a document that are in an old form: the document itself, or the items of a list. */
function oldObjects(doc: Document.Parsed): OldObject[] {
  const root = doc.contents as Node | null;
  if (!isMap(root)) return [];
  const kind = textOf(doc, root, 'kind');
  const version = textOf(doc, root, 'apiVersion');
  if (!kind.endsWith('List')) return isOld(kind, version) ? [object(root, kind)] : [];
  const itemKind = kind.slice(0, -'List'.length);
  const items = deref(doc, field(root, 'items')?.value ?? null);
  const found = isSeq(items) ? (items.items as Node[]).flatMap((item) => {
    const map = deref(doc, item);
    if (!isMap(map)) return [];
    const own = textOf(doc, map, 'kind') || itemKind;
    const ownVersion = textOf(doc, map, 'apiVersion') || (itemKind === '' ? '' : version);
    return isOld(own, ownVersion) ? [object(item, own)] : [];
  }) : [];
  if (!isOld(itemKind, version)) return found;
  return [{ node: root, kind, convert: (walk: Walk) => { convertApiVersion(walk, root); } }, ...found];
}

function object(node: Node, kind: string): OldObject {
  return { node, kind, convert: (walk) => { convertObject(walk, node, kind); } };
}

function isOld(kind: string, version: string): boolean {
  return Object.hasOwn(OLD, kind) && OLD[kind]!.includes(version);
}

function deref(doc: Document.Parsed, node: Node | null): Node | null {
  return isAlias(node) ? node.resolve(doc) ?? null : node;
}

/** A text field, also one that a merge key brings in; '' when there is none. */
function textOf(doc: Document.Parsed, map: YAMLMap, name: string): string {
  const merged = deref(doc, field(map, '<<')?.value ?? null);
  const sources = isSeq(merged) ? (merged.items as Node[]).map((item) => deref(doc, item)) : [merged];
  for (const source of [map, ...sources]) {
    const value = isMap(source) ? deref(doc, field(source, name)?.value ?? null) : null;
    if (isScalar(value)) return typeof value.value === 'string' ? value.value : '';
  }
  return '';
}

function subjectOf(doc: Document.Parsed, node: Node, kind: string): string {
  const map = deref(doc, node);
  const metadata = isMap(map) ? deref(doc, field(map, 'metadata')?.value ?? null) : null;
  if (!isMap(metadata)) return kind;
  const namespace = textOf(doc, metadata, 'namespace');
  return `${kind} ${namespace === '' ? '' : namespace + '/'}${textOf(doc, metadata, 'name') || '(no name)'}`;
}

function hasAlias(doc: Document.Parsed): boolean {
  let found = false;
  visit(doc, { Alias: () => { found = true; return visit.BREAK; } });
  return found;
}

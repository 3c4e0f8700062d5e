// Reads manifests from files into what the core takes: a snapshot of only these objects, and where each one begins. Old forms
// are converted first, as the API server of their time would have stored them. It judges nothing.

import { LineCounter, isMap, isSeq, parseAllDocuments, type Document, type Node } from 'yaml';
import type { ObjectMeta, Secret } from '../../core/kubernetes-objects.js';
import { objectKey } from '../../core/kubernetes-objects.js';
import { type Snapshot, emptySnapshot } from '../../core/snapshot.js';
import { convertManifests } from '../convert/convert-manifests.js';
import { decodeText, readBounded, reason } from '../convert/read-text.js';
import { checkManifest } from './manifest-shape.js';

/** Where something begins; line and column count from 1. */
export interface Position {
  file: string;
  line: number;
  column: number;
}

export interface ReadProblem extends Position {
  message: string;
}

/** One object that the files define more than once; the last one counts, as with kubectl apply. */
export interface Repetition {
  /** Kind and key: `Ingress shop/web`. */
  object: string;
  counts: Position;
  ignored: Position;
}

export interface ReadManifests {
  snapshot: Snapshot;
  /** Where each object begins, by kind and key: `Ingress shop/web`. */
  positions: Map<string, Position>;
  repetitions: Repetition[];
  problems: ReadProblem[];
}

interface Manifest {
  apiVersion?: unknown;
  kind?: unknown;
  metadata?: ObjectMeta;
  items?: unknown[];
}

const kinds: Readonly<Record<string, keyof Snapshot | undefined>> = {
  'networking.k8s.io/v1 Ingress': 'ingresses',
  'networking.k8s.io/v1 IngressClass': 'ingressClasses',
  'v1 Service': 'services',
  'discovery.k8s.io/v1 EndpointSlice': 'endpointSlices',
  'v1 Secret': 'secrets',
  'v1 Namespace': 'namespaces',
  'v1 ConfigMap': 'configMaps',
};

const clusterScoped: ReadonlySet<keyof Snapshot> = new Set(['ingressClasses', 'namespaces']);

/** `file:line:column`, as editors and terminals understand it. */
export function renderPosition({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}

/** Reads each file (`-` is standard input); one that cannot be read is a problem and hurts no other. */
export function readManifests(files: readonly string[]): ReadManifests {
  const result: ReadManifests = { snapshot: emptySnapshot(), positions: new Map(), repetitions: [], problems: [] };
  for (const file of files) {
    try {
      readText(file === '-' ? 'stdin' : file, decodeText(readBounded(file === '-' ? '/dev/stdin' : file)), result);
    } catch (error) {
      result.problems.push({ file, line: 1, column: 1, message: reason(error) });
    }
  }
  return result;
}

function readText(file: string, text: string, result: ReadManifests): void {
  const converted = convertManifests(text, file);
  for (const { line, column, message, severity } of converted.findings) {
    if (severity !== 'warning') result.problems.push({ file, line, column, message });
  }
  if (converted.findings.some(({ severity }) => severity === 'fatal')) return;
  // What is converted stays where it was, document by document and item by item, so positions are those of the file as it is.
  const lineCounter = new LineCounter();
  const asWritten = parse(text, lineCounter);
  const documents = converted.text === text ? asWritten : parse(converted.text);
  documents.forEach((document, at) => {
    if (document.errors.length > 0) return;
    const root = (asWritten[at]?.contents ?? null) as Node | null;
    const place = (node: Node | null): Position => {
      const { line, col } = lineCounter.linePos(node?.range?.[0] ?? 0);
      return { file, line: Math.max(1, line), column: Math.max(1, col) };
    };
    addManifest(withoutEmptyFields(document.toJS({ maxAliasCount: 100 })) as Manifest | null, { root, place }, result);
  });
}

function parse(text: string, lineCounter?: LineCounter): Document.Parsed[] {
  const documents = parseAllDocuments(text, { uniqueKeys: false, ...(lineCounter && { lineCounter }) });
  return Array.isArray(documents) ? documents : [];
}

/** An empty field (`rules:`) is no field, as for the API server. */
function withoutEmptyFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyFields);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null).map(([key, field]) => [key, withoutEmptyFields(field)]));
}

/** Where a manifest is written. */
interface Source {
  root: Node | null;
  place(node: Node | null): Position;
}

function addManifest(manifest: Manifest | null, { root, place }: Source, result: ReadManifests): void {
  if (manifest === null || typeof manifest !== 'object') return;
  if (Array.isArray(manifest.items)) {
    const items = isMap(root) ? root.get('items', true) : undefined;
    manifest.items.forEach((item, at) => addManifest(item as Manifest, { root: (isSeq(items) ? items.items[at] as Node : root), place }, result));
    return;
  }
  const collection = kinds[`${String(manifest.apiVersion)} ${String(manifest.kind)}`];
  if (collection === undefined) return;
  const shape = shapeProblem(manifest);
  if (shape === undefined) addObject(manifest as { kind: string; metadata: ObjectMeta }, collection, place(root), result);
  else result.problems.push({ ...place(root), message: shape });
}

function addObject(object: { kind: string; metadata: ObjectMeta }, collection: keyof Snapshot, position: Position, result: ReadManifests): void {
  if (!clusterScoped.has(collection)) object.metadata.namespace ??= 'default';
  const key = objectKey(object);
  const name = `${object.kind} ${key}`;
  const earlier = result.positions.get(name);
  if (earlier !== undefined) result.repetitions.push({ object: name, counts: position, ignored: earlier });
  if (collection === 'secrets') addSecret(result.snapshot, key, object);
  else (result.snapshot[collection] as Map<string, unknown>).set(key, object);
  result.positions.set(name, position);
}

/** A Secret as the API server keeps it: with a type, its plain text encoded. */
function addSecret({ secrets, passwordSecrets }: Snapshot, key: string, { stringData = {}, ...secret }: Secret & { stringData?: Record<string, unknown> }): void {
  const encoded = Object.entries(stringData).map(([name, text]) => [name, Buffer.from(String(text)).toString('base64')]);
  const stored: Secret = { ...secret, type: secret.type ?? 'Opaque', data: { ...secret.data, ...Object.fromEntries(encoded) as Record<string, string> } };
  ((stored.type === 'Opaque' ? passwordSecrets : secrets) as Map<string, Secret>).set(key, stored);
}

function shapeProblem(manifest: Manifest): string | undefined {
  const [error] = checkManifest(manifest);
  if (error === undefined) return undefined;
  const { instancePath, message } = error;
  return `${String(manifest.kind)} ${String(manifest.metadata?.name ?? '(without a name)')}: ${instancePath.slice(1).replaceAll('/', '.')} ${message}`;
}

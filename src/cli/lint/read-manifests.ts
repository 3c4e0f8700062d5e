// Reads manifests from files into what the core takes: a snapshot of only these objects. Old forms are converted first, as
// the API server of their time would have stored them. It judges nothing.

import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { ObjectMeta, Secret } from '../../core/kubernetes-objects.js';
import { objectKey } from '../../core/kubernetes-objects.js';
import { type Snapshot, emptySnapshot } from '../../core/snapshot.js';
import { convertManifests } from '../convert/convert-manifests.js';
import { isManifest } from './manifest-shape.js';

export interface ReadProblem {
  file: string;
  message: string;
}

export interface ReadManifests {
  snapshot: Snapshot;
  /** The file that each Ingress comes from, by key. */
  files: Map<string, string>;
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
};

const clusterScoped: ReadonlySet<keyof Snapshot> = new Set(['ingressClasses', 'namespaces']);

/** Reads each file; one that cannot be read is a problem and hurts no other. */
export function readManifests(files: readonly string[]): ReadManifests {
  const result: ReadManifests = { snapshot: emptySnapshot(), files: new Map(), problems: [] };
  for (const file of files) {
    try {
      readFile(file, result);
    } catch (error) {
      result.problems.push({ file, message: (error as Error).message });
    }
  }
  return result;
}

function readFile(file: string, result: ReadManifests): void {
  const converted = convertManifests(readFileSync(file, 'utf8'), file);
  for (const { line, column, message, severity } of converted.findings) {
    if (severity !== 'warning') result.problems.push({ file: `${file}:${line}:${column}`, message });
  }
  for (const document of parseAllDocuments(converted.text, { uniqueKeys: false })) {
    if (document.errors.length === 0) addManifest(withoutEmptyFields(document.toJS({ maxAliasCount: 100 })) as Manifest | null, file, result);
  }
}

/** An empty field (`rules:`) is no field, as for the API server. */
function withoutEmptyFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyFields);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null).map(([key, field]) => [key, withoutEmptyFields(field)]));
}

function addManifest(manifest: Manifest | null, file: string, result: ReadManifests): void {
  if (manifest === null || typeof manifest !== 'object') return;
  if (Array.isArray(manifest.items)) {
    for (const item of manifest.items) addManifest(item as Manifest, file, result);
    return;
  }
  const place = kinds[`${String(manifest.apiVersion)} ${String(manifest.kind)}`];
  if (place === undefined) return;
  const shape = shapeProblem(manifest);
  if (shape !== undefined) {
    result.problems.push({ file, message: shape });
    return;
  }
  const { metadata } = manifest as { metadata: ObjectMeta };
  if (!clusterScoped.has(place)) metadata.namespace ??= 'default';
  const object = manifest as { metadata: ObjectMeta };
  if (place === 'secrets') addSecret(asStored(manifest as Secret), result.snapshot);
  else (result.snapshot[place] as Map<string, unknown>).set(objectKey(object), object);
  if (place === 'ingresses') result.files.set(objectKey(object), file);
}

function addSecret(secret: Secret, { secrets, passwordSecrets }: Snapshot): void {
  ((secret.type === 'Opaque' ? passwordSecrets : secrets) as Map<string, Secret>).set(objectKey(secret), secret);
}

/** A Secret as the API server keeps it: with a type, its plain text encoded. */
function asStored({ stringData = {}, ...secret }: Secret & { stringData?: Record<string, string> }): Secret {
  const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(String(text)).toString('base64')]);
  return { ...secret, type: secret.type ?? 'Opaque', data: { ...secret.data, ...Object.fromEntries(encoded) as Record<string, string> } };
}

function shapeProblem(manifest: Manifest): string | undefined {
  if (isManifest(manifest)) return undefined;
  const { instancePath, message } = isManifest.errors![0]!;
  return `${String(manifest.kind)} ${String(manifest.metadata?.name ?? '(without a name)')}: ${instancePath.slice(1).replaceAll('/', '.')} ${message}`;
}

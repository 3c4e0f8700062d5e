// Kubernetes objects as the plain JSON they arrive as: unknown fields stay, dates stay strings, nothing is deserialised
// into classes. Only what every kind has in common is typed here.

import { sharedText } from '../core/shared-values.js';

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  [field: string]: unknown;
}

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/** One kind of object and where the API serves it. `group` is '' for the core group. */
export interface Resource {
  group: string;
  version: string;
  plural: string;
  /** Checked against every answer: a list of another kind is not a list of this one. */
  kind: string;
}

export interface ObjectRef {
  resource: Resource;
  namespace?: string;
  name: string;
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** 'ns/name', or 'name' for cluster-scoped objects. Neither part can contain a slash. */
export function objectKey(meta: { namespace?: string; name: string }): string {
  return meta.namespace ? `${meta.namespace}/${meta.name}` : meta.name;
}

const apiVersions = new WeakMap<Resource, string>();

export function apiVersionOf(resource: Resource): string {
  const known = apiVersions.get(resource) ?? (resource.group === '' ? resource.version : `${resource.group}/${resource.version}`);
  apiVersions.set(resource, known);
  return known;
}

/** Whether this is an object that can be kept: it has the identity and the version that every stored object has. */
export function isStoredObject(value: unknown): value is KubeObject {
  const meta = (value as KubeObject | null | undefined)?.metadata;
  return typeof meta === 'object' && meta !== null && isText(meta.name) && isText(meta.uid) && isText(meta.resourceVersion);
}

interface ManagedFields {
  manager?: string;
  subresource?: string;
  time?: string;
  fieldsV1?: { 'f:status'?: { 'f:loadBalancer'?: Record<string, unknown> } };
}

/**
 * Who wrote the status last: the manager to whom the API server ascribes the load balancer's addresses, else the last one
 * to write anything in the status. Undefined when the server keeps no managers, or nobody has written a status.
 */
export function statusWriterOf({ metadata }: KubeObject): string | undefined {
  const fields = metadata['managedFields'];
  if (!Array.isArray(fields)) return undefined;
  const writers = (fields as ManagedFields[]).filter((entry) => entry?.subresource === 'status' && isText(entry.manager));
  const owners = writers.filter(({ fieldsV1 }) => fieldsV1?.['f:status']?.['f:loadBalancer']?.['f:ingress'] !== undefined);
  const candidates = owners.length > 0 ? owners : writers;
  return candidates.reduce<ManagedFields | undefined>((last, one) => (last === undefined || (one.time ?? '') >= (last.time ?? '') ? one : last), undefined)?.manager;
}

/** Drops what nobody here reads and what makes up more than half of a stored object. Changes the object in place. */
export function stripBulk(object: KubeObject, resource: Resource): KubeObject {
  // Only of Ingresses it is asked who wrote the status, and only that one name is kept of all the managers.
  if (resource.kind === 'Ingress') {
    const writer = statusWriterOf(object);
    if (writer !== undefined) object.metadata['statusWriter'] = sharedText(writer);
  }
  object.metadata = without(object.metadata, 'managedFields');
  if (object.metadata.annotations) object.metadata.annotations = without(object.metadata.annotations, LAST_APPLIED);
  // Items of a list carry neither; filled in so that listed and watched objects look the same. One text for all: each object would keep its own.
  object.apiVersion = oneText(object.apiVersion, apiVersionOf(resource));
  object.kind = oneText(object.kind, resource.kind);
  return object;
}

function oneText(text: string | undefined, usual: string): string {
  return text === undefined || text === usual ? usual : text;
}

/** A copy without one field. Where a field is deleted, V8 keeps the object as a hash table, several times as large. */
function without<Fields extends Record<string, unknown>>(fields: Fields, name: string): Fields {
  const restOf = ({ [name]: _gone, ...rest }: Fields): Omit<Fields, string> => rest;
  return restOf(fields) as Fields;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

// What a real API server demands of every object's metadata, on create and on update.
import type { KubeObject, ObjectMeta, ResourceType } from './resources.js';
import type { FieldError } from './field-error.js';
import { forbiddenValue, immutable, invalidFor, invalidValue, requiredValue } from './field-error.js';
import { dns1035Label, dns1123Label, dns1123Subdomain, labelValue, pathSegmentName, qualifiedName } from './name-rules.js';

/** All annotations of an object together, keys and values. */
const MAX_ANNOTATION_BYTES = 256 * 1024;

export function validateMetadata(type: ResourceType, object: KubeObject): FieldError[] {
  const { metadata } = object;
  return [
    ...validateName(type, metadata),
    ...(type.namespaced && metadata.namespace !== undefined ? invalidFor('metadata.namespace', metadata.namespace, dns1123Label(metadata.namespace)) : []),
    ...validateLabels('metadata.labels', metadata.labels),
    ...validateAnnotations(metadata.annotations),
    ...(metadata.finalizers ?? []).flatMap((name) => invalidFor('metadata.finalizers', name, qualifiedName(name))),
  ];
}

function validateName(type: ResourceType, metadata: ObjectMeta): FieldError[] {
  if (metadata.name === undefined || metadata.name === '') return [requiredValue('metadata.name', 'name or generateName is required')];
  return invalidFor('metadata.name', metadata.name, nameRule(type)(metadata.name));
}

function nameRule(type: ResourceType): (name: string) => string[] {
  if (type.kind === 'Namespace') return dns1123Label;
  if (type.group === 'rbac.authorization.k8s.io') return pathSegmentName;
  return type.kind === 'Service' ? dns1035Label : dns1123Subdomain;
}

export function validateLabels(field: string, labels: Record<string, string> | undefined): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...invalidFor(field, key, qualifiedName(key)),
    ...invalidFor(field, value, labelValue(value)),
  ]);
}

function validateAnnotations(annotations: Record<string, string> | undefined): FieldError[] {
  const entries = Object.entries(annotations ?? {});
  // Keys may be in upper case in an annotation's prefix: a real server lowers them before it looks.
  const errors = entries.flatMap(([key]) => invalidFor('metadata.annotations', key, qualifiedName(key.toLowerCase())));
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (bytes <= MAX_ANNOTATION_BYTES) return errors;
  return [...errors, { field: 'metadata.annotations', reason: 'FieldValueTooLong', body: `Too long: may not be more than ${MAX_ANNOTATION_BYTES} bytes` }];
}

/** `updated` has passed keepServerFields already, so what only the server may set is right. */
export function validateMetadataUpdate(updated: KubeObject, live: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  if (updated.metadata.name !== live.metadata.name) errors.push(immutable('metadata.name', updated.metadata.name));
  if (live.metadata.deletionTimestamp !== undefined) {
    const added = (updated.metadata.finalizers ?? []).filter((name) => !(live.metadata.finalizers ?? []).includes(name));
    if (added.length > 0) {
      errors.push(forbiddenValue('metadata.finalizers', `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`));
    }
  }
  return errors;
}

/** Kinds whose PUT must say which version it replaces. */
export function validateResourceVersionGiven(type: ResourceType, updated: KubeObject): FieldError[] {
  const given = updated.metadata.resourceVersion;
  if (type.kind !== 'Lease' || (given !== undefined && given !== '')) return [];
  return [{ ...invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'), body: 'Invalid value: 0x0: must be specified for an update' }];
}

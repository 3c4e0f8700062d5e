// Reads and writes metadata.managedFields: which manager set which fields, how and when.
// Decides nothing about merging or conflicts.
import type { KubeObject } from './resources.js';
import { without } from './field-access.js';
import type { FieldSet } from './field-set.js';
import { fieldSetFromFieldsV1, fieldsV1FromFieldSet } from './field-set.js';

export interface Manager {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource: string;
  time: string;
  fields: FieldSet;
}

interface Entry {
  manager?: string; operation?: string; apiVersion?: string; time?: string; fieldsType?: string; fieldsV1?: unknown; subresource?: string;
}

/** Undefined when the object carries no managedFields at all; empty when somebody reset them with [] or [{}]. */
export function managersOf(object: KubeObject | undefined): Manager[] | undefined {
  const entries = object?.metadata.managedFields as Entry[] | undefined;
  if (!Array.isArray(entries)) return undefined;
  return entries.filter((entry) => entry.operation === 'Apply' || entry.operation === 'Update').map((entry) => ({
    manager: entry.manager ?? '',
    operation: entry.operation as Manager['operation'],
    apiVersion: entry.apiVersion ?? '',
    subresource: entry.subresource ?? '',
    time: entry.time ?? '',
    fields: fieldSetFromFieldsV1(entry.fieldsV1),
  }));
}

/** A copy of the object that carries these managers, those without fields left out. */
export function withManagers(object: KubeObject, managers: readonly Manager[]): KubeObject {
  const sortKey = (manager: Manager): string => [manager.operation, manager.time, manager.manager, manager.subresource].join('\u0000');
  const entries = managers.filter((manager) => manager.fields.size > 0)
    .sort((left, right) => (sortKey(left) < sortKey(right) ? -1 : 1))
    .map((manager): Entry => ({
      manager: manager.manager,
      operation: manager.operation,
      apiVersion: manager.apiVersion,
      ...(manager.time === '' ? {} : { time: manager.time }),
      fieldsType: 'FieldsV1',
      fieldsV1: fieldsV1FromFieldSet(manager.fields),
      ...(manager.subresource === '' ? {} : { subresource: manager.subresource }),
    }));
  const metadata = without(object.metadata, 'managedFields');
  return { ...object, metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries } };
}

/** As a real server names a manager in a conflict. */
export function printManager(manager: Manager): string {
  const subresource = manager.subresource === '' ? '' : ` with subresource ${JSON.stringify(manager.subresource)}`;
  const written = manager.operation === 'Apply' ? '' : ` using ${manager.apiVersion}${manager.time === '' ? '' : ` at ${manager.time}`}`;
  return `${JSON.stringify(manager.manager)}${subresource}${written}`;
}

export const sameFields = (left: FieldSet, right: FieldSet): boolean => left.size === right.size && [...left].every((path) => right.has(path));

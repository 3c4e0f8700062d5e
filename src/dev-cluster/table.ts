// Prints objects the way `kubectl get` shows them: the meta.k8s.io/v1 Table that a real server would answer.
// Pure; it filters and sorts nothing, and `now` is an argument.
import type { KubeObject, ResourceType } from './resources.js';
import type { Column } from './table-columns.js';
import { columnsOf } from './table-columns.js';

export interface TableOptions {
  listResourceVersion: string;
  continueToken?: string;
  /** The query parameter includeObject: None, Metadata (also when empty) or Object. */
  includeObject: string;
  /** Only the first Table of a watch carries columnDefinitions. */
  withColumns: boolean;
  /** Milliseconds since the epoch. */
  now: number;
}

export function renderTable(type: ResourceType, objects: readonly KubeObject[], options: TableOptions): object {
  const columns = columnsOf(type);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: {
      resourceVersion: options.listResourceVersion,
      ...(options.continueToken ? { continue: options.continueToken } : {}),
    },
    columnDefinitions: options.withColumns ? columns.map(definitionOf) : null,
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, options.now)),
      ...rowObject(object, options.includeObject),
    })),
  };
}

function definitionOf(column: Column): object {
  return {
    name: column.name,
    type: column.type ?? 'string',
    format: column.name === 'Name' ? 'name' : '',
    description: column.description,
    priority: column.wide ? 1 : 0,
  };
}

function rowObject(object: KubeObject, include: string): object {
  if (include === 'None') return {};
  if (include === 'Object') return { object };
  return { object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata } };
}

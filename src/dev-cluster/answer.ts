// Writes answers: JSON by default, a Table or metadata only when the client's Accept asks for it.
import type { Request, Response } from 'express';
import { stringify } from 'yaml';
import type { KubeObject, ResourceType } from './resources.js';
import type { ListResult } from './list-objects.js';
import { renderTable } from './table.js';
import { viewOf } from './event-views.js';

export type Shape = 'object' | 'table' | 'metadata';

/** What the Accept header asks objects to be answered as. */
export function shapeFrom(accept: string | undefined): Shape {
  for (const choice of (accept ?? '').split(',')) {
    const [media, ...parameters] = choice.split(';').map((part) => part.trim());
    if (media !== 'application/json' && media !== '*/*') continue;
    if (parameters.includes('as=Table') && parameters.includes('v=v1')) return 'table';
    if (parameters.some((each) => each === 'as=PartialObjectMetadata' || each === 'as=PartialObjectMetadataList')) return 'metadata';
    return 'object';
  }
  return 'object';
}

export function send(req: Request, res: Response, { code, body }: { code: number; body: object }): void {
  res.status(code);
  if (/^application\/yaml\b/.test(req.headers.accept ?? '')) res.type('application/yaml').send(stringify(body));
  else res.type('application/json').send(JSON.stringify(body));
}

const metadataOnly = (object: KubeObject): object => ({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata });

export function oneObject(req: Request, type: ResourceType, stored: KubeObject): object {
  const object = viewOf(type, stored);
  switch (shapeFrom(req.headers.accept)) {
    case 'table': return renderTable(type, [object], { ...tableOptions(req), listResourceVersion: object.metadata.resourceVersion ?? '' });
    case 'metadata': return metadataOnly(object);
    default: return object;
  }
}

export function manyObjects(req: Request, type: ResourceType, list: ListResult): object {
  const objects = list.objects.map((object) => viewOf(type, object));
  const metadata = {
    resourceVersion: list.resourceVersion,
    ...(list.continueToken === undefined ? {} : { continue: list.continueToken }),
    ...(list.remaining === undefined ? {} : { remainingItemCount: list.remaining }),
  };
  switch (shapeFrom(req.headers.accept)) {
    case 'table': {
      const options = { ...tableOptions(req), listResourceVersion: list.resourceVersion, continueToken: list.continueToken ?? '' };
      return { ...renderTable(type, objects, options), metadata };
    }
    case 'metadata': return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: objects.map(metadataOnly) };
    default: return { kind: `${type.kind}List`, apiVersion: apiVersionOf(type), metadata, items: objects };
  }
}

/** One object inside a watch event. */
export function watchedObject(req: Request, type: ResourceType, seen: { object: KubeObject; first: boolean }): object {
  const object = viewOf(type, seen.object);
  switch (shapeFrom(req.headers.accept)) {
    case 'table': return renderTable(type, [object], { ...tableOptions(req), withColumns: seen.first, listResourceVersion: object.metadata.resourceVersion ?? '' });
    case 'metadata': return metadataOnly(object);
    default: return object;
  }
}

export const apiVersionOf = (type: ResourceType): string => (type.group === '' ? type.version : `${type.group}/${type.version}`);

function tableOptions(req: Request): { includeObject: string; withColumns: boolean; now: number } {
  return { includeObject: queryText(req, 'includeObject'), withColumns: true, now: Date.now() };
}

/** A query parameter given twice counts once, as in Go. */
export function queryText(req: Request, name: string): string {
  const value = req.query[name];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : '';
}

export const queryFlag = (req: Request, name: string): boolean => ['true', '1'].includes(queryText(req, name));

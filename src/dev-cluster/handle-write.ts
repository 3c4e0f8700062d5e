// POST, PUT and DELETE: decodes, lets the writer decide, answers. PATCH is in handle-patch.
import type { Request, Response } from 'express';
import type { KubeObject } from './resources.js';
import type { Target } from './request-target.js';
import type { ServerContext } from './server-context.js';
import type { WriteOptions } from './object-writer.js';
import { manyObjects, oneObject, queryText, send } from './answer.js';
import { decodeBody, objectFrom, refusing } from './decode-body.js';
import { storedFrom } from './event-views.js';
import { listObjects } from './list-objects.js';
import { selectionFrom } from './handle-read.js';
import { deploymentWithScale, scaleFromDeployment } from './scale.js';
import { judgeUnknownFields, warnAbout } from './warnings.js';
import { badRequest } from './status-error.js';

export interface Exchange { req: Request; res: Response }
export type NamedTarget = Target & { name: string };

/** Kinds that a PUT may create, as on a real API server. */
export const createdByPut = ['Lease', 'Service', 'Event'];

/** The manager of a write that names none is the program that sent it. */
export function writeOptions(req: Request): WriteOptions {
  const dryRun = queryText(req, 'dryRun');
  if (dryRun !== '' && dryRun !== 'All') throw badRequest(`dryRun: Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`);
  const program = (req.headers['user-agent'] ?? '').split('/')[0]!;
  return { manager: queryText(req, 'fieldManager') || program || 'unknown', dryRun: dryRun === 'All' };
}

/** The object in the body, in its stored form. */
export function givenObject({ type, namespace, name }: Target, http: Exchange, body: Record<string, unknown>): KubeObject {
  const { object, unknown } = objectFrom(type, body, { namespace, name });
  judgeUnknownFields(http, type, unknown);
  return storedFrom(type, object);
}

export function handleCreate(context: ServerContext, target: Target, { req, res }: Exchange): KubeObject {
  const given = givenObject(target, { req, res }, decodeBody(req.body as Buffer, req.headers['content-type']));
  const created = context.writer.create(target.type, given, writeOptions(req));
  warnAbout(res, created);
  send(req, res, { code: 201, body: oneObject(req, target.type, created) });
  return created;
}

export function handleReplace(context: ServerContext, target: NamedTarget, { req, res }: Exchange): KubeObject {
  const { type, subresource } = target;
  const body = decodeBody(req.body as Buffer, req.headers['content-type']);
  if (subresource === 'scale') return replaceScale(context, target, { exchange: { req, res }, scale: body as KubeObject });
  const wanted = givenObject(target, { req, res }, body);
  const options = writeOptions(req);
  const exists = context.store.get(type, target.namespace, target.name) !== undefined;
  if (!exists && createdByPut.includes(type.kind) && subresource === '') {
    const created = context.writer.create(type, wanted, options);
    send(req, res, { code: 201, body: oneObject(req, type, created) });
    return created;
  }
  const updated = context.writer.update(type, { ...target, subresource, change: () => wanted, replaces: true }, options);
  context.remover.finishNamespace(target.namespace, options);
  warnAbout(res, updated);
  send(req, res, { code: 200, body: oneObject(req, type, updated) });
  return updated;
}

function replaceScale(context: ServerContext, target: NamedTarget, { exchange: { req, res }, scale }: { exchange: Exchange; scale: KubeObject }): KubeObject {
  const updated = context.writer.update(target.type, { ...target, subresource: '', change: (live) => scaled(live, scale) }, writeOptions(req));
  send(req, res, { code: 200, body: scaleFromDeployment(updated) });
  return updated;
}

/** The version that the Scale was read at is the Deployment's: a stale one is a conflict. */
export function scaled(live: KubeObject, scale: KubeObject): KubeObject {
  const wanted = refusing(() => deploymentWithScale(live, scale), badRequest);
  const { resourceVersion } = scale.metadata ?? {};
  return resourceVersion ? { ...wanted, metadata: { ...wanted.metadata, resourceVersion } } : wanted;
}

interface DeleteOptions { preconditions?: { uid?: string; resourceVersion?: string }; dryRun?: string[] }

/** kubectl sends DeleteOptions as a body or as query parameters, or nothing. */
function deleteOptions(req: Request): { preconditions: NonNullable<DeleteOptions['preconditions']>; options: WriteOptions } {
  const body = req.body as Buffer | undefined;
  const given = (body?.length ? decodeBody(body, req.headers['content-type']) : {}) as DeleteOptions;
  const options = writeOptions(req);
  return { preconditions: given.preconditions ?? {}, options: { ...options, dryRun: options.dryRun || (given.dryRun ?? []).includes('All') } };
}

export function handleDelete(context: ServerContext, target: NamedTarget, { req, res }: Exchange): KubeObject | undefined {
  const { type, name } = target;
  const { live, left } = context.remover.delete(type, target, deleteOptions(req));
  const details = { name, ...(type.group === '' ? {} : { group: type.group }), kind: type.plural, uid: live.metadata.uid };
  const body = left === undefined
    ? { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }
    : oneObject(req, type, left);
  send(req, res, { code: 200, body });
  return left ?? live;
}

export function handleDeleteCollection(context: ServerContext, target: Target, { req, res }: Exchange): void {
  const options = deleteOptions(req);
  const list = listObjects(context.store, target.type, {
    namespace: target.namespace, matches: selectionFrom(target, req), limit: 0, continueToken: '', resourceVersion: '', resourceVersionMatch: '',
  });
  for (const object of list.objects) {
    const { namespace, name } = object.metadata;
    context.remover.delete(target.type, { namespace, name }, options);
  }
  send(req, res, { code: 200, body: manyObjects(req, target.type, list) });
}

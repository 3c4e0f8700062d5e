// PATCH in its four content types. Each makes a wanted object from the live one; the writer then treats it like a PUT.
import jsonPatch from 'fast-json-patch';
import isPlainObject from 'lodash/isPlainObject.js';
import type { KubeObject, ResourceType } from './resources.js';
import type { ServerContext } from './server-context.js';
import type { Exchange, NamedTarget } from './handle-write.js';
import { givenObject, scaled, writeOptions } from './handle-write.js';
import { apiVersionOf, oneObject, queryFlag, queryText, send } from './answer.js';
import { mediaType, parseJson, parseYaml, refusing } from './decode-body.js';
import { viewOf } from './event-views.js';
import { mergePatch } from './merge-patch.js';
import { scaleFromDeployment } from './scale.js';
import { conflictStatus, serverSideApply } from './server-side-apply.js';
import { secondsNow } from './object-writer.js';
import { badRequest, StatusError, unsupportedMediaType } from './status-error.js';
import { strategicMergePatch } from './strategic-merge-patch.js';
import { warnAbout } from './warnings.js';

export const APPLY = 'application/apply-patch+yaml';
const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const supported = [JSON_PATCH, MERGE_PATCH, STRATEGIC, APPLY];

type Patch = (live: KubeObject) => KubeObject;

export function handlePatch(context: ServerContext, target: NamedTarget, exchange: Exchange): KubeObject {
  const { req, res } = exchange;
  const media = mediaType(req.headers['content-type']);
  if (!supported.includes(media)) {
    throw unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${supported.join(', ')}`);
  }
  if (media === APPLY) return handleApply(context, target, exchange);
  const patch = patchFrom(target.type, media, req.body as Buffer);
  const options = writeOptions(req);
  const scaling = target.subresource === 'scale';
  const change = scaling
    ? (live: KubeObject): KubeObject => scaled(live, patch(scaleFromDeployment(live)))
    : (live: KubeObject): KubeObject => givenObject(target, exchange, patch(viewOf(target.type, live)) as Record<string, unknown>);
  const updated = context.writer.update(target.type, { ...target, subresource: target.subresource === 'status' ? 'status' : '', change }, options);
  context.remover.finishNamespace(target.namespace, options);
  warnAbout(res, updated);
  send(req, res, { code: 200, body: scaling ? scaleFromDeployment(updated) : oneObject(req, target.type, updated) });
  return updated;
}

function patchFrom(type: ResourceType, media: string, body: Buffer): Patch {
  const parsed = parseJson(body);
  if (media === JSON_PATCH) return (live) => applyJsonPatch(live, parsed);
  if (!isPlainObject(parsed)) throw badRequest('the patch has to be one object');
  if (media === MERGE_PATCH) return (live) => mergePatch(live, parsed) as KubeObject;
  return (live) => refusing(() => strategicMergePatch(type, live, parsed as Record<string, unknown>), badRequest);
}

function applyJsonPatch(live: KubeObject, operations: unknown): KubeObject {
  if (!Array.isArray(operations)) throw badRequest('a JSON patch has to be a list of operations');
  const patched: unknown = refusing(
    () => jsonPatch.applyPatch(structuredClone(live), operations as jsonPatch.Operation[], true, true).newDocument, unappliable);
  if (!isPlainObject(patched)) throw badRequest('the patch does not leave an object');
  return patched as KubeObject;
}

/** fast-json-patch adds the whole document to its message, in further lines. */
const unappliable = (message: string): StatusError =>
  new StatusError(422, 'Invalid', `the server rejected our request due to an error in our request: ${message.split('\n')[0]}`);

function handleApply(context: ServerContext, target: NamedTarget, { req, res }: Exchange): KubeObject {
  const { type, namespace, name } = target;
  const manager = queryText(req, 'fieldManager');
  if (manager === '') throw badRequest('PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch');
  const parsed = parseYaml(req.body as Buffer);
  if (!isPlainObject(parsed)) throw badRequest('the applied object has to be one object');
  const applied = givenObject(target, { req, res }, parsed as Record<string, unknown>);
  if (applied.metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
  const options = { ...writeOptions(req), manager, keepsManagers: true };
  const live = context.store.get(type, namespace, name);
  const subresource = target.subresource === 'status' ? 'status' : '';
  const apply = (base: KubeObject | undefined): KubeObject => {
    const outcome = serverSideApply({ type, live: base, applied, manager, force: queryFlag(req, 'force'), now: secondsNow(), subresource });
    if ('conflicts' in outcome) throw applyConflict(outcome.conflicts);
    return outcome.object;
  };
  const object = live === undefined && subresource === ''
    ? context.writer.create(type, { ...apply(undefined), apiVersion: applied.apiVersion ?? apiVersionOf(type) }, options)
    : context.writer.update(type, { ...target, subresource, change: apply }, options);
  warnAbout(res, object);
  send(req, res, { code: live === undefined ? 201 : 200, body: oneObject(req, type, object) });
  return object;
}

function applyConflict(conflicts: Parameters<typeof conflictStatus>[0]): StatusError {
  const status = conflictStatus(conflicts) as StatusError['status'];
  return new StatusError(status.code, status.reason ?? 'Conflict', status.message ?? '', status.details);
}

// GET: one object, a list, or a watch.
import type { Request, Response } from 'express';
import type { KubeObject } from './resources.js';
import type { Target } from './request-target.js';
import type { ServerContext } from './server-context.js';
import type { Predicate } from './selectors.js';
import { manyObjects, oneObject, queryFlag, queryText, send } from './answer.js';
import { listObjects, parseRevision } from './list-objects.js';
import { scaleFromDeployment } from './scale.js';
import { parseFieldSelector, parseLabelSelector } from './selectors.js';
import { badRequest, notFound, tooLargeResourceVersion } from './status-error.js';
import { WatchStream } from './watch-stream.js';

/** As the API server does without timeoutSeconds: half an hour to an hour, so that not all watches end at once. */
const defaultTimeoutMs = (): number => 1_800_000 * (1 + Math.random());

export function handleGet(context: ServerContext, target: Target & { name: string }, http: { req: Request; res: Response }): void {
  const object = context.store.get(target.type, target.namespace, target.name);
  if (object === undefined) throw notFound(target.type, target.name);
  const wanted = parseRevision(queryText(http.req, 'resourceVersion'));
  if (wanted > context.store.revision) throw tooLargeResourceVersion(wanted, context.store.revision);
  send(http.req, http.res, { code: 200, body: target.subresource === 'scale' ? scaleFromDeployment(object) : oneObject(http.req, target.type, object) });
}

export function handleList(context: ServerContext, target: Target, http: { req: Request; res: Response }): void {
  const { req, res } = http;
  const limit = queryText(req, 'limit');
  const list = listObjects(context.store, target.type, {
    namespace: target.namespace,
    matches: selectionFrom(target, req),
    limit: /^\d+$/.test(limit) ? Number(limit) : 0,
    continueToken: queryText(req, 'continue'),
    resourceVersion: queryText(req, 'resourceVersion'),
    resourceVersionMatch: queryText(req, 'resourceVersionMatch'),
  });
  send(req, res, { code: 200, body: manyObjects(req, target.type, list) });
}

/** Both selectors as one; undefined selects everything. */
export function selectionFrom(target: Target, req: Request): Predicate | undefined {
  const labels = parseLabelSelector(queryText(req, 'labelSelector'));
  const fields = parseFieldSelector(target.type, queryText(req, 'fieldSelector'))?.matches;
  if (labels === undefined || fields === undefined) return labels ?? fields;
  return (object) => labels(object) && fields(object);
}

export function handleWatch(context: ServerContext, target: Target, http: { req: Request; res: Response }): void {
  const { req, res } = http;
  const { store } = context;
  const version = queryText(req, 'resourceVersion');
  const from = parseRevision(version);
  if (from > store.revision) throw tooLargeResourceVersion(from, store.revision);
  const sendsInitial = sendInitialEvents(req, version);
  const seconds = Number(queryText(req, 'timeoutSeconds'));
  const bookmarks = queryFlag(req, 'allowWatchBookmarks');
  const stream = new WatchStream(store, {
    type: target.type,
    matches: within(target.namespace, selectionFrom(target, req)),
    from: sendsInitial ? undefined : (from || store.revision),
    bookmarks,
    marksInitialEnd: bookmarks && queryFlag(req, 'sendInitialEvents'),
    timeoutMs: seconds > 0 ? Math.min(seconds * 1000, 2 ** 31 - 1) : defaultTimeoutMs(),
  }, context.limits, { req, res, onEnd: () => context.watches.delete(stream) });
  context.watches.add(stream);
  stream.start();
}

/** Without the parameter, a watch from nowhere in particular starts with what exists. */
function sendInitialEvents(req: Request, version: string): boolean {
  const asked = queryText(req, 'sendInitialEvents');
  const match = queryText(req, 'resourceVersionMatch');
  if (asked === '') {
    if (match !== '') throw badRequest('resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
    return version === '' || version === '0';
  }
  if (match !== 'NotOlderThan') throw badRequest('resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  return asked === 'true' || asked === '1';
}

function within(namespace: string | undefined, selection: Predicate | undefined): Predicate {
  return (object: KubeObject) => (namespace === undefined || object.metadata.namespace === namespace) && (selection === undefined || selection(object));
}

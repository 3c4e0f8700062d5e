// The express application: who asks (401), may they (403), what is it about (404, 405), then the handler; errors become Status.
import express from 'express';
import type { NextFunction, Request, Response } from 'express';
import type { KubeObject } from './resources.js';
import type { Target } from './request-target.js';
import type { AccessRequest, ServerContext } from './server-context.js';
import type { Exchange, NamedTarget } from './handle-write.js';
import { queryFlag, queryText, send } from './answer.js';
import { mediaType } from './decode-body.js';
import { askWebhooks, webhooksFor } from './call-webhooks.js';
import { discoveryRoutes } from './discovery.js';
import { handleGet, handleList, handleWatch } from './handle-read.js';
import { APPLY, handlePatch } from './handle-patch.js';
import { createdByPut, handleCreate, handleDelete, handleDeleteCollection, handleReplace } from './handle-write.js';
import { openApiDocument, openApiIndex } from './open-api.js';
import { reviewAccess, REVIEW_PATH } from './review-access.js';
import { targetFrom } from './request-target.js';
import { withoutStoring } from './object-writer.js';
import { warn } from './warnings.js';
import { parseFieldSelector } from './selectors.js';
import { forbidden, methodNotAllowed, StatusError, unauthorized, unknownPath } from './status-error.js';

/** As a real API server. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

const version = {
  major: '1', minor: '33', gitVersion: 'v1.33.0-ingress-arbiter-dev', gitCommit: '', gitTreeState: 'clean', buildDate: '', goVersion: '', compiler: 'node', platform: 'linux/amd64',
};

export function createApiApplication(context: ServerContext): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get(['/healthz', '/livez', '/readyz', '/healthz/ping', '/livez/ping', '/readyz/ping'], (_req, res) => void res.type('text/plain').send('ok'));
  app.get('/version', (req, res) => send(req, res, { code: 200, body: version }));
  app.use((req, res, next) => {
    res.locals['user'] = userOf(context, req);
    next();
  });
  app.use(express.raw({ type: () => true, limit: MAX_BODY_BYTES }));
  serveDocuments(app);
  app.post(REVIEW_PATH, (req, res) => send(req, res, { code: 201, body: reviewAccess(context, req.body as Buffer, { user: res.locals['user'] as string, contentType: req.headers['content-type'] }) }));
  app.use((req, res) => handle(context, { req, res }));
  app.use((error: unknown, req: Request, res: Response, next: NextFunction) => answerError(error, { req, res, next }));
  return app;
}

function userOf(context: ServerContext, req: Request): string {
  const token = /^Bearer\s+(\S+)$/i.exec(req.headers.authorization ?? '')?.[1];
  const user = token === undefined ? undefined : context.tokens.get(token);
  if (user === undefined) throw unauthorized();
  return user;
}

function serveDocuments(app: express.Express): void {
  for (const { path, document } of discoveryRoutes()) app.get(path, (req, res) => send(req, res, { code: 200, body: document }));
  app.get('/openapi/v3', (req, res) => send(req, res, { code: 200, body: openApiIndex() }));
  const answer = (group: string, groupVersion: string, { req, res }: Exchange): void => {
    const body = openApiDocument(group, groupVersion);
    if (body === undefined) throw unknownPath();
    send(req, res, { code: 200, body });
  };
  app.get('/openapi/v3/api/:version', (req, res) => answer('', req.params.version, { req, res }));
  app.get('/openapi/v3/apis/:group/:version', (req, res) => answer(req.params.group, req.params.version, { req, res }));
}

function handle(context: ServerContext, { req, res }: Exchange): void | Promise<void> {
  const target = targetFrom(req.path);
  if (target === undefined) throw unknownPath();
  const access = accessFrom(target, req, res.locals['user'] as string);
  const record = (code: number, written?: KubeObject): void => context.onRequest({
    ...access, code, at: performance.now(), userAgent: req.headers['user-agent'] ?? '', ...(written === undefined ? {} : { written }),
  });
  try {
    for (const each of [access, ...creationBy(context, target, { access, req })]) if (!context.authorize(each)) throw denied(target, each);
    const exchange = { req, res };
    const finish = (): void => {
      const written = dispatch(context, access.verb, { target, exchange });
      record(res.statusCode, written);
    };
    const webhooks = webhooksOf(context, target, access.verb);
    if (webhooks.length === 0) return finish();
    return admit(context, webhooks, { target, access, exchange }).then(finish).catch((error: unknown) => { throw recorded(error, record); });
  } catch (error) {
    throw recorded(error, record);
  }
}

function recorded(error: unknown, record: (code: number) => void): unknown {
  record(error instanceof StatusError ? error.status.code : 500);
  return error;
}

const writes = ['create', 'update', 'patch'];

function webhooksOf(context: ServerContext, { type, namespace, name, subresource }: Target, verb: string): ReturnType<typeof webhooksFor> {
  if (!writes.includes(verb) || subresource !== '' || type.group === 'admissionregistration.k8s.io') return [];
  const operation = name === undefined || context.store.get(type, namespace, name) === undefined ? 'CREATE' : 'UPDATE';
  return webhooksFor(context, type, { operation, namespace });
}

/** Makes the write once without storing it, and asks about what it would leave behind. */
async function admit(context: ServerContext, webhooks: ReturnType<typeof webhooksFor>, { target, access, exchange: { req, res } }: { target: Target; access: AccessRequest; exchange: Exchange }): Promise<void> {
  const { type, namespace } = target;
  const object = dispatch({ ...context, writer: withoutStoring(context.writer) }, access.verb, { target, exchange: { req, res: unheard } })!;
  const oldObject = context.store.get(type, namespace, object.metadata.name);
  const write = { type, operation: oldObject === undefined ? 'CREATE' : 'UPDATE', object, oldObject, user: access.user, dryRun: queryText(req, 'dryRun') !== '' } as const;
  for (const text of await askWebhooks(context.reachService, webhooks, write)) warn(res, text);
}

/** Nobody hears the answer to the first of both writes. */
const unheard = Object.assign(Object.create(null) as Response, Object.fromEntries(['status', 'type', 'send', 'set', 'append'].map((name) => [name, (): Response => unheard])));

function accessFrom(target: Target, req: Request, user: string): AccessRequest {
  const { type, namespace, subresource } = target;
  const verb = verbOf(target, req);
  const resource = subresource === '' ? type.plural : `${type.plural}/${subresource}`;
  const selected = verb === 'list' || verb === 'watch' ? parseFieldSelector(type, queryText(req, 'fieldSelector'))?.name : undefined;
  // A Namespace is inside itself: RBAC of that namespace speaks about it.
  return { verb, group: type.group, resource, namespace: type.kind === 'Namespace' ? target.name : namespace, name: target.name ?? selected, user };
}

/** A PUT or an apply of an object that does not exist would create it: that has to be allowed as well. */
function creationBy(context: ServerContext, target: Target, { access, req }: { access: AccessRequest; req: Request }): AccessRequest[] {
  const { type, namespace, name, subresource } = target;
  const mayCreate = access.verb === 'patch' ? mediaType(req.headers['content-type']) === APPLY : access.verb === 'update' && createdByPut.includes(type.kind);
  if (name === undefined || subresource !== '' || !mayCreate || context.store.get(type, namespace, name) !== undefined) return [];
  return [{ ...access, verb: 'create' }];
}

/** By method: the verb on one object, and on the collection. */
const verbs: Record<string, { one?: string; many?: string }> = {
  GET: { one: 'get', many: 'list' },
  HEAD: { one: 'get', many: 'list' },
  POST: { many: 'create' },
  PUT: { one: 'update' },
  PATCH: { one: 'patch' },
  DELETE: { one: 'delete', many: 'deletecollection' },
};

function verbOf(target: Target, req: Request): string {
  const verb = verbs[req.method]?.[target.name === undefined ? 'many' : 'one'];
  const deletesTooMuch = req.method === 'DELETE' && (target.subresource !== '' || (target.name === undefined && target.type.kind === 'Namespace'));
  if (verb === undefined || deletesTooMuch) throw methodNotAllowed();
  return verb === 'list' && queryFlag(req, 'watch') ? 'watch' : verb;
}

function denied(target: Target, { verb, group, resource, namespace, name, user }: AccessRequest): StatusError {
  const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return forbidden(target.type, name ?? '',
    `User ${JSON.stringify(user)} cannot ${verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)} ${scope}`);
}

/** Returns what a write left behind. */
function dispatch(context: ServerContext, verb: string, { target, exchange }: { target: Target; exchange: Exchange }): KubeObject | undefined {
  const named = target as NamedTarget;
  switch (verb) {
    case 'get': handleGet(context, named, exchange); return undefined;
    case 'list': handleList(context, target, exchange); return undefined;
    case 'watch': handleWatch(context, target, exchange); return undefined;
    case 'create': return handleCreate(context, target, exchange);
    case 'update': return handleReplace(context, named, exchange);
    case 'patch': return handlePatch(context, named, exchange);
    case 'delete': return handleDelete(context, named, exchange);
    default: handleDeleteCollection(context, target, exchange); return undefined;
  }
}

function answerError(error: unknown, { req, res, next }: { req: Request; res: Response; next: NextFunction }): void {
  if (res.headersSent) next(error);
  else {
    const { status } = asStatusError(error);
    if (status.details?.retryAfterSeconds !== undefined) res.set('Retry-After', String(status.details.retryAfterSeconds));
    send(req, res, { code: status.code, body: status });
  }
}

function asStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const { type, status, message } = error as { type?: string; status?: number; message?: string };
  if (type === 'entity.too.large') return new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY_BYTES}`);
  if (status !== undefined && status >= 400 && status < 500) return new StatusError(status, 'BadRequest', message ?? '');
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message ?? String(error)}`);
}

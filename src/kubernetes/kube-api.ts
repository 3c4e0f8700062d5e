// The Kubernetes API as a handful of calls on raw JSON objects. It names paths, sets deadlines and waits when a read is
// told to wait; it keeps no state, deserialises nothing and never repeats a write.
import type { ApiConnection } from './api-connection.js';
import type { Clock } from './clock.js';
import { monotonicClock, sleep } from './clock.js';
import type { KubeObject, ObjectRef, Resource } from './kube-object.js';
import { hasCode } from './operational-error.js';
import type { ApiRequest } from './kube-request.js';
import { requestJson, requestStream } from './kube-request.js';
import type { ListQuery, WatchQuery } from './resource-path.js';
import { listPath, objectPath, watchPath } from './resource-path.js';

export interface CallOptions {
  signal?: AbortSignal;
  /** Shorter than the default deadline, for a caller whose right to write ends sooner. */
  timeoutMs?: number;
  /** Asked when the request is about to be sent; when it says no, the request fails with `aborted`. */
  permit?: () => boolean;
}

export interface KubeApi {
  get(ref: ObjectRef, options?: CallOptions): Promise<KubeObject>;
  /** One page as it came; whether it is a list at all is for the caller to check. */
  listPage(query: ListQuery, options?: CallOptions): Promise<Record<string, unknown>>;
  /** The open stream of a watch. The signal ends it. */
  watch(query: WatchQuery, options?: CallOptions): Promise<AsyncIterable<Uint8Array>>;
  create(resource: Resource, object: KubeObject, options?: CallOptions): Promise<KubeObject>;
  replace(resource: Resource, object: KubeObject, options?: CallOptions): Promise<KubeObject>;
  replaceStatus(resource: Resource, object: KubeObject, options?: CallOptions): Promise<KubeObject>;
  /** Merge patch. A resourceVersion in its metadata makes it conditional. */
  patch(ref: ObjectRef, patch: object, options?: CallOptions): Promise<KubeObject>;
  patchStatus(ref: ObjectRef, patch: object, options?: CallOptions): Promise<KubeObject>;
  delete(ref: ObjectRef, options?: CallOptions): Promise<void>;
  /** Whether credentials on disk have changed since their last use: a reason to stop waiting after a 401. */
  credentialsChanged(): boolean;
}

export interface KubeApiOptions {
  connection: ApiConnection;
  clock?: Clock;
  random?: () => number;
}

const UNARY_MS = 10_000;
const LIST_MS = 30_000;
const READ_ATTEMPTS = 3;
const MERGE_PATCH = 'application/merge-patch+json';

export function createKubeApi({ connection, clock = monotonicClock, random = Math.random }: KubeApiOptions): KubeApi {
  const context = { connection, clock };
  const call = async (request: Omit<ApiRequest, 'timeoutMs'>, options: CallOptions = {}): Promise<KubeObject> =>
    (await requestJson(context, { timeoutMs: UNARY_MS, ...request, ...options })) as KubeObject;
  const write = (method: 'POST' | 'PUT', path: string, body: KubeObject, options?: CallOptions): Promise<KubeObject> =>
    call({ method, path, body }, options);
  const patch = (path: string, body: object, options?: CallOptions): Promise<KubeObject> =>
    call({ method: 'PATCH', path, body, contentType: MERGE_PATCH }, options);

  return {
    async get(ref, options) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await call({ method: 'GET', path: objectPath(ref) }, options);
        } catch (error) {
          const wait = hasCode(error, 'too-many-requests', 'server-error') ? error.retryAfterMs : undefined;
          if (wait === undefined || attempt === READ_ATTEMPTS) throw error;
          await sleep(clock, wait * (1 + 0.2 * random()), options?.signal);
          if (options?.signal?.aborted) throw error;
        }
      }
    },
    listPage: (query, options) =>
      requestJson(context, { method: 'GET', path: listPath(query), timeoutMs: LIST_MS, ...options }),
    watch: (query, options) =>
      requestStream(context, { method: 'GET', path: watchPath(query), timeoutMs: UNARY_MS, ...options }),
    create: (resource, object, options) => write('POST', listPath({ resource, ...namespaceOf(object) }), object, options),
    replace: (resource, object, options) => write('PUT', objectPath(refOf(resource, object)), object, options),
    replaceStatus: (resource, object, options) => write('PUT', `${objectPath(refOf(resource, object))}/status`, object, options),
    patch: (ref, body, options) => patch(objectPath(ref), body, options),
    patchStatus: (ref, body, options) => patch(`${objectPath(ref)}/status`, body, options),
    delete: async (ref, options) => { await call({ method: 'DELETE', path: objectPath(ref) }, options); },
    credentialsChanged: () => connection.changed(),
  };
}

function refOf(resource: Resource, object: KubeObject): ObjectRef {
  return { resource, ...namespaceOf(object), name: object.metadata.name };
}

function namespaceOf(object: KubeObject): { namespace?: string } {
  return object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace };
}

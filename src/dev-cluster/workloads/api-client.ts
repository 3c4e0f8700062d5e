// A small JSON client of the dev cluster's API for the sample workloads: requests, and a watched collection kept current.
// It keeps no opinion on objects, and stops everything on close().
import { setMaxListeners } from 'node:events';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../resources.js';

export interface ApiAccess { apiUrl: string; token: string; caPem: string }

export class ApiError extends Error {
  constructor(readonly code: number, message: string) { super(message); }
}

const FIRST_RETRY = 100;
const LAST_RETRY = 2_000;

export class ApiClient {
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #stop = new AbortController();
  readonly #watches: Promise<void>[] = [];

  constructor(private readonly access: ApiAccess) {
    setMaxListeners(0, this.#stop.signal);
    this.#agent = access.apiUrl.startsWith('https:') ? new HttpsAgent({ keepAlive: true, ca: access.caPem }) : new HttpAgent({ keepAlive: true });
  }

  async request(method: string, path: string, body?: object): Promise<KubeObject> {
    const response = await this.#send(method, path, body);
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
    const answer = JSON.parse(text) as KubeObject;
    const code = response.statusCode ?? 0;
    if (code >= 400) throw new ApiError(code, `${method} ${path}: ${String(answer['message'] ?? code)}`);
    return answer;
  }

  /** Keeps `objects` equal to the collection and calls `changed` after every change, until close(). */
  watch(path: string, collection: { objects: Map<string, KubeObject>; changed: () => void }): void {
    this.#watches.push(this.#keepCurrent(path, collection));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#watches);
    this.#agent.destroy();
  }

  async #keepCurrent(path: string, collection: { objects: Map<string, KubeObject>; changed: () => void }): Promise<void> {
    let retry = FIRST_RETRY;
    let version: string | undefined;
    while (!this.#stop.signal.aborted) {
      try {
        version ??= await this.#list(path, collection);
        version = await this.#follow(path, collection, version);
        retry = FIRST_RETRY;
      } catch {
        // Gone, a lost connection, a restarting server: all are healed by listing again.
        version = undefined;
        await sleep(retry, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined);
        retry = Math.min(retry * 2, LAST_RETRY);
      }
    }
  }

  async #list(path: string, collection: { objects: Map<string, KubeObject>; changed: () => void }): Promise<string> {
    const list = await this.request('GET', path);
    collection.objects.clear();
    for (const object of list['items'] as KubeObject[]) collection.objects.set(objectKey(object), object);
    collection.changed();
    return list.metadata.resourceVersion ?? '';
  }

  async #follow(path: string, collection: { objects: Map<string, KubeObject>; changed: () => void }, from: string): Promise<string> {
    const separator = path.includes('?') ? '&' : '?';
    const response = await this.#send('GET', `${path}${separator}watch=true&allowWatchBookmarks=true&resourceVersion=${from}`);
    let version = from;
    for await (const line of linesOf(response)) {
      const event = JSON.parse(line) as { type: string; object: KubeObject };
      if (event.type === 'ERROR') throw new ApiError(Number(event.object['code'] ?? 0), 'the watch ended');
      version = event.object.metadata.resourceVersion ?? version;
      if (event.type === 'BOOKMARK' || isOutdated(event.object, collection.objects)) continue;
      if (event.type === 'DELETED') collection.objects.delete(objectKey(event.object));
      else collection.objects.set(objectKey(event.object), event.object);
      collection.changed();
    }
    return version;
  }

  #send(method: string, path: string, body?: object): Promise<IncomingMessage> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const headers = {
      authorization: `Bearer ${this.access.token}`, accept: 'application/json', 'user-agent': 'sample-workloads',
      ...(payload === undefined ? {} : { 'content-type': contentType, 'content-length': payload.length }),
    };
    const send = this.access.apiUrl.startsWith('https:') ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(new URL(path, this.access.apiUrl), { method, headers, agent: this.#agent, signal: this.#stop.signal }, resolve);
      request.once('error', reject);
      request.end(payload);
    });
  }
}

/** Whoever writes may put the answer into the collection at once; the event of an earlier write then comes late. */
function isOutdated(object: KubeObject, objects: Map<string, KubeObject>): boolean {
  return Number(objects.get(objectKey(object))?.metadata.resourceVersion ?? 0) > Number(object.metadata.resourceVersion ?? 0);
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of response.setEncoding('utf8')) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop()!;
    yield* lines.filter((line) => line !== '');
  }
}

export const objectKey = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;

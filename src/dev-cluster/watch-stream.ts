// One open watch: decides where it starts, which changes it shows and as what, and writes them as lines of JSON.
// A reader that does not keep up is cut off: what waits for it is bounded.
import type { Request, Response } from 'express';
import type { KubeObject, ResourceType } from './resources.js';
import type { ObjectStore } from './object-store.js';
import type { Predicate } from './selectors.js';
import type { Change } from './watch-window.js';
import { apiVersionOf, watchedObject } from './answer.js';
import { expired } from './status-error.js';

export interface WatchRequest {
  type: ResourceType;
  /** Whether an object is inside the watched namespace and selectors. */
  matches: Predicate;
  /** Changes after this revision; undefined: the objects that exist come first, as ADDED. */
  from: number | undefined;
  bookmarks: boolean;
  /** Whether a bookmark has to mark the end of the objects that existed. */
  marksInitialEnd: boolean;
  timeoutMs: number;
}

export interface WatchLimits {
  bookmarkIntervalMs: number;
  /** Bytes that may wait for a slow reader. */
  bufferBytes: number;
}

const INITIAL_END = 'k8s.io/initial-events-end';

interface WatchEvent { type: string; object: object }

const line = (event: WatchEvent): string => `${JSON.stringify(event)}\n`;

export class WatchStream {
  private readonly waiting: string[] = [];
  private waitingBytes = 0;
  private initial: Iterator<string> | undefined;
  private first = true;
  private ended = false;
  private readonly timers: NodeJS.Timeout[] = [];
  private stopListening: () => void = () => undefined;

  constructor(
    private readonly store: ObjectStore, private readonly request: WatchRequest,
    private readonly limits: WatchLimits, private readonly http: { req: Request; res: Response; onEnd: () => void },
  ) {}

  start(): void {
    const { res } = this.http;
    res.status(200).set({ 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
    res.flushHeaders();
    res.on('close', () => this.end());
    res.on('drain', () => this.pump());
    const missed = this.request.from === undefined ? [] : this.store.changesSince(this.request.type, this.request.from);
    if (missed === undefined) {
      this.write({ type: 'ERROR', object: expired(`too old resource version: ${this.request.from} (${this.store.revision})`).status });
      this.end();
      return;
    }
    this.stopListening = this.store.listen(this.request.type, (change) => this.show(change));
    if (this.request.from === undefined) this.initial = this.initialLines();
    for (const change of missed) this.show(change);
    this.startTimers();
    this.pump();
  }

  /** Ends the answer in the ordinary way, so that the client sees a finished stream. */
  end(): void {
    if (this.release()) this.http.res.end();
  }

  private cutOff(): void {
    if (this.release()) this.http.res.destroy();
  }

  private release(): boolean {
    if (this.ended) return false;
    this.ended = true;
    this.stopListening();
    for (const timer of this.timers) clearTimeout(timer);
    this.waiting.length = 0;
    this.http.onEnd();
    return true;
  }

  /** Which objects exist is settled now; they are turned into lines only as the reader takes them. */
  private initialLines(): Iterator<string> {
    const { type, matches, marksInitialEnd } = this.request;
    const stored = this.store.list(type);
    const objects = stored.keys.map((key) => stored.at(key)!).filter(matches);
    const bookmark = this.bookmark(String(this.store.revision), { annotations: { [INITIAL_END]: 'true' } });
    const lineOf = (object: KubeObject): string => line({ type: 'ADDED', object: this.rendered(object) });
    return (function* lines() {
      for (const object of objects) yield lineOf(object);
      if (marksInitialEnd) yield line({ type: 'BOOKMARK', object: bookmark });
    })();
  }

  private startTimers(): void {
    const { bookmarks, timeoutMs } = this.request;
    this.timers.push(setTimeout(() => this.end(), timeoutMs));
    if (!bookmarks) return;
    const send = (): void => this.write({ type: 'BOOKMARK', object: this.bookmark(String(this.store.revision), {}) });
    this.timers.push(setInterval(send, this.limits.bookmarkIntervalMs));
    // A last one shortly before the end, so that the client resumes from as late as possible.
    this.timers.push(setTimeout(send, Math.max(timeoutMs - 2000, timeoutMs * 0.8)));
  }

  private show(change: Change): void {
    const { matches } = this.request;
    const now = change.type !== 'DELETED' && matches(change.object);
    const before = change.previous !== undefined && matches(change.previous);
    if (now) this.write({ type: before ? 'MODIFIED' : 'ADDED', object: this.rendered(change.object) });
    else if (before) this.write({ type: 'DELETED', object: this.rendered(lastSeen(change)) });
  }

  private rendered(object: KubeObject): object {
    const rendered = watchedObject(this.http.req, this.request.type, { object, first: this.first });
    this.first = false;
    return rendered;
  }

  private bookmark(resourceVersion: string, more: object): object {
    const { type } = this.request;
    const object = { kind: type.kind, apiVersion: apiVersionOf(type), metadata: { resourceVersion, creationTimestamp: null, ...more } };
    return watchedObject(this.http.req, type, { object: object as unknown as KubeObject, first: false });
  }

  private write(event: WatchEvent): void {
    if (this.ended) return;
    const text = line(event);
    this.waiting.push(text);
    this.waitingBytes += text.length;
    this.pump();
    if (this.waitingBytes > this.limits.bufferBytes) this.cutOff();
  }

  /** Writes until the socket is full; 'drain' calls again. */
  private pump(): void {
    const { res } = this.http;
    while (!this.ended && !res.writableNeedDrain) {
      const next = this.initial?.next();
      if (next !== undefined && !next.done) {
        res.write(next.value);
        continue;
      }
      this.initial = undefined;
      const text = this.waiting.shift();
      if (text === undefined) return;
      this.waitingBytes -= text.length;
      res.write(text);
    }
  }
}

/** An object that left the selection is shown as it was inside it, at the revision at which it left. */
function lastSeen(change: Change): KubeObject {
  if (change.type === 'DELETED') return change.object;
  const { resourceVersion } = change.object.metadata;
  return { ...change.previous!, metadata: { ...change.previous!.metadata, resourceVersion: resourceVersion! } };
}

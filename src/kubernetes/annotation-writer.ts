// Writes one annotation of Ingresses, each time against the version that the wish was decided from: who is late changes
// nothing. It retries what failed, never what conflicts: with a newer object comes a newer wish.

import { createBackoff } from './backoff.js';
import type { Backoff } from './backoff.js';
import type { Clock } from './clock.js';
import { monotonicClock, sleep } from './clock.js';
import type { KubeApi } from './kube-api.js';
import { OperationalError, hasCode } from './operational-error.js';
import { ingresses } from './resources.js';
import { createTokenBucket } from './token-bucket.js';

export interface AnnotationWish {
  namespace: string;
  name: string;
  uid: string | undefined;
  /** The version of the Ingress that it was decided from. */
  resourceVersion: string | undefined;
  /** Undefined: the annotation is to go. */
  text: string | undefined;
  /** Asked before the write, and again when its request is about to be sent: the fence. */
  mayWrite: () => boolean;
  /** How long the right to write lasts for certain, in ms. */
  remainingMs: () => number;
}

export type AnnotationResult = 'written' | 'conflict' | 'failed' | 'not-holder' | 'gone';

export interface AnnotationWriterOptions {
  api: Pick<KubeApi, 'patch'>;
  annotation: string;
  /** Told of every attempt; `failed` is tried again. */
  onResult: (key: string, result: AnnotationResult, error?: OperationalError) => void;
  clock?: Clock;
  random?: () => number;
  perSecond?: number;
  burst?: number;
}

export interface AnnotationWriter {
  /** What is wanted of one Ingress (`namespace/name`) from now on; undefined: nothing is written any more. */
  want(key: string, wish: AnnotationWish | undefined): void;
  stop(): Promise<void>;
}

const WRITE_MS = 10_000;
const AT_ONCE = 8;

export function startAnnotationWriter(options: AnnotationWriterOptions): AnnotationWriter {
  const { clock = monotonicClock, random = Math.random, onResult } = options;
  const bucket = createTokenBucket({ clock, burst: options.burst ?? 50, perSecond: options.perSecond ?? 20 });
  const ending = new AbortController();
  const running = new Set<Promise<void>>();
  const backoffs = new Map<string, Backoff>();
  const wishes = createWishes();
  const rest = (key: string, atLeastMs: number | undefined): void => {
    const backoff = backoffs.get(key) ?? createBackoff({ clock, random, firstMs: 500, capMs: 60_000 });
    backoffs.set(key, backoff);
    void sleep(clock, backoff.next(atLeastMs), ending.signal).then(() => {
      wishes.free(key);
      begin();
    });
  };
  const attempt = async (key: string, wish: AnnotationWish): Promise<void> => {
    const { result, error } = await write(options, wish, ending.signal);
    if (ending.signal.aborted) return;
    onResult(key, result, error);
    if (result === 'failed') return rest(key, error?.retryAfterMs);
    // Whoever comes to hold the claim later may write what was not ours to write.
    if (result !== 'not-holder') wishes.done(key, wish);
    backoffs.delete(key);
    wishes.free(key);
  };
  const work = async (): Promise<void> => {
    for (let key = wishes.next(); key !== undefined && !ending.signal.aborted; key = wishes.next()) {
      wishes.take(key);
      while (!bucket.take() && !ending.signal.aborted) await sleep(clock, bucket.waitMs(), ending.signal);
      // What was wanted while it waited its turn may be wanted no more.
      const wish = wishes.open(key);
      if (wish !== undefined) await attempt(key, wish);
      else wishes.free(key);
    }
  };
  const begin = (): void => {
    while (running.size < AT_ONCE && !ending.signal.aborted && wishes.next() !== undefined) {
      const worker = work().finally(() => running.delete(worker));
      running.add(worker);
    }
  };
  return {
    want(key, wish) {
      wishes.set(key, wish);
      if (wish !== undefined) begin();
    },
    async stop() {
      ending.abort();
      wishes.clear();
      await Promise.all(running);
    },
  };
}

/** Which wish is due. What is being written, or waits for another try, is not. */
interface Wishes {
  set(key: string, wish: AnnotationWish | undefined): void;
  /** The wish of a key, unless there is none or the same was written or refused for good. */
  open(key: string): AnnotationWish | undefined;
  /** The first that is due and may be written. */
  next(): string | undefined;
  /** Until it is free again. */
  take(key: string): void;
  free(key: string): void;
  /** The same wish is not tried twice. */
  done(key: string, wish: AnnotationWish): void;
  clear(): void;
}

function createWishes(): Wishes {
  const wanted = new Map<string, AnnotationWish>();
  const done = new Map<string, string>();
  const busy = new Set<string>();
  /** Keys that may have to be written: to find the first costs nothing, however many have been. */
  const ready = new Set<string>();
  const open = (key: string): AnnotationWish | undefined => {
    const wish = wanted.get(key);
    return wish === undefined || done.get(key) === signOf(wish) ? undefined : wish;
  };
  return {
    open,
    set(key, wish) {
      if (wish === undefined) {
        wanted.delete(key);
        done.delete(key);
      } else {
        wanted.set(key, wish);
        ready.add(key);
      }
    },
    next() {
      for (const key of ready) {
        const wish = busy.has(key) ? undefined : open(key);
        if (wish === undefined) ready.delete(key);
        else if (wish.mayWrite()) return key;
      }
      return undefined;
    },
    take(key) {
      busy.add(key);
      ready.delete(key);
    },
    free(key) {
      busy.delete(key);
      ready.add(key);
    },
    done: (key, wish) => { done.set(key, signOf(wish)); },
    clear: () => wanted.clear(),
  };
}

function signOf({ uid, resourceVersion, text }: AnnotationWish): string {
  return `${uid} ${resourceVersion} ${text}`;
}

async function write({ api, annotation }: AnnotationWriterOptions, wish: AnnotationWish, signal: AbortSignal): Promise<{ result: AnnotationResult; error?: OperationalError }> {
  const { namespace, name, uid, resourceVersion, text, mayWrite } = wish;
  if (!mayWrite()) return { result: 'not-holder' };
  try {
    await api.patch({ resource: ingresses, namespace, name }, { metadata: { uid, resourceVersion, annotations: { [annotation]: text ?? null } } }, {
      timeoutMs: Math.max(1, Math.min(WRITE_MS, wish.remainingMs())), permit: mayWrite, signal,
    });
    return { result: 'written' };
  } catch (error) {
    if (hasCode(error, 'conflict')) return { result: 'conflict' };
    const failure = OperationalError.from(error, `annotation ${annotation} of Ingress ${namespace}/${name}`);
    if (failure.code === 'not-found') return { result: 'gone' };
    return failure.code === 'aborted' ? { result: 'not-holder' } : { result: 'failed', error: failure };
  }
}

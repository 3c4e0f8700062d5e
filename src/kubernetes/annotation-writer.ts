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
  /** Everything that is wanted now, by `namespace/name`; what is not among it is not written any more. */
  want(wishes: ReadonlyMap<string, AnnotationWish>): void;
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
  /** Keys that are being written, or wait for another try. */
  const busy = new Set<string>();
  /** What was written or refused for good, by key: the same wish is not tried twice. */
  const done = new Map<string, string>();
  let wanted: ReadonlyMap<string, AnnotationWish> = new Map();

  const isDue = (key: string, wish: AnnotationWish): boolean => !busy.has(key) && done.get(key) !== signOf(wish) && wish.mayWrite();
  const nextDue = (): string | undefined => {
    for (const [key, wish] of wanted) if (isDue(key, wish)) return key;
    return undefined;
  };
  const rest = (key: string, atLeastMs: number | undefined): void => {
    const backoff = backoffs.get(key) ?? createBackoff({ clock, random, firstMs: 500, capMs: 60_000 });
    backoffs.set(key, backoff);
    void sleep(clock, backoff.next(atLeastMs), ending.signal).then(() => {
      busy.delete(key);
      begin();
    });
  };
  const attempt = async (key: string, wish: AnnotationWish): Promise<void> => {
    const { result, error } = await write(options, wish, ending.signal);
    if (ending.signal.aborted) return;
    onResult(key, result, error);
    if (result === 'failed') return rest(key, error?.retryAfterMs);
    // Whoever comes to hold the claim later may write what was not ours to write.
    if (result !== 'not-holder') done.set(key, signOf(wish));
    backoffs.delete(key);
    busy.delete(key);
  };
  const work = async (): Promise<void> => {
    for (let key = nextDue(); key !== undefined && !ending.signal.aborted; key = nextDue()) {
      busy.add(key);
      while (!bucket.take() && !ending.signal.aborted) await sleep(clock, bucket.waitMs(), ending.signal);
      // What was wanted while it waited its turn may be wanted no more.
      const wish = wanted.get(key);
      if (wish !== undefined && done.get(key) !== signOf(wish)) await attempt(key, wish);
      else busy.delete(key);
    }
  };
  const begin = (): void => {
    while (running.size < AT_ONCE && running.size < wanted.size && !ending.signal.aborted && nextDue() !== undefined) {
      const worker = work().finally(() => running.delete(worker));
      running.add(worker);
    }
  };
  return {
    want(wishes) {
      wanted = wishes;
      for (const key of done.keys()) if (!wanted.has(key)) done.delete(key);
      begin();
    },
    async stop() {
      ending.abort();
      wanted = new Map();
      await Promise.all(running);
    },
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

// Brings the load-balancer address in the status of Ingresses to what the caller wants: only when it differs, only while
// the caller may write, slowly. It never clears anything on its own and never touches anything but that one field.
import isEqual from 'lodash/isEqual.js';
import sortBy from 'lodash/sortBy.js';
import type { Backoff } from './backoff.js';
import { createBackoff } from './backoff.js';
import type { Clock } from './clock.js';
import { monotonicClock, sleep } from './clock.js';
import type { KubeApi } from './kube-api.js';
import type { KubeObject, ObjectRef } from './kube-object.js';
import { objectKey } from './kube-object.js';
import { OperationalError, hasCode } from './operational-error.js';
import { ingresses } from './resources.js';
import { createTokenBucket } from './token-bucket.js';

export interface LoadBalancerAddress {
  ip?: string;
  hostname?: string;
  ports?: { port: number; protocol: string; error?: string }[];
}

/** `gone`: deleted, or replaced by another object of its name. */
export type StatusResult = 'written' | 'unchanged' | 'conflict' | 'failed' | 'not-holder' | 'gone';

export interface StatusOutcome {
  key: string;
  result: StatusResult;
  error?: OperationalError;
}

export interface StatusWriterOptions {
  api: Pick<KubeApi, 'get' | 'patchStatus'>;
  /** Asked before each write, and again when its request is about to be sent: the fence. */
  mayWrite: (ingress: KubeObject) => boolean;
  /** How long the right to write lasts for certain; a request does not outlive it. */
  remainingMs?: (ingress: KubeObject) => number;
  /** Whether a copy that was read again is still what `want` was decided from; else it waits for the next `want`. */
  isSame?: (decided: KubeObject, now: KubeObject) => boolean;
  /** Told of every attempt. `conflict` and `failed` are tried again, all others are the end. */
  onResult: (outcome: StatusOutcome) => void;
  clock?: Clock;
  random?: () => number;
  perSecond?: number;
  burst?: number;
}

export interface StatusWriter {
  /**
   * The addresses that this Ingress shall show; with `instead`, only as long as it shows exactly those. A later call for the
   * same object replaces an earlier one.
   */
  want(ingress: KubeObject, addresses: LoadBalancerAddress[], instead?: LoadBalancerAddress[]): void;
  /** Nothing is wanted any more. */
  forget(key: string): void;
  readonly pending: number;
  /** Final: what is still wanted stays unwritten. */
  stop(): Promise<void>;
}

const WRITE_MS = 10_000;
const AT_ONCE = 4;

interface Task {
  key: string;
  ingress: KubeObject;
  addresses: LoadBalancerAddress[];
  instead: LoadBalancerAddress[] | undefined;
  backoff: Backoff;
  /** The copy at hand is known to be outdated. */
  reread: boolean;
}

export function startStatusWriter(options: StatusWriterOptions): StatusWriter {
  return new Writer(options);
}

class Writer implements StatusWriter {
  private readonly tasks = new Map<string, Task>();
  private readonly ready = new Set<string>();
  private readonly busy = new Set<string>();
  /** In their back-off, whoever still wants them. */
  private readonly resting = new Set<string>();
  private readonly running = new Set<Promise<void>>();
  private workers = 0;
  private readonly ending = new AbortController();
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly bucket;

  constructor(private readonly options: StatusWriterOptions) {
    this.clock = options.clock ?? monotonicClock;
    this.random = options.random ?? Math.random;
    this.bucket = createTokenBucket({ clock: this.clock, burst: options.burst ?? 20, perSecond: options.perSecond ?? 5 });
  }

  get pending(): number { return this.tasks.size; }

  want(ingress: KubeObject, addresses: LoadBalancerAddress[], instead?: LoadBalancerAddress[]): void {
    if (this.ending.signal.aborted) return;
    const key = objectKey(ingress.metadata);
    const old = this.tasks.get(key);
    // Its place in the queue and its back-off belong to the object, not to the wish.
    const backoff = old?.backoff ?? createBackoff({ clock: this.clock, random: this.random, firstMs: 500, capMs: 60_000 });
    this.tasks.set(key, { key, ingress, addresses, instead, backoff, reread: false });
    if (!this.busy.has(key) && !this.resting.has(key) && !this.ready.has(key)) this.enqueue(key);
  }

  forget(key: string): void { this.tasks.delete(key); }

  async stop(): Promise<void> {
    this.ending.abort();
    this.tasks.clear();
    await Promise.all(this.running);
  }

  private enqueue(key: string): void {
    this.ready.add(key);
    if (this.workers >= AT_ONCE) return;
    const worker = this.work().finally(() => this.running.delete(worker));
    this.running.add(worker);
  }

  private async work(): Promise<void> {
    this.workers += 1;
    for (const key of this.ready) {
      this.ready.delete(key);
      const task = this.tasks.get(key);
      if (task === undefined || this.busy.has(key)) continue;
      this.busy.add(key);
      const outcome = await this.attempt(task).finally(() => this.busy.delete(task.key));
      if (outcome !== undefined) this.conclude(task, outcome);
    }
    // In the same turn in which the queue was seen empty: whoever adds to it later starts a new worker.
    this.workers -= 1;
  }

  private conclude(task: Task, outcome: StatusOutcome): void {
    const newer = this.tasks.get(task.key);
    const again = outcome.result === 'conflict' || outcome.result === 'failed';
    if (newer === task && !again) this.tasks.delete(task.key);
    if (newer !== undefined && newer !== task) this.enqueue(task.key);
    if (newer === task && again) {
      task.reread = true;
      this.rest(task, outcome.error?.retryAfterMs);
    }
    this.tell(outcome);
  }

  /** A listener that throws must not stop the writer. */
  private tell(outcome: StatusOutcome): void {
    try {
      this.options.onResult(outcome);
    } catch {
      // Its own fault, and not about this object.
    }
  }

  private rest(task: Task, atLeastMs: number | undefined): void {
    this.resting.add(task.key);
    void sleep(this.clock, task.backoff.next(atLeastMs), this.ending.signal).then(() => {
      this.resting.delete(task.key);
      if (this.tasks.has(task.key)) this.enqueue(task.key);
    });
  }

  /** Nothing when it was stopped or forgotten before it came to a result. */
  private async attempt(task: Task): Promise<StatusOutcome | undefined> {
    const { key, reread } = task;
    try {
      const outcome = reread ? await this.bringAnew(task) : await this.bring(task, task.ingress);
      // The copy at hand was old. When even a fresh one conflicts, somebody else is busy there: leave it for a while.
      return outcome?.result === 'conflict' && !reread ? await this.bringAnew(task) : outcome;
    } catch (error) {
      const failure = OperationalError.from(error, `status of Ingress ${key}`);
      return failure.code === 'not-found' ? { key, result: 'gone' } : { key, result: 'failed', error: failure };
    }
  }

  private async bringAnew(task: Task): Promise<StatusOutcome | undefined> {
    const now = await this.read(task);
    return this.options.isSame?.(task.ingress, now) === false ? { key: task.key, result: 'conflict' } : this.bring(task, now);
  }

  private async bring(task: Task, ingress: KubeObject): Promise<StatusOutcome | undefined> {
    const { key, addresses, instead } = task;
    // A copy that was read again may show what somebody else has written since.
    if (showsAlready(ingress, addresses) || (instead !== undefined && !showsAlready(ingress, instead))) return { key, result: 'unchanged' };
    if (!(await this.turn(task))) return undefined;
    if (!this.options.mayWrite(ingress)) return { key, result: 'not-holder' };
    try {
      await this.write(ingress, addresses);
      return { key, result: 'written' };
    } catch (error) {
      if (hasCode(error, 'conflict')) return { key, result: 'conflict', error };
      throw error;
    }
  }

  /** Waits for its share of the budget; false when there is nothing to do any more. */
  private async turn(task: Task): Promise<boolean> {
    while (!this.bucket.take()) {
      await sleep(this.clock, this.bucket.waitMs(), this.ending.signal);
      if (this.ending.signal.aborted) break;
    }
    return !this.ending.signal.aborted && this.tasks.has(task.key);
  }

  private async read({ ingress }: Task): Promise<KubeObject> {
    const now = await this.options.api.get(refOf(ingress), { signal: this.ending.signal });
    if (now.metadata.uid === ingress.metadata.uid) return now;
    throw new OperationalError('not-found', `Ingress ${objectKey(ingress.metadata)} is another object now`);
  }

  /** A merge patch and not a PUT: the copies at hand lack annotations, and a PUT of the status would delete them. */
  private async write(ingress: KubeObject, addresses: LoadBalancerAddress[]): Promise<void> {
    const { uid, resourceVersion } = ingress.metadata;
    const remaining = this.options.remainingMs?.(ingress) ?? WRITE_MS;
    await this.options.api.patchStatus(refOf(ingress), {
      metadata: { uid, resourceVersion },
      status: { loadBalancer: { ingress: addresses.length === 0 ? null : addresses } },
    }, { timeoutMs: Math.max(1, Math.min(WRITE_MS, remaining)), permit: () => this.options.mayWrite(ingress) });
  }
}

function refOf({ metadata }: KubeObject): ObjectRef {
  return { resource: ingresses, namespace: metadata.namespace ?? '', name: metadata.name };
}

function showsAlready(ingress: KubeObject, wanted: LoadBalancerAddress[]): boolean {
  const status = ingress['status'] as { loadBalancer?: { ingress?: LoadBalancerAddress[] } } | undefined;
  const shown = status?.loadBalancer?.ingress ?? [];
  const order = (list: LoadBalancerAddress[]): LoadBalancerAddress[] => sortBy(list, ['ip', 'hostname']);
  return isEqual(order(shown), order(wanted));
}

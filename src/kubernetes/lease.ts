// Holds a claim through a Lease, or waits for it. A holder stops by its own monotonic clock well before anybody else may
// begin by theirs; what it may still have in flight then is fenced by the epoch. It writes nothing but its Lease.
import type { Clock } from './clock.js';
import { monotonicClock, sleep } from './clock.js';
import type { KubeObject, ObjectRef } from './kube-object.js';
import type { LeaseRecord } from './lease-record.js';
import { MAX_TRANSITIONS, buildLease, readLease } from './lease-record.js';
import type { LeaseElector, LeaseElectorOptions, LostReason } from './lease-types.js';
import { OperationalError, hasCode } from './operational-error.js';
import { leases } from './resources.js';

export type { LeaseElector, LeaseElectorOptions, LostReason } from './lease-types.js';

const HOLDER_SHOWN = 253;
/** A stated duration counts up to this many of our own: a claim for a year is not a claim for a year. */
const DURATION_BOUND = 4;

export function startLeaseElector(options: LeaseElectorOptions): LeaseElector {
  const elector = new Elector(options);
  elector.start();
  return elector;
}

class Elector implements LeaseElector {
  readonly name: string;
  epoch: number | undefined;
  holder: string | undefined;

  private readonly clock: Clock;
  private readonly leaseMs: number;
  private readonly renewDeadlineMs: number;
  private readonly retryMs: number;
  private readonly ref: ObjectRef;
  private readonly ending = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private released: Promise<void> = Promise.resolve();
  private lastStamp = 0;
  private waking = new AbortController();
  private held = false;
  private validUntil = Number.NEGATIVE_INFINITY;
  private deadlineTimer: unknown;
  private acquiredAt = new Date(0);
  private epochFloor = 0;
  private seen: { lease: KubeObject; record: LeaseRecord; at: number } | undefined;
  /** The signs of what this elector has written or tried to: an unanswered write may still have happened. */
  private readonly ours = new Set<string>();

  constructor(private readonly options: LeaseElectorOptions) {
    this.name = options.name;
    this.clock = options.clock ?? monotonicClock;
    this.leaseMs = options.leaseMs ?? 15_000;
    this.renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.retryMs = options.retryMs ?? 2000;
    this.ref = { resource: leases, namespace: options.namespace, name: options.name };
    if (this.renewDeadlineMs >= this.leaseMs || this.retryMs >= this.renewDeadlineMs) {
      throw new RangeError(`Lease ${options.name}: the times must satisfy retry < renew deadline < lease`);
    }
  }

  start(): void { this.running = this.run(); }
  get renewed(): string | undefined { return this.held ? this.seen?.lease.metadata.resourceVersion : undefined; }
  isHolder(): boolean { return this.remainingMs() > 0; }
  remainingMs(): number { return this.held ? Math.max(0, this.validUntil - this.clock.now()) : 0; }
  poke(): void { this.waking.abort(); }

  raiseEpoch(atLeast: number): void {
    this.epochFloor = Math.max(this.epochFloor, atLeast);
    if (this.epoch !== undefined && this.epoch < this.epochFloor) this.poke();
  }

  async release(): Promise<void> {
    if (!this.ending.signal.aborted) {
      this.ending.abort();
      this.poke();
      this.lose('released');
      this.released = this.running.then(() => this.handBack()).catch((error: unknown) => this.report(error));
    }
    await this.released;
  }

  private async run(): Promise<void> {
    while (!this.ending.signal.aborted) {
      if (this.held && !this.isHolder()) this.lose('renew-deadline');
      this.waking = new AbortController();
      try {
        await this.turn();
      } catch (error) {
        this.report(error);
      }
      if (this.ending.signal.aborted) return;
      await sleep(this.clock, this.pauseMs(), this.waking.signal);
    }
  }

  /** Until the next turn; a standby takes its turn at the latest when the claim of a silent holder ends. */
  private pauseMs(): number {
    if (this.held) return this.retryMs;
    const turn = this.retryMs * (1 + 0.2 * (this.options.random ?? Math.random)());
    const free = this.seen === undefined ? 0 : this.freeInMs(this.seen);
    return free > 0 ? Math.min(turn, free) : turn;
  }

  /** One attempt to keep or to get the claim. */
  private async turn(): Promise<void> {
    // A holder knows the version of its own Lease: one write is enough, and a conflict shows that it does not know.
    if (this.held && this.seen !== undefined) {
      try {
        return await this.write(this.seen.lease);
      } catch (error) {
        if (!hasCode(error, 'conflict', 'not-found')) throw error;
      }
    }
    const lease = await this.look(this.ending.signal);
    if (this.ending.signal.aborted || (lease !== undefined && this.freeInMs(this.seen!) > 0)) return;
    try {
      await this.write(lease);
    } catch (error) {
      // Somebody else was faster: not a fault, and the next look shows who.
      if (!hasCode(error, 'conflict')) throw error;
    }
  }

  private async look(signal?: AbortSignal): Promise<KubeObject | undefined> {
    try {
      const lease = await this.options.api.get(this.ref, { ...this.deadline(), ...(signal ? { signal } : {}) });
      this.observe(lease);
      return lease;
    } catch (error) {
      if (!hasCode(error, 'not-found')) throw error;
      this.seen = undefined;
      this.showHolder('');
      return undefined;
    }
  }

  private observe(lease: KubeObject): void {
    const record = readLease(lease);
    const at = this.seen?.record.sign === record.sign ? this.seen.at : this.clock.now();
    this.seen = { lease, record, at };
    this.epochFloor = Math.max(this.epochFloor, record.transitions);
    if (record.holder !== '' && !this.ours.has(record.sign)) {
      this.ours.clear();
      this.lose('superseded');
    }
    this.showHolder(record.holder);
  }

  /** How long nobody else may take it; not above 0 when it is free. */
  private freeInMs({ record, at }: { record: LeaseRecord; at: number }): number {
    // Our own last word, answered or not: nobody has spoken since. A mere equal name may be an earlier life or a twin.
    if (record.holder === '' || this.ours.has(record.sign)) return 0;
    return at + Math.min(Math.max(this.leaseMs, record.durationMs), DURATION_BOUND * this.leaseMs) - this.clock.now();
  }

  /** Renews when held under a good epoch, else takes the claim under the next one. */
  private async write(over: KubeObject | undefined): Promise<void> {
    const renew = this.isHolder() && this.epoch! >= this.epochFloor;
    const transitions = renew ? this.epoch! : this.epochFloor + 1;
    if (transitions > MAX_TRANSITIONS) {
      throw new OperationalError('invalid', `Lease ${this.options.namespace}/${this.name}: leaseTransitions has reached its maximum; delete the Lease and restart its candidates`);
    }
    const now = this.stamp();
    const acquired = renew ? this.acquiredAt : now;
    const lease = buildLease({
      namespace: this.options.namespace, name: this.name, holder: this.options.identity,
      durationSeconds: Math.ceil(this.leaseMs / 1000), transitions, now, acquired, ...(this.options.marks ? { marks: this.options.marks } : {}),
    }, over);
    const { sign } = readLease(lease);
    this.remember(sign);
    // Counted from before the request: the others can only count from after it.
    const startedAt = this.clock.now();
    const written = await this.send(lease, over === undefined);
    const shown = readLease(written).sign;
    if (shown !== sign) this.remember(shown);
    if (this.ending.signal.aborted) { this.seen = { lease: written, record: readLease(written), at: startedAt }; return; }
    this.hold({ lease: written, startedAt, transitions, acquired, renew });
  }

  private send(lease: KubeObject, fresh: boolean): Promise<KubeObject> {
    return fresh ? this.options.api.create(leases, lease, this.deadline()) : this.options.api.replace(leases, lease, this.deadline());
  }

  private hold(got: { lease: KubeObject; startedAt: number; transitions: number; acquired: Date; renew: boolean }): void {
    // The answer came so late that the claim may be over: the loop starts anew.
    if (this.clock.now() >= got.startedAt + this.renewDeadlineMs || (got.renew && !this.isHolder())) {
      this.seen = { lease: got.lease, record: readLease(got.lease), at: this.clock.now() };
      return this.lose('renew-deadline');
    }
    if (!got.renew) this.lose('epoch-raised');
    const isNew = !this.held;
    this.held = true;
    this.epoch = got.transitions;
    this.epochFloor = Math.max(this.epochFloor, got.transitions);
    this.acquiredAt = got.acquired;
    this.validUntil = got.startedAt + this.renewDeadlineMs;
    this.seen = { lease: got.lease, record: readLease(got.lease), at: got.startedAt };
    this.clock.clearTimeout(this.deadlineTimer);
    this.deadlineTimer = this.clock.setTimeout(() => { if (!this.isHolder()) this.lose('renew-deadline'); }, this.remainingMs());
    this.showHolder(this.options.identity);
    if (isNew) this.options.onAcquired(got.transitions);
  }

  private lose(reason: LostReason): void {
    if (!this.held) return;
    this.held = false;
    this.epoch = undefined;
    this.clock.clearTimeout(this.deadlineTimer);
    this.options.onLost(reason);
  }

  private async handBack(): Promise<void> {
    // An unanswered renewal may have moved the version on: look once when it has.
    for (let attempt = 0; attempt < 2 && this.seen !== undefined; attempt += 1) {
      if (!this.ours.has(this.seen.record.sign)) return;
      const now = this.stamp();
      const lease = buildLease({
        namespace: this.options.namespace, name: this.name, holder: '', durationSeconds: 1,
        transitions: this.seen.record.transitions, now, acquired: now,
      }, this.seen.lease);
      try {
        await this.options.api.replace(leases, lease, { timeoutMs: this.retryMs });
        return this.showHolder('');
      } catch (error) {
        if (!hasCode(error, 'conflict')) throw error;
        await this.look();
      }
    }
  }

  /** The wall clock, but never the same twice: a standby sees that the holder lives by a record that changes. */
  private stamp(): Date {
    const now = (this.options.wallClock?.() ?? new Date()).getTime();
    const behind = this.lastStamp - now;
    this.lastStamp = behind >= 0 && behind < 60_000 ? this.lastStamp + 1 : now;
    return new Date(this.lastStamp);
  }

  /** Half the renew deadline: a request that hangs must leave time for another. */
  private deadline(): { timeoutMs: number } {
    return { timeoutMs: this.renewDeadlineMs / 2 };
  }

  private remember(sign: string): void {
    this.ours.add(sign);
    if (this.ours.size > 32) this.ours.delete(this.ours.values().next().value!);
  }

  private showHolder(holder: string): void {
    const shown = holder.slice(0, HOLDER_SHOWN);
    if (shown === this.holder) return;
    this.holder = shown;
    this.options.onHolder?.(shown);
  }

  private report(error: unknown): void {
    this.options.onFault?.(OperationalError.from(error, `Lease ${this.options.namespace}/${this.name}`));
  }
}

// When a list-watch compares what it has with a fresh list: every ten to fifteen minutes, and sooner when there is reason to
// doubt. One check at a time, and none beside a list. What is compared, and what follows, is for whoever has it made.
import type { Clock } from './clock.js';

const FIRST_MS = 600_000;
const SPREAD_MS = 300_000;
const SOON_MS = 2000;
/** Between two checks that doubt has brought forward. */
const GAP_MS = 30_000;

export interface CheckScheduleOptions {
  clock: Clock;
  random: () => number;
  /** Whether a check makes sense now: without a watch a list is under way or due anyway. */
  mayCheck: () => boolean;
  /** Must not reject; ends early when the signal fires. */
  check: (signal: AbortSignal) => Promise<void>;
}

export class CheckSchedule {
  private timer: unknown;
  private dueAt = Number.POSITIVE_INFINITY;
  private checkedAt = Number.NEGATIVE_INFINITY;
  private checking: { done: Promise<void>; abort: AbortController } | undefined;
  private stopped = false;

  constructor(private readonly options: CheckScheduleOptions) {}

  start(): void {
    this.plan(FIRST_MS + this.options.random() * SPREAD_MS);
  }

  /** Brings the next check forward. */
  soon(): void {
    this.plan(Math.max(SOON_MS, this.checkedAt + GAP_MS - this.options.clock.now()));
  }

  /** Ends the check that is under way, if one is. */
  async interrupt(): Promise<void> {
    this.checking?.abort.abort();
    await this.checking?.done;
  }

  /** No check begins after this. */
  stop(): void {
    this.stopped = true;
    this.options.clock.clearTimeout(this.timer);
  }

  private plan(inMs: number): void {
    const { clock } = this.options;
    const dueAt = clock.now() + inMs;
    if (this.stopped || dueAt >= this.dueAt) return;
    clock.clearTimeout(this.timer);
    this.dueAt = dueAt;
    this.timer = clock.setTimeout(() => this.begin(), inMs);
  }

  private begin(): void {
    this.dueAt = Number.POSITIVE_INFINITY;
    this.start();
    if (this.checking !== undefined || !this.options.mayCheck()) return;
    this.checkedAt = this.options.clock.now();
    const abort = new AbortController();
    const done = this.options.check(abort.signal).finally(() => { this.checking = undefined; });
    this.checking = { done, abort };
  }
}

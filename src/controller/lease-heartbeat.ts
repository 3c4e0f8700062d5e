// Proves that the watch of Leases lives: a renewal of ours that the API has taken must come back over it within 5 s (G17).
// A connection that a firewall has forgotten looks like a quiet one, and without this only bookmarks, a minute apart, tell
// the two apart. It measures and tells; what is done about it is for whoever has the watch.

import { type Clock, sleep } from '../kubernetes/clock.js';
import { isNewer } from '../kubernetes/resource-version.js';

export interface LeaseHeartbeatOptions {
  clock: Clock;
  /** Key and version of each own Lease as the API has last taken it. */
  written: () => Iterable<readonly [lease: string, version: string]>;
  /** The version of a Lease that the watch has brought. */
  seen: (lease: string) => string | undefined;
  /** A renewal is overdue; told again after twice the time while it stays so. */
  onMiss: (lease: string) => void;
}

export interface LeaseHeartbeat {
  /** How long the oldest renewal that was not seen yet has been waited for; 0 when all were. */
  readonly lagMs: number;
  readonly misses: number;
  stop(): Promise<void>;
}

export const PATIENCE_MS = 5000;
const LOOK_EVERY_MS = 500;
const LONGEST_STEP_MS = 60_000;

export function startLeaseHeartbeat(options: LeaseHeartbeatOptions): LeaseHeartbeat {
  const heartbeat = new Heartbeat(options);
  heartbeat.start();
  return heartbeat;
}

class Heartbeat implements LeaseHeartbeat {
  lagMs = 0;
  misses = 0;
  /** The oldest renewal of each Lease that was not seen yet. */
  private readonly waiting = new Map<string, { version: string; waitedMs: number }>();
  private stepMs = PATIENCE_MS;
  private dueMs = PATIENCE_MS;
  private readonly ending = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: LeaseHeartbeatOptions) {}

  start(): void { this.running = this.run(); }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { clock } = this.options;
    while (!this.ending.signal.aborted) {
      const from = clock.now();
      await sleep(clock, LOOK_EVERY_MS, this.ending.signal);
      // A process that stood still has not been told of anything meanwhile: that time is nobody's silence.
      if (!this.ending.signal.aborted) this.look(Math.min(clock.now() - from, 2 * LOOK_EVERY_MS));
    }
  }

  private look(sinceMs: number): void {
    const written = new Map(this.options.written());
    for (const lease of this.waiting.keys()) if (!written.has(lease)) this.waiting.delete(lease);
    for (const [lease, version] of written) this.follow(lease, version, sinceMs);
    const [lease, oldest] = [...this.waiting].reduce((a, b) => (b[1].waitedMs > a[1].waitedMs ? b : a), ['', { waitedMs: 0 }]);
    this.lagMs = oldest.waitedMs;
    if (this.lagMs < PATIENCE_MS) this.dueMs = this.stepMs = PATIENCE_MS;
    if (this.lagMs < this.dueMs) return;
    this.stepMs = Math.min(2 * this.stepMs, LONGEST_STEP_MS);
    this.dueMs = this.lagMs + this.stepMs;
    this.misses += 1;
    this.options.onMiss(lease);
  }

  private follow(lease: string, version: string, sinceMs: number): void {
    const seen = this.options.seen(lease);
    const isUnseen = (one: string): boolean => seen === undefined || isNewer(one, seen);
    const waiting = this.waiting.get(lease);
    if (waiting !== undefined && isUnseen(waiting.version)) waiting.waitedMs += sinceMs;
    else if (isUnseen(version)) this.waiting.set(lease, { version, waitedMs: 0 });
    else this.waiting.delete(lease);
  }
}

// Brings one class's table to every engine that listens, to each at its own pace: a slow or silent one holds up nobody, and
// what changes meanwhile waits as a set of keys, never as a queue. It knows how far behind each engine is.

import { createChangeLog } from './change-log.js';
import { type EngineRecord, createEngineBook } from './engine-book.js';
import { type PublishOutcome, TablePublisher, type TableSink } from './publish-table.js';
import type { QuarantinedEntry } from './quarantine.js';
import type { ClassTable } from '../route-table/types.js';

export interface FanOutOptions {
  class: string;
  /** The right to publish: undefined when the claim is not held (any more). */
  epoch: () => number | undefined;
  onOutcome: (engine: string, outcome: PublishOutcome) => void;
  /** A change is served by every engine that listens; `since`: when it was seen. */
  onServed?: (since: number) => void;
  pause: (ms: number) => Promise<void>;
  /** A steady clock, in ms: the one of `since`. */
  now?: () => number;
}

interface Listener {
  publisher: TablePublisher;
  sink: TableSink;
  attached: boolean;
  /** The last update was taken. */
  served: boolean;
  /** The change up to which it serves everything; undefined before its first table. */
  version: number | undefined;
  since: number;
}

/** An engine as it is now, or was when it went. */
export interface EngineState extends EngineRecord {
  engine: string;
  connected: boolean;
  /** Changes that it does not serve yet, and for how long the oldest of them has waited, in ms. */
  behind: number;
  lagMs: number;
  quarantined: readonly QuarantinedEntry[];
}

export class TableFanOut {
  private readonly listeners = new Map<string, Listener>();
  private readonly book = createEngineBook();
  private readonly changes = createChangeLog();
  private readonly now: () => number;
  private table: ClassTable = new Map();
  private known = false;
  private decided = true;
  /** How often an engine came, went or answered, or something was published. */
  private news = 0;

  constructor(private readonly options: FanOutOptions) {
    this.now = options.now ?? (() => performance.now());
  }

  /** The table is about to be half of what was decided and half of what is: nobody gets anything of it before `publish`. */
  hold(): void {
    this.decided = false;
  }

  /** Makes `table` what every engine is to serve; `changed` are the keys that differ from the last call, `since` when that was seen. */
  publish(table: ClassTable, changed: Iterable<string>, since?: number): void {
    this.table = table;
    this.known = true;
    this.decided = true;
    const keys = [...changed];
    if (keys.length > 0) this.news += 1;
    if (keys.length > 0 && this.listeners.size > 0 && this.options.epoch() !== undefined) this.changes.add(since ?? this.now());
    for (const { publisher } of this.listeners.values()) void publisher.publish(table, keys, this.changes.version());
  }

  /**
   * Adds an engine; it gets the whole table first. One that comes again under its name takes the place of its old self.
   * `afterSequence`: of the last update that it has taken.
   */
  attach(engine: string, sink: TableSink, afterSequence = 0): () => void {
    const self = (): Listener => listener;
    const listener: Listener = {
      sink, attached: true, served: false, version: undefined, since: this.now(),
      publisher: this.publisherFor(engine, { sink, afterSequence }, self),
    };
    const before = this.listeners.get(engine);
    if (before !== undefined) before.attached = false;
    this.listeners.set(engine, listener);
    this.book.come(engine, this.now());
    this.news += 1;
    if (this.known) void listener.publisher.publish(this.table, [], this.changes.version());
    return () => this.detach(engine, listener);
  }

  /** The claim is not held any more: engines elsewhere are to ask for whoever holds it now. */
  release(): void {
    this.changes.takeUpTo(this.changes.version());
    for (const { sink } of [...this.listeners.values()]) sink.close?.();
  }

  /** The engines that listen, and whether each serves what was last published. */
  engines(): { engine: string; served: boolean }[] {
    return [...this.listeners].map(([engine, { served }]) => ({ engine, served }));
  }

  /** How many entries are refused, over all engines that listen. */
  quarantined(): number {
    return [...this.listeners.values()].reduce((sum, { publisher }) => sum + publisher.quarantinedCount, 0);
  }

  /** Each engine, also those that have gone a short time ago. */
  states(): EngineState[] {
    const now = this.now();
    return this.book.engines(now).map(([engine, record]) => {
      const listener = this.listeners.get(engine);
      if (listener === undefined) return { engine, ...record, connected: false, behind: 0, lagMs: 0, quarantined: [] };
      const { version, since, publisher } = listener;
      const oldest = version === undefined ? since : this.changes.oldestAfter(version);
      return {
        engine, ...record, connected: true, quarantined: publisher.quarantined(),
        behind: version === undefined ? 1 : this.changes.version() - version, lagMs: oldest === undefined ? 0 : Math.max(0, now - oldest),
      };
    });
  }

  private detach(engine: string, listener: Listener): void {
    listener.attached = false;
    listener.publisher.stop();
    if (this.listeners.get(engine) !== listener) return;
    this.listeners.delete(engine);
    this.news += 1;
    this.book.go(engine, this.now());
    this.tellServed();
  }

  /** A change counts as served when the last of those that listen has it; when nobody listens there is nothing to tell. */
  private tellServed(): void {
    const versions = [...this.listeners.values()].map(({ version }) => version ?? 0);
    const served = this.changes.takeUpTo(versions.length === 0 ? this.changes.version() : versions.reduce((a, b) => Math.min(a, b)));
    if (versions.length > 0) for (const since of served) this.options.onServed?.(since);
  }

  /** Another one whenever `lacks` may give another answer. */
  sign(): string {
    return `${this.options.epoch()} ${this.news}`;
  }

  /** Why not every engine that listens has these entries as they are wanted now, in words; undefined: all have. */
  lacks(keys: Iterable<string>): string | undefined {
    const wanted = [...keys];
    if (this.listeners.size === 0) return `no engine takes the tables of ${this.options.class}`;
    for (const [engine, { publisher }] of this.listeners) {
      const why = publisher.lacks(wanted);
      if (why !== undefined) return `engine ${engine} ${why}`;
    }
    return undefined;
  }

  private publisherFor(engine: string, { sink, afterSequence }: { sink: TableSink; afterSequence: number }, self: () => Listener): TablePublisher {
    return new TablePublisher({
      class: this.options.class, sink, afterSequence, pause: this.options.pause, now: this.now,
      epoch: () => (self().attached ? this.options.epoch() : undefined),
      isDecided: () => this.decided,
      onOutcome: (outcome) => {
        const listener = self();
        this.news += 1;
        this.book.note(engine, outcome);
        // Without entries that it refuses it goes on at once: that is no reason to call an engine unready.
        if (outcome.applied || outcome.refused === undefined) listener.served = outcome.applied;
        if (outcome.applied) listener.version = outcome.version;
        this.options.onOutcome(engine, outcome);
        if (outcome.applied && listener.attached) this.tellServed();
      },
    });
  }
}

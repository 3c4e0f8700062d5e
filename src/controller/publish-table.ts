// Brings the wanted table of one class to the engine, one update at a time: what changes meanwhile goes with the next one.
// It numbers the updates and remembers what was taken; it never decides what is wanted.

import type { ClassTable, TableUpdate } from '../route-table/types.js';

/** Where tables go: the engine in the same process, or a stream to engines elsewhere. */
export interface TableSink {
  /**
   * Resolves when the update is served, or refused with the reason; rejects when that can't be told. `newerEpoch`: the epoch
   * that the engine has seen, when that of the update is older.
   */
  apply(update: TableUpdate): Promise<{ applied: true } | { applied: false; reason: string; newerEpoch?: number }>;
}

export interface PublisherOptions {
  class: string;
  sink: TableSink;
  /** The right to publish: undefined when the claim is not held (any more). */
  epoch: () => number | undefined;
  /** Of the last update that the engine has taken, also from others before: its updates go on from there. */
  afterSequence?: number;
  /** Told of every update's outcome. */
  onOutcome: (outcome: PublishOutcome) => void;
  /** Waits before an update that failed is tried again. */
  pause: (ms: number) => Promise<void>;
}

export type PublishOutcome =
  | { applied: true; epoch: number; sequence: number; set: number; removed: number; entries: number;
    /** When the oldest change in it was told to publish; undefined when nothing had changed. */
    since: number | undefined }
  | { applied: false; epoch: number; reason: string; newerEpoch?: number };

const RETRY_MS = 1000;

export class TablePublisher {
  private table: ClassTable = new Map();
  /** Keys that may differ from what the engine has. */
  private readonly pending = new Set<string>();
  /** When the oldest change of what is pending was seen. */
  private pendingSince: number | undefined;
  private takenEpoch: number | undefined;
  private sequence: number;
  private running: Promise<void> | undefined;

  constructor(private readonly options: PublisherOptions) {
    this.sequence = options.afterSequence ?? 0;
  }

  /**
   * Brings the engine to `table`, of which the entries of `changed` are different from the last call. The map may go on
   * changing: what is sent is what it holds then. `since` says when the change was seen, on the caller's clock. Resolves when
   * nothing more is under way.
   */
  publish(table: ClassTable, changed: Iterable<string>, since?: number): Promise<void> {
    this.table = table;
    for (const key of changed) {
      this.pending.add(key);
      this.pendingSince ??= since;
    }
    this.running ??= this.run().finally(() => { this.running = undefined; });
    return this.running;
  }

  private async run(): Promise<void> {
    for (let epoch = this.options.epoch(); epoch !== undefined; epoch = this.options.epoch()) {
      if (this.takenEpoch === epoch && this.pending.size === 0) return;
      if (!await this.send(epoch)) await this.options.pause(RETRY_MS);
    }
  }

  private async send(epoch: number): Promise<boolean> {
    const since = this.pendingSince;
    this.pendingSince = undefined;
    const update = this.nextUpdate(epoch);
    const answer: Awaited<ReturnType<TableSink['apply']>> = await this.options.sink.apply(update)
      .catch((error: Error) => ({ applied: false as const, reason: error.message }));
    if (!answer.applied) {
      this.takenEpoch = undefined;
      this.pendingSince = since ?? this.pendingSince;
      const { reason, newerEpoch } = answer;
      this.options.onOutcome({ applied: false, epoch, reason, ...(newerEpoch === undefined ? {} : { newerEpoch }) });
      return false;
    }
    this.takenEpoch = epoch;
    const { sequence, set, remove, count } = update;
    this.options.onOutcome({ applied: true, epoch, sequence, set: set.length, removed: remove.length, entries: count, since });
    return true;
  }

  /** The whole table at first, in a new epoch and after a refusal: what the engine has is then not known here. */
  private nextUpdate(epoch: number): TableUpdate {
    const full = this.takenEpoch !== epoch;
    const keys = full ? [...this.table.keys()] : [...this.pending];
    this.pending.clear();
    this.sequence += 1;
    const set = keys.filter((key) => this.table.has(key)).map((key) => ({ key, value: this.table.get(key)! }));
    const remove = keys.filter((key) => !this.table.has(key));
    return { class: this.options.class, epoch, sequence: this.sequence, full, set, remove, count: this.table.size };
  }
}

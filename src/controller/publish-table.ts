// Brings the wanted table of one class to the engine, one update at a time: what is wanted meanwhile goes with the next one.
// It numbers the updates and remembers what was taken; it never decides what is wanted.

import type { ClassTable, TableUpdate } from '../route-table/types.js';
import { diffTable } from '../core/diff-table.js';

/** Where tables go: the engine in the same process, or a stream to engines elsewhere. */
export interface TableSink {
  /** Resolves when the update is served, or refused with the reason; rejects when that can't be told. */
  apply(update: TableUpdate): Promise<{ applied: true } | { applied: false; reason: string }>;
}

export interface PublisherOptions {
  class: string;
  sink: TableSink;
  /** The right to publish: undefined when the claim is not held (any more). */
  epoch: () => number | undefined;
  /** Told of every update's outcome. */
  onOutcome: (outcome: PublishOutcome) => void;
  /** Waits before an update that failed is tried again. */
  pause: (ms: number) => Promise<void>;
}

export type PublishOutcome =
  | { applied: true; epoch: number; sequence: number; set: number; removed: number; entries: number }
  | { applied: false; epoch: number; reason: string };

const RETRY_MS = 1000;

export class TablePublisher {
  private wanted: ClassTable | undefined;
  private taken: ClassTable = new Map();
  private takenEpoch: number | undefined;
  private sequence = 0;
  private running: Promise<void> | undefined;

  constructor(private readonly options: PublisherOptions) {}

  /** Makes `table` what the engine is to serve. Resolves when nothing more is under way. */
  publish(table: ClassTable): Promise<void> {
    this.wanted = table;
    this.running ??= this.run().finally(() => { this.running = undefined; });
    return this.running;
  }

  private async run(): Promise<void> {
    while (this.wanted !== undefined) {
      const table = this.wanted;
      this.wanted = undefined;
      const epoch = this.options.epoch();
      if (epoch === undefined) return;
      if (!await this.send(table, epoch)) {
        await this.options.pause(RETRY_MS);
        this.wanted ??= table;
      }
    }
  }

  /** Whole at first, in a new epoch and after a refusal: what the engine has is then not known here. */
  private async send(table: ClassTable, epoch: number): Promise<boolean> {
    const full = this.takenEpoch !== epoch;
    const { set, remove } = diffTable(full ? new Map() : this.taken, table);
    if (!full && set.length === 0 && remove.length === 0) return true;
    const sequence = this.sequence + 1;
    const update: TableUpdate = { class: this.options.class, epoch, sequence, full, set, remove, count: table.size };
    this.sequence = sequence;
    const answer = await this.options.sink.apply(update).catch((error: Error) => ({ applied: false as const, reason: error.message }));
    if (!answer.applied) {
      this.takenEpoch = undefined;
      this.options.onOutcome({ applied: false, epoch, reason: answer.reason });
      return false;
    }
    this.taken = table;
    this.takenEpoch = epoch;
    this.options.onOutcome({ applied: true, epoch, sequence, set: set.length, removed: remove.length, entries: table.size });
    return true;
  }
}

// Brings one class's table to every engine that listens, to each at its own pace: a slow or silent one holds up nobody, and
// what changes meanwhile waits as a set of keys, never as a queue.

import type { ClassTable } from '../route-table/types.js';
import { type PublishOutcome, TablePublisher, type TableSink } from './publish-table.js';

export interface FanOutOptions {
  class: string;
  /** The right to publish: undefined when the claim is not held (any more). */
  epoch: () => number | undefined;
  onOutcome: (engine: string, outcome: PublishOutcome) => void;
  pause: (ms: number) => Promise<void>;
}

interface Listener {
  publisher: TablePublisher;
  attached: boolean;
  /** The last update was taken. */
  served: boolean;
}

export class TableFanOut {
  private readonly listeners = new Map<string, Listener>();
  private table: ClassTable = new Map();
  private known = false;

  constructor(private readonly options: FanOutOptions) {}

  /**
   * Makes `table` what every engine is to serve; `changed` are the keys that differ from the last call, `since` is when the
   * oldest of these changes was seen.
   */
  publish(table: ClassTable, changed: Iterable<string>, since?: number): void {
    this.table = table;
    this.known = true;
    const keys = [...changed];
    for (const { publisher } of this.listeners.values()) void publisher.publish(table, keys, since);
  }

  /**
   * Adds an engine; it gets the whole table first. One that comes again under its name takes the place of its old self.
   * `afterSequence`: of the last update that it has taken.
   */
  attach(engine: string, sink: TableSink, afterSequence = 0): () => void {
    const self = (): Listener => listener;
    const listener: Listener = { attached: true, served: false, publisher: this.publisherFor(engine, { sink, afterSequence }, self) };
    const before = this.listeners.get(engine);
    if (before !== undefined) before.attached = false;
    this.listeners.set(engine, listener);
    if (this.known) void listener.publisher.publish(this.table, []);
    return () => {
      listener.attached = false;
      if (this.listeners.get(engine) === listener) this.listeners.delete(engine);
    };
  }

  /** The engines that listen, and whether each serves what was last published. */
  engines(): { engine: string; served: boolean }[] {
    return [...this.listeners].map(([engine, { served }]) => ({ engine, served }));
  }

  private publisherFor(engine: string, { sink, afterSequence }: { sink: TableSink; afterSequence: number }, self: () => Listener): TablePublisher {
    return new TablePublisher({
      class: this.options.class, sink, afterSequence, pause: this.options.pause,
      epoch: () => (self().attached ? this.options.epoch() : undefined),
      onOutcome: (outcome) => {
        self().served = outcome.applied;
        this.options.onOutcome(engine, outcome);
      },
    });
  }
}

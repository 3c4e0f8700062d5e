// Brings the wanted table of one class to one engine, one update at a time: what changes meanwhile goes with the next one.
// It numbers the updates, remembers what was taken and goes on without the entries that the engine refuses (quarantine.ts); it
// never decides what is wanted.

import type { TrafficReport } from './engine-traffic.js';
import { Quarantine, type QuarantinedEntry } from './quarantine.js';
import type { RefusedEntry } from '../core/stream-protocol.js';
import type { ClassTable, EntryValue, TableUpdate } from '../route-table/types.js';

/** Where tables go: the engine in the same process, or a stream to engines elsewhere. */
export interface TableSink {
  /**
   * Resolves when the update is served, or refused with the reason; rejects when that can't be told. `newerEpoch`: the epoch
   * that the engine has seen, when that of the update is older. `refused`: the entries because of which it is refused, when
   * there is no other reason: nothing has changed at the engine then.
   */
  apply(update: TableUpdate): Promise<{ applied: true } | { applied: false; reason: string; newerEpoch?: number; refused?: RefusedEntry[] }>;
  /** Sends the engine away, to ask elsewhere; an engine in the same process has nowhere to go. */
  close?(): void;
  /**
   * Asks for the requests of these Ingresses of a class, in place of those asked for before; `tell` is called again and again
   * until others are asked for. Left out: the engine can't tell.
   */
  observe?(className: string, ingresses: readonly string[], tell: (report: TrafficReport) => void): void;
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
  /** Whether the table is as it was decided; while it is not, nothing of it is sent. Always, unless given. */
  isDecided?: () => boolean;
  /** Waits before an update that failed is tried again. */
  pause: (ms: number) => Promise<void>;
  /** A steady clock, in ms. */
  now?: () => number;
}

export type PublishOutcome =
  | { applied: true; epoch: number; sequence: number; set: number; removed: number; entries: number;
    /** All changes up to this one are served (see publish). */
    version: number }
  | { applied: false; epoch: number; reason: string; newerEpoch?: number;
    /** The update goes again at once without these entries, or they have waited for nothing. */
    refused?: readonly RefusedEntry[] };

type Answer = Awaited<ReturnType<TableSink['apply']>>;

/** What is sent, and what it was made from. */
interface Attempt {
  update: TableUpdate;
  /** The wanted entry of each that is set. */
  wanted: Map<string, EntryValue>;
  /** Only entries out of quarantine, offered once more: nobody else waits for the answer. */
  retry: boolean;
  version: number;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 32_000;
/** A change may be the cure of what was refused: it is not kept waiting for longer. */
const CHANGED_PAUSE_MS = 4000;

export class TablePublisher {
  private table: ClassTable = new Map();
  /** Keys that may differ from what the engine has. */
  private readonly pending = new Set<string>();
  /** Number of the last change, and of the last one that the engine serves. */
  private version = 0;
  private servedVersion = 0;
  private takenEpoch: number | undefined;
  private sequence: number;
  private failures = 0;
  private triedAgain = false;
  private busy = false;
  private running: Promise<void> = Promise.resolve();
  private alarm: NodeJS.Timeout | undefined;
  private readonly now: () => number;
  private readonly quarantine: Quarantine;
  /** Keys of the update that waits for its answer. */
  private underWay: ReadonlySet<string> = new Set();
  /** Why the last update was not taken. */
  private refusal: string | undefined;

  constructor(private readonly options: PublisherOptions) {
    this.sequence = options.afterSequence ?? 0;
    this.now = options.now ?? (() => performance.now());
    this.quarantine = new Quarantine(this.now);
  }

  /**
   * Brings the engine to `table`, of which the entries of `changed` are different from the last call. The map may go on
   * changing: what is sent is what it holds then. `version` numbers the changes, for whoever wants to know which are served.
   * Resolves when nothing more is under way.
   */
  publish(table: ClassTable, changed: Iterable<string>, version = this.version): Promise<void> {
    this.table = table;
    this.version = version;
    for (const key of changed) {
      this.pending.add(key);
      for (const freed of this.quarantine.release(key)) this.pending.add(freed);
    }
    return this.work();
  }

  /** The entries that the engine refuses. What it serves instead opens nothing that they would have kept closed. */
  quarantined(): QuarantinedEntry[] {
    return this.quarantine.entries();
  }

  get quarantinedCount(): number {
    return this.quarantine.size;
  }

  /** No more is tried by itself. */
  stop(): void {
    clearTimeout(this.alarm);
  }

  private work(): Promise<void> {
    if (!this.busy) this.running = this.run();
    return this.running;
  }

  /** Why the engine does not have these entries as they are wanted now, in words; undefined: it has. */
  lacks(keys: Iterable<string>): string | undefined {
    const late = this.refusal === undefined ? 'has not taken it yet' : `does not take it: ${this.refusal}`;
    if (this.takenEpoch === undefined || this.takenEpoch !== this.options.epoch()) return late;
    const refused = new Map(this.quarantine.size === 0 ? [] : this.quarantine.entries().map(({ key, reason }) => [key, reason]));
    for (const key of keys) {
      const reason = refused.get(key);
      if (reason !== undefined) return `refuses it: ${reason}`;
      if (this.pending.has(key) || this.underWay.has(key)) return late;
    }
    return undefined;
  }

  private async run(): Promise<void> {
    this.busy = true;
    try {
      for (let epoch = this.options.epoch(); epoch !== undefined; epoch = this.options.epoch()) {
        const attempt = this.nextAttempt(epoch);
        if (attempt === undefined) return;
        this.underWay = new Set([...attempt.update.set.map(({ key }) => key), ...attempt.update.remove]);
        const answer: Answer = await this.options.sink.apply(attempt.update).catch((error: Error) => ({ applied: false as const, reason: `no-answer: ${error.message}` }));
        this.underWay = new Set();
        this.refusal = answer.applied ? undefined : answer.reason;
        if (answer.applied) this.taken(attempt);
        else if (!this.goesOn(attempt, answer)) await this.rest();
      }
    } finally {
      // In the very moment in which there is nothing more to do: whoever comes after it has to find nobody at work.
      this.busy = false;
      this.setAlarm();
    }
  }

  /** What is to be sent now; undefined when the engine has everything, or it is being decided what it shall have. Retries and changes take turns. */
  private nextAttempt(epoch: number): Attempt | undefined {
    if (this.options.isDecided?.() === false) return undefined;
    const known = this.takenEpoch === epoch;
    const due = known && (this.pending.size === 0 || !this.triedAgain) ? this.quarantine.due() : new Map<string, EntryValue>();
    if (known && this.pending.size === 0 && due.size === 0) return undefined;
    this.triedAgain = due.size > 0;
    return due.size > 0 ? this.retryOf(due, epoch) : this.nextUpdate(epoch);
  }

  private setAlarm(): void {
    clearTimeout(this.alarm);
    const next = this.quarantine.nextDue();
    // What is decided is published, and that sets it again.
    if (next === undefined || this.options.epoch() === undefined || this.options.isDecided?.() === false) return;
    this.alarm = setTimeout(() => void this.work(), Math.max(10, next - this.now())).unref();
  }

  private taken({ update, wanted, retry, version }: Attempt): void {
    const { epoch, sequence, set, remove, full, count } = update;
    this.failures = 0;
    this.takenEpoch = epoch;
    this.sequence = sequence;
    this.servedVersion = version;
    this.quarantine.took(full, set, remove);
    if (retry) for (const [key, value] of wanted) if (this.table.get(key) === value) this.free(key);
    this.options.onOutcome({ applied: true, epoch, sequence, set: set.length, removed: remove.length, entries: count, version });
  }

  /** The engine has the wanted entry: what was offered because it had not is offered no longer. */
  private free(key: string): void {
    for (const freed of this.quarantine.release(key)) if (freed !== key) this.pending.add(freed);
  }

  /** Whether there is something else to offer at once. */
  private goesOn(attempt: Attempt, { reason, newerEpoch, refused = [] }: Answer & { applied: false }): boolean {
    const { update: { epoch, full } } = attempt;
    const goesOn = attempt.retry ? this.refusedAgain(attempt, refused) : this.refusedFirst(attempt, refused);
    this.options.onOutcome({ applied: false, epoch, reason, ...(newerEpoch === undefined ? {} : { newerEpoch }), ...(goesOn ? { refused } : {}) });
    if (!goesOn || full) this.takenEpoch = undefined;
    if (!goesOn) this.sequence = attempt.update.sequence;
    return goesOn;
  }

  private refusedAgain({ wanted }: Attempt, refused: readonly RefusedEntry[]): boolean {
    const again = refused.map(({ key }) => key).filter((key) => wanted.has(key));
    this.quarantine.postpone(again);
    return again.length > 0;
  }

  private refusedFirst({ wanted, update: { set, remove } }: Attempt, refused: readonly RefusedEntry[]): boolean {
    const offered = new Set([...wanted.keys(), ...remove]);
    const changed = refused.some(({ key }) => offered.has(key) && this.table.get(key) !== wanted.get(key));
    const keys = this.quarantine.refuse(refused, wanted, this.table);
    // Keys that are none: the engine never had such an entry.
    const neverThere = new Set(refused.map(({ key }) => key).filter((key) => remove.includes(key) && !this.table.has(key)));
    // What the engine has is as it was: the next update stands in the place of this one.
    for (const key of [...set.map((item) => item.key), ...remove, ...keys]) if (!neverThere.has(key)) this.pending.add(key);
    return keys.length > 0 || changed || neverThere.size > 0;
  }

  /** Twice as long after each failure; a change cuts it short. */
  private async rest(): Promise<void> {
    const wait = Math.min(FIRST_PAUSE_MS * 2 ** this.failures, LONGEST_PAUSE_MS);
    const epoch = this.options.epoch();
    this.failures += 1;
    const offered = this.pending.size;
    for (let waited = 0; waited < (this.pending.size === offered ? wait : Math.min(wait, CHANGED_PAUSE_MS)); waited += FIRST_PAUSE_MS) {
      await this.options.pause(FIRST_PAUSE_MS);
      if (this.options.epoch() !== epoch) return;
    }
  }

  /** The whole table at first, in a new epoch and after a refusal as a whole: what the engine has is then not known here. */
  private nextUpdate(epoch: number): Attempt {
    const { table, quarantine } = this;
    const full = this.takenEpoch !== epoch;
    const keys = full ? [...table.keys(), ...quarantine.extraKeys(table)] : [...this.pending];
    this.pending.clear();
    const wanted = new Map<string, EntryValue>();
    const set: TableUpdate['set'] = [];
    const remove: string[] = [];
    for (const key of keys) {
      const value = quarantine.valueOf(key, table);
      if (value !== undefined) set.push({ key, value });
      else if (!full && !quarantine.isUnnamed(key)) remove.push(key);
      else continue;
      if (table.has(key)) wanted.set(key, table.get(key)!);
    }
    return { update: this.numbered({ epoch, full, set, remove, count: quarantine.count(table) }), wanted, retry: false, version: this.version };
  }

  /** The wanted entries instead of what is offered for them now. */
  private retryOf(due: Map<string, EntryValue>, epoch: number): Attempt {
    const set = [...due].map(([key, value]) => ({ key, value }));
    const more = set.filter(({ key }) => this.quarantine.valueOf(key, this.table) === undefined).length;
    return { update: this.numbered({ epoch, full: false, set, remove: [], count: this.quarantine.count(this.table) + more }), wanted: due, retry: true, version: this.servedVersion };
  }

  private numbered(update: Omit<TableUpdate, 'class' | 'sequence'>): TableUpdate {
    const { epoch, full, set, remove, count } = update;
    return { class: this.options.class, epoch, sequence: this.sequence + 1, full, set, remove, count };
  }
}

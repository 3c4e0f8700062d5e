// Keeps every object of one kind, as the API has it, for as long as it runs: list, watch, and all that goes wrong between
// them. One loop does one thing at a time. It never blanks what is known because of a failure, and never decides anything.
import type { Backoff } from './backoff.js';
import { createBackoff } from './backoff.js';
import { CheckSchedule } from './check-schedule.js';
import type { Clock } from './clock.js';
import { monotonicClock, sleepUnless } from './clock.js';
import { countDrift } from './consistency-check.js';
import { inSlices } from './in-slices.js';
import type { KubeObject } from './kube-object.js';
import { stripBulk } from './kube-object.js';
import type { ListWatch, ListWatchOptions, ListWatchState, RelistReason, WatchFault } from './list-watch-types.js';
import { newCounters } from './list-watch-types.js';
import type { Change } from './object-store.js';
import { ObjectStore } from './object-store.js';
import { OperationalError, hasCode } from './operational-error.js';
import type { Relist } from './relist.js';
import { Relister } from './relist.js';
import type { Selection } from './resource-path.js';
import { selectionOf } from './resource-path.js';
import { isNewer } from './resource-version.js';
import type { StreamEnd } from './streamed-list.js';
import { StreamedLists } from './streamed-list.js';
import type { ObjectEvent } from './watch-session.js';
import { runWatchSession } from './watch-session.js';

export type { ListWatch, ListWatchCounters, ListWatchOptions, ListWatchState, RelistReason, WatchFault } from './list-watch-types.js';
export type { Change } from './object-store.js';

const LONG_WATCH_MS = 120_000;
const BROKEN_IN_A_ROW = 3;

export function startListWatch(options: ListWatchOptions): ListWatch {
  const watcher = new ListWatcher(options);
  watcher.start();
  return watcher;
}

class ListWatcher implements ListWatch {
  state: ListWatchState = 'idle';
  isSynced = false;
  lastEventAt: number | undefined;
  lastListAt: number | undefined;
  resourceVersion: string | undefined;
  readonly counters = newCounters();
  readonly synced: Promise<void>;

  private readonly store = new ObjectStore();
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly selection: Selection;
  private readonly backoff: Backoff;
  private readonly relister: Relister;
  private readonly streamedLists: StreamedLists;
  private readonly checks: CheckSchedule;
  private readonly ending = new AbortController();
  /** Grows with every list, watch and stop; whoever holds an older one has nothing to say any more. */
  private epoch = 0;
  private reason: RelistReason | undefined = 'initial';
  private brokenInARow = 0;
  private watching: AbortController | undefined;
  private running: Promise<void> = Promise.resolve();
  private settleSynced!: { resolve: () => void; reject: (error: Error) => void };

  constructor(private readonly options: ListWatchOptions) {
    const { api, clock = monotonicClock, random = Math.random, streamLists = true } = options;
    const selection = selectionOf(options);
    this.clock = clock;
    this.random = random;
    this.selection = selection;
    this.backoff = createBackoff({ clock, random });
    this.relister = new Relister({
      api, selection, store: this.store, clock,
      onDoubt: (doubt) => { this.counters[doubt === 'stale' ? 'staleLists' : 'massDeleteBrakes'] += 1; },
    });
    this.streamedLists = new StreamedLists({ api, selection, clock, random, relister: this.relister, wanted: streamLists });
    this.checks = new CheckSchedule({ clock, random, mayCheck: () => this.state === 'watch', check: (signal) => this.check(signal) });
    this.synced = new Promise((resolve, reject) => { this.settleSynced = { resolve, reject }; });
    this.synced.catch(() => undefined);
  }

  get size(): number { return this.store.size; }
  get(key: string): KubeObject | undefined { return this.store.get(key); }
  list(): KubeObject[] { return this.store.list(); }

  start(): void {
    this.checks.start();
    this.running = this.run();
  }

  reopen(why: OperationalError): void {
    if (this.state === 'watch') this.watching?.abort(why);
  }

  async stop(): Promise<void> {
    if (this.state !== 'stopped') {
      this.state = 'stopped';
      this.epoch += 1;
      this.checks.stop();
      const error = new OperationalError('aborted', `watch of ${this.selection.resource.plural}: stopped`);
      this.ending.abort(error);
      this.watching?.abort(error);
      this.settleSynced.reject(error);
    }
    await this.running;
    await this.checks.interrupt();
  }

  private get stopped(): boolean { return this.ending.signal.aborted; }

  private async run(): Promise<void> {
    while (!this.stopped) {
      try {
        if (this.reason !== undefined) await this.relist(this.reason);
        else await this.watch();
      } catch (error) {
        // One stream can be first the one and then the other.
        if (!this.stopped) await this.recover(this.state === 'list' ? 'list' : 'watch', OperationalError.from(error, this.selection.resource.plural));
      }
    }
  }

  private async relist(reason: RelistReason): Promise<void> {
    await this.checks.interrupt();
    if (this.stopped) return;
    const epoch = this.enter('list');
    this.counters.relists[reason] += 1;
    if (this.streamedLists.available && await this.stream(epoch)) return;
    if (epoch === this.epoch) await this.install(await this.relister.relist(this.resourceVersion, this.ending.signal), epoch);
  }

  private async install({ plan, resourceVersion }: Relist, epoch: number): Promise<void> {
    if (epoch !== this.epoch) return;
    this.store.replace(plan);
    this.resourceVersion = resourceVersion;
    this.lastListAt = this.clock.now();
    this.reason = undefined;
    this.brokenInARow = 0;
    await inSlices(plan.changes, (change) => {
      this.deliver(change, epoch);
      return epoch === this.epoch;
    });
    if (epoch !== this.epoch || this.isSynced) return;
    this.isSynced = true;
    this.settleSynced.resolve();
  }

  /** A list and the watch that it is the beginning of. False when the server has no such thing and nothing has happened. */
  private async stream(listing: number): Promise<boolean> {
    let epoch = listing;
    const onList = async (relist: Relist): Promise<void> => {
      await this.install(relist, listing);
      if (listing !== this.epoch) return;
      this.counters.streamedLists += 1;
      epoch = this.enter('watch');
      this.lastEventAt = this.clock.now();
    };
    const end = await this.whileOpen((signal) => this.streamedLists.run({
      last: this.resourceVersion, signal, onList, onEvent: (event) => this.accept(event, epoch),
    }));
    return end !== 'unavailable';
  }

  private async watch(): Promise<void> {
    const epoch = this.enter('watch');
    await this.whileOpen((signal) => runWatchSession({
      api: this.options.api, selection: this.selection, clock: this.clock, random: this.random,
      resourceVersion: this.resourceVersion!, signal,
      onOpen: () => { this.lastEventAt ??= this.clock.now(); },
      onEvent: (event) => this.accept(event, epoch),
    }).then(() => 'closed'));
  }

  private async whileOpen(watch: (signal: AbortSignal) => Promise<StreamEnd>): Promise<StreamEnd> {
    const openedAt = this.clock.now();
    const watching = new AbortController();
    this.watching = watching;
    let end: StreamEnd;
    try {
      end = await watch(watching.signal);
    } finally {
      this.watching = undefined;
      if (this.state !== 'list') this.counters.reconnects += 1;
    }
    // A watch that lived long ended as agreed; one that did not is a failure, however politely it was closed.
    if (end === 'closed' && !this.stopped && this.clock.now() - openedAt < LONG_WATCH_MS) await this.wait();
    return end;
  }

  private accept(event: ObjectEvent, epoch: number): undefined {
    if (epoch !== this.epoch) return;
    this.lastEventAt = this.clock.now();
    this.counters.events += 1;
    const inOrder = isNewer(event.version, this.resourceVersion!);
    if (inOrder) {
      this.resourceVersion = event.version;
      this.brokenInARow = 0;
    }
    if (event.type === 'BOOKMARK') return;
    const changes = this.store.apply(event.type, stripBulk(event.object, this.selection.resource));
    if (changes.length === 0) this.counters.staleEvents += 1;
    // A server that mixes up the order may have left something out as well.
    if (!inOrder) this.checks.soon();
    for (const change of changes) this.deliver(change, epoch);
  }

  private async recover(doing: 'list' | 'watch', error: OperationalError): Promise<void> {
    // Ended on purpose, to repair: not a failure.
    if (doing === 'watch' && this.reason === 'drift') return;
    this.counters[doing === 'list' ? 'listFailures' : 'watchFailures'] += 1;
    if (doing === 'watch' && error.code === 'gone') this.reason = 'gone';
    if (doing === 'watch' && error.code === 'bad-answer') {
      this.counters.droppedLines += 1;
      this.brokenInARow += 1;
      if (this.brokenInARow >= BROKEN_IN_A_ROW) this.reason = 'stream';
    }
    this.report({ kind: doing, error });
    await this.wait(error);
  }

  private async wait(error?: OperationalError): Promise<void> {
    this.enter('backoff');
    const delay = this.backoff.next(error?.retryAfterMs);
    const refused = hasCode(error, 'unauthorized');
    await sleepUnless(this.clock, delay, () => refused && this.options.api.credentialsChanged(), this.ending.signal);
  }

  private enter(state: ListWatchState): number {
    if (!this.stopped) this.state = state;
    this.epoch += 1;
    return this.epoch;
  }

  private deliver(change: Change, epoch: number): void {
    if (epoch !== this.epoch) return;
    const failed = (error: unknown): void => {
      this.counters.listenerErrors += 1;
      this.report({ kind: 'listener', error, key: change.key });
    };
    try {
      // A handler may turn out to be async whatever its type says; its rejection is ours too.
      const result: unknown = this.options.onChange(change);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  private report(fault: WatchFault): void {
    try {
      this.options.onFault?.(fault);
    } catch {
      // Whoever reports faults has one; there is nobody left to tell.
    }
  }

  private async check(signal: AbortSignal): Promise<void> {
    try {
      const { api } = this.options;
      const { selection, store, clock } = this;
      const drift = await countDrift({ api, selection, store, clock, reached: () => this.resourceVersion!, signal });
      if (signal.aborted || this.stopped) return;
      this.counters.consistencyChecks += 1;
      if (drift === 0) return;
      this.counters.driftRepairs += drift;
      this.reason ??= 'drift';
      this.watching?.abort();
    } catch (error) {
      if (!signal.aborted) this.report({ kind: 'consistency-check', error: OperationalError.from(error, this.selection.resource.plural) });
    }
  }
}

// A whole list as the beginning of a watch (KEP-3157): one request, no pages, and no gap between the list and what comes
// after. It collects aside and hands over only what a marked bookmark has declared complete; it never changes the store.
import type { Clock } from './clock.js';
import type { KubeApi } from './kube-api.js';
import type { KubeObject } from './kube-object.js';
import { objectKey } from './kube-object.js';
import type { WholeList } from './list-all.js';
import { ObjectStore } from './object-store.js';
import { OperationalError, hasCode } from './operational-error.js';
import type { Relist, Relister } from './relist.js';
import type { Selection } from './resource-path.js';
import type { ObjectEvent } from './watch-session.js';
import { runWatchSession } from './watch-session.js';

/** Without an event for this long an open stream is an ordinary watch: initial events come without a pause. */
export const SILENCE_MS = 20_000;
/** And with events, but without the bookmark, for this long: a busy one. */
export const WHOLE_MS = 120_000;
/** Opened and never finished so many times in a row: pages get through where one long answer does not. */
const BROKEN_IN_A_ROW = 3;

/** `unavailable`: nothing was handed over. `left`: ended here, the watch has to go on elsewhere. `closed`: by the server. */
export type StreamEnd = 'unavailable' | 'left' | 'closed';

export interface StreamedListsOptions {
  api: Pick<KubeApi, 'watch'>;
  selection: Selection;
  clock: Clock;
  random: () => number;
  relister: Relister;
  wanted: boolean;
}

export interface StreamedListRun {
  /** The newest version that was seen. */
  last: string | undefined;
  signal: AbortSignal;
  /** Once, before the first event. */
  onList: (relist: Relist) => Promise<void>;
  onEvent: (event: ObjectEvent) => undefined;
}

/** Remembers for its life that a server does not have streamed lists. */
export class StreamedLists {
  available: boolean;
  private brokenInARow = 0;

  constructor(private readonly options: StreamedListsOptions) {
    this.available = options.wanted;
  }

  /** Rejects like a list that failed until the list was handed over, and like a watch that broke afterwards. */
  async run({ last, signal, onList, onEvent }: StreamedListRun): Promise<StreamEnd> {
    const { api, selection, clock, random, relister } = this.options;
    const collecting = new Collector(relister);
    const leaving = new AbortController();
    const patience = new Patience(clock, () => leaving.abort());
    let whole = false;
    let opened = false;
    const take = async (list: WholeList<KubeObject>): Promise<void> => {
      const relist = await relister.judge(list, last, signal);
      await onList(relist);
      // A second list took this one's place, so this stream would repeat what that one knows already.
      if (relist.resourceVersion !== list.resourceVersion) leaving.abort();
    };
    try {
      await runWatchSession({
        api, selection, clock, random, resourceVersion: relister.notOlderThan(last) ?? '', initialEvents: true,
        signal: AbortSignal.any([signal, leaving.signal]),
        onOpen: () => { opened = true; patience.start(); },
        onEvent: (event) => {
          if (whole) return onEvent(event);
          const list = collecting.take(event);
          if (list === undefined) return patience.renew();
          whole = true;
          this.brokenInARow = 0;
          patience.end();
          return take(list);
        },
      });
      if (!whole) throw new OperationalError('unreachable', `list of ${selection.resource.plural}: the stream ended before it was whole; what is known stays`);
      return 'closed';
    } catch (error) {
      if (signal.aborted) throw error;
      if (whole && leaving.signal.aborted) return 'left';
      if (whole) throw error;
      if (opened) this.brokenInARow += 1;
      this.learnFrom(error, leaving.signal.aborted);
      // Who may list but not watch gets at least the list; who may do neither hears so of the list.
      if (this.available && !hasCode(error, 'forbidden')) throw error;
      return 'unavailable';
    } finally {
      patience.end();
    }
  }

  /** Servers without the feature refuse its parameters (400 or 422), or overlook them and never send the bookmark. */
  private learnFrom(error: unknown, bookmarkOverdue: boolean): void {
    this.options.relister.learnFrom(error);
    if (bookmarkOverdue || this.brokenInARow >= BROKEN_IN_A_ROW || hasCode(error, 'invalid')) this.available = false;
  }
}

/** Applies events to nothing, by the rules of the store: also before the bookmark an object can change, go, or be replaced. */
class Collector {
  private readonly objects = new ObjectStore();

  constructor(private readonly relister: Relister) {}

  /** The whole list, once the bookmark says that it is one. */
  take(event: ObjectEvent): WholeList<KubeObject> | undefined {
    if (event.type === 'BOOKMARK') return event.initialEnd ? { objects: new Map(this.objects.entries()), resourceVersion: event.version } : undefined;
    this.objects.apply(event.type, this.relister.keep(event.object, objectKey(event.object.metadata)));
    return undefined;
  }
}

/** How long to wait for the bookmark; looks at the last event when its timer fires instead of moving the timer for each. */
class Patience {
  private timer: unknown;
  private until = 0;
  private renewedAt = 0;

  constructor(private readonly clock: Clock, private readonly lost: () => void) {}

  start(): void {
    this.renewedAt = this.clock.now();
    this.until = this.renewedAt + WHOLE_MS;
    this.timer = this.clock.setTimeout(() => this.look(), SILENCE_MS);
  }

  renew(): undefined { this.renewedAt = this.clock.now(); }
  end(): void { this.clock.clearTimeout(this.timer); }

  private look(): void {
    const left = Math.min(this.renewedAt + SILENCE_MS, this.until) - this.clock.now();
    if (left <= 0) this.lost();
    else this.timer = this.clock.setTimeout(() => this.look(), left);
  }
}

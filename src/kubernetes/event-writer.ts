// Writes Events for people to read at an object, politely: the same news is counted instead of repeated, and a flood is
// dropped. Losing an Event is fine; slowing or failing anything because of one is not.
import { createHash } from 'node:crypto';
import type { Clock } from './clock.js';
import { monotonicClock } from './clock.js';
import type { CallOptions, KubeApi } from './kube-api.js';
import type { KubeObject } from './kube-object.js';
import { OperationalError, hasCode } from './operational-error.js';
import { events } from './resources.js';
import type { TokenBucket } from './token-bucket.js';
import { createTokenBucket } from './token-bucket.js';

export interface EventNews {
  /** What it is about; apiVersion, kind and metadata are used. */
  object: KubeObject;
  type: 'Normal' | 'Warning';
  /** One word in CamelCase. */
  reason: string;
  message: string;
  /** Asked when its turn comes and again when the request goes out: what waited through a freeze may not be ours to say any more. */
  mayWrite?: () => boolean;
}

export type EventResult = 'written' | 'counted' | 'dropped' | 'failed';

export interface EventWriterOptions {
  api: Pick<KubeApi, 'create' | 'patch'>;
  /** Who says it, such as 'ingress-arbiter'. */
  component: string;
  /** Which instance says it, such as the name of the pod. */
  instance: string;
  onResult?: (result: EventResult, error?: OperationalError) => void;
  clock?: Clock;
  wallClock?: () => Date;
}

export interface EventWriter {
  report(news: EventNews): void;
  /** Final; waits for what is under way. */
  stop(): Promise<void>;
}

/** The same object, reason and message within this time is counted and told with the next one after it. */
const REPEAT_MS = 300_000;
const OBJECT_BURST = 25;
const OBJECT_PER_SECOND = 1 / 300;
const GLOBAL_BURST = 25;
const GLOBAL_PER_SECOND = 1;
const REMEMBERED = 4096;
const QUEUED = 100;
const MESSAGE_BYTES = 1024;
const REASON_LENGTH = 128;

interface Series {
  news: EventNews;
  namespace: string;
  /** Of the Event at the API; empty until it is written. */
  name: string;
  count: number;
  first: string;
  toldAt: number;
}

export function startEventWriter(options: EventWriterOptions): EventWriter {
  return new Writer(options);
}

class Writer implements EventWriter {
  private readonly series = new Map<string, Series>();
  private readonly objects = new Map<string, TokenBucket>();
  private readonly queue: Series[] = [];
  private readonly clock: Clock;
  private readonly budget: TokenBucket;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly options: EventWriterOptions) {
    this.clock = options.clock ?? monotonicClock;
    this.budget = createTokenBucket({ clock: this.clock, burst: GLOBAL_BURST, perSecond: GLOBAL_PER_SECOND });
  }

  report(raw: EventNews): void {
    if (this.stopped) return;
    const news = { ...raw, reason: raw.reason.slice(0, REASON_LENGTH), message: readable(raw.message) };
    const series = this.seriesOf(news);
    series.count += 1;
    if (this.clock.now() - series.toldAt < REPEAT_MS) return this.options.onResult?.('counted');
    if (!this.affordable(news.object.metadata.uid ?? '')) return this.options.onResult?.('dropped');
    series.toldAt = this.clock.now();
    this.queue.push(series);
    this.running ??= this.work();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.queue.length = 0;
    await this.running;
  }

  private seriesOf(news: EventNews): Series {
    const { uid, namespace } = news.object.metadata;
    const key = JSON.stringify([uid, news.type, news.reason, news.message]);
    const series = this.series.get(key) ?? {
      news, namespace: namespace || 'default', name: '', count: 0, first: this.stamp(), toldAt: Number.NEGATIVE_INFINITY,
    };
    remember(this.series, key, series);
    return series;
  }

  private affordable(uid: string): boolean {
    return this.queue.length < QUEUED && this.bucketOf(uid).take() && this.budget.take();
  }

  private bucketOf(uid: string): TokenBucket {
    const bucket = this.objects.get(uid) ?? createTokenBucket({ clock: this.clock, burst: OBJECT_BURST, perSecond: OBJECT_PER_SECOND });
    remember(this.objects, uid, bucket);
    return bucket;
  }

  private async work(): Promise<void> {
    for (let series = this.queue.shift(); series !== undefined; series = this.queue.shift()) {
      const permit = series.news.mayWrite ?? always;
      try {
        if (!permit()) {
          this.options.onResult?.('dropped');
          continue;
        }
        if (series.name !== '') await this.recount(series);
        else await this.create(series);
        this.options.onResult?.('written');
      } catch (error) {
        this.options.onResult?.('failed', OperationalError.from(error, `Event for ${series.news.object.metadata.name}`));
      }
    }
    // In the same turn in which the queue was seen empty: whoever adds to it later starts anew.
    this.running = undefined;
  }

  private async recount(series: Series): Promise<void> {
    const ref = { resource: events, namespace: series.namespace, name: series.name };
    try {
      await this.options.api.patch(ref, { count: series.count, lastTimestamp: this.stamp(), message: series.news.message }, permitOf(series));
    } catch (error) {
      // Events are deleted after an hour.
      if (!hasCode(error, 'not-found')) throw error;
      await this.create(series);
    }
  }

  private async create(series: Series): Promise<void> {
    const { object, type, reason, message } = series.news;
    const { name, namespace, uid, resourceVersion } = object.metadata;
    // Named after what it says: whoever says the same again, this process after a restart or another holder, finds it there.
    const suffix = createHash('sha256').update(JSON.stringify([uid, type, reason, message])).digest('hex').slice(0, 16);
    const written = `${name.slice(0, 200)}.${suffix}`;
    await this.createOnce({
      apiVersion: 'v1', kind: 'Event',
      metadata: { name: written, namespace: series.namespace },
      involvedObject: { apiVersion: object.apiVersion, kind: object.kind, name, ...(namespace ? { namespace } : {}), uid, resourceVersion },
      type, reason, message, count: series.count, firstTimestamp: series.first, lastTimestamp: this.stamp(),
      source: { component: this.options.component, host: this.options.instance },
      reportingComponent: this.options.component, reportingInstance: this.options.instance,
    }, permitOf(series));
    series.name = written;
  }

  private async createOnce(event: KubeObject, options: CallOptions): Promise<void> {
    try {
      await this.options.api.create(events, event, options);
    } catch (error) {
      if (!(error instanceof OperationalError && error.reason === 'AlreadyExists')) throw error;
    }
  }

  /** Events of core/v1 have whole seconds. */
  private stamp(): string {
    return (this.options.wallClock?.() ?? new Date()).toISOString().replace(/\.\d+Z$/, 'Z');
  }
}

const always = (): boolean => true;

function permitOf({ news: { mayWrite } }: Series): CallOptions {
  return mayWrite === undefined ? {} : { permit: mayWrite };
}

/** Messages quote what users wrote: control characters go, length is bounded, and a cut never leaves half a character. */
function readable(message: string): string {
  const plain = message.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ');
  const bytes = Buffer.from(plain);
  return bytes.length <= MESSAGE_BYTES ? plain : `${bytes.subarray(0, MESSAGE_BYTES - 3).toString('utf8').replace(/\uFFFD+$/, '')}…`;
}

/** The most recently used last; the least recently used goes. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > REMEMBERED) map.delete(map.keys().next().value!);
}

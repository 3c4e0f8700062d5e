// Writes the Events that the core wants, in the name of classes whose claim is held here: each once while its reason lasts,
// slowly, and none for an Ingress that has gone meanwhile. Losing one is no harm; what is wrong is in the log as well.

import type { IngressEvent } from '../core/plan-events.js';
import { monotonicClock } from '../kubernetes/clock.js';
import type { EventWriter } from '../kubernetes/event-writer.js';
import type { KubeObject } from '../kubernetes/kube-object.js';
import { createTokenBucket } from '../kubernetes/token-bucket.js';

export interface EventReporterOptions {
  writer: Pick<EventWriter, 'report'>;
  /** Whether the claim of the class is held now. */
  holds: (className: string) => boolean;
  /** The Ingress as it is now, by `namespace/name`. */
  find: (ingress: string) => KubeObject | undefined;
}

export interface EventReporter {
  /** Everything that is wrong now. What is no longer among it may be told again when it returns. */
  standing(events: readonly IngressEvent[]): void;
  /** Something that has happened, once. */
  happened(event: IngressEvent): void;
  stop(): void;
}

/** Less than the writer's own budget, so that nothing waits here only to be dropped there. */
const BURST = 20;
const PER_SECOND = 0.9;
const MOST_WAITING = 1000;

export function reportEvents({ writer, holds, find }: EventReporterOptions): EventReporter {
  const bucket = createTokenBucket({ clock: monotonicClock, burst: BURST, perSecond: PER_SECOND });
  let told = new Set<string>();
  let waiting = new Map<string, IngressEvent>();
  const happenings: IngressEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  const nextOf = (): { event: IngressEvent; id?: string } | undefined => {
    const [first] = waiting;
    if (first === undefined) return happenings.length === 0 ? undefined : { event: happenings.shift()! };
    waiting.delete(first[0]);
    return { id: first[0], event: first[1] };
  };
  const work = (): void => {
    timer = undefined;
    while ((waiting.size > 0 || happenings.length > 0) && bucket.take()) {
      const { event, id } = nextOf()!;
      const object = find(event.ingress);
      if (object === undefined || !holds(event.class)) continue;
      if (id !== undefined) told.add(id);
      writer.report({ object, type: event.type, reason: event.reason, message: event.message, mayWrite: () => holds(event.class) });
    }
    if (waiting.size > 0 || happenings.length > 0) ask();
  };
  const ask = (): void => { timer ??= setTimeout(work, bucket.waitMs()); };
  return {
    standing(events) {
      const mine = events.filter((event) => holds(event.class));
      const ids = new Map(mine.map((event) => [`${find(event.ingress)?.metadata.uid ?? ''} ${event.reason}`, event]));
      told = new Set([...told].filter((id) => ids.has(id)));
      waiting = new Map([...ids].filter(([id]) => !told.has(id)));
      if (waiting.size > 0) ask();
    },
    happened(event) {
      if (!holds(event.class) || happenings.length >= MOST_WAITING) return;
      happenings.push(event);
      ask();
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
      waiting.clear();
      happenings.length = 0;
    },
  };
}

// Which Ingresses of one class still get requests, as its live engines count them: asks each for the same list and remembers
// when a count last grew. An engine that can't be asked, or is silent, leaves it unknown, and never zero.

import type { TableSink } from './publish-table.js';
import type { TrafficFact } from '../core/hand-over/memory.js';
import { mostObserved, silenceMs } from '../core/stream-protocol.js';

/** What an engine has counted since it was started, in the order of the list that it was asked for. */
export interface TrafficReport {
  /** Another one when nginx was started anew: what it counts then says nothing about before. */
  instance: string;
  counts: readonly number[];
}

export interface EngineTraffic {
  attach(engine: string, sink: TableSink): void;
  detach(engine: string, sink: TableSink): void;
  /** The Ingresses to be asked for from now on; those beyond a bound wait until others are through. */
  watch(ingresses: readonly string[]): void;
  /** Whether no engine has counted a request for `quietMs`, until it last told. Undefined: not all have answered yet. */
  factOf(ingress: string, quietMs: number): TrafficFact | undefined;
  /** Another one whenever an answer of `factOf` may be another one. */
  sign(): string;
  stop(): void;
}

export interface EngineTrafficOptions {
  /** Name of the table, as the engine knows it. */
  class: string;
  /** A steady clock, in ms. */
  now: () => number;
  /** Told when there is something new to ask about. */
  onReport: () => void;
}

interface Asked {
  sink: TableSink;
  attachedAt: number;
  instance: string | undefined;
  /** By Ingress: the count, and when it was first seen. */
  counts: Map<string, { count: number; since: number }>;
  toldAt: number | undefined;
}

/** Lists that change quickly are sent together. */
const SEND_GAP_MS = 200;

export function createEngineTraffic({ class: className, now, onReport }: EngineTrafficOptions): EngineTraffic {
  const engines = new Map<string, Asked>();
  let list: readonly string[] = [];
  /** How often an engine came, went or told. */
  let news = 0;
  let timer: NodeJS.Timeout | undefined;
  const ask = (asked: Asked): void => {
    const sent = list;
    asked.sink.observe?.(className, sent, (report) => {
      if (report.counts.length !== sent.length) return;
      note(asked, sent, { report, at: now() });
      news += 1;
      onReport();
    });
  };
  const isSilent = ({ toldAt, attachedAt }: Pick<Asked, 'toldAt' | 'attachedAt'>): boolean => now() - (toldAt ?? attachedAt) > silenceMs;
  const send = (): void => {
    timer = undefined;
    for (const asked of engines.values()) ask(asked);
  };
  return {
    attach(engine, sink) {
      const asked: Asked = { sink, attachedAt: now(), instance: undefined, counts: new Map(), toldAt: undefined };
      engines.set(engine, asked);
      news += 1;
      if (list.length > 0) ask(asked);
    },
    detach(engine, sink) {
      if (engines.get(engine)?.sink !== sink) return;
      engines.delete(engine);
      news += 1;
    },
    watch(ingresses) {
      const wanted = ingresses.slice(0, mostObserved);
      if (wanted.length === list.length && wanted.every((one, at) => one === list[at])) return;
      list = wanted;
      timer ??= setTimeout(send, SEND_GAP_MS);
    },
    factOf(ingress, quietMs) {
      if (engines.size === 0) return { unknown: 'no engine takes the tables of the class' };
      let quiet = true;
      for (const [name, { sink, counts, toldAt, attachedAt }] of engines) {
        if (sink.observe === undefined) return { unknown: `engine ${name} is of a version that does not tell` };
        if (isSilent({ toldAt, attachedAt })) return { unknown: `engine ${name} has not told for ${Math.round(silenceMs / 1000)} s` };
        const seen = counts.get(ingress);
        if (seen === undefined) return undefined;
        quiet &&= toldAt! - seen.since >= quietMs;
      }
      return { quiet };
    },
    sign: () => `${news} ${[...engines.values()].filter(isSilent).length}`,
    stop() { clearTimeout(timer); },
  };
}

function note(asked: Asked, list: readonly string[], { report, at }: { report: TrafficReport; at: number }): void {
  const before = asked.instance === report.instance ? asked.counts : new Map<string, never>();
  asked.instance = report.instance;
  asked.toldAt = at;
  asked.counts = new Map(list.map((ingress, index) => {
    const count = report.counts[index]!;
    const known = before.get(ingress);
    return [ingress, known?.count === count ? known : { count, since: at }];
  }));
}

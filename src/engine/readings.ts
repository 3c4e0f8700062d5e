// Everything that the engine tells of itself, in one list: traffic, zones, processes, connections, tables, certificates. A
// reading that can't be had fails the whole, for a gap is honest and a zero is not.

import { X509Certificate } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Pids } from './nginx-process.js';
import type { Passthrough } from './passthrough.js';
import type { ProcFigures } from './proc-figures.js';
import { type ServedOrigins, chainId } from './served-origins.js';
import type { EngineSettings } from './settings.js';
import type { Reading, TrafficCounters } from './traffic-counters.js';

export interface ReadingSources {
  settings: () => EngineSettings;
  traffic: TrafficCounters;
  proc: ProcFigures;
  passthrough: Pick<Passthrough, 'readings'>;
  origins: ServedOrigins;
  pids: () => Pids | undefined;
  /** How often nginx was started because there was none, and how often in place of one that ran. */
  counts: () => { starts: number; replacements: number };
  generation: (className: string) => number;
}

/** Certificates looked into between two turns of the event loop. */
const AT_ONCE = 20;
const MOST_KEPT = 20_000;

/** Returns what reads everything anew. Throws when nginx does not answer. */
export function readingsOf(sources: ReadingSources): () => Promise<Reading[]> {
  const ends = new Map<string, number>();
  return async () => [
    ...await sources.traffic.read(),
    ...await sources.proc.read(sources.pids()),
    ...await sources.passthrough.readings(),
    { name: 'nginxStarts', labels: [], values: [sources.counts().starts] },
    { name: 'nginxReplacements', labels: [], values: [sources.counts().replacements] },
    ...listenerReadings(sources),
    ...await certificateReadings(sources.origins, ends),
  ];
}

function listenerReadings({ settings, origins, generation }: ReadingSources): Reading[] {
  const { listeners } = settings();
  const names = new Set(listeners.flatMap(({ classes }) => classes));
  return [
    ...listeners.flatMap(({ name, classes }) => classes.map((className) => ({ name: 'listenerInfo', labels: [className, name], values: [1] }))),
    ...[...names].flatMap((className) => [
      { name: 'engineGeneration', labels: [className], values: [generation(className)] },
      { name: 'engineEntries', labels: [className], values: [origins.entries(className)] },
    ]),
  ];
}

async function certificateReadings(origins: ServedOrigins, ends: Map<string, number>): Promise<Reading[]> {
  const readings: Reading[] = [];
  const served = [...origins.classes()].flatMap((className) => [...origins.chains(className)].map(([host, chain]) => ({ labels: [className, host], chain })));
  let fresh = 0;
  for (const { labels, chain } of served) {
    const id = chainId(chain);
    if (!ends.has(id) && ++fresh % AT_ONCE === 0) await nextTurn();
    const end = ends.get(id) ?? endOf(chain);
    if (ends.size >= MOST_KEPT) ends.clear();
    ends.set(id, end);
    readings.push({ name: 'certificateExpiry', labels, values: [end] });
  }
  return readings;
}

/** When the first certificate of a chain ends, in seconds since the epoch; not a number when it can't be read. */
function endOf(chain: string): number {
  try {
    return Date.parse(new X509Certificate(chain).validTo) / 1000;
  } catch {
    return Number.NaN;
  }
}

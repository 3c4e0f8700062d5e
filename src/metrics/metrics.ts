// Records the catalogue's metrics in a registry of its own, so that several programs can live in one process, and shows them
// with what the engine has read. A reading that fails fails the scrape, for a gap is honest and a zero is not.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type MetricDescription, type MetricName, catalogue, controllerCatalogue } from './catalogue.js';
import { type Exposition, type Format, contentTypes, createExposition, renderLabels } from './exposition.js';
import { renderFamiliar } from './familiar-rendering.js';
import type { FamiliarIdentity } from './ingress-nginx-names.js';
import { type Reading, groupReadings, renderReadings } from './traffic-rendering.js';

export { type Reading, firstLabelIsClass } from './traffic-rendering.js';

export type ControllerMetricName = keyof typeof controllerCatalogue;

export interface Metrics {
  add(metric: ControllerMetricName, labels: readonly string[], by?: number): void;
  set(metric: ControllerMetricName, labels: readonly string[], value: number): void;
  /** Shows a histogram before anything is in it, so that a rate sees the first value. */
  begin(metric: ControllerMetricName, labels: readonly string[]): void;
  /** Puts a value into a histogram. */
  observe(metric: ControllerMetricName, labels: readonly string[], value: number): void;
  /** Adds what is asked at each scrape; its readings are named by the keys of the catalogue. The answer takes it out again. */
  addSource(source: () => readonly Reading[]): () => void;
  /** All metrics, or those of one class. */
  render(options: { format: Format; className?: string | undefined }): Promise<{ pieces: string[]; contentType: string }>;
}

export interface MetricsOptions {
  /** What the engine has read; empty where there is no engine. */
  readings: () => Promise<readonly Reading[]>;
  version: string;
  nodeVersion: string;
  /** Shows the traffic under the names of ingress-nginx, too. */
  familiar?: FamiliarIdentity | undefined;
}

type Recorder = Counter | Gauge | Histogram;

/** Metrics of one program. */
export function createMetrics(options: MetricsOptions): Metrics {
  const recorders = createRecorders();
  const sources = new Set<() => readonly Reading[]>();
  const build: Reading = { name: 'buildInfo', labels: [options.version, options.nodeVersion], values: [1] };
  return {
    add: (metric, labels, by = 1) => (recorders.get(metric) as Counter).inc(labelled(metric, labels), by),
    set: (metric, labels, value) => (recorders.get(metric) as Gauge).set(labelled(metric, labels), value),
    begin: (metric, labels) => (recorders.get(metric) as Histogram).zero(labelled(metric, labels)),
    observe: (metric, labels, value) => (recorders.get(metric) as Histogram).observe(labelled(metric, labels), value),
    addSource(source) {
      sources.add(source);
      return () => sources.delete(source);
    },
    async render({ format, className }) {
      const readings = groupReadings([...await options.readings(), build], className);
      const exposition = createExposition(format);
      await renderReadings(exposition, readings);
      await renderRecorded(exposition, { recorders, sourced: groupReadings([...sources].flatMap((source) => source()), className), className });
      if (options.familiar !== undefined) await renderFamiliar(exposition, readings, options.familiar);
      return { pieces: exposition.finish(), contentType: contentTypes[format] };
    },
  };
}

function createRecorders(): Map<MetricName, Recorder> {
  const registry = new Registry();
  const recorders = new Map<MetricName, Recorder>();
  for (const [key, description] of Object.entries(controllerCatalogue) as [MetricName, MetricDescription][]) {
    const { name, help, labels, type, bounds } = description;
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'histogram') recorders.set(key, new Histogram({ ...options, buckets: [...bounds ?? []] }));
    else recorders.set(key, type === 'counter' ? new Counter(options) : new Gauge(options));
  }
  return recorders;
}

function labelled(metric: MetricName, labels: readonly string[]): Record<string, string> {
  return Object.fromEntries(catalogue[metric].labels.map((label, at) => [label, labels[at] ?? '']));
}

interface Recorded {
  recorders: ReadonlyMap<MetricName, Recorder>;
  sourced: ReadonlyMap<string, readonly Reading[]>;
  className: string | undefined;
}

async function renderRecorded(exposition: Exposition, { recorders, sourced, className }: Recorded): Promise<void> {
  for (const [key, description] of Object.entries(controllerCatalogue) as [MetricName, MetricDescription][]) {
    exposition.family(description);
    for (const { labels, values } of sourced.get(key) ?? []) exposition.sample('', renderLabels(description.labels, labels), values[0]!);
    const { values } = await recorders.get(key)!.get() as { values: { labels: Record<string, string | number>; value: number; metricName?: string }[] };
    for (const { labels, value, metricName } of values) {
      if (className !== undefined && labels.ingress_class !== className) continue;
      const names = Object.keys(labels);
      const text = renderLabels(names, names.map((name) => String(labels[name])));
      exposition.sample(metricName === undefined ? '' : metricName.slice(description.name.length), text, value);
    }
    await exposition.pause();
  }
}

// Records the catalogue's metrics in a registry of its own, so that several programs can live in one process. What nginx
// counts is read when somebody asks; a reading that fails fails the scrape, for a gap is honest and a zero is not.

import { Counter, Gauge, Registry } from 'prom-client';
import { type MetricDescription, type MetricName, catalogue } from './catalogue.js';

/** One counter of the data plane: which metric it is, and its label values in the catalogue's order. */
export interface CounterReading {
  name: string;
  labels: readonly string[];
  value: number;
}

export interface Metrics {
  add(metric: MetricName, labels: readonly string[], by?: number): void;
  set(metric: MetricName, labels: readonly string[], value: number): void;
  /** The text of all metrics in Prometheus' format, and its content type. */
  render(): Promise<{ text: string; contentType: string }>;
}

/** Metrics of one program. `readCounters` gives what the data plane has counted since it started. */
export function createMetrics(readCounters: () => Promise<readonly CounterReading[]>): Metrics {
  const registry = new Registry();
  const recorders = new Map<MetricName, Counter | Gauge>();
  for (const [key, description] of Object.entries(catalogue) as [MetricName, MetricDescription][]) {
    const { name, help, labels } = description;
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    recorders.set(key, description.type === 'counter' ? new Counter(options) : new Gauge(options));
  }
  const labelled = (metric: MetricName, labels: readonly string[]): Record<string, string> =>
    Object.fromEntries(catalogue[metric].labels.map((label, at) => [label, labels[at] ?? '']));
  return {
    add: (metric, labels, by = 1) => recorders.get(metric)!.inc(labelled(metric, labels), by),
    set: (metric, labels, value) => (recorders.get(metric) as Gauge).set(labelled(metric, labels), value),
    async render() {
      const readings = await readCounters();
      for (const metric of ['requests', 'requestsUncounted'] as const) recorders.get(metric)!.reset();
      for (const { name, labels, value } of readings) {
        const metric = dataPlaneMetrics[name];
        if (metric !== undefined) recorders.get(metric)!.inc(labelled(metric, labels), value);
      }
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}

/** The data plane's own names for what it counts. */
const dataPlaneMetrics: Readonly<Record<string, MetricName | undefined>> = { requests: 'requests', dropped: 'requestsUncounted' };

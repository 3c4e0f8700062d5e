// Writes what the engine has read straight into the exposition: a scrape of thousands of Ingresses goes through no registry
// and keeps the text of labels from one time to the next. It pauses between pieces, so that it blocks nobody for long.

import { figures, foldedName } from '../route-table/figures.js';
import { catalogue, type MetricDescription, type MetricName, engineCatalogue, trafficCatalogue } from './catalogue.js';
import { type Exposition, renderLabels, withLabel } from './exposition.js';

/** One figure or list of figures of the engine; the same `labels` array stands for the same labels. */
export interface Reading {
  name: string;
  labels: readonly string[];
  values: readonly number[];
}

export type TrafficMetricName = keyof typeof trafficCatalogue;

/** Readings by name, of one class when one is asked for. */
export type ReadingsByName = ReadonlyMap<string, readonly Reading[]>;

/** Names that a reading's values stand for. A reading without a class belongs to the engine as a whole. */
export function groupReadings(readings: readonly Reading[], className: string | undefined): ReadingsByName {
  const groups = new Map<string, Reading[]>();
  for (const reading of readings) {
    if (className !== undefined && (!hasClass(reading.name) || reading.labels[0] !== className)) continue;
    const group = groups.get(reading.name);
    if (group === undefined) groups.set(reading.name, [reading]);
    else group.push(reading);
  }
  return groups;
}

/** Lists of figures, and every metric whose first label is the class. */
function hasClass(name: string): boolean {
  const description: MetricDescription | undefined = catalogue[name as MetricName];
  return name === 'figures' || description?.labels[0] === 'ingress_class';
}

/** Readings between two turns of the event loop. */
const READINGS_AT_ONCE = 500;

const texts = new WeakMap<readonly string[], string>();

/** The text of a reading's labels, kept as long as the array lives. */
function labelText(names: readonly string[], labels: readonly string[]): string {
  let text = texts.get(labels);
  if (text === undefined) {
    text = renderLabels(names, labels);
    texts.set(labels, text);
  }
  return text;
}

/** Writes everything that the engine has read, under the names of the catalogue. */
export async function renderReadings(exposition: Exposition, readings: ReadingsByName): Promise<void> {
  await renderRequests(exposition, readings.get('requests') ?? []);
  renderFolded(exposition, readings.get('requests') ?? []);
  for (const figure of figures) {
    exposition.family(trafficCatalogue[figure.name]);
    await renderFigure(exposition, figure, { readings: readings.get('figures') ?? [], labels: (one) => labelText(trafficCatalogue[figure.name].labels, one.labels) });
  }
  renderZones(exposition, readings.get('zone') ?? []);
  const rest = Object.entries({ ...trafficCatalogue, ...engineCatalogue }) as [string, MetricDescription][];
  for (const [name, description] of rest) {
    if (name === 'requests') continue;
    exposition.family(description);
    for (const one of readings.get(readingName(name)) ?? []) exposition.sample('', labelText(description.labels, one.labels), one.values[0]!);
    await exposition.pause();
  }
}

/** What the data plane calls what no series could be begun for. */
function readingName(name: string): string {
  return name === 'requestsUncounted' ? 'dropped' : name;
}

/** Counted by host and path where ingress-nginx's names are wanted: here they are one. */
async function renderRequests(exposition: Exposition, readings: readonly Reading[]): Promise<void> {
  const { labels } = trafficCatalogue.requests;
  const sums = new Map<string, number>();
  let done = 0;
  for (const one of readings) {
    const text = labelText(labels, one.labels);
    sums.set(text, (sums.get(text) ?? 0) + one.values[0]!);
    if (++done % READINGS_AT_ONCE === 0) await new Promise((resolve) => { setImmediate(resolve); });
  }
  exposition.family(trafficCatalogue.requests);
  for (const [text, value] of sums) {
    exposition.sample('', text, value);
    await exposition.pause();
  }
}

function renderFolded(exposition: Exposition, readings: readonly Reading[]): void {
  const { labels } = trafficCatalogue.requestsFolded;
  const sums = new Map<string, number>();
  for (const { labels: [className = '', , ingress], values } of readings) {
    sums.set(className, (sums.get(className) ?? 0) + (ingress === foldedName ? values[0]! : 0));
  }
  exposition.family(trafficCatalogue.requestsFolded);
  for (const [className, value] of sums) exposition.sample('', renderLabels(labels, [className]), value);
}

function renderZones(exposition: Exposition, zones: readonly Reading[]): void {
  for (const [at, name] of (['zoneFree', 'zoneCapacity'] as const).entries()) {
    exposition.family(engineCatalogue[name]);
    for (const { labels, values } of zones) exposition.sample('', renderLabels(engineCatalogue[name].labels, labels), values[at]!);
  }
}

/** One histogram of every list of figures. Buckets are counted apart in nginx, and shown with all smaller ones here. */
export async function renderFigure(
  exposition: Exposition, { bounds, at }: (typeof figures)[number], from: { readings: readonly Reading[]; labels: (reading: Reading) => string },
): Promise<void> {
  for (const reading of from.readings) {
    const labels = from.labels(reading);
    let count = 0;
    for (let bucket = 0; bucket <= bounds.length; bucket++) {
      count += reading.values[at + 1 + bucket] ?? 0;
      exposition.sample('_bucket', withLabel(labels, 'le', bucket < bounds.length ? String(bounds[bucket]) : '+Inf'), count);
    }
    exposition.sample('_sum', labels, reading.values[at] ?? 0);
    exposition.sample('_count', labels, count);
    await exposition.pause();
  }
}

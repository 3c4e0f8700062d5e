// The counters of nginx as they are shown: never backwards, whatever became of nginx between two looks. A new nginx begins at
// 0, so what was last seen of the one before is added. Series of Ingresses that have gone are taken away after a grace.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { classOfTable } from '../core/claim.js';
import type { ControlClient } from './control-client.js';
import { EngineError } from './engine-error.js';
import { foldedName } from '../route-table/figures.js';
import type { ServedOrigins } from './served-origins.js';

/** One figure or list of figures: `labels` is the same array from one reading to the next, so that its text can be kept. */
export interface Reading {
  name: string;
  labels: readonly string[];
  values: readonly number[];
}

/** Requests of some Ingresses since this engine was started. */
export interface RequestCounts {
  /** Names the nginx that counts now. */
  instance: string;
  /** In the order in which they were asked for. */
  counts: number[];
}

export interface TrafficCounters {
  read(): Promise<Reading[]>;
  /**
   * Looks now. An Ingress whose hosts are in several shares of a class has the requests of all of them. Requests that a class counts without their Ingress, because it has too many series, count for each of its
   * Ingresses: nobody may be taken for idle who is not. Throws when nginx does not answer.
   */
  requestsOf(className: string, ingresses: readonly string[]): Promise<RequestCounts>;
  /** Takes what the workers of an nginx that has ended had counted, as they tell it (data-plane/last-counters.ts). */
  takeLast(text: string): void;
}

export interface TrafficOptions {
  client: Pick<ControlClient, 'counters' | 'forget'>;
  origins: ServedOrigins;
  /** How long the series of what has gone stay. */
  goneMs: number;
  now: () => number;
}

interface Series extends Reading {
  /** Where it comes from, as the table of its class would say; undefined for what is no Ingress's. */
  origin: string | undefined;
  /** What earlier runs of nginx had counted. */
  base: number[];
  /** What the present one has. */
  current: number[];
  values: number[];
  goneSince: number | undefined;
}

/** Lines and series between two turns of the event loop: a millisecond or two. */
const AT_ONCE = 500;
/** Parts of a counter's key; of requests the last one, a path, may hold the separator. */
const REQUEST_PARTS = 9;
/** Class, namespace, Ingress, Service: the first labels of what is counted by Ingress. */
const ORIGIN_LABELS = 4;
const SELDOM = ['retries', 'ejections', 'noEndpoints'] as const;
const IDLE_METHOD = 'GET';
const IDLE_CODE = '200';

export function createTrafficCounters(options: TrafficOptions): TrafficCounters {
  const state: State = { ...options, series: new Map(), idle: new Map(), instance: undefined, former: new Map() };
  let running: Promise<Reading[]> | undefined;
  const read = (): Promise<Reading[]> => {
    running ??= readAll(state).finally(() => { running = undefined; });
    return running;
  };
  return {
    read,
    takeLast: (text) => takeLast(state, text),
    async requestsOf(className, ingresses) {
      const readings = await read();
      return { instance: state.instance!, counts: await countRequests(readings, className, ingresses) };
    },
  };
}

async function countRequests(readings: readonly Reading[], className: string, ingresses: readonly string[]): Promise<number[]> {
  const counts = new Map(ingresses.map((ingress) => [ingress, 0]));
  const tables = new Map<string, boolean>();
  const isOfClass = (table: string): boolean => {
    if (!tables.has(table)) tables.set(table, classOfTable(table) === classOfTable(className));
    return tables.get(table)!;
  };
  let folded = 0;
  let done = 0;
  for (const { name, labels: [of, namespace, ingress], values: [value = 0] } of readings) {
    if (++done % AT_ONCE === 0) await nextTurn();
    if (name !== 'requests' || !isOfClass(of!)) continue;
    if (ingress === foldedName) folded += value;
    const key = `${namespace}/${ingress}`;
    const known = counts.get(key);
    if (known !== undefined) counts.set(key, known + value);
  }
  return ingresses.map((ingress) => counts.get(ingress)! + folded);
}

interface State extends TrafficOptions {
  series: Map<string, Series>;
  /** What is a 0 because it has not happened yet, by what it is of: the same readings from one time to the next. */
  idle: Map<string, Reading>;
  instance: string | undefined;
  /** What was read last of each nginx before the present one, by instance and key. */
  former: Map<string, Map<string, number[]>>;
}

/** Runs of nginx of which last words may still come. */
const MOST_FORMER = 8;

async function readAll(state: State): Promise<Reading[]> {
  const text = await state.client.counters();
  const zones: Reading[] = [];
  let done = 0;
  for (let start = 0, end = text.indexOf('\n'); end >= 0; start = end + 1, end = text.indexOf('\n', start)) {
    const tab = text.lastIndexOf('\t', end);
    if (tab < start) throw notCounter();
    const key = text.slice(start, tab);
    const value = text.slice(tab + 1, end);
    if (key === 'instance') meet(state, value);
    else if (key.startsWith('zone|')) zones.push({ name: 'zone', labels: [key.slice('zone|'.length)], values: numbers(value) });
    else take(state, key, value);
    if (++done % AT_ONCE === 0) await nextTurn();
  }
  if (state.instance === undefined) throw notCounter();
  const shown = await settle(state);
  return [...zones, ...shown];
}

/** A new nginx: what the one before had counted stays. */
function meet(state: State, instance: string): void {
  if (state.instance !== undefined && state.instance !== instance) {
    const read = new Map<string, number[]>();
    state.former.set(state.instance, read);
    const [oldest] = state.former.keys();
    if (state.former.size > MOST_FORMER) state.former.delete(oldest!);
    for (const [key, one] of state.series) {
      read.set(key, one.current);
      one.base = sum(one.base, one.current);
      one.current = one.current.map(() => 0);
    }
  }
  state.instance = instance;
}

function take(state: State, key: string, text: string): void {
  const one = seriesOf(state, key);
  one.current = numbers(text);
  show(one);
}

function seriesOf({ series }: State, key: string): Series {
  const one = series.get(key) ?? newSeries(key);
  series.set(key, one);
  return one;
}

function show(one: Series): void {
  one.values = one.base.length === 0 ? one.current : sum(one.base, one.current);
}

/** Each worker has told all counters, at its own end: the highest of them are the last ones. */
function takeLast(state: State, text: string): void {
  const last = new Map<string, number[]>();
  let instance: string | undefined;
  for (const line of text.split('\n').slice(0, -1)) {
    const tab = line.lastIndexOf('\t');
    const [key, value] = [line.slice(0, tab), line.slice(tab + 1)];
    if (key === 'instance') instance = value;
    else last.set(key, highest(last.get(key) ?? [], numbers(value)));
  }
  if (instance === undefined) return;
  const read = state.former.get(instance);
  state.former.delete(instance);
  if (read === undefined && instance !== state.instance) return;
  for (const [key, values] of last) {
    const one = seriesOf(state, key);
    // Nothing was read of a newer nginx yet: what was counted is still counted as its own.
    if (read === undefined) one.current = highest(one.current, values);
    else one.base = sum(one.base, difference(values, read.get(key) ?? []));
    show(one);
  }
}

/** What has been added since `read`. */
function difference(values: readonly number[], read: readonly number[]): number[] {
  return values.map((value, at) => Math.max(0, value - (read[at] ?? 0)));
}

function highest(a: readonly number[], b: readonly number[]): number[] {
  return b.map((value, at) => Math.max(value, a[at] ?? 0));
}


function newSeries(key: string): Series {
  const parts = key.split('|');
  const name = parts[0]!;
  const labels = name === 'requests' ? [...parts.slice(1, REQUEST_PARTS - 1), parts.slice(REQUEST_PARTS - 1).join('|')] : parts.slice(1);
  return { name, labels, origin: originOf(name, labels), base: [], current: [], values: [], goneSince: undefined };
}

function originOf(name: string, labels: readonly string[]): string | undefined {
  const [, namespace, ingress, service] = labels;
  if (ingress === undefined || ingress === '' || ingress.startsWith('(')) return undefined;
  const short = [namespace, ingress, service].join('|');
  return name === 'requests' ? `${short}|${labels[6]}|${labels[7]}` : short;
}

/** Everything that is shown, without what has gone long ago, with a 0 for every Ingress that nobody has asked for. */
async function settle(state: State): Promise<Reading[]> {
  const now = state.now();
  const shown: Series[] = [];
  const gone: string[] = [];
  let done = 0;
  for (const [key, one] of state.series) {
    one.goneSince = isGone(state, one) ? one.goneSince ?? now : undefined;
    if (one.goneSince !== undefined && now - one.goneSince >= state.goneMs) gone.push(key);
    else shown.push(one);
    if (++done % AT_ONCE === 0) await nextTurn();
  }
  if (gone.length > 0) await forget(state, gone);
  const before = state.idle;
  state.idle = new Map();
  await addIdle(state, before, await busyOrigins(shown));
  await addQuiet(state, before, shown);
  return [...shown, ...state.idle.values()];
}

function isGone({ origins }: State, { origin, labels: [className = ''] }: Series): boolean {
  return origin !== undefined && origins.knows(className) && !origins.has(className, origin);
}

/** Only what nginx has forgotten may begin again at 0 here. */
async function forget({ client, series }: State, keys: readonly string[]): Promise<void> {
  await client.forget(keys);
  for (const key of keys) series.delete(key);
}

/** Class and origin of what has been asked for in the way that an idle Ingress shows a 0 of. */
async function busyOrigins(shown: readonly Series[]): Promise<Set<string>> {
  const busy = new Set<string>();
  let done = 0;
  for (const { name, origin, labels } of shown) {
    if (name === 'requests' && labels[4] === IDLE_METHOD && labels[5] === IDLE_CODE) busy.add(`${labels[0]}|${origin}`);
    if (++done % AT_ONCE === 0) await nextTurn();
  }
  return busy;
}

async function addIdle({ idle, origins }: State, before: State['idle'], busy: ReadonlySet<string>): Promise<void> {
  let done = 0;
  for (const className of origins.classes()) {
    for (const origin of origins.origins(className)) {
      const key = `${className}|${origin}`;
      if (!busy.has(key)) idle.set(key, before.get(key) ?? idleReading(className, origin));
      if (++done % AT_ONCE === 0) await nextTurn();
    }
  }
}

/** What seldom happens to requests is a 0 from the first request of an Ingress on: it is no new series when it happens, and a rate sees it. */
async function addQuiet({ idle, series }: State, before: State['idle'], shown: readonly Series[]): Promise<void> {
  let done = 0;
  for (const one of shown) {
    if (one.name !== 'requests' || one.origin === undefined) continue;
    const origin = one.labels.slice(0, ORIGIN_LABELS);
    for (const name of SELDOM) {
      const key = [name, ...origin].join('|');
      if (!series.has(key) && !idle.has(key)) idle.set(key, before.get(key) ?? { name, labels: origin, values: [0] });
    }
    if (++done % AT_ONCE === 0) await nextTurn();
  }
}

/** Every Ingress has this series from the beginning, so that no traffic is a 0 and a rate sees the first request. */
function idleReading(className: string, origin: string): Reading {
  const [namespace = '', ingress = '', service = '', host = '', ...path] = origin.split('|');
  return { name: 'requests', labels: [className, namespace, ingress, service, IDLE_METHOD, IDLE_CODE, host, path.join('|')], values: [0] };
}

function numbers(text: string): number[] {
  const values = text.split(',').map(Number);
  if (text === '' || !values.every(Number.isFinite)) throw notCounter();
  return values;
}

/** Of different lengths while a series has no base yet. */
function sum(a: readonly number[], b: readonly number[]): number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, at) => (a[at] ?? 0) + (b[at] ?? 0));
}

function notCounter(): EngineError {
  return new EngineError('control-answer', 'nginx answered GET /v1/counters with a line that is no counter');
}

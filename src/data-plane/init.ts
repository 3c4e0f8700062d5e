// Reads the listeners once, in the master before the workers exist. The file is written by the engine from its own
// settings; nothing that comes from the cluster is in it.

import * as cjson from 'cjson';
import * as compiler from 'jit.opt';
import { add, start as startCounters } from './counters.js';
import { takeFirstTable } from './first-tables.js';
import { takeMemory } from './shared-numbers.js';

interface Settings {
  /** Names of the classes that a listener serves, in order, by listener name. */
  listeners: Record<string, string[] | undefined>;
  /** Listener name by HTTPS port. */
  httpsPorts: Record<string, string | undefined>;
  httpPorts: Record<string, string | undefined>;
  metrics: MetricsSettings;
  workers: number;
  /** Of the numbers that each worker counts in. */
  numbersMegabytes: number;
  /** Largest request body of a route that says nothing of it. */
  bodyBytes: number;
}

/** How requests are counted. */
export interface MetricsSettings {
  /** Times and sizes for each Ingress instead of for each class. */
  perIngress: boolean;
  /** Requests by host and path of the Ingress, too. */
  paths: boolean;
  /** Series of requests that a class may have. */
  seriesPerClass: number;
}

let settings: Settings = { listeners: {}, httpsPorts: {}, httpPorts: {}, metrics: { perIngress: false, paths: false, seriesPerClass: 0 }, workers: 1, numbersMegabytes: 1, bodyBytes: 0 };
/** Every class of any listener, once. */
const classes: string[] = [];
let instance = '';
let lastCounters: number | undefined;

/**
 * The way of a request is longer than what LuaJIT compiles as one piece by itself: it would give up on the outer functions and leave
 * them to its interpreter. The last is how many calls at the end of functions a piece may have.
 */
const COMPILER = ['maxrecord=8000', 'maxsnap=1000', 'maxirconst=2000', 'loopunroll=60'];

/** Loads `<prefix>/data-plane.json`; a missing or broken file stops the start of nginx. */
export function start(): void {
  for (const option of COMPILER) compiler.start(option);
  const [file, problem] = io.open(ngx.config.prefix() + 'data-plane.json', 'r');
  if (file === undefined) {
    error(problem, 0);
  } else {
    settings = cjson.decode(file.read('*a') as string) as Settings;
    file.close();
  }
  for (const listener in settings.listeners) {
    for (const name of classesOfListener(listener)) {
      if (!isServed(name)) classes.push(name);
    }
  }
  takeMemory(settings.workers, settings.numbersMegabytes * 1024 * 1024);
  startCounters();
  // What has not happened yet is a 0, not a gap.
  for (const name of classes) {
    for (const key of ['unknownHosts|' + name, 'tlsHandshakes|' + name + '|full', 'tlsHandshakes|' + name + '|resumed',
      'retries|' + name + '|||', 'ejections|' + name + '|||', 'limited|' + name + '||||requests', 'limited|' + name + '||||connections', 'noEndpoints|' + name + '|||']) add(key, 0);
  }
  instance = tostring(ngx.worker.pid()) + '-' + tostring(ngx.now());
  lastCounters = tonumber(os.getenv('IA_LAST_COUNTERS'));
  takeFirstTables();
  // Every worker begins as a copy of this process.
  collectgarbage();
}

/** What is to take the place of an nginx that serves must serve as much; after a crash the other tables are better than none. */
function takeFirstTables(): void {
  const allNeeded = os.getenv('IA_FIRST_TABLES') === 'needed';
  for (const name of classes) {
    const problem = takeFirstTable(name);
    if (problem !== undefined && allNeeded) error(problem, 0);
    else if (problem !== undefined) ngx.log(ngx.ERR, problem);
  }
}

/** Descriptor of the file for what was counted last; undefined when nobody wants to know. */
export function lastCountersDescriptor(): number | undefined {
  return lastCounters;
}

/** Names one start of nginx: shared memory begins empty with each. */
export function instanceId(): string {
  return instance;
}

/** Classes of a listener, in the order in which they are asked; empty for an unknown one. */
export function classesOfListener(listener: string): string[] {
  return settings.listeners[listener] ?? [];
}

/** Classes of the listener at an HTTPS port. */
export function classesOfPort(port: number): string[] {
  return classesOfListener(settings.httpsPorts[tostring(port)] ?? '');
}

/** The first class of the listener at a port, or '': what a request is counted under when nginx has refused to read it. */
export function classOfPort(port: number): string {
  const key = tostring(port);
  return classesOfListener(settings.httpPorts[key] ?? settings.httpsPorts[key] ?? '')[0] ?? '';
}

export function metricsSettings(): MetricsSettings {
  return settings.metrics;
}

/** Largest request body of a route that says nothing of it, in bytes. */
export function usualBodyBytes(): number {
  return settings.bodyBytes;
}

/** Every served class once. */
export function servedClasses(): string[] {
  return classes;
}

/** Whether any listener serves the class. */
export function isServed(className: string): boolean {
  for (const name of classes) {
    if (name === className) return true;
  }
  return false;
}

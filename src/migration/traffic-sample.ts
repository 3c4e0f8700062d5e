// The traffic of one class at one moment: requests and errors of each Ingress, and how long answers took, out of the text of
// an engine's /metrics or the answers of a Prometheus. What several engines have counted in between is added up.

/** Counters of one engine as they stood, or what became of all of them between two looks. */
export interface TrafficSample {
  /** By `namespace/name`; '' for requests of no Ingress. */
  ingresses: ReadonlyMap<string, { requests: number; errors: number }>;
  /** Sum of seconds and number of requests that were timed. */
  seconds: number;
  timed: number;
}

/** By engine: one that begins anew, or is gone, says nothing of the others. */
export type EngineSamples = ReadonlyMap<string, TrafficSample>;

/** One line of the exposition. */
export interface MetricLine {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

const requests = 'ingress_arbiter_requests_total';
const seconds = 'ingress_arbiter_request_duration_seconds_sum';
const timed = 'ingress_arbiter_request_duration_seconds_count';
export const sampledMetrics = { requests, seconds, timed } as const;

/** Lines of Prometheus' text format; comments and what is none are left out. */
export function* parseMetrics(text: string): Generator<MetricLine> {
  for (const line of text.split('\n')) {
    const found = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)(?: [0-9.-]+)?$/.exec(line);
    if (found === null) continue;
    const labels: Record<string, string> = {};
    for (const [, name, value] of (found[2] ?? '').matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)) labels[name!] = value!.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
    yield { name: found[1]!, labels, value: Number(found[3]) };
  }
}

/** The sample of one class out of the lines of one engine. */
export function sampleOf(lines: Iterable<MetricLine>, className: string): TrafficSample {
  const ingresses = new Map<string, { requests: number; errors: number }>();
  const times = { seconds: 0, timed: 0 };
  for (const line of lines) {
    if (line.labels['ingress_class'] !== className || !Number.isFinite(line.value)) continue;
    if (line.name === seconds) times.seconds += line.value;
    else if (line.name === timed) times.timed += line.value;
    else if (line.name === requests) addRequests(ingresses, line);
  }
  return { ingresses, ...times };
}

function addRequests(ingresses: Map<string, { requests: number; errors: number }>, { labels, value }: MetricLine): void {
  const { ingress_namespace: namespace = '', ingress_name: name = '', code = '' } = labels;
  const key = name === '' ? '' : `${namespace}/${name}`;
  const count = ingresses.get(key) ?? { requests: 0, errors: 0 };
  ingresses.set(key, { requests: count.requests + value, errors: count.errors + (code.startsWith('5') ? value : 0) });
}

/** What happened between two looks. A counter that has begun anew counts from nothing; an engine that is gone counts nothing. */
export function between(before: EngineSamples, after: EngineSamples): TrafficSample {
  const ingresses = new Map<string, { requests: number; errors: number }>();
  const times = { seconds: 0, timed: 0 };
  for (const [engine, now] of after) {
    const then = before.get(engine) ?? nothing;
    times.seconds += since(now.seconds, then.seconds);
    times.timed += since(now.timed, then.timed);
    for (const [key, count] of now.ingresses) {
      const old = then.ingresses.get(key) ?? { requests: 0, errors: 0 };
      const sum = ingresses.get(key) ?? { requests: 0, errors: 0 };
      ingresses.set(key, { requests: sum.requests + since(count.requests, old.requests), errors: sum.errors + since(count.errors, old.errors) });
    }
  }
  return { ingresses, ...times };
}

const nothing: TrafficSample = { ingresses: new Map(), seconds: 0, timed: 0 };

function since(now: number, then: number): number {
  return now >= then ? now - then : now;
}

/** Requests and errors of some Ingresses together; of all without `keys`. */
export function totalOf({ ingresses }: TrafficSample, keys?: readonly string[]): { requests: number; errors: number } {
  const total = { requests: 0, errors: 0 };
  for (const [key, count] of ingresses) {
    if (keys !== undefined && !keys.includes(key)) continue;
    total.requests += count.requests;
    total.errors += count.errors;
  }
  return total;
}

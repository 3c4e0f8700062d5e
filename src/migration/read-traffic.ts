// Asks engines, or a Prometheus that scrapes them, for the traffic of a class. An engine that does not answer makes the whole
// sample unknown: half of the traffic would pass for all of it.

import { type EngineSamples, type MetricLine, parseMetrics, sampledMetrics, sampleOf } from './traffic-sample.js';

/** Addresses of engines' metrics (`http://10.0.0.3:10254`), or one of a Prometheus. */
export interface TrafficSource {
  engines: readonly string[];
  prometheus?: string;
}

const TIMEOUT_MS = 10_000;

/** The samples; or, in words, why there are none. */
export async function readTraffic({ engines, prometheus }: TrafficSource, className: string): Promise<EngineSamples | { unknown: string }> {
  try {
    if (prometheus !== undefined) return await ofPrometheus(prometheus, className);
    return new Map(await Promise.all(engines.map(async (address) => [address, sampleOf(await ofEngine(address, className), className)] as const)));
  } catch (error) {
    const { message, cause } = error as Error;
    return { unknown: cause instanceof Error && cause.message !== '' ? `${message}: ${cause.message}` : message };
  }
}

async function get(url: URL): Promise<Response> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
  if (!response.ok) throw new Error(`${url.origin}${url.pathname}: status ${response.status}`);
  return response;
}

async function ofEngine(address: string, className: string): Promise<MetricLine[]> {
  const url = new URL(`${address.replace(/\/$/, '')}/metrics/${encodeURIComponent(className)}`);
  return [...parseMetrics(await (await get(url)).text())];
}

async function ofPrometheus(address: string, className: string): Promise<EngineSamples> {
  const lines = (await Promise.all(Object.values(sampledMetrics).map((name) => query(address, name, className)))).flat();
  // An engine that serves the class has a line for each of its Ingresses from the beginning.
  if (!lines.some(({ name }) => name === sampledMetrics.requests)) {
    throw new Error(`${new URL(address).origin}: the Prometheus has no ${sampledMetrics.requests} of class ${className}; let it scrape the engines`);
  }
  const engines = new Map<string, MetricLine[]>();
  for (const line of lines) engines.set(line.labels['instance'] ?? '', [...engines.get(line.labels['instance'] ?? '') ?? [], line]);
  return new Map([...engines].map(([engine, own]) => [engine, sampleOf(own, className)]));
}

/** An instant query; its labels are those of the metric and of the engine, so the rest is the same. */
async function query(address: string, name: string, className: string): Promise<MetricLine[]> {
  const url = new URL(`${address.replace(/\/$/, '')}/api/v1/query`);
  url.searchParams.set('query', `sum by (instance, ingress_class, ingress_namespace, ingress_name, code) (${name}{ingress_class=${JSON.stringify(className)}})`);
  const body = await (await get(url)).json() as { status?: string; data?: { result?: { metric: Record<string, string>; value: [number, string] }[] } };
  if (body.status !== 'success' || !Array.isArray(body.data?.result)) throw new Error(`${url.origin}: no answer of a Prometheus`);
  return body.data.result.map(({ metric, value }) => ({ name, labels: metric, value: Number(value[1]) }));
}

// Whether a class is worse off than before: its share of errors, that of each Ingress which has just come, and its mean time of
// answers, against what was measured before. Too few requests are no verdict.

import { type TrafficSample, totalOf } from './traffic-sample.js';

export interface Limits {
  /** Requests below which nothing is concluded. */
  leastRequests: number;
  /** By how much the share of errors may grow, from 0 to 1. */
  errorShare: number;
  /** How many times as long answers may take. */
  slowness: number;
}

/** Traffic of a stretch of time before the change. */
export interface Baseline {
  /** Of the class that the Ingresses come from. */
  from: TrafficSample;
  /** Of the class that they go to. */
  to: TrafficSample;
}

export interface Verdict {
  /** 'unknown': too few requests to say. */
  verdict: 'worse' | 'fine' | 'unknown';
  why: string;
}

/** A mean that is this much longer is never called slow, however short it was: in seconds. */
const negligibleSeconds = 0.05;

/** Judges what `to` has had since the change; `keys` are the Ingresses that have come. */
export function judgeTraffic(current: TrafficSample, baseline: Baseline, keys: readonly string[], limits: Limits): Verdict {
  for (const key of keys) {
    const found = judgeErrors(current, baseline, [key], limits);
    if (found !== undefined) return { verdict: 'worse', why: `Ingress ${key}: ${found}` };
  }
  const all = judgeErrors(current, { from: baseline.to, to: baseline.to }, undefined, limits);
  if (all !== undefined) return { verdict: 'worse', why: `the class as a whole: ${all}` };
  const slow = judgeTimes(current, baseline, limits);
  if (slow !== undefined) return { verdict: 'worse', why: `the class as a whole: ${slow}` };
  const { requests } = totalOf(current, keys);
  return requests < limits.leastRequests
    ? { verdict: 'unknown', why: `${requests} requests for these Ingresses, fewer than ${limits.leastRequests}` } : { verdict: 'fine', why: `${requests} requests` };
}

/** The share of errors, where it has grown too much. An Ingress is compared with itself, as the class had it that it comes from. */
function judgeErrors(current: TrafficSample, baseline: Baseline, keys: readonly string[] | undefined, { leastRequests, errorShare }: Limits): string | undefined {
  const now = totalOf(current, keys);
  if (now.requests < leastRequests) return undefined;
  const own = totalOf(baseline.from, keys);
  // Without traffic of its own before, as the class it comes from had it.
  const before = own.requests >= leastRequests ? own : totalOf(baseline.from);
  const share = now.errors / now.requests;
  const usual = before.requests === 0 ? 0 : before.errors / before.requests;
  return share > usual + errorShare ? `${percent(share)} of ${now.requests} requests are answered with 5xx, ${percent(usual)} before` : undefined;
}

function judgeTimes(current: TrafficSample, { from, to }: Baseline, { leastRequests, slowness }: Limits): string | undefined {
  const before = to.timed >= leastRequests ? to : from;
  if (current.timed < leastRequests || before.timed < leastRequests) return undefined;
  const [now, usual] = [current.seconds / current.timed, before.seconds / before.timed];
  return now > Math.max(usual * slowness, usual + negligibleSeconds) ? `answers take ${milliseconds(now)} on average, ${milliseconds(usual)} before` : undefined;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function milliseconds(time: number): string {
  return `${Math.round(time * 1000)} ms`;
}

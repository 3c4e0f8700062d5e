// A load at a fixed rate beside everything else of a run (load.c, a process of its own), and what became of its requests in any
// part of its time. It judges statuses, not bodies: the test suite does that.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { compile } from './pods.js';
import { elsewhere, monotonicMs } from './processor-time.js';
import { quantile } from './report.js';

export interface SteadyLoadOptions {
  folder: string;
  port: number;
  perSecond: number;
  /** It ends by itself after so long. */
  mostSeconds: number;
  /** Asks for <prefix><n>.example.com, n from `from` on. */
  hosts: { prefix: string; from: number; count: number };
}

interface Asked {
  dueMs: number;
  /** After it was due. */
  sentMs: number;
  answeredMs: number;
  /** Of the answer; 0: none, 1: not within 5 s, 2: no connection. */
  status: number;
  host: number;
}

/** What became of the requests that were due within a part of the time. */
export interface Window {
  sent: number;
  failed: number;
  /** Some of the failed ones, in words. */
  failures: string[];
  /** From when a request was due to its whole answer, ms. */
  p50: number;
  p99: number;
  most: number;
  /** How late the load itself was: beyond a millisecond it, and not the proxy, is what was measured. */
  lateP99: number;
  void: boolean;
}

export interface SteadyLoad {
  /** Ends it and returns what gives the windows, by monotonicMs(). */
  stop(): Promise<(fromMs: number, toMs: number) => Window>;
}

const RECORD = 24;
const LATE_MS = 1;
let started = 0;

/** Starts one; it asks from now on. */
export async function startSteadyLoad({ folder, port, perSecond, mostSeconds, hosts }: SteadyLoadOptions): Promise<SteadyLoad> {
  const program = await compile('load', folder);
  const file = path.join(folder, `load-${started++}.records`);
  const child = spawn(elsewhere[0]!, [...elsewhere.slice(1), program, ...[port, perSecond, mostSeconds, file, hosts.prefix, hosts.from, hosts.count].map(String)], { stdio: 'inherit' });
  const ended = once(child, 'exit');
  return {
    async stop() {
      child.kill('SIGTERM');
      const [code] = await ended as [number | null];
      if (code !== 0) throw new Error(`the load ended with ${code}`);
      const asked = readRecords(readFileSync(file));
      return (fromMs, toMs) => summarize(asked.filter(({ dueMs }) => dueMs >= fromMs && dueMs < toMs), hosts.prefix);
    },
  };
}

/** The time in which something was done. */
export async function during<Result>(work: () => Promise<Result>): Promise<{ from: number; to: number; result: Result }> {
  const from = monotonicMs();
  const result = await work();
  return { from, to: monotonicMs(), result };
}

export const renderWindow = ({ sent, failed, failures, p50, p99, most, lateP99, void: isVoid }: Window): string =>
  `${sent} requests, ${failed} failed, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, most ${most.toFixed(1)} ms` +
  `${failed === 0 ? '' : ` (${failures.join('; ')})`}${isVoid ? `  VOID: the load was late itself, p99 ${lateP99.toFixed(2)} ms` : ''}`;

function summarize(asked: readonly Asked[], prefix: string): Window {
  const failed = asked.filter(({ status }) => status !== 200);
  const took = asked.map(({ answeredMs }) => answeredMs);
  const lateP99 = quantile(asked.map(({ sentMs }) => sentMs), 0.99);
  const named = ['no answer', 'no answer within 5 s', 'no connection'];
  return {
    sent: asked.length, failed: failed.length, failures: failed.slice(0, 5).map(({ status, host }) => `${prefix}${host}: ${named[status] ?? status}`),
    p50: quantile(took, 0.5), p99: quantile(took, 0.99), most: quantile(took, 1), lateP99, void: !(lateP99 <= LATE_MS),
  };
}

function readRecords(bytes: Buffer): Asked[] {
  return Array.from({ length: bytes.length / RECORD }, (_, at) => ({
    dueMs: bytes.readDoubleLE(at * RECORD), sentMs: bytes.readFloatLE(at * RECORD + 8), answeredMs: bytes.readFloatLE(at * RECORD + 12),
    status: bytes.readUInt32LE(at * RECORD + 16), host: bytes.readUInt32LE(at * RECORD + 20),
  }));
}

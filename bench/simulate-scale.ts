// What hosts, members and engines would need, calculated from measured figures per host: node dist/bench/simulate-scale.js
// [--hosts 1000000] [--shards 8] [--engines 20] [--changes 50]. It runs nothing; docs/scaling.md says where the figures are from.

import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: {
  hosts: { type: 'string', default: '1000000' }, shards: { type: 'string', default: '8' }, engines: { type: 'string', default: '20' }, changes: { type: 'string', default: '50' },
} });

/** Bytes for each host with one route: shared memory (bench/memory.ts), an entry on the stream, an Ingress in a list of the API server. */
const SHARED_BYTES = 256;
const STREAM_BYTES = 300;
const LIST_BYTES = 1100;

const [hosts, shards, engines, changes] = [values.hosts, values.shards, values.engines, values.changes].map(Number) as [number, number, number, number];
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
for (const [what, figure] of [
  ['shared memory of each engine', megabytes(hosts * SHARED_BYTES)],
  ['first table on the stream, each engine', megabytes(hosts * STREAM_BYTES)],
  ['the same to all engines', megabytes(hosts * STREAM_BYTES * engines)],
  ['hosts that each member decides', String(Math.ceil(hosts / shards))],
  ['lists from the API server when all members start', megabytes(hosts * LIST_BYTES * shards)],
  ['watch events a second from the API server', String(changes * shards)],
  ['stream to all engines, a second', megabytes(changes * STREAM_BYTES * engines)],
] as const) console.log(`${what.padEnd(52)} ${figure.padStart(10)}`);

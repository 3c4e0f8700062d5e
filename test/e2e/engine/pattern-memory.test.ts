// Compiled patterns are given back: a worker that has been asked about ever new ones keeps as many as the settings say.

import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { type Engine, startEngine } from '../../../src/engine/agent.js';
import { engineSettings } from '../../../src/engine/settings.js';
import { freePorts } from '../../fixtures/free-ports.js';
import { httpGet } from '../../fixtures/http-get.js';

const ROUNDS = 6;
const HOSTS = 5;
const PATTERNS = 1000;

describe('e2e: memory of patterns', function () {
  this.timeout(120_000);
  let folder: string;
  let engine: Engine;
  let port: number;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-'));
    chmodSync(folder, 0o755);
    const [httpPort, httpsPort] = await freePorts(2) as [number, number];
    port = httpPort;
    engine = await startEngine(engineSettings({
      workDirectory: folder, workers: 1, allowLoopbackEndpoints: true, limits: { drainSeconds: 1, compiledPatterns: 500 },
      listeners: [{ name: 'one', address: '127.0.0.1', httpPort, httpsPort, classes: ['one'] }],
      ...(process.getuid!() === 0 ? { workerUser: 'root' } : {}),
    }), { log: () => undefined });
  });
  after(async () => {
    await engine?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** New patterns in place of the old ones; a path that none of them takes is compared with all. */
  const round = async (number: number): Promise<void> => {
    const set = Array.from({ length: HOSTS }, (_, at) => ({
      key: `host/${at}.test`,
      value: { routes: Array.from({ length: PATTERNS }, (_one, place) => ({ match: 'regex' as const, path: `/r${number}-${at}-${place}(/|$)([a-z]+[0-9]*.*)`, namespace: 'n', ingress: 'i', service: '', backend: '' })) },
    }));
    expect(await engine.apply({ class: 'one', epoch: 1, sequence: number, full: true, set, remove: [], count: set.length })).to.deep.equal({ applied: true });
    for (let at = 0; at < HOSTS; at++) expect((await httpGet({ port, host: `${at}.test`, path: `/none-${number}` })).status).to.equal(404);
  };
  const megabytes = (): number => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${engine.pids()!.workers[0]!}/status`, 'utf8'))![1]) / 1024;

  it(`stays the same over ${ROUNDS * HOSTS * PATTERNS} patterns`, async () => {
    const readings: number[] = [];
    for (let number = 1; number <= ROUNDS; number++) {
      await round(number);
      readings.push(megabytes());
    }
    // Kept for ever, 5000 patterns of a round are 15 MB; the first rounds fill what is kept, and Lua's own heap.
    expect(readings.at(-1)! - readings[1]!, readings.map(Math.round).join(' ')).to.be.lessThan(15);
  });
});

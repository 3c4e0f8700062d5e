// Compiled patterns are given back: a worker that has been asked about ever new ones keeps as many as the settings say.

import { expect } from 'chai';
import { httpGet } from '../../fixtures/http-get.js';
import { type LoneEngine, startLoneEngine } from '../../fixtures/lone-engine.js';
import { megabytesOf } from '../../fixtures/process-figures.js';

const ROUNDS = 6;
const HOSTS = 5;
const PATTERNS = 1000;

describe('e2e: memory of patterns', function () {
  this.timeout(120_000);
  let engine: LoneEngine;
  before(async () => { engine = await startLoneEngine(['one'], { workers: 1, limits: { compiledPatterns: 500 } }); });
  after(() => engine?.stop());

  /** New patterns in place of the old ones; a path that none of them takes is compared with all. */
  const round = async (number: number): Promise<void> => {
    await engine.serve('one', Object.fromEntries(Array.from({ length: HOSTS }, (_, at) => [`host/${at}.test`, {
      routes: Array.from({ length: PATTERNS }, (_one, place) => ({ match: 'regex' as const, path: `/r${number}-${at}-${place}(/|$)([a-z]+[0-9]*.*)`, namespace: 'n', ingress: 'i', service: '', backend: '' })),
    }])));
    for (let at = 0; at < HOSTS; at++) expect((await httpGet({ port: engine.port(), host: `${at}.test`, path: `/none-${number}` })).status).to.equal(404);
  };

  it(`stays the same over ${ROUNDS * HOSTS * PATTERNS} patterns`, async () => {
    const readings: number[] = [];
    for (let number = 1; number <= ROUNDS; number++) {
      await round(number);
      readings.push(megabytesOf(engine.pids()!.workers[0]!));
    }
    // Kept for ever, 5000 patterns of a round are 15 MB; the first rounds fill what is kept, and Lua's own heap.
    expect(readings.at(-1)! - readings[1]!, readings.map(Math.round).join(' ')).to.be.lessThan(15);
  });
});

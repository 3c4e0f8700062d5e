// A step of very many entries, told to a worker that has requests to answer.
import { Agent, request } from 'node:http';
import path from 'node:path';
import { expect } from 'chai';
import { createControlClient } from '../../../src/engine/control-client.js';
import { type LoneEngine, startLoneEngine } from '../../fixtures/lone-engine.js';

const ENTRIES = 100_000;

describe('engine: a step of 100,000 entries', function () {
  this.timeout(60_000);
  let engine: LoneEngine;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });

  before(async () => {
    engine = await startLoneEngine(['red', 'blue'], { workers: 1 });
    await engine.serve('red', {});
  });
  after(async () => {
    agent.destroy();
    await engine.stop();
  });

  const ask = (): Promise<number> => new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: engine.port('red'), agent }, (answer) => { answer.resume().on('end', () => { resolve(answer.statusCode!); }); }).on('error', reject).end();
  });

  it('keeps requests of its worker waiting for a small part of its time only', async () => {
    const client = createControlClient(path.join(engine.settings.workDirectory, 'control', 'control.sock'));
    const begun = performance.now();
    let ended = Infinity;
    const pushed = client.push('blue', 0, Array.from({ length: ENTRIES }, (_, at) => [`service/shop/web${at}/80`, '{"endpoints":[]}']))
      .finally(() => { ended = performance.now(); });
    const waits: number[] = [];
    while (ended === Infinity) {
      const asked = performance.now();
      expect(await ask()).to.equal(404);
      waits.push(performance.now() - asked);
    }
    expect(await pushed).to.deep.include({ outcome: 'taken', entries: ENTRIES });
    await client.close();
    const longest = Math.max(...waits);
    expect(longest, `the longest of ${waits.length} requests in ${ended - begun} ms`).to.be.lessThan((ended - begun) / 4);
  });
});

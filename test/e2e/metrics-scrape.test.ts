// A scrape of 2,000 Ingresses: how long it holds up the agent's event loop. What is held against the limit is processor time
// between two turns of the loop, which other programs of the machine do not change; threads that collect garbage beside the loop
// are in it, so it counts no more than the time that has passed. By class a scrape of so many is over so soon
// that the limit would say nothing: there are twenty times as many, and each test looks that a whole scrape takes much longer.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type Server, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { adminApp } from '../../src/http/admin-app.js';
import { type Listening, listen } from '../../src/http/listen.js';
import { createMetrics } from '../../src/metrics/metrics.js';
import { eventually } from '../fixtures/eventually.js';
import { type LoneEngine, backendOf, routeOf, startLoneEngine } from '../fixtures/lone-engine.js';

/** Ingresses that are asked for; the others are there, with 0. */
const ASKED = 2000;
const LONGEST_MS = 50;
/** A turn of the event loop that does nothing takes less. */
const IDLE_MS = 0.1;
/** A whole scrape takes at least so many times the limit. */
const WHOLE = 3;

/** Reads a URL as often as it is told to, in a process of its own; its output is one line for each. */
const READER = `
const http = require('node:http');
const [url, times] = process.argv.slice(1);
const read = () => new Promise((done) => http.get(url, (answer) => { let bytes = 0; answer.on('data', (part) => { bytes += part.length; }).on('end', () => done(bytes)); }));
(async () => { for (let at = 0; at < Number(times); at++) console.log(await read()); })();`;

for (const { histogramsPerIngress, count } of [{ histogramsPerIngress: false, count: 20 * ASKED }, { histogramsPerIngress: true, count: ASKED }]) {
  describe(`e2e: a scrape of ${count} Ingresses, histograms by ${histogramsPerIngress ? 'Ingress' : 'class'}`, function () {
    this.timeout(120_000);
    let pod: Server;
    let engine: LoneEngine;
    let admin: Listening;
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });

    const ask = (host: string): Promise<number> => new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: engine.port(), headers: { host }, agent }, (answer) => { answer.resume().on('end', () => resolve(answer.statusCode!)); }).on('error', reject).end();
    });

    before(async () => {
      pod = createServer((_, answer) => answer.end('x')).listen(0, '127.0.0.1');
      await once(pod, 'listening');
      engine = await startLoneEngine(['blue'], { metrics: { histogramsPerIngress, ingressNginxNames: true } });
      await engine.serve('blue', {
        ...Object.fromEntries(Array.from({ length: count }, (_, at) => [`host/h${at}.example.com`, { routes: [routeOf(`web-${at}`)] }])),
        [backendOf('web')]: { endpoints: [{ address: '127.0.0.1', port: (pod.address() as AddressInfo).port }] },
      });
      const metrics = createMetrics({ readings: () => engine.readings(), version: '0', nodeVersion: '0', familiar: { namespace: 'ns', pod: 'p' } });
      admin = await listen(adminApp({ metrics: (wanted) => metrics.render(wanted), classes: ['blue'], notReady: () => undefined }), '127.0.0.1', 0);
      let next = 0;
      await Promise.all(Array.from({ length: 16 }, async () => { while (next < ASKED) expect(await ask(`h${next++}.example.com`)).to.equal(200); }));
    });

    after(async () => {
      agent.destroy();
      await admin?.close();
      await engine?.stop();
      pod?.close();
    });

    it(`holds up the event loop less than ${LONGEST_MS} ms at a time`, async () => {
      const durations = (): Promise<number> => engine.readings().then((all) => all.filter(({ name }) => name === 'figures').reduce((sum, { values }) => sum + values.slice(1, 15).reduce((a, b) => a + b, 0), 0));
      await eventually(async () => expect(await durations()).to.be.at.least(ASKED), 10_000);
      const times = 6;
      const reader = spawn(process.execPath, ['-e', READER, `http://127.0.0.1:${admin.port}/metrics`, String(times)], { stdio: ['ignore', 'pipe', 'inherit'] });
      const sizes: string[] = [];
      const longest: number[] = [];
      reader.stdout.setEncoding('utf8').on('data', (text: string) => {
        sizes.push(...text.trim().split('\n'));
        longest.push(slices.lap());
      });
      const delay = monitorEventLoopDelay({ resolution: 1 });
      // What the tests before this one left is not a scrape's to collect.
      collectGarbage();
      // The start of the child is over; the first scrape, with nothing compiled, counts.
      delay.enable();
      const slices = watchSlices();
      await once(reader, 'close');
      const whole = slices.stop() / times;
      delay.disable();
      process.stderr.write(`      ${times} scrapes of ${sizes.at(-1)} bytes: ${whole.toFixed(0)} ms of processor time each, up to ${longest.map((ms) => ms.toFixed(1)).join(', ')} ms at a time; loop delay max ${(delay.max / 1e6).toFixed(1)} ms, p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms\n`);
      expect(sizes).to.have.length(times);
      expect(Number(sizes.at(-1))).to.be.greaterThan(count * 300);
      expect(whole, 'else the limit says nothing').to.be.greaterThan(WHOLE * LONGEST_MS);
      expect(Math.max(...longest)).to.be.lessThan(LONGEST_MS);
    });
  });
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/**
 * Looks at the processor time that each turn of the event loop takes, in milliseconds: lap() tells of the longest since the last
 * lap, stop() of all those together that did something: the watch itself turns the loop all the time.
 */
function watchSlices(): { lap(): number; stop(): number } {
  let longest = 0;
  let sum = 0;
  let running = true;
  let before = process.cpuUsage();
  let begun = performance.now();
  const turn = (): void => {
    const { user, system } = process.cpuUsage(before);
    const took = Math.min((user + system) / 1000, performance.now() - begun);
    longest = Math.max(longest, took);
    if (took >= IDLE_MS) sum += took;
    before = process.cpuUsage();
    begun = performance.now();
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  return {
    lap() {
      const result = longest;
      longest = 0;
      return result;
    },
    stop() {
      running = false;
      return sum;
    },
  };
}

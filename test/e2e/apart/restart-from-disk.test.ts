// An engine that starts with nobody to ask serves what it served last, and soon: everything that is sound of it, and it says
// what is not. APART_LONG=1 measures ten starts by the clock; on a machine that is busy with other things the time of a processor
// says more.

import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { quantile } from '../../../bench/harness/report.js';
import { makeCertificates } from '../../../src/cli/certs/make-certificates.js';
import { type EchoBackend, startEchoBackend } from '../../fixtures/echo-backend.js';
import { type EngineProgram, putTable, startEngineProgram } from '../../fixtures/engine-program.js';
import { eventually } from '../../fixtures/eventually.js';
import { freePorts } from '../../fixtures/free-ports.js';
import { httpGet } from '../../fixtures/http-get.js';
import { processorMs } from '../../fixtures/process-figures.js';

const ROUTES = 5000;
const LONG = process.env.APART_LONG === '1';
const ROUNDS = LONG ? 10 : 1;
/** From the start of the process to the answer of its last route. */
const LONGEST_MS = 1000;
/** Of a processor that has other work as well, which makes everything longer. */
const MOST_WORK_MS = 2000;

describe('e2e: restart of an engine from its disk', function () {
  this.timeout(120_000);
  let folder: string;
  let backend: EchoBackend;
  let nobody: number;
  const engines: EngineProgram[] = [];

  const engineOf = async (name: string, entries: ReadonlyMap<string, string>): Promise<() => EngineProgram> => {
    putTable(path.join(folder, `work-${name}`), 'red', { epoch: 3, sequence: 7, entries });
    const first = await startEngineProgram({ folder, name, controllers: { red: [`https://127.0.0.1:${nobody}`] } });
    engines.push(first);
    await first.kill();
    return () => {
      const program = first.again();
      engines.push(program);
      return program;
    };
  };
  const routeOf = (at: number, more: object = {}): string => JSON.stringify({ routes: [{ match: 'prefix', path: '/', namespace: 'shop', ingress: `web-${at}`, service: `web-${at}`, backend: `service/shop/web-${at}/80`, ...more }] });
  const tableOf = (routes: number): Map<string, string> => new Map(Array.from({ length: routes }, (_, at) => at).flatMap((at) => [
    [`host/h${at}.test`, routeOf(at)], [`service/shop/web-${at}/80`, JSON.stringify({ endpoints: [{ address: '127.0.0.1', port: backend.port }] })],
  ]));

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-restart-'));
    mkdirSync(path.join(folder, 'tls'));
    await makeCertificates({ folder: path.join(folder, 'tls'), classes: ['red'], days: 2 });
    backend = await startEchoBackend('web');
    [nobody] = await freePorts(1) as [number];
  });
  after(async () => {
    for (const engine of engines) await engine.kill();
    backend?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it(`serves ${ROUTES} routes after at most ${MOST_WORK_MS} ms of a processor${LONG ? `, and ${LONGEST_MS} ms by the clock: the median of ${ROUNDS} starts` : ''}`, async () => {
    const start = await engineOf('large', tableOf(ROUTES));
    const took: number[] = [];
    const worked: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const begun = performance.now();
      const engine = start();
      await eventually(async () => expect((await engine.get('red', `h${ROUTES - 1}.test`)).status).to.equal(200), 20_000);
      took.push(performance.now() - begun);
      worked.push(processorMs(engine.child.pid!));
      // All of them, and not only when the last one was: nginx begins with the whole table.
      for (let at = 0; at < ROUTES; at += 97) expect((await engine.get('red', `h${at}.test`)).status).to.equal(200);
      await eventually(() => engine.expectReady(), 10_000);
      engine.child.kill('SIGTERM');
      expect(await engine.ended).to.equal(0);
    }
    console.log(`      ${ROUTES} routes from disk, ms from the start of the process to the first answer: ${took.map(Math.round).join(' ')}; processor time of agent and nginx: ${worked.map(Math.round).join(' ')}`);
    expect(quantile(worked, 0.5)).to.be.at.most(MOST_WORK_MS);
    if (LONG) expect(quantile(took, 0.5)).to.be.at.most(LONGEST_MS);
  });

  it('is not asked before it has everything: what listens serves', async () => {
    const start = await engineOf('early', tableOf(2000));
    const engine = start();
    const statuses: number[] = [];
    const deadline = performance.now() + 20_000;
    while (statuses.length < 20 && performance.now() < deadline) {
      const { status } = await engine.get('red', 'h1999.test').catch(() => ({ status: 0 }));
      if (status !== 0) statuses.push(status);
    }
    expect(statuses).to.deep.equal(Array(20).fill(200));
  });

  it('serves all but an entry that it does not take, says so, and leaves its files as they are', async () => {
    const entries = tableOf(10).set('host/h3.test', routeOf(3, { rewrite: 'no slash' })).set('host/h4.test', routeOf(4, { policy: 0 }).replace(/}$/, ',"policies":[{"fromTheFuture":1}]}'));
    const start = await engineOf('bad', entries);
    const files = path.join(folder, 'work-bad/tables/red');
    const before = readdirSync(files).map((name) => readFileSync(path.join(files, name), 'utf8'));
    for (let round = 0; round < 4; round++) {
      const engine = start();
      await eventually(() => engine.expectReady(), 20_000);
      for (let at = 0; at < 10; at++) expect((await engine.get('red', `h${at}.test`)).status, String(at)).to.equal(at === 3 || at === 4 ? 503 : 200);
      expect(await engine.metrics()).to.match(/^ingress_arbiter_last_good_refused_entries\{ingress_class="red"\} 2$/m);
      expect(engine.output()).to.match(/has 2 entries that this engine does not take.*host\/h3\.test.*host\/h4\.test/);
      engine.child.kill('SIGTERM');
      expect(await engine.ended).to.equal(0);
      expect(readdirSync(files).map((name) => readFileSync(path.join(files, name), 'utf8'))).to.deep.equal(before);
    }
  });

  it('uses its default certificate again', async () => {
    const start = await engineOf('certificate', tableOf(1));
    const prints: (string | undefined)[] = [];
    for (let round = 0; round < 2; round++) {
      const engine = start();
      prints.push(await eventually(async () => (await httpGet({ port: engine.ports['red']!.https, host: 'h0.test', https: true })).fingerprint, 20_000));
      await engine.kill();
    }
    expect(new Set(prints)).to.have.property('size', 1);
  });
});

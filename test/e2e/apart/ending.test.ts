// How an engine goes: it says that it is not ready while it still serves, then takes nothing new, lets what is under way end, for
// as long as its settings say, and ends with 0. All of it with nobody to ask.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, type Server, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { makeCertificates } from '../../../src/cli/certs/make-certificates.js';
import { type EngineProgram, putTable, startEngineProgram } from '../../fixtures/engine-program.js';
import { eventually } from '../../fixtures/eventually.js';
import { freePorts } from '../../fixtures/free-ports.js';

describe('e2e: the end of an engine', function () {
  this.timeout(60_000);
  let folder: string;
  let backend: Server;
  let finish: (() => void)[] = [];
  const engines: EngineProgram[] = [];

  const startEngine = async (name: string, { unreadySeconds, drainSeconds }: { unreadySeconds: number; drainSeconds: number }): Promise<EngineProgram> => {
    const service = 'service/shop/web/80';
    const entries = new Map([
      ['host/a.test', JSON.stringify({ routes: [{ match: 'prefix', path: '/', namespace: 'shop', ingress: 'web', service: 'web', backend: service }] })],
      [service, JSON.stringify({ endpoints: [{ address: '127.0.0.1', port: (backend.address() as AddressInfo).port }] })],
    ]);
    putTable(path.join(folder, `work-${name}`), 'red', { epoch: 1, sequence: 1, entries });
    const [nobody] = await freePorts(1) as [number];
    const engine = await startEngineProgram({ folder, name, controllers: { red: [`https://127.0.0.1:${nobody}`] }, settings: { unreadySeconds }, engine: { limits: { drainSeconds } } });
    engines.push(engine);
    await eventually(() => engine.expectReady(), 30_000);
    return engine;
  };
  /** A request that is answered when the test says so; `answer`: its status and body, or what became of it. */
  const slow = async ({ ports }: EngineProgram): Promise<{ answer: Promise<string> }> => {
    const waiting = finish.length;
    const answer = new Promise<string>((resolve) => {
      get({ host: '127.0.0.1', port: ports['red']!.http, path: '/slow', headers: { host: 'a.test' }, agent: false }, (response: IncomingMessage) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => { text += part; }).on('error', (error) => resolve(error.message)).on('end', () => resolve(`${response.statusCode} ${text}`));
      }).on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
    await eventually(() => expect(finish).to.have.length(waiting + 1));
    return { answer };
  };
  const refuses = (engine: EngineProgram): Promise<void> => eventually(async () => {
    expect(await engine.get('red', 'a.test').then(() => 'answers', (error: NodeJS.ErrnoException) => error.code)).to.equal('ECONNREFUSED');
  }, 10_000);

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-ending-'));
    mkdirSync(path.join(folder, 'tls'));
    await makeCertificates({ folder: path.join(folder, 'tls'), classes: ['red'], days: 2 });
    backend = createServer((request, response) => {
      if (request.url !== '/slow') return void response.end('quick');
      finish.push(() => response.end('slow'));
    });
    await new Promise<void>((resolve) => { backend.listen(0, '127.0.0.1', resolve); });
  });
  afterEach(() => { finish = []; });
  after(async () => {
    for (const engine of engines) await engine.kill();
    backend?.closeAllConnections();
    backend?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is not ready first and serves on, then listens no more and finishes what is under way, then ends', async () => {
    const engine = await startEngine('patient', { unreadySeconds: 2, drainSeconds: 20 });
    const { answer } = await slow(engine);
    const asked = performance.now();
    engine.child.kill('SIGTERM');
    await eventually(() => engine.expectReady(503, /^stopping$/m), 2000);
    let served = 0;
    while (performance.now() - asked < 1500) {
      const { status, headers, text } = await engine.get('red', 'a.test');
      expect([status, text, headers.connection]).to.deep.equal([200, 'quick', 'close']);
      served += 1;
    }
    expect(served).to.be.greaterThan(3);
    await refuses(engine);
    expect(performance.now() - asked).to.be.at.least(2000);
    // It is unready to the end, and there to say so.
    await engine.expectReady(503, /^stopping$/m);
    expect(engine.child.exitCode).to.equal(null);
    finish[0]!();
    expect(await answer).to.equal('200 slow');
    expect(await engine.ended).to.equal(0);
    // It ended because nothing was left, not because its grace was over.
    expect(performance.now() - asked).to.be.below(20_000);
  });

  it('waits for what is under way only as long as its grace', async () => {
    const engine = await startEngine('hasty', { unreadySeconds: 0, drainSeconds: 1 });
    const { answer } = await slow(engine);
    const asked = performance.now();
    engine.child.kill('SIGTERM');
    expect(await engine.ended).to.equal(0);
    expect(performance.now() - asked).to.be.within(1000, 8000);
    expect(await answer).to.not.match(/^200/);
  });
});

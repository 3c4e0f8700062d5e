// What comes and goes leaves nothing behind: not in shared memory, not in the controller, not in open files. And a zone that is
// full refuses what is too much, keeps what it has, and takes the next thing that fits.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { engineFiles } from '../../src/engine/nginx-conf.js';
import { type DevRig, ingress, service, startDevRig, tlsSecret } from '../fixtures/dev-rig.js';
import { type EchoBackend, startEchoBackend } from '../fixtures/echo-backend.js';
import { eventually } from '../fixtures/eventually.js';
import { httpGet } from '../fixtures/http-get.js';
import { type Entries, type LoneEngine, backendOf, routeOf, startLoneEngine } from '../fixtures/lone-engine.js';
import { megabytesOf } from '../fixtures/process-figures.js';
import { selfSigned } from '../fixtures/self-signed.js';
import { freeBytes } from '../fixtures/zones.js';

const ROUNDS = Number(process.env['LEAK_ROUNDS'] ?? 12);
const INGRESSES = 50;
/** Rounds before the first look: caches and the JIT fill up in them. */
const WARM_UP = Math.floor(ROUNDS / 3);
/** More than there are steps of a table of which a worker is told what they changed (data-plane/changed-keys.ts): they take room. */
const STEPS = 80;
/** More hosts than there is room for in a zone of 1 MB. */
const TOO_MANY = 9000;

describe('e2e: leaks', function () {
  this.timeout(300_000);
  let echo: EchoBackend;
  before(async () => { echo = await startEchoBackend('echo'); });
  after(() => echo?.close());

  describe('of the whole installation', () => {
    let rig: DevRig;
    before(async () => { rig = await startDevRig(); });
    after(() => rig?.stop());

    it(`leaves nothing behind after ${ROUNDS} rounds of ${INGRESSES} Ingresses with Secrets`, async () => {
      const pairs = await Promise.all(Array.from({ length: INGRESSES }, (_, index) => selfSigned(`leak-${index}.test`)));
      const socket = engineFiles(path.join(rig.settings.workDirectory, 'nginx')).controlSocket;
      const master = rig.dev.engine.pids()!.master;
      const look = async (): Promise<{ zones: Record<string, number>; files: number; workers: number; megabytes: number }> => ({
        zones: await freeBytes(socket), files: readdirSync('/proc/self/fd').length, megabytes: process.memoryUsage().rss / 2 ** 20,
        workers: Math.max(...rig.dev.engine.pids()!.workers.map(megabytesOf)),
      });
      rig.create(...service('echo', [echo.port]), ingress('stays', 'stays.test', 'echo'));
      // What the last steps have changed is the same text each time that it is looked at.
      const likeSteps = async (): Promise<void> => {
        for (let step = 0; step < STEPS; step += 2) {
          rig.create(ingress('step', 'step.test', 'echo'));
          await eventually(async () => expect((await httpGet({ port: rig.external, host: 'step.test' })).status).to.equal(200), 30_000);
          rig.remove(ingress('step', 'step.test', 'echo'));
          await eventually(async () => expect((await httpGet({ port: rig.external, host: 'step.test' })).status).to.equal(404), 30_000);
        }
      };
      let first: Awaited<ReturnType<typeof look>> | undefined;
      for (let round = 0; round < ROUNDS; round++) {
        const objects = pairs.flatMap((pair, index) => [
          ...service(`leak-${index}`, [echo.port]), tlsSecret(`leak-${index}`, pair), ingress(`leak-${index}`, `leak-${index}.test`, `leak-${index}`, { secret: `leak-${index}` }),
        ]);
        rig.create(...objects);
        await eventually(async () => {
          expect((await httpGet({ port: rig.external, host: `leak-${INGRESSES - 1}.test` })).status).to.equal(200);
          expect((await httpGet({ port: rig.externalTls, host: 'leak-0.test', https: true })).commonName).to.equal('leak-0.test');
        }, 30_000);
        rig.remove(...objects);
        await eventually(async () => {
          for (const index of [0, INGRESSES - 1]) expect((await httpGet({ port: rig.external, host: `leak-${index}.test` })).status).to.equal(404);
        }, 30_000);
        if (round === WARM_UP || round === ROUNDS - 1) await likeSteps();
        if (round === WARM_UP) first = await look();
      }
      const last = await look();
      expect(last.zones['ia_records']).to.equal(first!.zones['ia_records']);
      expect(last.zones['ia_pointers']).to.equal(first!.zones['ia_pointers']);
      expect(last.zones['ia_versions']).to.equal(first!.zones['ia_versions']);
      // nginx's idle connections to the backend end in this process too.
      expect(last.files).to.be.at.most(first!.files + 20);
      expect(last.workers, 'MB of a worker').to.be.at.most(first!.workers + 10);
      expect(last.megabytes, 'MB of the controller').to.be.at.most(first!.megabytes + 60);
      expect(rig.dev.engine.pids()!.master).to.equal(master);
    });
  });

  describe('of shared memory that is full', () => {
    let engine: LoneEngine;
    before(async () => { engine = await startLoneEngine(['one', 'two'], { sharedMemoryMegabytes: { records: 1, pointers: 1 } }); });
    after(() => engine?.stop());

    const table = (name: string, size = 0): Entries => ({
      [backendOf('web')]: { endpoints: [{ address: '127.0.0.1', port: echo.port }] },
      ...Object.fromEntries([`${name}.test`, ...Array.from({ length: size }, (_, index) => `${name}-${index}.test`)].map((host) => [`host/${host}`, { routes: [routeOf(name)] }])),
    });
    const status = async (host: string): Promise<number> => (await httpGet({ port: engine.port(host.split(/[-.]/)[0]), host })).status;

    it('refuses, serves what it had, takes the other class, and loses no byte by refusing', async () => {
      await engine.serve('one', table('one', 500));
      await engine.serve('two', table('two'));
      const free = await freeBytes(engineFiles(engine.settings.workDirectory).controlSocket);
      for (let round = 0; round < 30; round++) {
        expect(await engine.offer('one', table('one', TOO_MANY + round))).to.deep.include({ applied: false }).and.have.property('reason').that.matches(/^full: .*raise sharedMemoryMegabytes/);
      }
      expect(await freeBytes(engineFiles(engine.settings.workDirectory).controlSocket)).to.deep.equal(free);
      for (const host of ['one.test', 'one-499.test', 'two.test']) expect(await status(host), host).to.equal(200);
      expect(await status(`one-${TOO_MANY - 1}.test`)).to.equal(404);
      await engine.serve('two', table('two', 100));
      expect(await status('two-99.test')).to.equal(200);
      await engine.serve('one', table('one', 1));
      expect(await status('one-499.test')).to.equal(404);
      await engine.serve('one', table('one', 800));
      expect(await status('one-799.test')).to.equal(200);
    });
  });
});

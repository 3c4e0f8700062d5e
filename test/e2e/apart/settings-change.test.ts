// engine.yaml changes while the engine runs, and SIGHUP brings it in: a new listener, a class of its own with its controllers, and
// back. What only nginx.conf can hold goes by way of a new nginx, and no request notices; what is wrong changes nothing.

import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import type { EngineProgram } from '../../fixtures/engine-program.js';
import { eventually } from '../../fixtures/eventually.js';
import { freePorts } from '../../fixtures/free-ports.js';
import { httpGet } from '../../fixtures/http-get.js';
import { type Load, startLoad, untilSteady } from '../../fixtures/open-loop-load.js';
import { ApartRig } from './apart-rig.js';

interface Settings {
  controllers: Record<string, string[]>;
  engine: { listeners: { name: string; address: string; httpPort: number; httpsPort: number; classes: string[] }[]; workers: number; workDirectory: string };
}

describe('e2e: settings of an engine that runs are changed', function () {
  this.timeout(90_000);
  const rig = new ApartRig({ hosts: 1 });
  let engine: EngineProgram;
  let all: Settings;
  let redOnly: Settings;
  let load: Load;

  const count = (text: string): number => engine.output().split(text).length - 1;
  const CHANGED = 'a new nginx serves with the settings as they are now';
  const REFUSED = 'everything goes on as before';
  const change = async (settings: Settings | string, outcome: typeof CHANGED | typeof REFUSED): Promise<void> => {
    const before = count(outcome);
    writeFileSync(engine.file, typeof settings === 'string' ? settings : stringify(settings));
    engine.child.kill('SIGHUP');
    await eventually(() => expect(count(outcome), engine.output().slice(-2000)).to.equal(before + 1), 30_000);
  };
  const answer = (port: number, host: string): Promise<string> => httpGet({ port, host }).then(({ status, headers }) => `${status} ${headers['x-backend'] ?? ''}`, (error: NodeJS.ErrnoException) => error.code!);

  before(async () => {
    await rig.start();
    for (const name of ['red', 'blue']) await rig.startController(name, 0);
    engine = await rig.startEngine('one');
    await rig.allReady();
    all = parse(readFileSync(engine.file, 'utf8')) as Settings;
    redOnly = structuredClone(all);
    delete redOnly.controllers['blue'];
    redOnly.engine.listeners = redOnly.engine.listeners.filter(({ classes }) => classes.includes('red'));
    load = startLoad(engine.ports['red']!.http, rig.targets('red'), 20);
    await untilSteady([load]);
  });
  after(async () => {
    await load?.stop();
    await rig.stop();
  });
  afterEach(() => { expect(load.report.failures).to.deep.equal([]); });

  it('a class that goes is served no more, and its ports are free', async () => {
    expect(await answer(engine.ports['blue']!.http, 'h0.blue.test')).to.equal('200 blue-h0');
    await change(redOnly, CHANGED);
    await eventually(async () => expect(await answer(engine.ports['blue']!.http, 'h0.blue.test')).to.equal('ECONNREFUSED'));
    expect(await engine.metrics()).to.not.match(/ingress_arbiter_engine_entries\{ingress_class="blue"\}/);
    await engine.expectReady();
  });

  it('a class that comes, with a listener and controllers, is served from its first request on', async () => {
    await change(all, CHANGED);
    await eventually(async () => expect(await answer(engine.ports['blue']!.http, 'h0.blue.test')).to.equal('200 blue-h0'), 20_000);
    await rig.expectChange('both');
    expect((await httpGet({ port: engine.admin, host: 'localhost', path: '/metrics/blue' })).status).to.equal(200);
  });

  it('one more listener of a class, and other workers, are there with all tables', async () => {
    const [http, https] = await freePorts(2) as [number, number];
    const more = structuredClone(all);
    more.engine.listeners.push({ name: 'more', address: '127.0.0.1', httpPort: http, httpsPort: https, classes: ['blue', 'red'] });
    more.engine.workers = 2;
    await change(more, CHANGED);
    for (const name of ['red', 'blue']) for (const host of ['h0', 'both']) expect(await answer(http, `${host}.${name}.test`)).to.equal(`200 ${name}-${host}`);
    expect(await engine.metrics()).to.match(/^ingress_arbiter_nginx_processes\{role="worker"\} [2-9]/m);
    await change(all, CHANGED);
    await eventually(async () => expect(await answer(http, 'h0.red.test')).to.equal('ECONNREFUSED'));
  });

  for (const [what, wrong, reason] of [
    ['no YAML', (): string => 'engine: [', (): RegExp => /one\.yaml: cannot be read as YAML: /],
    ['a class without a controller', (): Settings => ({ ...all, controllers: { red: all.controllers['red']! } }), (): RegExp => /class blue has a listener but no controller/],
    ['what needs a restart', (): Settings => ({ ...all, engine: { ...all.engine, workDirectory: 'elsewhere' } }), (): RegExp => /workDirectory: can't be changed while the engine runs/],
    ['a port that is taken', (): Settings => ({ ...all, engine: { ...all.engine, listeners: [...all.engine.listeners, { ...all.engine.listeners[0]!, name: 'taken', httpPort: engine.admin, httpsPort: 1 }] } }), (): RegExp => new RegExp(`port ${engine.admin}\\b`)],
  ] as const) {
    it(`${what} changes nothing, and the log says what is wrong`, async () => {
      await change(wrong(), REFUSED);
      expect(engine.output().split('\n').filter((line) => line.includes(REFUSED)).at(-1)).to.match(reason());
      await rig.expectChange(`after-${what.replaceAll(' ', '-').toLowerCase()}`);
      await engine.expectReady();
    });
  }

  it('after all that the settings can be changed again', () => change(all, CHANGED));
});

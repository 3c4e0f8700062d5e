// A disk that is full, or read-only, for real: the engine goes on serving and taking changes, says what it can't keep, and writes
// again by itself when it can. Not even an nginx that dies meanwhile changes that.

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { EngineProgram } from '../../fixtures/engine-program.js';
import { eventually } from '../../fixtures/eventually.js';
import { type Load, startLoad, untilSteady } from '../../fixtures/open-loop-load.js';
import { type SmallDisk, mountSmallDisk, whyNoSmallDisk } from '../../fixtures/small-disk.js';
import { ApartRig } from './apart-rig.js';

describe('e2e: an engine on a disk that takes nothing', function () {
  this.timeout(90_000);
  const rig = new ApartRig({ hosts: 1 });
  let whole: SmallDisk | undefined;
  let tables: SmallDisk | undefined;
  const loads: Load[] = [];

  const failing = async (engine: EngineProgram, value: 0 | 1): Promise<void> => {
    expect(await engine.metrics()).to.match(new RegExp(`^ingress_arbiter_last_good_write_failing ${value}$`, 'm'));
  };
  const newest = (engine: EngineProgram): string | undefined => readdirSync(path.join(engine.workDirectory, 'tables/red')).filter((name) => name.endsWith('.table')).sort().at(-1);
  const nothingFailed = (): void => { expect(loads.flatMap(({ report }) => report.failures)).to.deep.equal([]); };

  before(async function () {
    const why = whyNoSmallDisk();
    if (why !== undefined) {
      console.log(`      skipped: ${why}`);
      this.skip();
    }
    whole = mountSmallDisk(rig.file('whole'), 2048);
    tables = mountSmallDisk(rig.file('work-read-only/tables'), 512);
    await rig.start();
    await rig.startController('red', 0);
    await rig.startController('blue', 0);
    await rig.startEngine('full', { engine: { workDirectory: 'whole/work' } });
    await rig.startEngine('read-only');
    await rig.allReady();
    await rig.expectChange('first');
    for (const { ports } of rig.engines) loads.push(startLoad(ports['red']!.http, rig.targets('red'), 20));
    await untilSteady(loads);
    for (const engine of rig.engines) await eventually(() => expect(newest(engine)).to.not.equal(undefined), 10_000);
  });
  after(async () => {
    await Promise.all(loads.map((load) => load.stop()));
    for (const disk of [whole, tables]) disk?.remove();
    await rig.stop();
  });

  // Of a test that failed, too: the next one finds disks that take everything.
  afterEach(() => {
    whole?.empty();
    tables?.readOnly(false);
  });

  it('full: serves, takes changes, says so, and writes when there is room', async () => {
    const engine = rig.engines[0]!;
    const before = newest(engine);
    whole!.fill();
    await rig.expectChange('full');
    await eventually(() => failing(engine, 1), 10_000);
    await eventually(() => expect(engine.output()).to.match(/last good table of class red can't be written: ENOSPC.*; requests are served all the same/), 10_000);
    await engine.expectReady();
    expect(newest(engine)).to.equal(before);
    nothingFailed();
    whole!.empty();
    await eventually(() => failing(engine, 0), 10_000);
    expect(newest(engine)).to.not.equal(before);
    nothingFailed();
  });

  it('full, and nginx dies: it comes back with all that was served', async () => {
    const engine = rig.engines[0]!;
    whole!.fill();
    await rig.expectChange('before-death');
    // Requests that were under way go with it: they are no matter of the disk.
    expect((await loads.shift()!.stop()).failures).to.deep.equal([]);
    const pid = masterOf(engine)!;
    process.kill(pid, 'SIGKILL');
    await eventually(async () => {
      expect(masterOf(engine)).to.be.a('number').and.not.equal(pid);
      for (const name of ['h0', 'first', 'before-death']) expect((await engine.get('red', `${name}.red.test`)).status, `${name}\n${engine.output().slice(-2000)}`).to.equal(200);
    }, 20_000);
    await engine.expectReady();
    // It is watched like any other.
    await rig.expectChange('after-death');
  });

  it('read-only: serves, takes changes, says so, and writes when it may', async () => {
    const engine = rig.engines[1]!;
    const before = newest(engine);
    tables!.readOnly(true);
    await rig.expectChange('read-only');
    await eventually(() => failing(engine, 1), 10_000);
    await eventually(() => expect(engine.output()).to.match(/last good table of class red can't be written: EROFS/), 10_000);
    await engine.expectReady();
    tables!.readOnly(false);
    await eventually(() => failing(engine, 0), 10_000);
    expect(newest(engine)).to.not.equal(before);
    nothingFailed();
  });
});

/** Process id of nginx's master, by /proc: the file with it may not have been written. */
function masterOf({ child }: EngineProgram): number | undefined {
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
  const master = children.find((one) => readFileSync(`/proc/${one}/cmdline`, 'utf8').includes('nginx: master'));
  return master === undefined ? undefined : Number(master);
}

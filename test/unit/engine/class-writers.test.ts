// What the agent takes, refuses, sends and sends again, against a control server with faults.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { ClassWriters } from '../../../src/engine/class-writers.js';
import { createControlClient, type ControlClient } from '../../../src/engine/control-client.js';
import { engineSettings } from '../../../src/engine/settings.js';
import type { TableUpdate } from '../../../src/route-table/types.js';
import { FakeControlServer, type Fault } from './fake-control-server.js';
import { sampleSettings } from './sample-settings.js';

const value = (port: number) => ({ endpoints: [{ address: '10.0.0.1', port }] });
const key = (name: string) => `service/shop/${name}/80`;
const set = (entries: Record<string, number>) => Object.entries(entries).map(([name, port]) => ({ key: key(name), value: value(port) }));
const full = (sequence: number, entries: Record<string, number>, rest: Partial<TableUpdate> = {}): TableUpdate =>
  ({ class: 'blue', epoch: 1, sequence, full: true, set: set(entries), remove: [], count: Object.keys(entries).length, ...rest });
const delta = (sequence: number, entries: Record<string, number>, rest: Partial<TableUpdate> = {}): TableUpdate => ({ ...full(sequence, entries), full: false, ...rest });
const OK = { applied: true };

describe('class writers', () => {
  let directory: string;
  let nginx: FakeControlServer;
  let client: ControlClient;
  let writers: ClassWriters;
  let restarts: number;

  beforeEach(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'ia-writers-'));
    const socket = path.join(directory, 'control.sock');
    nginx = new FakeControlServer(socket);
    await nginx.start();
    client = createControlClient(socket);
    restarts = 0;
    const settings = engineSettings(sampleSettings({
      listeners: [{ name: 'a', httpPort: 80, httpsPort: 443, classes: ['blue', 'green'] }], limits: { entriesPerClass: 5 },
    }));
    writers = new ClassWriters(settings, client, { instance: 'nginx-1', log: () => undefined, restartNginx: () => { restarts += 1; nginx.restart(); } });
  });
  afterEach(async () => {
    writers.stop();
    await client.close();
    await nginx.stop();
    rmSync(directory, { recursive: true });
  });

  const served = (entries: Record<string, number>, className = 'blue') =>
    expect(nginx.entriesOf(className)).to.deep.equal(Object.fromEntries(Object.entries(entries).map(([name, port]) => [key(name), value(port)])));
  const reason = async (update: unknown) => (await writers.apply(update) as { reason?: string }).reason;

  it('sends a full table, then only what changes', async () => {
    expect(await writers.apply(full(1, { a: 1, b: 1 }))).to.deep.equal(OK);
    expect(await writers.apply(delta(2, { b: 2, c: 1 }, { remove: [key('a')], count: 2 }))).to.deep.equal(OK);
    served({ b: 2, c: 1 });
    expect(await writers.apply(full(3, { b: 2, d: 1 }))).to.deep.equal(OK);
    served({ b: 2, d: 1 });
    expect(await writers.apply(full(4, { d: 1, b: 2 }))).to.deep.equal(OK);
    expect(nginx.pushes).to.deep.equal([['blue', 0, 2], ['blue', 1, 3], ['blue', 2, 2]]);
    expect([writers.generation('blue'), writers.generation('green'), writers.generation('none')]).to.deep.equal([3, 0, 0]);
  });

  describe('refuses, and keeps what is served:', () => {
    beforeEach(async () => expect(await writers.apply(full(3, { a: 1, b: 1 }, { epoch: 5 }))).to.deep.equal(OK));
    afterEach(async () => {
      served({ a: 1, b: 1 });
      expect(nginx.pushes).to.have.length(1);
      // It can go on.
      expect(await writers.apply(delta(4, { c: 1 }, { epoch: 5, count: 3 }))).to.deep.equal(OK);
    });
    const rows: [string, unknown, RegExp][] = [
      ['an older epoch', full(9, { x: 1 }, { epoch: 4 }), /^stale-epoch: epoch 4 is over, the class is at 5$/],
      ['an older epoch, as a delta', delta(4, { x: 1 }, { epoch: 4, count: 3 }), /^stale-epoch/],
      ['a full table of the same sequence', full(3, { x: 1 }, { epoch: 5 }), /^sequence: 3 is not after 3/],
      ['a gap', delta(5, { x: 1 }, { epoch: 5, count: 3 }), /^sequence: 5 does not follow 3; send a full table/],
      ['a repeated delta', delta(3, { x: 1 }, { epoch: 5, count: 3 }), /^sequence: 3 does not follow 3/],
      ['a new epoch that starts with a delta', delta(1, { x: 1 }, { epoch: 6, count: 3 }), /^sequence: epoch 6 has to start with a full table/],
      ['a count that is wrong', delta(4, { x: 1 }, { epoch: 5, count: 2 }), /^count: the update says 2 entries, it leads to 3/],
      ['a count that is wrong in a full table', full(4, { x: 1 }, { epoch: 5, count: 3 }), /^count: the update says 3 entries, it leads to 1/],
      ['more entries than the budget', full(4, { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 }, { epoch: 5 }), /^budget: 6 entries, the class may have 5/],
      ['a bad entry among good ones', delta(4, { c: 1 }, { epoch: 5, count: 4, set: [...set({ c: 1 }), { key: key('d'), value: { endpoints: [{ address: '127.0.0.1', port: 1 }] } }] }), /^entry: .*127\.0\.0\.1/],
      ['a bad key to remove', delta(4, {}, { epoch: 5, remove: ['x\ny'] }), /^entry: "x\\ny" to be removed/],
      ['an entry twice', delta(4, {}, { epoch: 5, count: 3, set: [...set({ c: 1 }), ...set({ c: 2 })] }), /^malformed: .*occurs twice/],
      ['an entry both set and removed', delta(4, { a: 2 }, { epoch: 5, count: 2, remove: [key('a')] }), /^malformed: .*occurs twice/],
      ['a full table that removes', full(4, { c: 1 }, { epoch: 5, remove: [key('a')] }), /^malformed/],
      ['a class that no listener serves', full(4, {}, { class: 'red\n' }), /^unknown-class: no listener serves "red\\n"/],
      ['a class named __proto__', full(4, {}, { class: '__proto__' }), /^unknown-class/],
      ['a field too many', { ...full(4, {}, { epoch: 5 }), extra: 1 }, /^malformed/],
      ['an infinite epoch', full(4, {}, { epoch: 1e400 }), /^malformed/],
      ['a negative sequence', full(-1, {}, { epoch: 6 }), /^malformed/],
      ['an item with more than key and value', full(4, {}, { epoch: 5, set: [{ key: key('a'), value: value(1), x: 1 } as never], count: 1 }), /^malformed/],
      ['an item that is null', full(4, {}, { epoch: 5, set: [null as never], count: 1 }), /^malformed/],
      ['no update', null, /^malformed/],
    ];
    for (const [title, update, expected] of rows) it(title, async () => expect(await reason(update)).to.match(expected));
  });

  it('refuses a first delta', async () => expect(await reason(delta(1, { a: 1 }))).to.match(/^sequence: epoch 1 has to start with a full table/));

  it('takes a newer epoch whatever its sequence', async () => {
    await writers.apply(full(9, { a: 1 }));
    expect(await writers.apply(full(1, { b: 1 }, { epoch: 2 }))).to.deep.equal(OK);
    served({ b: 1 });
  });

  it('takes updates one at a time and in order, classes apart', async () => {
    const updates = [full(1, { n: 1 }), ...Array.from({ length: 20 }, (_, index) => delta(index + 2, { n: index + 2 }, { count: 1 }))];
    const results = await Promise.all([...updates.map((update) => writers.apply(update)), writers.apply(full(1, { g: 1 }, { class: 'green' }))]);
    expect(results.every(({ applied }) => applied)).to.equal(true);
    served({ n: 21 });
    served({ g: 1 }, 'green');
    expect(nginx.pushes.filter(([name]) => name === 'blue').map(([, base]) => base)).to.deep.equal([...Array(21).keys()]);
    // Two classes, hence two at the same time at most.
    expect(nginx.mostActive).to.equal(2);
  });

  const doubts: [Fault[], number][] = [
    [['lost-before'], 2], [['lost-after'], 1], [['server-error'], 2], [['lost-before', 'lost-after'], 2], [['server-error', 'lost-before', 'server-error'], 4],
  ];
  for (const [faults, pushes] of doubts) {
    it(`finds out what became of a push: ${faults.join(', ')}`, async () => {
      await writers.apply(full(1, { a: 1 }));
      nginx.faults = [...faults];
      expect(await writers.apply(delta(2, { b: 1 }, { count: 2 }))).to.deep.equal(OK);
      expect(nginx.pushes).to.have.length(1 + pushes);
      served({ a: 1, b: 1 });
      expect(await writers.apply(delta(3, { c: 1 }, { count: 3 }))).to.deep.equal(OK);
      served({ a: 1, b: 1, c: 1 });
      expect([restarts, nginx.tables.get('blue')!.generation]).to.deep.equal([0, 3]);
    });
  }

  for (const [fault, expected] of [['full', /^full: the shared memory zone ia_records has no room/], ['malformed', /^nginx: it could not read line 1/]] as const) {
    it(`refuses what nginx refuses: ${fault}`, async () => {
      await writers.apply(full(1, { a: 1 }));
      nginx.faults = [fault];
      expect(await reason(delta(2, { b: 1 }, { count: 2 }))).to.match(expected);
      served({ a: 1 });
      expect(await writers.apply(delta(2, { c: 1 }, { count: 2 }))).to.deep.equal(OK);
    });
  }

  it('gives up on an nginx that answers but never takes it', async () => {
    nginx.faults = Array<Fault>(5).fill('server-error');
    expect(await reason(full(1, { a: 1 }))).to.match(/^nginx: /);
    expect(await writers.apply(full(1, { a: 1 }))).to.deep.equal(OK);
  });

  it('writes everything to a new nginx, and is not ready before', async () => {
    expect(await writers.readiness()).to.deep.equal({ ready: false, whole: false, reasons: ['class blue: waits for its first table', 'class green: waits for its first table'] });
    await writers.apply(full(1, { a: 1, b: 1 }));
    expect(await writers.readiness()).to.deep.equal({ ready: true, whole: false, reasons: ['class green: waits for its first table'] });
    nginx.restart();
    expect(await writers.readiness()).to.deep.include({ ready: false });
    await writers.restore();
    served({ a: 1, b: 1 });
    expect((await writers.readiness()).ready).to.equal(true);
    await nginx.stop();
    expect((await writers.readiness()).reasons[0]).to.match(/nginx does not answer/);
  });

  it('writes everything once when an update meets the new nginx first', async () => {
    await writers.apply(full(1, { a: 1, b: 1 }));
    nginx.faults = ['restart'];
    expect(await writers.apply(delta(2, { c: 1 }, { count: 3 }))).to.deep.equal(OK);
    await writers.restore();
    served({ a: 1, b: 1, c: 1 });
    expect(nginx.pushes).to.deep.equal([['blue', 0, 2], ['blue', 1, 1], ['blue', 0, 3]]);
    expect(restarts).to.equal(0);
  });

  it('writes nothing to a new nginx that began with the whole table, and everything to one that began with an older one', async () => {
    await writers.apply(full(1, { a: 1 }));
    const folder = path.join(directory, 'private', 'tables');
    mkdirSync(folder, { recursive: true });
    const begin = async (): Promise<void> => {
      nginx.restart();
      const entries = new Map(readFileSync(path.join(folder, 'blue'), 'utf8').split('\n').slice(0, -1).map((line) => line.slice(1).split('\t') as [string, string]));
      nginx.tables.set('blue', { generation: 1, entries });
      writers.adopt(await client.tables());
    };
    await writers.writeFirstTables(directory);
    expect(readdirSync(folder)).to.deep.equal(['blue']);
    expect(statSync(path.join(folder, 'blue')).mode & 0o777).to.equal(0o600);
    await begin();
    expect(await writers.readiness()).to.deep.include({ ready: true });
    await writers.restore();
    expect(nginx.pushes).to.have.length(1);
    expect(await writers.apply(delta(2, { b: 1 }, { count: 2 }))).to.deep.equal(OK);
    served({ a: 1, b: 1 });
    // What was told to the next nginx is older than what was taken since.
    await begin();
    expect(await writers.readiness()).to.deep.include({ ready: false });
    await writers.restore();
    served({ a: 1, b: 1 });
    writers.removeFirstTables(directory);
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('lets no update through while it is held, and all of them afterwards', async () => {
    await writers.apply(full(1, { a: 1 }));
    let during: unknown;
    let late: Promise<unknown> = Promise.resolve();
    await writers.whileHeld(async () => {
      late = writers.apply(delta(2, { b: 1 }, { count: 2 }));
      during = await Promise.race([late, new Promise((resolve) => setTimeout(() => resolve('waits'), 50))]);
    });
    expect(during).to.equal('waits');
    expect(await late).to.deep.equal(OK);
    served({ a: 1, b: 1 });
  });

  it('never serves a part of a table when the new nginx has no room', async () => {
    await writers.apply(full(1, { a: 1, b: 1 }));
    nginx.restart();
    nginx.faults = ['full'];
    await writers.restore();
    served({});
    expect((await writers.readiness()).ready).to.equal(false);
    expect(await writers.apply(delta(2, { c: 1 }, { remove: [key('a')], count: 2 }))).to.deep.equal(OK);
    served({ b: 1, c: 1 });
    expect((await writers.readiness()).ready).to.equal(true);
  });

  it('starts nginx again when somebody else has written', async () => {
    await writers.apply(full(1, { a: 1 }));
    await client.push('blue', 1, [[key('foreign'), JSON.stringify(value(6))]]);
    expect(await writers.apply(delta(2, { b: 1 }, { count: 2 }))).to.deep.equal(OK);
    served({ a: 1, b: 1 });
    expect(restarts).to.equal(1);
  });

  it('starts nginx again when it lost an entry', async () => {
    await writers.apply(full(1, { a: 1, b: 1 }));
    nginx.tables.get('blue')!.entries.delete(key('a'));
    expect(await writers.apply(delta(2, { c: 1 }, { count: 3 }))).to.deep.equal(OK);
    served({ a: 1, b: 1, c: 1 });
    expect(restarts).to.equal(1);
  });

  it('answers updates that wait for nginx when it is stopped', async () => {
    await nginx.stop();
    const waiting = [writers.apply(full(1, { a: 1 })), writers.apply(full(2, { a: 1 }))];
    setTimeout(() => writers.stop(), 30);
    for (const result of await Promise.all(waiting)) expect(result).to.deep.equal({ applied: false, reason: 'stopped: the engine is stopping' });
  });
});

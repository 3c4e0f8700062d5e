// The last good tables on disk: whole or not at all, private, and never a reason to stop serving.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type LastGood, keepLastGood } from '../../../src/engine/last-good.js';
import type { TableUpdate } from '../../../src/route-table/types.js';
import { eventually } from '../../fixtures/eventually.js';
import { type HeldEntries, type RenderedRecord, type TableRecord, parseTableFile, renderRecord, renderTableFile, wholeRecord } from '../../../src/engine/table-file.js';

const table = (sequence: number, port = sequence): HeldEntries =>
  ({ epoch: 3, sequence, entries: new Map([['service/a/b/80', `{"endpoints":[{"address":"10.0.0.1","port":${port}}]}`], ['host/a.test', '{"routes":[]}']]) });

function rendered(record: TableRecord): RenderedRecord {
  const rendering = renderRecord('red', record);
  let step = rendering.next();
  while (step.done !== true) step = rendering.next();
  return step.value;
}

describe('engine: last good tables', () => {
  let directory: string;
  let held: HeldEntries | undefined;
  let log: string[];
  let kept: LastGood;

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'ia-last-good-'));
    log = [];
    kept = open();
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const open = (): LastGood => keepLastGood({ directory, classes: ['red'], held: () => held, log: (level, message) => log.push(`${level} ${message}`) });
  const newest = (from = open()): TableUpdate | undefined => [...from.tables('red')][0];
  const files = (): string[] => readdirSync(path.join(directory, 'red')).sort();
  const write = async (next: HeldEntries): Promise<void> => {
    held = next;
    kept.changed('red');
    await kept.stop();
  };

  it('gives back what was written, as a full update of the same epoch and sequence', async () => {
    await write(table(7));
    expect(newest()).to.deep.equal({
      class: 'red', epoch: 3, sequence: 7, full: true, remove: [], count: 2,
      set: [{ key: 'service/a/b/80', value: { endpoints: [{ address: '10.0.0.1', port: 7 }] } }, { key: 'host/a.test', value: { routes: [] } }],
    });
  });

  it('has none of a class that it never wrote, nor of one that is not in the settings', async () => {
    expect(newest(kept)).to.equal(undefined);
    held = table(1);
    kept.changed('../blue');
    await kept.stop();
    expect(existsSync(path.join(directory, '../blue'))).to.equal(false);
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  it('keeps the last three, readable by its own account only', async () => {
    for (let sequence = 1; sequence <= 5; sequence++) await write(table(sequence));
    expect(files()).to.deep.equal(['000000000003.table', '000000000004.table', '000000000005.table']);
    for (const file of files()) expect(statSync(path.join(directory, 'red', file)).mode & 0o777).to.equal(0o600);
    expect(statSync(path.join(directory, 'red')).mode & 0o777).to.equal(0o700);
  });

  const damage: [string, (file: string) => void][] = [
    ['a flipped bit', (file) => writeFileSync(file, readFileSync(file, 'utf8').replace('10.0.0.1', '10.0.0.9'))],
    ['a cut end', (file) => truncateSync(file, statSync(file).size - 5)],
    ['nothing in it', (file) => truncateSync(file, 0)],
    ['another format', (file) => writeFileSync(file, readFileSync(file, 'utf8').replace('"format":1', '"format":99'))],
    ['another class\'s table', (file) => writeFileSync(file, renderTableFile('blue', table(9)))],
    ['a count that is not that of its entries', (file) => writeFileSync(file, readFileSync(file, 'utf8').replace('"count":2', '"count":3'))],
    ['a directory in its place', (file) => { rmSync(file); mkdirSync(file); }],
  ];
  for (const [name, harm] of damage) {
    it(`falls back to the table before one with ${name}, and says so`, async () => {
      await write(table(1));
      await write(table(2));
      harm(path.join(directory, 'red', '000000000002.table'));
      expect(newest()).to.have.property('sequence', 1);
      expect(log.join('\n')).to.match(/error last good table .*000000000002\.table .*the one before it is tried/);
    });
  }

  it('has none when all of them are broken', async () => {
    for (let sequence = 1; sequence <= 3; sequence++) await write(table(sequence));
    for (const file of files()) truncateSync(path.join(directory, 'red', file), 10);
    expect(newest()).to.equal(undefined);
  });

  it('says once that it can not write, goes on, and writes when it can again', async () => {
    writeFileSync(path.join(directory, 'red'), 'a file where the directory should be');
    await write(table(1));
    await write(table(2));
    expect(log.filter((line) => line.startsWith('error'))).to.have.length(1);
    expect(log[0]).to.match(/can't be written/);
    expect(kept.problem()).to.be.a('string');
    rmSync(path.join(directory, 'red'));
    await write(table(3));
    expect(kept.problem()).to.equal(undefined);
    expect(newest()).to.have.property('sequence', 3);
  });

  it('has a problem until each class that could not be written has been', async () => {
    const both = keepLastGood({ directory, classes: ['red', 'blue'], held: () => held, log: (level, message) => log.push(`${level} ${message}`) });
    held = table(1);
    for (const name of ['red', 'blue']) writeFileSync(path.join(directory, name), 'a file where the directory should be');
    for (const name of ['blue', 'red']) both.changed(name);
    await both.stop();
    expect(log.filter((line) => line.startsWith('error'))).to.have.length(2);
    rmSync(path.join(directory, 'blue'));
    await both.stop();
    expect(log.at(-1)).to.match(/info last good table of class blue can be written again/);
    expect(both.problem()).to.match(/EEXIST|ENOTDIR/);
    rmSync(path.join(directory, 'red'));
    await both.stop();
    expect(both.problem()).to.equal(undefined);
  });

  it('is rendered piece by piece as it was at the first, whatever becomes of it meanwhile', () => {
    const large: HeldEntries & { entries: Map<string, string> } = { epoch: 3, sequence: 9, entries: new Map(Array.from({ length: 10_500 }, (_, at) => [`host/h${at}.test`, '{"routes":[]}'])) };
    const whole = renderTableFile('red', large);
    const rendering = renderRecord('red', wholeRecord(large));
    let [pauses, step] = [0, rendering.next()];
    for (; step.done !== true; step = rendering.next()) {
      pauses += 1;
      large.entries.delete(`host/h${pauses}.test`);
      large.entries.set(`host/new-${pauses}.test`, '{"routes":[]}');
    }
    expect(pauses).to.be.at.least(10);
    expect(step.value.pieces.join('')).to.equal(whole);
    expect(parseTableFile('red', Buffer.from(whole))).to.have.nested.property('table.count', 10_500);
  });

  it('is written the more rarely the more it takes to write it', async () => {
    /** As slow as one with very many entries. */
    class Slow extends Map<string, string> {
      override [Symbol.iterator](): MapIterator<[string, string]> {
        for (const begun = performance.now(); performance.now() - begun < 100;) continue;
        return super[Symbol.iterator]();
      }
    }
    held = { epoch: 3, sequence: 1, entries: new Slow(table(1).entries) };
    kept.changed('red');
    await eventually(() => expect(newest()).to.have.property('sequence', 1));
    held = { ...held, sequence: 2 };
    kept.changed('red');
    await sleep(2500);
    expect(newest()).to.have.property('sequence', 1);
    await kept.stop();
    expect(newest()).to.have.property('sequence', 2);
  }).timeout(10_000);

  it('takes no half of a file for a table, wherever it is cut', () => {
    const text = renderTableFile('red', table(1));
    for (let length = 0; length < text.length; length++) expect(parseTableFile('red', Buffer.from(text.slice(0, length))), String(length)).to.have.property('problem');
    expect(parseTableFile('red', Buffer.from(text))).to.not.have.property('problem');
  });

  describe('what has changed since', () => {
    const size = (file: string): number => statSync(path.join(directory, 'red', file)).size;
    /** Without the end of `stop`, which writes everything. */
    const change = async (next: HeldEntries, keys: string[]): Promise<void> => {
      held = next;
      kept.changed('red', keys);
      await eventually(() => expect(newest()).to.have.property('sequence', next.sequence), 10_000);
    };
    const large = (sequence: number, port: number): HeldEntries => ({
      epoch: 3, sequence, entries: new Map([...table(sequence, port).entries, ...Array.from({ length: 5000 }, (_, at) => [`host/h${at}.test`, '{"routes":[]}'] as const)]),
    });

    it('lies beside a table that is not written again, as large as the change, and is in what is read', async () => {
      await write(large(1, 1));
      const before = size('000000000001.table');
      await change(large(2, 2), ['service/a/b/80']);
      const gone = large(3, 3);
      await change({ ...gone, entries: new Map([...gone.entries].filter(([key]) => key !== 'host/h7.test')) }, ['host/h7.test', 'service/a/b/80']);
      expect(files()).to.deep.equal(['000000000001.changes', '000000000001.table']);
      expect(size('000000000001.table')).to.equal(before);
      expect(size('000000000001.changes')).to.be.below(800);
      const read = newest()!;
      expect(read.set.find(({ key }) => key === 'service/a/b/80')!.value).to.deep.equal({ endpoints: [{ address: '10.0.0.1', port: 3 }] });
      expect([read.count, read.set.length, read.set.some(({ key }) => key === 'host/h7.test')]).to.deep.equal([5001, 5001, false]);
      await kept.stop();
      expect(files(), 'a whole table in the end').to.deep.equal(['000000000001.changes', '000000000001.table', '000000000002.table']);
      expect(newest()).to.deep.equal(read);
    }).timeout(20_000);

    it('is written as a whole table again when it is large, and when anything may have changed', async () => {
      await write(table(1));
      await change({ ...table(2), entries: new Map([...table(2).entries, ['host/a.test', JSON.stringify({ routes: ['x'.repeat(70_000)] })]]) }, ['host/a.test']);
      expect(files()).to.deep.equal(['000000000001.table', '000000000002.table']);
      held = table(3);
      kept.changed('red', ['service/a/b/80']);
      kept.changed('red');
      kept.changed('red', ['host/a.test']);
      await eventually(() => expect(newest()).to.have.property('sequence', 3), 10_000);
      expect(files()).to.deep.equal(['000000000001.table', '000000000002.table', '000000000003.table']);
    }).timeout(20_000);

    it('is written as a whole table after a write that failed, of which nobody knows what is there', async () => {
      await write(table(1));
      mkdirSync(path.join(directory, 'red', '000000000001.changes'));
      await change(table(2), ['service/a/b/80']);
      expect(log.join('\n')).to.match(/can't be written/);
      expect(files()).to.deep.equal(['000000000001.changes', '000000000001.table', '000000000002.table']);
    }).timeout(20_000);

    it('never comes after a table that was read, of which the engine may serve less', async () => {
      await write(table(1));
      expect([...kept.tables('red')]).to.have.length(1);
      await change(table(2), ['service/a/b/80']);
      expect(files()).to.deep.equal(['000000000001.table', '000000000002.table']);
    }).timeout(20_000);

    it('comes after the very table that it was written for, or not at all', async () => {
      await write(table(1));
      await change(table(2), ['service/a/b/80']);
      await kept.stop();
      writeFileSync(path.join(directory, 'red', '000000000002.changes'), readFileSync(path.join(directory, 'red', '000000000001.changes')));
      await write(table(3));
      rmSync(path.join(directory, 'red', '000000000003.table'));
      expect(newest()!.set.find(({ key }) => key === 'service/a/b/80')!.value).to.deep.equal({ endpoints: [{ address: '10.0.0.1', port: 2 }] });
      expect(log.join('\n')).to.match(/000000000002\.changes does not match its checksum from somewhere on/);
    }).timeout(20_000);

    const whole = rendered(wholeRecord(table(1)));
    const base = Buffer.from(whole.pieces.join(''));
    const first = rendered({ epoch: 3, sequence: 2, count: 3, lines: [['host/b.test', '{"routes":[]}']], after: whole.sha256 });
    const second = rendered({ epoch: 3, sequence: 3, count: 2, lines: [['host/a.test', undefined]], after: first.sha256 });
    const [one, two] = [first, second].map(({ pieces }) => Buffer.from(pieces.join(''))) as [Buffer, Buffer];
    const read = (changes: Buffer): (number | string)[] => {
      const parsed = parseTableFile('red', base, changes);
      if ('problem' in parsed) throw new Error(parsed.problem);
      return [parsed.table.sequence, ...parsed.table.set.map(({ key }) => key)];
    };
    const states = [[1, 'service/a/b/80', 'host/a.test'], [2, 'service/a/b/80', 'host/a.test', 'host/b.test'], [3, 'service/a/b/80', 'host/b.test']];

    it('counts up to where a crash has torn it, wherever that is', () => {
      const both = Buffer.concat([one, two]);
      for (let length = 0; length <= both.length; length++) expect(read(both.subarray(0, length)), String(length)).to.deep.equal(states[length < one.length ? 0 : length < both.length ? 1 : 2]);
    });

    it('counts up to what somebody has damaged, and no part of that', () => {
      const both = Buffer.concat([one, two]);
      for (let at = 0; at < both.length; at++) {
        const harmed = Buffer.from(both);
        harmed[at] = harmed[at]! ^ 1;
        const found = read(harmed);
        // In the header, which has no checksum, a number may become another one; entries can't.
        expect(states.map(([, ...keys]) => keys), String(at)).to.deep.include(found.slice(1));
      }
      expect(read(two), 'without the one before').to.deep.equal(states[0]);
      const miscounted = rendered({ epoch: 3, sequence: 2, count: 2, lines: [['host/b.test', '{"routes":[]}']], after: whole.sha256 });
      expect(read(Buffer.from(miscounted.pieces.join(''))), 'with another count').to.deep.equal(states[0]);
    });
  });
});
